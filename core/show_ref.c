/*
 * A line about a reference.
 */
#include "core/show_ref.h"

#include "core/buf.h"
#include "core/examine.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <string.h>

void show_ref_done(struct show_ref *ref)
{
	ref_text_done(&ref->text);
	buf_done(&ref->path);
	buf_done(&ref->at);
}

void show_ref_begin(struct show_ref *ref, const char *title, const char *word)
{
	ref->title = title;
	ref->word = word;
	ref->count = 0;
}

static int no_memory(const struct show_ref *ref)
{
	return why_set(ref->s->why, -ENOMEM, "out of memory");
}

int show_ref_of(struct show_ref *ref, int64_t moment, int64_t item)
{
	int r;

	buf_reset(&ref->path);
	buf_byte(&ref->path, '/');
	r = tree_path(ref->s->db, moment, TREE_ROOT, item, &ref->path,
		      ref->s->why);
	buf_byte(&ref->path, '\0');
	return r < 0 ? r : buf_error(&ref->path) ? no_memory(ref) : 0;
}

static void add_member(struct buf *out, const char *key, const char *value)
{
	buf_addf(out, ",\"%s\":", key);
	buf_json_string(out, value);
}

/* Names and values may hold line breaks. */
static void add_words(struct buf *out, const char *text)
{
	size_t len;

	while (text[len = strcspn(text, "\n")]) {
		buf_add(out, text, len);
		buf_text(out, "\\n");
		text += len + 1;
	}
	buf_text(out, text);
}

static void add_line(const struct show_ref *ref, const char *at,
		     const char *was, const char *target)
{
	struct buf *out = ref->s->out;

	if (ref->count == 0)
		buf_addf(out, "\n%s:\n", ref->title);
	buf_text(out, "  ");
	add_words(out, ref->path.data);
	buf_text(out, "  ");
	add_words(out, at);
	buf_text(out, ": ");
	if (was) {
		add_words(out, was);
		buf_text(out, " -> ");
	}
	add_words(out, target);
	buf_byte(out, '\n');
}

int show_ref_tell(struct show_ref *ref, const char *at, const char *was,
		  const char *target)
{
	struct buf *out = ref->s->out;

	if (ref->count == SHOW_REFERENCES_MAX)
		return SHOW_REF_FULL;
	if (ref->s->ask->form == DIFF_JSON) {
		buf_addf(out, "{\"reference\":\"%s\"", ref->word);
		add_member(out, "path", ref->path.data);
		add_member(out, "at", at);
		if (was)
			add_member(out, "was", was);
		add_member(out, was ? "now" : "target", target);
		buf_text(out, "}\n");
	} else {
		add_line(ref, at, was, target);
	}
	ref->count++;
	return buf_error(out) ? no_memory(ref) : 0;
}

int show_ref_tell_byte(struct show_ref *ref, size_t at, const char *was,
		       const char *target)
{
	const struct buf *bytes = &ref->text.bytes;
	int r;

	buf_reset(&ref->at);
	r = examine_where(bytes->data, bytes->len, at, &ref->at, ref->s->why);
	buf_byte(&ref->at, '\0');
	if (r == 0 && buf_error(&ref->at))
		r = no_memory(ref);
	return r < 0 ? r : show_ref_tell(ref, ref->at.data, was, target);
}

int show_ref_end(struct show_ref *ref, int r)
{
	if (r != SHOW_REF_FULL)
		return r;
	if (ref->s->ask->form == DIFF_JSON)
		buf_addf(ref->s->out, "{\"reference\":\"%s\",\"more\":true}\n",
			 ref->word);
	else
		buf_text(ref->s->out, "  (and more)\n");
	return 0;
}
