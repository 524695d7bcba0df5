/*
 * dots - the directories that every live folder has but none lists.
 *
 * Thread-safety: any thread.
 */
#ifndef FS_DOTS_H
#define FS_DOTS_H

#include <stdint.h>

struct call;
struct node;

/* What the reserved name @name is in the live folder @folder. -ENOENT: nothing
 * (yet), or @folder is no folder of items. */
int dots_lookup(struct call *c, int64_t folder, const char *name,
		struct node *ret);

#endif
