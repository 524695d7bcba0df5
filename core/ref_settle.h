/*
 * ref_settle - what the files of the settling of references share. For
 * ref_settle.c and ref_item.c alone.
 *
 * Two things follow from a change: what the item itself refers to, and
 * whether what others say of its path or id is there. The first is read anew
 * from its text, the second is one seek per name that came or went. Only a
 * folder that moves has more: all names below it; and if it has been moved to
 * where items are of another kind, all texts below it.
 */
#ifndef CORE_REF_SETTLE_H
#define CORE_REF_SETTLE_H

#include "core/moment.h"
#include "core/ref.h"
#include "core/ref_row.h"
#include "core/ref_text.h"

struct settling {
	struct moment *m;
	struct db *db;
	const struct kinds *kinds;
	/* Used again for each item. */
	struct ref_text text;
	struct ref_list was, now;
	struct buf path;
	struct why *why;
};

/* ---- ref_item.c ---- */

/* Read the item's text anew. @kind NULL: it says nothing. */
int ref_settle_item(struct settling *s, int64_t item, const struct kind *kind);

#endif
