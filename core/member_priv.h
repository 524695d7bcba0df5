/*
 * member_priv - what the files of member_diff share.
 */
#ifndef CORE_MEMBER_PRIV_H
#define CORE_MEMBER_PRIV_H

#include "core/defer.h"
#include "core/member_align.h"
#include "core/merge_tree.h"

#include <stdbool.h>
#include <stdint.h>

/* A text, and of each node of it what its value is: unequal values have, but
 * for rare accidents, unequal marks, and equal ones equal marks. */
struct member_side {
	struct merge_tree tree;
	uint64_t *marks;
};

/* Two arrays, and how their elements belong together. */
struct member_arrays {
	const struct merge_node *a, *b;
	uint64_t *a_keys, *b_keys;
	/* Of each element of a what it is in b, rising, or ALIGN_NONE. */
	uint32_t *match;
	bool named; /* they have members that say which is which */
	/* Named ones that stand in another order: of each element of b which
	 * of a it is, of those of a whether they are in b; else ALIGN_NONE. */
	uint32_t *from, *to;
};

/* Fill @ret, of which a and b are set. -ENOMEM. */
int member_arrays_match(const struct member_side *old,
			const struct member_side *new,
			struct member_arrays *ret);
void member_arrays_done(struct member_arrays *s);

#endif
