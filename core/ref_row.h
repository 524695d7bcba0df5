/*
 * ref_row - what the files of the index of references share. For ref*.c and
 * its check alone.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_REF_ROW_H
#define CORE_REF_ROW_H

#include "core/ref.h"

/* The order of the rows of an item: as strcmp(). */
int ref_compare(const struct ref *a, const struct ref *b);

/* The bits that a reference must have one of to lead to what has this path:
 * to the item there, and to the folder. 0: there is none. */
struct ref_bits {
	uint64_t item, folder;
};
struct ref_bits ref_place_bits(const struct kinds *kinds, const char *path,
			       const struct ref_place *place);
/* Does a reference with these bits lead to the item, to the folder? */
bool ref_leads_to_item(uint64_t leads, const struct ref_bits *bits);
bool ref_leads_to_folder(uint64_t leads, const struct ref_bits *bits);

/* Is there what the reference names? 1 or 0. */
int ref_there(struct db *db, const struct kinds *kinds, const struct ref *ref,
	      struct why *why);

/* The live entry of a folder with the lowest number above @child->item: 1 or
 * 0. @kinds may be NULL; then bears_kind is not told. */
struct ref_child {
	int64_t item; /* 0: none yet */
	bool folder, bears_kind;
};
int ref_next_child(struct db *db, int64_t parent, struct ref_child *child,
		   const struct kinds *kinds, struct why *why);

/* The next path below @path that anything names, after @target (empty: the
 * first), which it replaces, with a NUL: 1 or 0. */
int ref_next_below(struct db *db, const char *path, struct buf *target,
		   struct why *why);

#endif
