/*
 * Where in a text a value is, for people.
 */
#include "core/examine.h"

#include "core/pattern.h"
#include "core/why.h"

#include <errno.h>

struct where {
	size_t at;
	struct buf *out;
};

/* The innermost value that begins there comes first. */
static int visit_where(const struct json_value *v, void *arg)
{
	const struct where *w = arg;

	if (v->at != w->at &&
	    (v->kind != JSON_KIND_STRING || v->at + 1 != w->at))
		return 0;
	pattern_show(v->path, v->depth, w->out);
	return -ECANCELED;
}

int examine_where(const char *text, size_t len, size_t at, struct buf *out,
		  struct why *why)
{
	struct where w = {at, out};
	int r = json_scan(text, len, 0, visit_where, &w, NULL);

	if (r == -ENOMEM || buf_error(out))
		return why_set(why, -ENOMEM, "out of memory");
	if (r != -ECANCELED)
		return why_set(why, -ENOENT, "no value at byte %zu", at);
	return 0;
}
