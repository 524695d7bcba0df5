/*
 * entries - what is known of live items by their nodes, so that to open one
 * again, or to answer for its attributes, takes no query.
 *
 * It holds as long as nobody changes anything: store_others() is the same, and
 * of an item that is filed (fs/filing) it is dropped.
 *
 * Bounded: 8,192 items, 2 MiB.
 *
 * Thread-safety: none; the lock of the live tree.
 */
#ifndef FS_ENTRIES_H
#define FS_ENTRIES_H

#include "core/defer.h"
#include "core/tree.h"

#include <stdbool.h>
#include <stdint.h>

struct found {
	struct entry entry;
	char name[256];
	uint64_t others; /* store_others() before it was looked for */
};

struct entries;

int entries_new(struct entries **ret);
void entries_free(struct entries *entries);
DEFINE_DROP(entries, entries_free);

void entries_put(struct entries *entries, const struct found *found);
/* Accepts NULL. */
void entries_drop(struct entries *entries, int64_t node);
/* @others: as it is now. */
bool entries_get(struct entries *entries, int64_t node, uint64_t others,
		 struct found *ret);

#endif
