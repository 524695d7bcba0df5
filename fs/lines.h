/*
 * lines - some of the JSON lines that the engine shows.
 *
 * Thread-safety: no state.
 */
#ifndef FS_LINES_H
#define FS_LINES_H

struct buf;
struct why;

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
