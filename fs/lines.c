#include "fs/lines.h"

#include "core/buf.h"
#include "core/env.h"
#include "core/why.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static bool says(const json_t *line, const char *key, const char *wanted)
{
	const char *value = json_string_value(json_object_get(line, key));

	return !wanted || (value && strcmp(value, wanted) == 0);
}

static bool is_since(const json_t *line, int64_t since_ns)
{
	const char *time = json_string_value(json_object_get(line, "time"));
	int64_t ns;

	return time && env_parse_time(time, &ns) == 0 && ns >= since_ns;
}

/* 1: it is to be kept. */
static int wanted(const char *text, size_t len,
		  const struct lines_filter *filter, int64_t since_ns,
		  struct why *why)
{
	json_auto_t *line = json_loadb(text, len, 0, NULL);

	if (!json_is_object(line))
		return why_set(why, -EINVAL, "a line that is no JSON object");
	return says(line, "kind", filter->kind) &&
	       says(line, "status", filter->status) &&
	       says(line, "user", filter->user) &&
	       says(line, "program", filter->program) &&
	       says(line, "change", filter->change) &&
	       (!filter->since || is_since(line, since_ns));
}

int lines_keep(struct buf *lines, const struct lines_filter *filter,
	       struct why *why)
{
	int64_t since_ns = 0;
	size_t kept = 0, next;
	int r = 0;

	if (filter->since && env_parse_time(filter->since, &since_ns) < 0)
		return why_set(why, -EINVAL,
			       "'%s' is no time: it looks like 2026-11-20 or "
			       "2026-11-20T10:30:00Z",
			       filter->since);
	for (size_t at = 0; at < lines->len; at = next) {
		const char *end =
			memchr(lines->data + at, '\n', lines->len - at);

		next = end ? (size_t)(end - lines->data) + 1 : lines->len;
		r = wanted(lines->data + at, next - at, filter, since_ns, why);
		if (r < 0)
			return r;
		if (!r)
			continue;
		memmove(lines->data + kept, lines->data + at, next - at);
		kept += next - at;
	}
	lines->len = kept;
	return 0;
}
