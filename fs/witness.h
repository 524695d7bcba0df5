/*
 * witness - who watches a folder hears of what the daemon changes by itself:
 * by a revert, a pull, a restored archive, a number that a copy got, a
 * reference that followed a move.
 *
 * What happened (tidings) is given once the kernel has forgotten what it knew of
 * it, and after the reply: nobody waits. A thread finds out which names it is
 * about, and a process (fs/errand) makes a system call for each, which the
 * daemon answers without doing anything: fs/witnessed is what that process sees
 * instead of the live tree. It lies to it about the one name of its present
 * errand, which the kernel must take for free or for taken; and it does so only
 * in answers that nobody else gets: the kernel has the lock of the folder then,
 * and asks again for whoever comes after.
 *
 * It is a courtesy. Past some thousand names folders stand for what is in them,
 * and what cannot be told is dropped.
 *
 * Thread-safety: any thread, unless said otherwise.
 */
#ifndef FS_WITNESS_H
#define FS_WITNESS_H

#include "core/defer.h"
#include "fs/errand.h"

#include <stdbool.h>
#include <stdint.h>

struct entry;
struct fs;
struct witness;

/* Start the process; to be called while there are no threads yet. NULL: there
 * is no room for one, and nobody is told anything. */
struct witness *witness_new(void);
/* It is mounted: start the thread. */
void witness_start(struct witness *w, struct fs *fs);
/* No more is told. While requests are still served, or none comes any more. */
void witness_stop(struct witness *w);
void witness_free(struct witness *w); /* accepts NULL */

/* What happened; one of the three. Of several the last comes first. */
struct tidings {
	int64_t revision; /* all that it did */
	int64_t item;
	int64_t moment; /* what was done to @item then; 0: it was changed */
	int64_t parent; /* of a name that came or went, as it is now: */
	char *name;	/* owned */
	struct tidings *next;
};
void tidings_free(struct tidings *list);
/* Tell all of @list; takes it over. Accepts NULL for either. */
void witness_hear(struct witness *w, struct tidings *list);

/* ---- for fs/witnessed: requests of the process ---- */

/* Is thread @tid the process? */
bool witness_is(const struct witness *w, pid_t tid);

/* What it must find under a name, which may be there or not. */
enum witness_view {
	WITNESS_TRUTH,
	WITNESS_NOTHING,
	WITNESS_FILE, /* where there is nothing */
	WITNESS_FOLDER,
	WITNESS_GONE, /* a folder that was there */
};
enum witness_view witness_view(struct witness *w, int64_t dir, const char *name,
			       bool there);

/* That folder. */
struct entry witness_gone(struct witness *w);

/* Is it this that it was sent for, and has it seen what it needs for that? */
bool witness_may(struct witness *w, enum errand_what what, int64_t dir,
		 const char *name);
bool witness_may_move(struct witness *w, int64_t dir, const char *name,
		      int64_t to_dir, const char *to_name);

/* A number for what is not there. */
int64_t witness_number(struct witness *w);

#endif
