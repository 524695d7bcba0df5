/*
 * show - what the repository says of itself, as text: JSON lines for lists,
 * "key value" where a person reads it. The control files and the command line
 * print the same.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_SHOW_H
#define CORE_SHOW_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct db;
struct why;

/* "key value" lines: folder (its path), moment, changed (when), snapshots (that
 * show the folder), and of the whole file revisions, contents and bytes. No
 * line costs more in a larger repository. */
int show_status(struct db *db, int64_t folder, struct buf *out,
		struct why *why);

/* JSON lines of the revisions of @folder and below, newest last: id, kind,
 * status, name, description, user, uid, program, time, scope (path from the
 * root), before, after (null while in progress), counts. */
int show_revisions(struct db *db, int64_t folder, struct buf *out,
		   struct why *why);

/* One revision in full: its line, then what it changed as diff lines. */
int show_revision(struct db *db, int64_t folder, int64_t id, struct buf *out,
		  struct why *why);

/* "sha256sum -c" lines of every item below a folder at a moment, paths
 * relative to it, in path order; names with \ or newline escaped as that program
 * does. */
struct manifest {
	int64_t at, folder;
	/* Is this item or folder part of it? NULL: all are. */
	bool (*shows)(int64_t item, void *arg);
	void *arg;
};
int show_manifest(struct db *db, const struct manifest *manifest,
		  struct buf *out, struct why *why);

/* ".control/diff/ID": snapshot (also by name, "latest" or @INSTANT) -> now;
 * revision -> from its before to its after. */
int show_diff(struct db *db, int64_t folder, const char *spec, struct buf *out,
	      struct why *why);

#endif
