#include "core/kind.h"

#include "core/buf.h"
#include "core/kind_load.h"
#include "core/kind_row.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int kinds_new(struct kinds **ret, struct why *why)
{
	struct kinds *kinds = calloc(1, sizeof(*kinds));

	if (!kinds)
		return why_set(why, -ENOMEM, "out of memory");
	*ret = kinds;
	return 0;
}

/* ---- letting go ---- */

static void patterns_done(struct kind_patterns *p)
{
	for (size_t i = 0; i < p->len; i++)
		pattern_done(&p->list[i]);
	free(p->list);
}

static void words_done(struct kind_words *w)
{
	for (size_t i = 0; i < w->len; i++)
		free(w->list[i]);
	free(w->list);
}

static void reference_done(struct kind_reference *ref)
{
	pattern_done(&ref->at);
	free(ref->scheme);
	free(ref->below);
	free(ref->beside);
}

void kind_done(struct kind *kind)
{
	for (size_t i = 0; i < kind->ref_count; i++)
		reference_done(&kind->refs[i]);
	for (size_t i = 0; i < kind->secret_count; i++) {
		patterns_done(&kind->secrets[i].inside);
		words_done(&kind->secrets[i].words);
	}
	for (size_t i = 0; i < kind->file_count; i++) {
		patterns_done(&kind->files[i].inside);
		words_done(&kind->files[i].begins);
	}
	patterns_done(&kind->volatiles);
	free(kind->refs);
	free(kind->secrets);
	free(kind->files);
	free(kind->set);
	free(kind->name);
	free(kind->folder);
	free(kind->variant);
	free(kind->variant_member);
	free(kind->id);
}

void kinds_free(struct kinds *kinds)
{
	if (!kinds)
		return;
	for (size_t i = 0; i < kinds->len; i++)
		kind_done(&kinds->list[i]);
	free(kinds->list);
	free(kinds);
}

/* ---- looking ---- */

size_t kinds_count(const struct kinds *kinds)
{
	return kinds->len;
}

const struct kind *kinds_get(const struct kinds *kinds, size_t number)
{
	return number < kinds->len ? &kinds->list[number] : NULL;
}

const struct kind *kinds_by_folder(const struct kinds *kinds, const char *name,
				   size_t len)
{
	for (size_t i = 0; i < kinds->len; i++) {
		const struct kind *kind = &kinds->list[i];

		if (kind->folder_len == len &&
		    memcmp(kind->folder, name, len) == 0)
			return kind;
	}
	return NULL;
}

const struct kind *kinds_by_path(const struct kinds *kinds, const char *path,
				 size_t len, int folder)
{
	size_t end = len;

	while (end > 0) {
		size_t start = end;
		const struct kind *kind;

		while (start > 0 && path[start - 1] != '/')
			start--;
		kind = end < len || folder
			       ? kinds_by_folder(kinds, path + start,
						 end - start)
			       : NULL;
		if (kind)
			return kind;
		end = start > 0 ? start - 1 : 0;
	}
	return NULL;
}

unsigned kind_number(const struct kind *kind)
{
	return kind->number;
}

const char *kind_name(const struct kind *kind)
{
	return kind->name;
}

const char *kind_set(const struct kind *kind)
{
	return kind->set;
}

const char *kind_folder(const struct kind *kind)
{
	return kind->folder;
}

bool kind_has_ids(const struct kind *kind)
{
	return kind->id != NULL;
}

void kinds_show(const struct kinds *kinds, uint64_t bits, struct buf *out)
{
	const char *between = "";

	for (size_t i = 0; i < kinds->len; i++) {
		if (!(bits & KIND_BIT(&kinds->list[i])))
			continue;
		buf_text(out, between);
		buf_text(out, kinds->list[i].name);
		between = " or ";
	}
	if (bits & KIND_FOLDER) {
		buf_text(out, between);
		buf_text(out, "folder");
	}
}

static void add_kind(const struct kinds *kinds, const struct kind *kind,
		     struct buf *words, struct buf *out)
{
	uint64_t leads = 0;

	for (size_t i = 0; i < kind->ref_count; i++)
		leads |= kind->refs[i].leads;
	buf_reset(words);
	kinds_show(kinds, leads, words);
	buf_byte(words, '\0');
	buf_text(out, "{\"set\":");
	buf_json_string(out, kind->set);
	buf_text(out, ",\"kind\":");
	buf_json_string(out, kind->name);
	buf_text(out, ",\"folder\":");
	buf_json_string(out, kind->folder);
	buf_text(out, ",\"refers\":");
	if (leads)
		buf_json_string(out, words->data);
	else
		buf_text(out, "null");
	buf_addf(out, ",\"secrets\":%s,\"files\":%s}\n",
		 kind->secret_count ? "true" : "false",
		 kind->file_count ? "true" : "false");
}

int kinds_list(const struct kinds *kinds, struct buf *out)
{
	DROP(buf_done) struct buf words = {0};

	for (size_t i = 0; i < kinds->len; i++)
		add_kind(kinds, &kinds->list[i], &words, out);
	return buf_error(&words) ? -ENOMEM : buf_error(out);
}
