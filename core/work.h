/*
 * work - who is at work on which folder.
 *
 * Reverts, pulls and restored archives run one at a time per folder: a second
 * one is told at once who is there, where and since when, instead of changing a
 * moment later what it never saw. Those of folders that have nothing in common
 * are none of each other's business.
 *
 * Thread-safety: any thread.
 */
#ifndef CORE_WORK_H
#define CORE_WORK_H

#include "core/defer.h"
#include "core/moment.h"

#include <stdatomic.h>

struct buf;
struct db;
struct env;
struct why;
struct works;

/* @env has the clock; borrowed for life. */
int works_new(const struct env *env, struct works **ret, struct why *why);
void works_free(struct works *works);
DEFINE_DROP(works, works_free);

/* Zeroed: none. Stays where it is until work_end(). */
struct work {
	int64_t folder;
	const char *what; /* "a revert"; stays, too */
	struct who who;
	/* How far it is, of how many; 0: not known. Whoever works sets them, at
	 * any time. */
	_Atomic int64_t done, total;
	/* The rest is work_begin()'s. */
	int64_t since_ns;
	struct works *works;
	struct work *next;
};

/* Begin @work, which says at which folder, what and who. -EBUSY: somebody is at
 * work there, below or above; the sentence is that of work_say(). @db is only
 * read. */
int work_begin(struct works *works, struct db *db, struct work *work,
	       struct why *why);
void work_end(struct work *work); /* for DROP(); accepts what never began */

/*
 * Call @fn for each that is under way, the one that began first to begin with.
 * Meanwhile none begins and none ends: @fn must not either. Nonzero from it
 * stops the walk and is returned.
 */
typedef int (*work_fn)(const struct work *work, void *arg);
int works_each(struct works *works, work_fn fn, void *arg);

/* Append "a revert is under way since 2026-11-20T10:30:00Z, by joe (bash,
 * process 42), in /rules", and ": 300 of 1000" if that is known. */
int work_say(struct db *db, const struct work *work, struct buf *out,
	     struct why *why);
/* A line "working a revert is under way in ..." for each that is in @folder,
 * below or above. */
int works_show(struct works *works, struct db *db, int64_t folder,
	       struct buf *out, struct why *why);

#endif
