/*
 * bits - a set of numbers that lie close together, as those of items do: one
 * bit each, in pages that are made when needed.
 *
 * Thread-safety: none.
 */
#ifndef CORE_BITS_H
#define CORE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bits { /* zeroed: empty */
	uint64_t **pages;
	size_t len;
};

void bits_done(struct bits *bits);

/* Put @n, which is not negative, into the set: 1: it is new; 0: it was there;
 * -ENOMEM. */
int bits_add(struct bits *bits, int64_t n);
bool bits_has(const struct bits *bits, int64_t n);
void bits_remove(struct bits *bits, int64_t n);
/* 1: *n becomes the lowest number in the set above it; 0: there is none. */
int bits_next(const struct bits *bits, int64_t *n);

#endif
