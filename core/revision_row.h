/*
 * revision_row - what revision.c and snapshot.c share.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_REVISION_ROW_H
#define CORE_REVISION_ROW_H

#include "core/revision.h"

/* Add @row, on behalf of whoever @m is for and at its time; id, counts, who
 * and time of @row are not read. */
int revision_insert(struct moment *m, const struct revision *row,
		    int64_t *ret_id, struct why *why);

#endif
