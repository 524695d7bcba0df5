/*
 * revert_spec - what a line written to "revert" asks for.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_REVERT_SPEC_H
#define CORE_REVERT_SPEC_H

#include <stdbool.h>
#include <stdint.h>

struct db;
struct why;

struct revert_spec {
	bool undo;
	int64_t revision; /* undo: which; else 0, or the one that was named */
	int64_t moment;	  /* not undo: back to this one */
	const char *path; /* below the folder; "": all of it. In the text that
			     was parsed */
	char label[300];  /* "snapshot 4", "before revision 7", "revision 7" */
};

/* The forms are those of revert_run(). -EINVAL, -ENOENT. */
int revert_spec_parse(struct db *db, int64_t folder, const char *text,
		      struct revert_spec *ret, struct why *why);

#endif
