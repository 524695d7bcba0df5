/*
 * revert - put a folder, or items in it, back as they were.
 *
 * One transaction: a guard snapshot of the present, then the change, all or
 * nothing. Costs what changed since, not what is there. See DESIGN in README:
 * node numbers stay, passwords stay, scratch files stay.
 *
 * Thread-safety: takes the writer lock itself.
 */
#ifndef CORE_REVERT_H
#define CORE_REVERT_H

#include "core/defer.h"
#include "core/moment.h"

#include <stddef.h>

/* What the kernel must forget: one per entry that changed. */
struct touched {
	int64_t node;		   /* 0: none; a folder is known by its id */
	int64_t old_parent;	   /* 0: was not in the tree */
	int64_t new_parent;	   /* 0: is not in the tree */
	char *old_name, *new_name; /* NULL likewise */
	bool content;		   /* bytes or attributes changed */
};
struct touched_list {
	struct touched *entries;
	size_t len, cap;
};
void touched_done(struct touched_list *list);
int touched_add(struct touched_list *list, const struct touched *t);

struct revert_result {
	int64_t revision; /* of the revert; 0: nothing to do */
	int64_t guard;	  /* the snapshot before it */
	int64_t created, edited, moved, removed, skipped;
	struct touched_list touched;
};
void revert_result_done(struct revert_result *result);

struct buf;
struct repo;

/*
 * What to put back: @spec, below @folder:
 *   "4" "NAME" "latest"      a snapshot that covers the folder
 *   "before 7" "after 7"     either side of a revision
 *   "undo 7"                 only what revision 7 did; what has changed since
 *                            is listed in @out and left alone
 *   "@2026-11-20T10:30:00Z"  an instant
 *   any of these, then a path: that item or folder alone; or several paths,
 *                            each a string as JSON has it: "a.json" "b/c d"
 * A path is where something was then; with "undo", where it is, or was before
 * or after the revision.
 */
struct revert_request {
	int64_t folder;
	const char *spec;
	bool dry_run; /* say what would happen, and do nothing */
};

/*
 * Open batches of the folder end first. @ret: see above; not filled by a dry
 * run. @out gets, if anything outside refers to what goes, the lines of
 * plan_refs(); one line per change as diff_line() makes them ("+" comes back,
 * "-" leaves; a path outside the folder begins with "/"); lines "! PATH ..." on
 * what was not done as one may expect; and a last sentence. -EINVAL: not a
 * spec; -ENOENT: no such snapshot, revision or path then; -ELOOP: would put a
 * folder inside itself; -EBUSY: another revert is at work there.
 *
 * A path takes its name back: a younger item there leaves the tree, a folder
 * gets a number. Missing folders on the way to it come back too. What came into
 * the folder over its border since goes back where it was just before. A
 * scratch file is renamed aside where an item needs its name.
 */
int revert_run(struct repo *repo, const struct who *who,
	       const struct revert_request *request, struct buf *out,
	       struct revert_result *ret, struct why *why);

#endif
