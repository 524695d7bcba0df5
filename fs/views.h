/*
 * views - the numbers of the past trees that the kernel knows.
 *
 * A view is a name under .snapshots of one folder, and what it means: that
 * folder and all below it at a moment; or a name under .backup, which means
 * some of the whole tree. Each has a number of its own, which is
 * part of the number of every node in it, since one directory must not be
 * shown under two names by one number. The number is given at lookup and is
 * good until the kernel has forgotten the view's root, which it does after all
 * that is below.
 *
 * A view that the kernel does not know (not yet, or no more) is kept for a
 * while as one of the 64 of these that were used last: between the lookup of a
 * view and its reply the kernel may forget the same view.
 *
 * Numbers are given in turn, and none twice before all 33 million are used
 * up.
 *
 * Thread-safety: any thread; own lock.
 */
#ifndef FS_VIEWS_H
#define FS_VIEWS_H

#include "core/defer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bits;
struct views;

struct view {
	int64_t number;
	int64_t root; /* item: the folder whose past it is */
	int64_t moment;
	int64_t time_ns; /* of the snapshot */
	uid_t uid;	 /* of who made it */
	bool part;	 /* only some of what is there: views_shows() */
};

int views_new(struct views **ret);
void views_free(struct views *views); /* accepts NULL */
DEFINE_DROP(views, views_free);

/* The number of the view that is called @name in @view->root and shows
 * @view->moment: the one it has, or a new one, in @view->number. With @only,
 * not NULL, it shows those items and folders alone; they are taken over.
 * -ENOMEM. */
int views_give(struct views *views, const char *name, struct bits *only,
	       struct view *view);
/* The same if it has one; else -ENOENT. */
int views_find(struct views *views, const char *name, struct view *view);

/* -ESTALE: nobody knows that number any more. */
int views_get(struct views *views, int64_t number, struct view *ret);

/* The kernel knows the root of view @number by @n more lookups (negative:
 * fewer). */
void views_count(struct views *views, int64_t number, int64_t n);

/* Is the item or folder shown by the view? */
bool views_shows(struct views *views, const struct view *view, int64_t item);

/* How many are kept. */
size_t views_kept(struct views *views);

#endif
