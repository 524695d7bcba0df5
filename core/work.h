/*
 * work - who is at work on which folder.
 *
 * Reverts, pulls and full restores run one at a time per folder: a second one
 * is told at once who is there, instead of changing a moment later what it
 * never saw.
 *
 * Thread-safety: any thread.
 */
#ifndef CORE_WORK_H
#define CORE_WORK_H

#include "core/defer.h"
#include "core/moment.h"

struct db;
struct why;
struct works;

int works_new(struct works **ret, struct why *why);
void works_free(struct works *works);
DEFINE_DROP(works, works_free);

/* Zeroed: none. Stays where it is until work_end(). */
struct work {
	int64_t folder;
	const char *what;
	struct who who;
	struct works *works; /* these two are work_begin()'s */
	struct work *next;
};

/* Begin @work, which says at which folder, what ("a revert") and who. -EBUSY:
 * somebody is at work there, below or above; the sentence says who. @db is
 * only read. */
int work_begin(struct works *works, struct db *db, struct work *work,
	       struct why *why);
void work_end(struct work *work); /* for DROP() */

#endif
