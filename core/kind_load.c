#include "core/kind_load.h"

#include "core/kind_read.h"
#include "core/kind_reference.h"
#include "core/kind_row.h"
#include "core/why.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- secrets and files ---- */

static int read_secret(const struct kind_reading *r, json_t *object,
		       struct kind_secret *secret)
{
	static const char *const names[] = {"inside", "words", "at", NULL};
	bool at;
	int e;

	if (!json_is_object(object))
		return kind_wrong(r, "a secret must be an object");
	at = json_object_get(object, "at") != NULL;
	if (at && json_object_size(object) > 1)
		return kind_wrong(r, "beside 'at' there can be nothing");
	e = kind_check_members(r, object, names);
	if (e == 0)
		e = kind_get_patterns(r, object, at ? "at" : "inside", true,
				      &secret->inside);
	if (e == 0 && !at)
		e = kind_get_words(r, object, "words", true, &secret->words);
	return e;
}

static int read_secrets(struct kind_reading *r, json_t *object,
			struct kind *kind)
{
	json_t *list = NULL, *value;
	size_t i;
	int e = kind_get_list(r, object, "secrets", false, &list);

	if (e < 0 || !list)
		return e;
	kind->secrets =
		calloc(json_array_size(list) + 1, sizeof(*kind->secrets));
	if (!kind->secrets)
		return kind_no_memory(r);
	json_array_foreach(list, i, value) {
		kind_name_part(r, "secrets", i);
		e = read_secret(r, value, &kind->secrets[kind->secret_count++]);
		if (e < 0)
			return e;
	}
	r->part[0] = '\0';
	return 0;
}

static int read_file(const struct kind_reading *r, json_t *object,
		     struct kind_file *file)
{
	static const char *const names[] = {"inside", "begins", "extensions",
					    NULL};
	json_t *extensions = json_object_get(object, "extensions");
	int e;

	if (!json_is_object(object))
		return kind_wrong(r, "a file must be an object");
	if (extensions && !json_is_boolean(extensions))
		return kind_wrong(r, "'extensions' must be true or false");
	file->extensions = json_is_true(extensions);
	e = kind_check_members(r, object, names);
	if (e == 0)
		e = kind_get_patterns(r, object, "inside", true, &file->inside);
	if (e == 0)
		e = kind_get_words(r, object, "begins", false, &file->begins);
	if (e == 0 && !file->begins.len && !file->extensions)
		e = kind_wrong(r, "'begins' or 'extensions' is missing");
	return e;
}

static int read_files(struct kind_reading *r, json_t *object, struct kind *kind)
{
	json_t *list = NULL, *value;
	size_t i;
	int e = kind_get_list(r, object, "files", false, &list);

	if (e < 0 || !list)
		return e;
	kind->files = calloc(json_array_size(list) + 1, sizeof(*kind->files));
	if (!kind->files)
		return kind_no_memory(r);
	json_array_foreach(list, i, value) {
		kind_name_part(r, "files", i);
		e = read_file(r, value, &kind->files[kind->file_count++]);
		if (e < 0)
			return e;
	}
	r->part[0] = '\0';
	return 0;
}

/* ---- kinds ---- */

static int read_variant(const struct kind_reading *r, json_t *object,
			struct kind *kind)
{
	static const char *const names[] = {"name", "member", NULL};
	json_t *variant = json_object_get(object, "variant");
	int e;

	if (!variant)
		return 0;
	if (!json_is_object(variant))
		return kind_wrong(r, "'variant' must be an object");
	e = kind_check_members(r, variant, names);
	if (e == 0)
		e = kind_get_text(r, variant, "name", true, &kind->variant);
	if (e == 0)
		e = kind_get_text(r, variant, "member", true,
				  &kind->variant_member);
	return e;
}

/* What a kind and "all" have in common. */
static int read_common(struct kind_reading *r, json_t *object, json_t *all,
		       const struct kinds *kinds, size_t first,
		       struct kind *kind)
{
	int e = kind_get_text(r, object, "id", false, &kind->id);

	if (e == 0 && !kind->id)
		e = kind_get_text(r, all, "id", false, &kind->id);
	if (e == 0)
		e = kind_read_references(r, all, kinds, first, kind);
	if (e == 0)
		e = kind_read_references(r, object, kinds, first, kind);
	if (e == 0)
		e = read_secrets(
			r, json_object_get(object, "secrets") ? object : all,
			kind);
	if (e == 0)
		e = read_files(r,
			       json_object_get(object, "files") ? object : all,
			       kind);
	if (e == 0)
		e = kind_get_patterns(
			r, json_object_get(object, "volatile") ? object : all,
			"volatile", false, &kind->volatiles);
	return e;
}

/* What the last key of the pattern can be as long as. */
static uint64_t lengths_of(const struct pattern *pattern)
{
	const struct pattern_step *last = pattern_last_name(pattern);

	return last ? kind_length_bit(last->len) : UINT64_MAX;
}

static void note_lengths(struct kind *kind)
{
	for (size_t i = 0; i < kind->ref_count; i++) {
		const struct kind_reference *ref = &kind->refs[i];

		kind->key_lengths |= lengths_of(&ref->at);
		if (ref->beside)
			kind->key_lengths |= kind_length_bit(ref->beside_len);
	}
	for (size_t i = 0; i < kind->volatiles.len; i++)
		kind->key_lengths |= lengths_of(&kind->volatiles.list[i]);
	if (kind->id)
		kind->key_lengths |= kind_length_bit(strlen(kind->id));
	for (size_t i = 0; i < kind->secret_count; i++)
		for (size_t p = 0; p < kind->secrets[i].inside.len; p++)
			kind->secret_lengths |=
				lengths_of(&kind->secrets[i].inside.list[p]);
}

