/*
 * closure - an item or folder with all that it needs: what it refers to, what
 * that refers to, and so on, and all below a folder that is needed.
 *
 * The live tree alone, through the index of references. Memory is two bits per
 * number of an item, whatever the closure.
 *
 * Thread-safety: as the struct db underneath. Whoever wants one state of the
 * tree calls it within db_read_begin().
 */
#ifndef CORE_CLOSURE_H
#define CORE_CLOSURE_H

#include <stdbool.h>
#include <stdint.h>

struct db;
struct kinds;
struct why;

/* Nonzero ends the walk and is returned. The callback may query. */
typedef int (*closure_fn)(int64_t item, bool folder, void *arg);

/*
 * Each entry of the closure of @item once, in no particular order: @item
 * itself, items and folders. The folders that what is needed stands in are not
 * among them, unless they are needed as such. What is referred to and not
 * there is passed over. -ENOENT: @item is not live.
 */
int closure_walk(struct db *db, const struct kinds *kinds, int64_t item,
		 closure_fn fn, void *arg, struct why *why);

#endif
