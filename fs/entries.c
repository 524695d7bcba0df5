#include "fs/entries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROWS = 1024,
	WAYS = 8,	    /* slots that one item may have */
	NAME_MAX_KEPT = 96, /* bytes; a longer one is looked up again */
};

struct slot {
	struct entry entry; /* node 0: empty */
	uint64_t others;
	char name[NAME_MAX_KEPT];
};

struct row {
	struct slot slots[WAYS];
	unsigned next; /* the one that is given up for another item */
};

struct entries {
	struct row rows[ROWS]; /* by node modulo ROWS */
};

int entries_new(struct entries **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void entries_free(struct entries *entries)
{
	free(entries);
}

static struct slot *find(struct entries *entries, int64_t node)
{
	struct row *row = &entries->rows[(uint64_t)node % ROWS];

	for (int i = 0; i < WAYS; i++)
		if (row->slots[i].entry.node == node)
			return &row->slots[i];
	return NULL;
}

void entries_put(struct entries *entries, const struct found *found)
{
	int64_t node = found->entry.node;
	struct row *row = &entries->rows[(uint64_t)node % ROWS];
	struct slot *slot = find(entries, node);
	size_t len = strlen(found->name);

	if (!node || len >= sizeof(slot->name))
		return;
	if (!slot)
		slot = &row->slots[row->next++ % WAYS];
	slot->entry = found->entry;
	slot->entry.name = NULL;
	slot->others = found->others;
	memcpy(slot->name, found->name, len + 1);
}

void entries_drop(struct entries *entries, int64_t node)
{
	struct slot *slot = entries ? find(entries, node) : NULL;

	if (slot)
		slot->entry.node = 0;
}

bool entries_get(struct entries *entries, int64_t node, uint64_t others,
		 struct found *ret)
{
	const struct slot *slot = node ? find(entries, node) : NULL;

	if (!slot || slot->others != others)
		return false;
	ret->entry = slot->entry;
	ret->others = others;
	memcpy(ret->name, slot->name, strlen(slot->name) + 1);
	return true;
}
