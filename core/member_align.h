/*
 * member_align - which elements of one list are those of another.
 *
 * A list is given as one number for each element: equal numbers, equal
 * elements. What the lists have in common is found in order: what was put in
 * front of the others does not make all of them different.
 *
 * Thread-safety: no state.
 */
#ifndef CORE_MEMBER_ALIGN_H
#define CORE_MEMBER_ALIGN_H

#include <stdint.h>

/* The element is not in the other list. */
#define ALIGN_NONE UINT32_MAX

struct align_list {
	const uint64_t *keys;
	uint32_t len;
};

/*
 * For each element of @a its place in @b, rising, or ALIGN_NONE, in @ret of
 * a->len. A longest common part where the lists differ in few elements; in long
 * stretches that differ, what occurs once in both is held to. -ENOMEM.
 */
int align_lists(const struct align_list *a, const struct align_list *b,
		uint32_t *ret);

#endif
