/*
 * choice - items and folders that are chosen from the tree, each with all
 * below it or with all that it needs; what a backup of them takes.
 *
 * Memory is some bits for each number of an item, as in core/closure.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_CHOICE_H
#define CORE_CHOICE_H

#include "core/backup.h"
#include "core/bits.h"

#include <stdbool.h>
#include <stdint.h>

struct kinds;

struct choice {		     /* zeroed: nothing is chosen */
	struct bits chosen;  /* with all below them */
	struct bits needed;  /* themselves */
	struct bits leading; /* folders on the way to them */
	int64_t common;	     /* the folder that all are in; 0: none yet */
};

void choice_done(struct choice *choice);

/* Choose @item (not the root) with all below it, at @moment. -ENOENT. */
int choice_add(struct choice *choice, struct db *db, int64_t moment,
	       int64_t item, struct why *why);
/* Choose all that @item needs, of the live tree. */
int choice_add_closure(struct choice *choice, struct db *db,
		       const struct kinds *kinds, int64_t item,
		       struct why *why);

/* For struct backup_spec; @arg is the choice. */
enum backup_want choice_filter(int64_t item, bool folder, void *arg);

#endif
