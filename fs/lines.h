/*
 * lines - the lines of what the engine shows: one after the other, as JSON
 * objects, some of them.
 *
 * Thread-safety: no state.
 */
#ifndef FS_LINES_H
#define FS_LINES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct why;

/* A line without its end; zeroed before the first. */
struct line {
	const char *at;
	size_t len;
};
/* The next line of @text, @size bytes; the last may lack its end. */
bool lines_next(const char *text, size_t size, struct line *line);

/* Nonzero ends the walk and is returned. The callback may change the object,
 * and refer to it for longer. */
typedef int (*lines_fn)(json_t *object, const struct line *line, void *arg,
			struct why *why);
/* Call @fn for each line. -EINVAL: one is no JSON object. */
int lines_each(const struct buf *lines, lines_fn fn, void *arg,
	       struct why *why);

/* What a line must say to be kept; NULL: anything. */
struct lines_filter {
	/* Equal to that member. */
	const char *kind, *status, *user, *program, *change;
	const char *since; /* "time" is not before this, as env_parse_time()
			      reads it */
};

/* Drop the others. -EINVAL: since is no time, or a line is no JSON object. */
int lines_keep(struct buf *lines, const struct lines_filter *filter,
	       struct why *why);

#endif
