#include "core/kind_reference.h"

#include "core/kind_read.h"
#include "core/kind_row.h"
#include "core/why.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_form(const struct kind_reading *r, json_t *object,
		     struct kind_reference *ref)
{
	const char *text = json_string_value(json_object_get(object, "form"));
	const char *path = text ? strstr(text, "://path") : NULL;

	if (text && strcmp(text, "path") == 0) {
		ref->form = KIND_FORM_PATH;
	} else if (text && strcmp(text, "id") == 0) {
		ref->form = KIND_FORM_ID;
	} else if (path && path > text && strcmp(path, "://path") == 0) {
		ref->form = KIND_FORM_SCHEME;
		ref->scheme = strndup(text, (size_t)(path - text) + 3);
		if (!ref->scheme)
			return kind_no_memory(r);
	} else {
		return kind_wrong(r,
				  "'form' must be \"path\", \"SCHEME://path\" "
				  "or \"id\"");
	}
	return 0;
}

/* The kinds of the set are @kinds. */
static int read_leads(const struct kind_reading *r, json_t *object,
		      const struct kinds *kinds, size_t first,
		      struct kind_reference *ref)
{
	const struct kind *base = NULL;
	json_t *list = NULL, *value;
	size_t i;
	int e = kind_get_list(r, object, "to", true, &list);

	if (e < 0)
		return e;
	json_array_foreach(list, i, value) {
		const char *name = json_string_value(value);
		size_t k = first;

		if (name && strcmp(name, "folder") == 0) {
			ref->leads |= KIND_FOLDER;
			continue;
		}
		while (name && k < kinds->len &&
		       strcmp(kinds->list[k].name, name) != 0)
			k++;
		if (!name || k == kinds->len)
			return kind_wrong(
				r,
				"'to' names '%s', which is no kind of "
				"this set",
				name ? name : "");
		ref->leads |= KIND_BIT(&kinds->list[k]);
		base = base ? base : &kinds->list[k];
	}
	if (ref->form == KIND_FORM_ID && ref->leads & KIND_FOLDER)
		return kind_wrong(r, "an id cannot lead to a folder");
	if (ref->form != KIND_FORM_SCHEME)
		return 0;
	if (!base)
		return kind_wrong(r, "'%s' needs a kind that it leads to",
				  ref->scheme);
	if (asprintf(&ref->below, "/%s/", base->folder) < 0) {
		ref->below = NULL;
		return kind_no_memory(r);
	}
	return 0;
}

static int read_reference(const struct kind_reading *r, json_t *object,
			  const struct kinds *kinds, size_t first,
			  struct kind_reference *ref)
{
	static const char *const names[] = {"at", "form", "to", "beside", NULL};
	struct why reason = {0};
	const char *at = json_string_value(json_object_get(object, "at"));
	int e;

	if (!json_is_object(object))
		return kind_wrong(r, "a reference must be an object");
	e = kind_check_members(r, object, names);
	if (e == 0 && !at)
		e = kind_wrong(r, "'at' must be a pattern");
	if (e < 0)
		return e;
	e = pattern_parse(at, &ref->at, &reason);
	if (e < 0)
		return kind_wrong(r, "%s", reason.text);
	ref->last = pattern_last_name(&ref->at);
	e = read_form(r, object, ref);
	if (e == 0)
		e = read_leads(r, object, kinds, first, ref);
	if (e == 0)
		e = kind_get_text(r, object, "beside", false, &ref->beside);
	if (e < 0 || !ref->beside)
		return e;
	ref->beside_len = strlen(ref->beside);
	if (ref->form == KIND_FORM_ID)
		return kind_wrong(r, "an id has no last part that could stand "
				     "'beside' it");
	if (ref->at.steps[ref->at.len - 1].what == PATTERN_ELEMENT)
		return kind_wrong(r, "an element of an array has no member "
				     "'beside' it");
	return 0;
}

int kind_read_references(struct kind_reading *r, json_t *object,
			 const struct kinds *kinds, size_t first,
			 struct kind *kind)
{
	struct kind_reference *refs;
	json_t *list = NULL, *value;
	size_t i;
	int e = kind_get_list(r, object, "references", false, &list);

	if (e < 0 || !list)
		return e;
	refs = realloc(kind->refs, (kind->ref_count + json_array_size(list) +
				    1) * sizeof(*refs));
	if (!refs)
		return kind_no_memory(r);
	kind->refs = refs;
	json_array_foreach(list, i, value) {
		kind_name_part(r, "references", i);
		refs[kind->ref_count] = (struct kind_reference){0};
		e = read_reference(r, value, kinds, first,
				   &refs[kind->ref_count++]);
		if (e < 0)
			return e;
	}
	r->part[0] = '\0';
	return 0;
}
