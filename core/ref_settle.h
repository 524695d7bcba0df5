/*
 * ref_settle - what the files of the settling of references share. For
 * ref_settle.c and ref_item.c alone.
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
