#include "core/rewrite.h"

#include "core/blob.h"
#include "core/examine.h"
#include "core/kind_row.h"
#include "core/moment.h"
#include "core/tree.h"
#include "core/why.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void rewrite_done(struct rewrite *rewrite)
{
	free(rewrite->edits);
	buf_done(&rewrite->texts);
	*rewrite = (struct rewrite){0};
}

void rewrite_reset(struct rewrite *rewrite)
{
	rewrite->len = 0;
	buf_reset(&rewrite->texts);
}

/* The edit is of what has been added to the texts since @with. */
static int add_edit(struct rewrite *rw, size_t at, size_t len, size_t with)
{
	if (rw->len == rw->cap) {
		size_t cap = rw->cap ? rw->cap * 2 : 8;
		struct edit *edits = realloc(rw->edits, cap * sizeof(*edits));

		if (!edits)
			return -ENOMEM;
		rw->edits = edits;
		rw->cap = cap;
	}
	rw->edits[rw->len++] =
		(struct edit){at, len, with, rw->texts.len - with};
	return buf_error(&rw->texts);
}

/* ---- strings as their writer writes them ---- */

struct style {
	bool slashes; /* '/' is escaped */
	bool ascii;   /* all beyond ASCII is */
	bool upper;   /* hexadecimal digits are capitals */
};

static struct style style_of(const char *raw, size_t len)
{
	struct style style = {0};
	bool beyond = false;

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)raw[i] >= 0x80)
			beyond = true;
		if (raw[i] != '\\' || ++i == len)
			continue;
		if (raw[i] == '/')
			style.slashes = true;
		if (raw[i] != 'u' || i + 4 >= len)
			continue;
		style.ascii |= strncmp(raw + i + 1, "00", 2) != 0 ||
			       raw[i + 3] >= '8';
		for (size_t h = 1; h <= 4; h++)
			style.upper |= isupper((unsigned char)raw[i + h]) != 0;
	}
	style.ascii &= !beyond;
	return style;
}

/* The code of the character at *@at, which is valid UTF-8; past it. */
static uint32_t next_code(const char **at)
{
	unsigned char first = (unsigned char)*(*at)++;
	int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0;
	uint32_t code = more ? first & (0x3fU >> more) : first;

	while (more-- > 0)
		code = code << 6 | ((unsigned char)*(*at)++ & 0x3f);
	return code;
}

static void add_unit(struct buf *out, uint32_t unit, struct style style)
{
	buf_addf(out, style.upper ? "\\u%04X" : "\\u%04x", unit);
}

static void add_escaped(struct buf *out, uint32_t code, struct style style)
{
	if (code < 0x10000) {
		add_unit(out, code, style);
		return;
	}
	add_unit(out, 0xd800 + ((code - 0x10000) >> 10), style);
	add_unit(out, 0xdc00 + ((code - 0x10000) & 0x3ff), style);
}

/* @len bytes of valid UTF-8 as the inside of a string. */
static void encode(struct buf *out, const char *plain, size_t len,
		   struct style style)
{
	static const char short_from[] = "\"\\\b\f\n\r\t/";
	static const char short_to[] = "\"\\bfnrt/";
	const char *at = plain, *end = plain + len;

	while (at < end) {
		const char *start = at;
		uint32_t code = next_code(&at);
		const char *found = code < 0x80 ? strchr(short_from, (int)code)
						: NULL;

		if (found && (code != '/' || style.slashes)) {
			buf_byte(out, '\\');
			buf_byte(out, short_to[found - short_from]);
		} else if (code < 0x20 || (code >= 0x80 && style.ascii)) {
			add_escaped(out, code, style);
		} else {
			buf_add(out, start, (size_t)(at - start));
		}
	}
}

/* How many bytes of the raw string stand for its first @plain bytes. */
static size_t raw_len(const char *raw, size_t len, size_t plain)
{
	size_t i = 0, done = 0;

	while (i < len && done < plain) {
		char decoded[4];
		size_t used;

		if (raw[i] != '\\') {
			i++;
			done++;
			continue;
		}
		used = 2;
		if (raw[i + 1] == 'u') /* D8 to DB is half of a character */
			used = (raw[i + 2] | 0x20) == 'd' &&
					       strchr("89abAB", raw[i + 3])
				       ? 12
				       : 6;
		done += json_unescape(raw + i, used, decoded);
		i += used;
	}
	return i;
}

