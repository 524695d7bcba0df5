/*
 * merge_priv - what the files of merge share.
 */
#ifndef CORE_MERGE_PRIV_H
#define CORE_MERGE_PRIV_H

#include "core/merge.h"
#include "core/merge_tree.h"

enum merge_side { SIDE_BASE, SIDE_OURS, SIDE_THEIRS, SIDES };

/* What stands at one place on each side; MERGE_NONE: nothing. */
struct merge_trio {
	uint32_t node[SIDES];
};

struct merging {
	const struct merge_input *in;
	struct merge_tree tree[SIDES];
	struct buf pointer; /* of where we are, no NUL */
	struct merge_result result;
	struct why *why;
};

enum merge_verdict {
	VERDICT_KEEP,	/* ours, or nothing if it is not there */
	VERDICT_TAKE,	/* theirs likewise */
	VERDICT_DEEPER, /* containers, to be merged */
};

/* Something in a container that is merged. */
struct merge_slot {
	struct merge_trio at;
	enum merge_verdict verdict;
	const char *by; /* the member that says which element it is, or NULL */
	uint32_t next;	/* in the order of the result; MERGE_NONE: the last */
};

struct merge_slots {
	struct merge_slot *list;
	uint32_t len, cap, first;
};

/* How the elements of containers belong together. */
enum merge_how { HOW_WHOLE, HOW_KEY, HOW_PLACE, HOW_IDENTITY };

struct merge_element {
	struct merge_word word;
	uint32_t node;
};

struct merge_match {
	enum merge_how how;
	/* HOW_IDENTITY: the member that says which is which, and the elements
	 * in the order of what it says. */
	const char *name;
	struct merge_element *list[SIDES];
	uint32_t len[SIDES];
};

int merge_no_memory(const struct merging *m);

/* ---- merge_decide.c ---- */

/* Step into what stands at a slot of an object or array; returns how far to
 * step back again. */
size_t merge_step_in(struct merging *m, const struct merge_slot *slot);
void merge_step_out(struct merging *m, size_t back);
/* Whose value stands at the place in the end. */
int merge_decide(struct merging *m, const struct merge_trio *at,
		 enum merge_verdict *ret);

/* ---- merge_match.c ---- */

/* Containers of one sort on our side and theirs. -ENOMEM. */
int merge_match(const struct merging *m, const struct merge_trio *at,
		struct merge_match *ret);
void merge_match_done(struct merge_match *match);
/* What @node, of the container at @at on side @from, is on side @to. */
uint32_t merge_match_find(const struct merging *m,
			  const struct merge_match *match,
			  const struct merge_trio *at, enum merge_side from,
			  uint32_t node, enum merge_side to);

/* ---- merge_write.c ---- */

/* Write what belongs into the container: @deeper for VERDICT_DEEPER. */
int merge_write(struct merging *m, const struct merge_trio *at,
		const struct merge_slots *slots,
		int (*deeper)(struct merging *m, const struct merge_slot *slot,
			      struct buf *out),
		struct buf *out);

#endif
