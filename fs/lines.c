#include "fs/lines.h"

#include "core/buf.h"
#include "core/env.h"
#include "core/why.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

bool lines_next(const char *text, size_t size, struct line *line)
{
	const char *end = text + size, *newline;
	const char *at = line->at ? line->at + line->len + 1 : text;

	if (size == 0 || at >= end)
		return false;
	newline = memchr(at, '\n', (size_t)(end - at));
	line->at = at;
	line->len = (size_t)((newline ? newline : end) - at);
	return true;
}

int lines_each(const struct buf *lines, lines_fn fn, void *arg, struct why *why)
{
	struct line line = {0};
	int r = 0;

	while (r == 0 && lines_next(lines->data, lines->len, &line)) {
		json_auto_t *object = json_loadb(line.at, line.len, 0, NULL);

		if (!json_is_object(object))
			return why_set(
				why, -EINVAL, "not a line of JSON: '%.*s'",
				(int)(line.len < 80 ? line.len : 80), line.at);
		r = fn(object, &line, arg, why);
	}
	return r;
}

/* ---- some of them ---- */

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

struct keeping {
	struct buf *lines;
	const struct lines_filter *filter;
	int64_t since_ns;
	size_t kept; /* bytes */
};

/* What is kept moves up to what was kept before, never past the line itself. */
static int keep(json_t *object, const struct line *line, void *arg,
		struct why *why)
{
	struct keeping *k = arg;
	const struct lines_filter *filter = k->filter;
	char *to = k->lines->data + k->kept;

	(void)why;
	if (!says(object, "kind", filter->kind) ||
	    !says(object, "status", filter->status) ||
	    !says(object, "user", filter->user) ||
	    !says(object, "program", filter->program) ||
	    !says(object, "change", filter->change) ||
	    (filter->since && !is_since(object, k->since_ns)))
		return 0;
	memmove(to, line->at, line->len);
	to[line->len] = '\n';
	k->kept += line->len + 1;
	return 0;
}

int lines_keep(struct buf *lines, const struct lines_filter *filter,
	       struct why *why)
{
	struct keeping k = {.lines = lines, .filter = filter};
	int r;

	if (filter->since && env_parse_time(filter->since, &k.since_ns) < 0)
		return why_set(why, -EINVAL,
			       "'%s' is no time: it looks like 2026-11-20 or "
			       "2026-11-20T10:30:00Z",
			       filter->since);
	/* The last line has an end, so that there is room for it. */
	if (lines->len && lines->data[lines->len - 1] != '\n')
		buf_byte(lines, '\n');
	if (buf_error(lines))
		return why_set(why, -ENOMEM, "out of memory");
	r = lines_each(lines, keep, &k, why);
	if (r == 0)
		lines->len = k.kept;
	return r;
}
