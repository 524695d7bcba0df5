/*
 * pull - merge what changed in a clone of a folder into that folder.
 *
 * Each item of the clone that has changed is compared with ours and with the
 * base, the text that both come from, member by member (core/merge):
 *
 *   The base   of an item that was copied is what was sent when it was copied,
 *              if the other one has held just that; after a pull between the
 *              two folders, in either direction, it is what that pull saw. A
 *              pull that was taken back as a whole does not count.
 *   Ids        and references that differ because the clone has ids of its own
 *              are none: what names an item of the clone means ours, and so do
 *              paths below the clone's folder.
 *   Added      there: added here, under the next number if another item has
 *              the name, and under an id of its own.
 *   Deleted    there and unchanged here: deleted. Folders go when nothing is
 *              left in them.
 *   Moved      there (as an item or folder that kept its history): moved here
 *              too, with the references to it.
 *
 * What both changed differently is a conflict: the same member, a text that
 * one side deleted, a place to which both moved. If there are any, nothing is
 * changed; they are all listed, and the pull waits as a revision "in progress"
 * until each is answered, or it is canceled. It holds nothing meanwhile, and
 * looks again at each answer. It survives that the file is closed.
 *
 * All or nothing, with a snapshot before and one after. Costs what changed in
 * the clone (the first time, as much again as the clone took), not what is
 * there.
 *
 * Thread-safety: takes the writer lock itself.
 */
#ifndef CORE_PULL_H
#define CORE_PULL_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct db;
struct repo;
struct revert_result;
struct who;
struct why;

struct pull_request {
	int64_t folder;
	/*
	 * One of
	 *   PATH               pull from there: "../Orders-sandbox", from this
	 *                      folder, or "/a/b", from the root
	 *   dry-run PATH       say what would happen, and do nothing
	 *   ours [PLACE]       answer the pull that waits here: all, or what is
	 *   theirs [PLACE]     below a place, "PATH" or "PATH#POINTER"
	 *   cancel             give it up
	 */
	const char *line;
};

/*
 * Open batches in both folders end first. @ret: see core/revert.h; what a
 * pull created and edited is counted as such. @out gets a line per change as
 * diff_line() makes them, lines "! PATH ..." on what was not done as one may
 * expect, for each conflict
 *
 *   C PATH#POINTER
 *     base   VALUE
 *     ours   VALUE
 *     theirs VALUE
 *
 * and a last sentence. -EINVAL: not such a line, or no conflict has that
 * place; -ENOENT: no such folder, no pull waits; -EBUSY: one waits here, or a
 * revert is at work.
 */
int pull_run(struct repo *repo, const struct who *who,
	     const struct pull_request *request, struct buf *out,
	     struct revert_result *ret, struct why *why);

/* Append what the pull that waits in @folder said; nothing if none does. */
int pull_show(struct db *db, int64_t folder, struct buf *out, struct why *why);

#endif
