#include "core/kind_read.h"

#include "core/kind_row.h"
#include "core/why.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void kind_name_part(struct kind_reading *r, const char *list, size_t i)
{
	(void)snprintf(r->part, sizeof(r->part), ", %s[%zu]", list, i);
}

int kind_wrong(const struct kind_reading *r, const char *fmt, ...)
{
	char text[200];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return why_set(r->why, -EINVAL, "kinds%s%s%s: %s", r->set, r->kind,
		       r->part, text);
}

int kind_no_memory(const struct kind_reading *r)
{
	return why_set(r->why, -ENOMEM, "out of memory");
}

/* ---- members ---- */

/* @names ends in NULL. */
int kind_check_members(const struct kind_reading *r, json_t *object,
		       const char *const *names)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		size_t i = 0;

		while (names[i] && strcmp(names[i], key) != 0)
			i++;
		if (!names[i])
			return kind_wrong(r, "there is no use for '%s'", key);
	}
	return 0;
}

/* *ret is NULL if the member is not there and need not be. */
int kind_get_text(const struct kind_reading *r, json_t *object,
		  const char *name, bool needed, char **ret)
{
	json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);

	if (!value && !needed)
		return 0;
	if (!value)
		return kind_wrong(r, "'%s' is missing", name);
	if (!text || !*text)
		return kind_wrong(r, "'%s' must be a string, and not empty",
				  name);
	*ret = strdup(text);
	return *ret ? 0 : kind_no_memory(r);
}

/* *ret is borrowed; NULL if the member is not there and need not be. */
int kind_get_list(const struct kind_reading *r, json_t *object,
		  const char *name, bool needed, json_t **ret)
{
	json_t *list = json_object_get(object, name);

	if (!list && !needed)
		return 0;
	if (!list)
		return kind_wrong(r, "'%s' is missing", name);
	if (!json_is_array(list) || (needed && json_array_size(list) == 0))
		return kind_wrong(r, "'%s' must be a list%s", name,
				  needed ? ", and not empty" : "");
	*ret = list;
	return 0;
}

int kind_get_words(const struct kind_reading *r, json_t *object,
		   const char *name, bool needed, struct kind_words *ret)
{
	json_t *list = NULL, *value;
	size_t i;
	int e = kind_get_list(r, object, name, needed, &list);

	if (e < 0 || !list)
		return e;
	ret->list = calloc(json_array_size(list) + 1, sizeof(char *));
	if (!ret->list)
		return kind_no_memory(r);
	json_array_foreach(list, i, value) {
		const char *text = json_string_value(value);

		if (!text || !*text)
			return kind_wrong(r, "'%s' must be a list of words",
					  name);
		ret->list[i] = strdup(text);
		if (!ret->list[i])
			return kind_no_memory(r);
		ret->len++;
	}
	return 0;
}

int kind_get_patterns(const struct kind_reading *r, json_t *object,
		      const char *name, bool needed, struct kind_patterns *ret)
{
	struct why reason = {0};
	json_t *list = NULL, *value;
	size_t i;
	int e = kind_get_list(r, object, name, needed, &list);

	if (e < 0 || !list)
		return e;
	ret->list = calloc(json_array_size(list) + 1, sizeof(struct pattern));
	if (!ret->list)
		return kind_no_memory(r);
	json_array_foreach(list, i, value) {
		if (!json_is_string(value))
			return kind_wrong(r, "'%s' must be a list of patterns",
					  name);
		e = pattern_parse(json_string_value(value), &ret->list[i],
				  &reason);
		if (e < 0)
			return kind_wrong(r, "%s", reason.text);
		ret->len++;
	}
	return 0;
}