/* Its name and folder, so that others may name it. */
static int read_name(struct kind_reading *r, json_t *object,
		     struct kinds *kinds, const char *set)
{
	static const char *const names[] = {
		"name",	   "folder", "variant",	 "id", "references",
		"secrets", "files",  "volatile", NULL,
	};
	struct kind *kind = &kinds->list[kinds->len];
	const struct kind *other;
	int e;

	if (!json_is_object(object))
		return kind_wrong(r, "a kind must be an object");
	*kind = (struct kind){.number = (unsigned)kinds->len++};
	kind->set = strdup(set);
	if (!kind->set)
		return kind_no_memory(r);
	e = kind_get_text(r, object, "name", true, &kind->name);
	if (e < 0)
		return e;
	(void)snprintf(r->kind, sizeof(r->kind), ", kind '%.40s'", kind->name);
	e = kind_check_members(r, object, names);
	if (e == 0)
		e = kind_get_text(r, object, "folder", true, &kind->folder);
	if (e < 0)
		return e;
	if (strchr(kind->folder, '/') || kind->folder[0] == '.')
		return kind_wrong(
			r, "'%s' cannot be the name of a folder of items",
			kind->folder);
	other = kinds_by_folder(kinds, kind->folder, strlen(kind->folder));
	if (other)
		return kind_wrong(
			r, "the folder '%s' is that of kind '%s' in '%s'",
			kind->folder, other->name, other->set);
	kind->folder_len = strlen(kind->folder);
	for (size_t i = 0; i + 1 < kinds->len; i++)
		if (strcmp(kinds->list[i].set, set) == 0 &&
		    strcmp(kinds->list[i].name, kind->name) == 0)
			return kind_wrong(r, "there are two of that name");
	if (strcmp(kind->name, "folder") == 0)
		return kind_wrong(r, "a kind cannot be called 'folder'");
	return 0;
}

static int read_set(struct kind_reading *r, json_t *top, struct kinds *kinds)
{
	static const char *const names[] = {"name", "all", "kinds", NULL};
	static const char *const all_names[] = {
		"id", "references", "secrets", "files", "volatile", NULL};
	const char *set = json_string_value(json_object_get(top, "name"));
	json_t *all = json_object_get(top, "all"), *list = NULL, *value;
	size_t i, first = kinds->len;
	struct kind *room;
	int e = kind_check_members(r, top, names);

	if (e == 0 && all && !json_is_object(all))
		e = kind_wrong(r, "'all' must be an object");
	if (e == 0 && all)
		e = kind_check_members(r, all, all_names);
	if (e == 0)
		e = kind_get_list(r, top, "kinds", true, &list);
	if (e < 0)
		return e;
	if (first + json_array_size(list) > KIND_MAX)
		return kind_wrong(r, "more than %d kinds", KIND_MAX);
	room = realloc(kinds->list,
		       (first + json_array_size(list)) * sizeof(*room));
	if (!room)
		return kind_no_memory(r);
	kinds->list = room;
	json_array_foreach(list, i, value) {
		(void)snprintf(r->kind, sizeof(r->kind), ", kinds[%zu]", i);
		e = read_name(r, value, kinds, set);
		if (e < 0)
			return e;
	}
	json_array_foreach(list, i, value) {
		struct kind *kind = &kinds->list[first + i];

		(void)snprintf(r->kind, sizeof(r->kind), ", kind '%.40s'",
			       kind->name);
		e = read_variant(r, value, kind);
		if (e == 0)
			e = read_common(r, value, all, kinds, first, kind);
		if (e < 0)
			return e;
		note_lengths(kind);
	}
	return 0;
}

/* ---- a whole text ---- */

static int load(struct kind_reading *r, const char *json, size_t len,
		json_t **ret)
{
	json_error_t error;
	json_t *top = json_loadb(json, len, JSON_REJECT_DUPLICATES, &error);
	const char *set;

	if (!top)
		return kind_wrong(r, "line %d, column %d: %s", error.line,
				  error.column, error.text);
	*ret = top;
	set = json_string_value(json_object_get(top, "name"));
	if (!set || !*set)
		return kind_wrong(r, "a set of kinds must be an object with a "
				     "'name'");
	(void)snprintf(r->set, sizeof(r->set), " '%.40s'", set);
	return 0;
}

int kind_set_name(const char *json, size_t len, char **ret, struct why *why)
{
	struct kind_reading r = {.why = why};
	json_auto_t *top = NULL;
	int e = load(&r, json, len, &top);

	if (e < 0)
		return e;
	*ret = strdup(json_string_value(json_object_get(top, "name")));
	return *ret ? 0 : kind_no_memory(&r);
}

int kinds_add(struct kinds *kinds, const char *json, size_t len,
	      struct why *why)
{
	struct kind_reading r = {.why = why};
	json_auto_t *top = NULL;
	size_t before = kinds->len;
	int e = load(&r, json, len, &top);

	if (e == 0)
		e = read_set(&r, top, kinds);
	/* Nothing of it, if something is wrong. */
	while (e < 0 && kinds->len > before)
		kind_done(&kinds->list[--kinds->len]);
	return e;
}
