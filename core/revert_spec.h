/*
 * revert_spec - what a line written to "revert" asks for.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_REVERT_SPEC_H
#define CORE_REVERT_SPEC_H

#include "core/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct why;

struct revert_spec {
	bool undo;
	int64_t revision;  /* undo: which; else 0, or the one that was named */
	int64_t moment;	   /* back to this one; undo: before the revision */
	int64_t after;	   /* undo: after it */
	struct buf paths;  /* below the folder, each with its NUL */
	size_t path_count; /* 0: all of the folder */
	char label[300];   /* "snapshot 4", "before revision 7", "revision 7" */
};
void revert_spec_done(struct revert_spec *spec);

/* The path behind @path, which is NULL for the first; NULL: there is none. */
const char *revert_spec_next(const struct revert_spec *spec, const char *path);

/* The forms are those of revert_run(). -EINVAL, -ENOENT. @ret is zeroed, and
 * to be released also after a failure. */
int revert_spec_parse(struct db *db, int64_t folder, const char *text,
		      struct revert_spec *ret, struct why *why);

#endif
