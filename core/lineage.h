/*
 * lineage - versions that follow from one that somebody saved.
 *
 * When references follow a move or a batch, an item gets a version that nobody
 * wrote: it is as good as the one that it comes from, whose bytes are
 * remembered as "arrived". Who has seen any of them has seen the item as it is,
 * and what he saves over it is an edit; in it what has been rewritten since is
 * rewritten again.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_LINEAGE_H
#define CORE_LINEAGE_H

#include "core/buf.h"

#include <stdint.h>

struct db;
struct kinds;
struct why;

/* The contents of the item's newest version and of those that it follows from
 * without anybody's doing, newest first, the one that was saved included; some
 * may come twice. Nonzero from the callback ends the walk and is returned. It
 * must not query. */
typedef int (*lineage_fn)(int64_t content, void *arg);
int lineage_walk(struct db *db, int64_t item, lineage_fn fn, void *arg,
		 struct why *why);

struct lineage_save {
	int64_t item; /* live; @bytes are saved over it ... */
	int64_t seen; /* ... by who saw this content of its lineage */
	const char *bytes;
	size_t len;
};
/*
 * Append to @out the bytes with what has been rewritten in the item since
 * then: each reference that says what one said in the content that was seen,
 * and which says something else now, says that too; and so does its own id. 1;
 * 0: nothing of the sort is in them, and @out is unchanged.
 */
int lineage_rebase(struct db *db, const struct kinds *kinds,
		   const struct lineage_save *save, struct buf *out,
		   struct why *why);

struct lineage_change { /* the strings are borrowed */
	const char *at; /* "tasks[0].rules[2]" */
	const char *sent, *now;
};
/* Nonzero ends the walk and is returned. The callback may query. */
typedef int (*lineage_change_fn)(const struct lineage_change *c, void *arg);

/* What is rewritten in the item's version at @at, in the order of the text.
 * Nothing if it is as it was sent. */
int lineage_changes(struct db *db, const struct kinds *kinds, int64_t at,
		    int64_t item, lineage_change_fn fn, void *arg,
		    struct why *why);

#endif
