/*
 * backup_walk - from entry to entry through the tree at a moment. For
 * backup*.c alone.
 *
 * Memory is a page of entries for each folder on the way down.
 *
 * Thread-safety: none.
 */
#ifndef CORE_BACKUP_WALK_H
#define CORE_BACKUP_WALK_H

#include "core/backup.h"
#include "core/buf.h"

struct walk_level;

struct walk { /* zeroed: before the first entry */
	struct walk_level *levels;
	size_t depth, cap;
	struct buf path; /* of the entry, with a NUL */
	int64_t into;	 /* the folder that comes next; 0: none */
	bool into_all;
	bool begun;
};

struct walk_entry {
	struct archive_entry entry; /* the path is the walk's */
	int64_t content;
};

/* 1: the next entry; 0: there are no more. */
int walk_next(struct walk *walk, struct db *db, const struct backup_spec *spec,
	      struct walk_entry *ret, struct why *why);
/* Before the first entry again. */
void walk_done(struct walk *walk);

#endif
