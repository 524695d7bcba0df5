/*
 * folders - where folders are, remembered within one transaction of the writer.
 *
 * What is filed together lies in few folders, and the way from the root to them
 * is asked for again and again: what an item is called, what kind it is of, what
 * it refers to. As soon as any place ends, all is forgotten.
 *
 * Outside of a transaction, or out of memory, nothing is known. Bounded: 256
 * folders.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_FOLDERS_H
#define CORE_FOLDERS_H

#include <stdbool.h>
#include <stdint.h>

struct db;

/* The name of the live folder @folder, of which @ret_parent is the parent; NULL:
 * not known. Valid until the next call. */
const char *folders_up(struct db *db, int64_t folder, int64_t *ret_parent);
/* The live folder @name in @parent; 0: not known, or there is none. */
int64_t folders_down(struct db *db, int64_t parent, const char *name);

/* The live folder @folder is @name in @parent. */
void folders_note(struct db *db, int64_t folder, int64_t parent,
		  const char *name);
/* A place has ended or gone, or has come back. */
void folders_forget(struct db *db);

#endif
