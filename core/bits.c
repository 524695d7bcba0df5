#include "core/bits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	PAGE_WORDS = 512,
	PAGE_BITS = PAGE_WORDS * 64,
};

void bits_done(struct bits *bits)
{
	for (size_t i = 0; i < bits->len; i++)
		free(bits->pages[i]);
	free(bits->pages);
	*bits = (struct bits){0};
}

static int make_page(struct bits *bits, size_t page)
{
	if (page >= bits->len) {
		size_t len = page + 1 + page / 2;
		uint64_t **pages = realloc(bits->pages, len * sizeof(*pages));

		if (!pages)
			return -ENOMEM;
		memset(pages + bits->len, 0,
		       (len - bits->len) * sizeof(*pages));
		bits->pages = pages;
		bits->len = len;
	}
	if (!bits->pages[page])
		bits->pages[page] = calloc(PAGE_WORDS, sizeof(uint64_t));
	return bits->pages[page] ? 0 : -ENOMEM;
}

int bits_add(struct bits *bits, int64_t n)
{
	size_t page = (size_t)n / PAGE_BITS, bit = (size_t)n % PAGE_BITS;
	uint64_t mask = UINT64_C(1) << bit % 64;
	uint64_t *word;

	if (make_page(bits, page) < 0)
		return -ENOMEM;
	word = &bits->pages[page][bit / 64];
	if (*word & mask)
		return 0;
	*word |= mask;
	return 1;
}

bool bits_has(const struct bits *bits, int64_t n)
{
	size_t page = (size_t)n / PAGE_BITS, bit = (size_t)n % PAGE_BITS;

	return page < bits->len && bits->pages[page] &&
	       bits->pages[page][bit / 64] >> bit % 64 & 1;
}

void bits_remove(struct bits *bits, int64_t n)
{
	size_t page = (size_t)n / PAGE_BITS, bit = (size_t)n % PAGE_BITS;

	if (page < bits->len && bits->pages[page])
		bits->pages[page][bit / 64] &= ~(UINT64_C(1) << bit % 64);
}

int bits_next(const struct bits *bits, int64_t *n)
{
	size_t at = (size_t)*n + 1;

	while (at / PAGE_BITS < bits->len) {
		const uint64_t *page = bits->pages[at / PAGE_BITS];
		uint64_t word;

		if (!page) {
			at = (at / PAGE_BITS + 1) * PAGE_BITS;
			continue;
		}
		word = page[at % PAGE_BITS / 64] >> at % 64;
		if (word) {
			*n = (int64_t)at + __builtin_ctzll(word);
			return 1;
		}
		at = (at / 64 + 1) * 64;
	}
	return 0;
}
