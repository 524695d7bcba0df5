/*
 * show - what the repository says of itself, as text: JSON lines for lists,
 * "key value" where a person reads it. The control files and the command line
 * print the same.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_SHOW_H
#define CORE_SHOW_H

#include "core/diff.h"

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct db;
struct kinds;
struct why;
struct works;

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

struct show_ask {
	int64_t folder;	  /* paths are relative to it; what is elsewhere is left
			   out */
	const char *spec; /* the number of a revision, or a snapshot: also by
			     name, "latest" or @INSTANT */
	enum diff_form form;
	const struct kinds *kinds; /* may be NULL: nothing is of a kind */
};

/* ".control/diff/ID": snapshot -> now; revision -> from its before to its
 * after. */
int show_diff(struct db *db, const struct show_ask *ask, struct buf *out,
	      struct why *why);

/*
 * ".control/show/ID", one revision in full. First what it is: lines "key
 * value"; or as JSON the object of show_revisions(), with the times of its
 * moments (before_time, after_time), and of a snapshot what it covers: items,
 * folders and bytes, "more" if those were too many to be counted; of one that is
 * in progress, what there is to say about that ("live").
 *
 * Then what it changed (of a snapshot: what has changed since), a path each, as
 * show_diff() with the kind of the item.
 *
 * Last each reference that it concerns: those that are another now in what it
 * changed; those of live items that lead to nothing, since what they name is
 * gone or moved, or that came with it; and those of other items that lead to
 * what it changed. At most so many of a sort.
 *
 *   {"reference":"rewritten","path":"/sessions/S.json","at":"tasks[0].rules[1]",
 *    "was":"/rules/A","now":"/rules/B"}
 *
 * reference: "rewritten" (by the repository itself), "changed", "dangling" and
 * "leads", which have "target" in place of "was" and "now".
 */
enum { SHOW_REFERENCES_MAX = 1000 };
int show_revision(struct db *db, const struct show_ask *ask, struct buf *out,
		  struct why *why);

/*
 * ".control/show/.running": what is under way in the folder, below or above it,
 * which has no number before it is done: a sentence each (work_say()), or as
 * JSON an object: running ("a revert"), scope, user, uid, pid, program, since,
 * and if that is known done and total. @ask->spec is not read.
 */
int show_running(struct db *db, struct works *works, const struct show_ask *ask,
		 struct buf *out, struct why *why);

#endif
