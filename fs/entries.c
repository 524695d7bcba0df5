#include "fs/entries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	SLOTS = 4096,
	NAME_MAX_KEPT = 96, /* bytes; a longer one is looked up again */
};

struct slot {
	struct entry entry; /* node 0: empty */
	uint64_t others;
	char name[NAME_MAX_KEPT];
};

struct entries {
	struct slot slots[SLOTS]; /* by node modulo SLOTS */
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

void entries_put(struct entries *entries, const struct found *found)
{
	int64_t node = found->entry.node;
	struct slot *slot = &entries->slots[(uint64_t)node % SLOTS];
	size_t len = strlen(found->name);

	if (!node || len >= sizeof(slot->name))
		return;
	slot->entry = found->entry;
	slot->entry.name = NULL;
	slot->others = found->others;
	memcpy(slot->name, found->name, len + 1);
}

void entries_drop(struct entries *entries, int64_t node)
{
	struct slot *slot = &entries->slots[(uint64_t)node % SLOTS];

	if (slot->entry.node == node)
		slot->entry.node = 0;
}

bool entries_get(const struct entries *entries, int64_t node, uint64_t others,
		 struct found *ret)
{
	const struct slot *slot = &entries->slots[(uint64_t)node % SLOTS];

	if (!node || slot->entry.node != node || slot->others != others)
		return false;
	ret->entry = slot->entry;
	ret->others = others;
	memcpy(ret->name, slot->name, strlen(slot->name) + 1);
	return true;
}