/* ---- edits ---- */

int rewrite_string(struct rewrite *rw, const char *text, size_t at, size_t len,
		   const char *plain)
{
	size_t with = rw->texts.len;

	encode(&rw->texts, plain, strlen(plain), style_of(text + at, len));
	return add_edit(rw, at, len, with);
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What is beside the reference says the last part of its path. */
static int rewrite_beside(struct rewrite *rw, const char *text,
			  const struct reference *ref, const char *was,
			  const char *target)
{
	was = last_part(was);
	target = last_part(target);
	if (!ref->beside || strcmp(was, target) == 0 ||
	    !json_raw_equals(text + ref->beside, ref->beside_len, was))
		return 0;
	return rewrite_string(rw, text, ref->beside, ref->beside_len, target);
}

/* Whole parts of a path that two have in common: bytes at the beginning, to
 * behind a '/', and at the end, from a '/' on. */
struct common {
	size_t front, back;
};

static struct common common_of(const char *a, size_t a_len, const char *b,
			       size_t b_len, size_t front)
{
	struct common c = {.front = front};
	size_t most = a_len < b_len ? a_len : b_len;

	for (size_t i = 0; i < most && a[i] == b[i]; i++)
		if (a[i] == '/' && i + 1 > c.front)
			c.front = i + 1;
	most -= c.front;
	for (size_t i = 1; i <= most && a[a_len - i] == b[b_len - i]; i++)
		if (a[a_len - i] == '/')
			c.back = i;
	return c;
}

int rewrite_reference(struct rewrite *rw, const char *text,
		      const struct examination *e, const struct reference *ref,
		      const char *target)
{
	const char *was = reference_target(e, ref), *raw = text + ref->at;
	const struct kind_reference *rule = ref->rule;
	size_t below = 0, scheme = 0, with = rw->texts.len;
	size_t target_len = strlen(target), from, to;
	struct common c;
	int r;

	if (strcmp(was, target) == 0)
		return 0;
	if (rule->form == KIND_FORM_SCHEME && raw[0] != '/' &&
	    !(raw[0] == '\\' && raw[1] == '/')) {
		below = strlen(rule->below);
		scheme = strlen(rule->scheme);
		if (strncmp(target, rule->below, below) != 0)
			return 0;
	}
	c = common_of(was, ref->target_len, target, target_len, below);
	from = raw_len(raw, ref->len, c.front - below + scheme);
	to = raw_len(raw, ref->len, ref->target_len - c.back - below + scheme);
	encode(&rw->texts, target + c.front, target_len - c.front - c.back,
	       style_of(raw, ref->len));
	r = add_edit(rw, ref->at + from, to - from, with);
	if (r == 0)
		r = rewrite_beside(rw, text, ref, was, target);
	return r < 0 ? r : 1;
}

static int edit_order(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

int rewrite_apply(struct rewrite *rw, const char *text, size_t len,
		  struct buf *out)
{
	size_t done = 0;

	if (rw->len > 1)
		qsort(rw->edits, rw->len, sizeof(*rw->edits), edit_order);
	for (size_t i = 0; i < rw->len; i++) {
		const struct edit *edit = &rw->edits[i];

		buf_add(out, text + done, edit->at - done);
		buf_add(out, rw->texts.data + edit->with, edit->with_len);
		done = edit->at + edit->len;
	}
	buf_add(out, text + done, len - done);
	return buf_error(out);
}

/* ---- saving ---- */

int rewrite_save(struct moment *m, const struct entry *e,
		 const struct buf *text, bool amend, struct why *why)
{
	int64_t arrived = e->arrived ? e->arrived : e->content, content;
	int r = blob_put(m->db, text->data, text->len, e->content, &content,
			 why);

	if (r < 0)
		return r;
	if (content == arrived)
		arrived = 0; /* it is again as it was sent */
	r = amend ? tree_amend_save(m, e->id, content, arrived,
				    (int64_t)text->len, &e->attr, why)
		  : tree_save(m, e->id, content, arrived, (int64_t)text->len,
			      &e->attr, why);
	if (r == 0)
		r = moment_note(m,
				&(struct moment_note){
					.what = NOTE_REWRITTEN,
					.item = e->id,
					.node = e->node,
				},
				why);
	return r;
}
