#include "core/member_align.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* Cells of a table that is still made for two stretches. */
enum { CELLS_MAX = 1 << 20 };

/* Two stretches: from lo until before hi. */
struct gap {
	uint32_t a_lo, a_hi, b_lo, b_hi;
};

struct aligning {
	const uint64_t *a, *b;
	uint32_t *match;
};

static void trim(const struct aligning *al, struct gap *g)
{
	while (g->a_lo < g->a_hi && g->b_lo < g->b_hi &&
	       al->a[g->a_lo] == al->b[g->b_lo])
		al->match[g->a_lo++] = g->b_lo++;
	while (g->a_lo < g->a_hi && g->b_lo < g->b_hi &&
	       al->a[g->a_hi - 1] == al->b[g->b_hi - 1])
		al->match[--g->a_hi] = --g->b_hi;
}

static bool is_small(const struct gap *g)
{
	return (uint64_t)(g->a_hi - g->a_lo) * (g->b_hi - g->b_lo) <= CELLS_MAX;
}

/* The longest common part, by the table of how long it is from each pair of
 * places on. It fits into 16 bits, since the shorter stretch has at most 1024
 * elements. */
static int align_small(const struct aligning *al, const struct gap *g)
{
	const uint64_t *a = al->a + g->a_lo, *b = al->b + g->b_lo;
	uint32_t n = g->a_hi - g->a_lo, m = g->b_hi - g->b_lo, i = 0, j = 0;
	size_t row = (size_t)m + 1;
	uint16_t *len;

	if (!n || !m)
		return 0;
	len = calloc((size_t)(n + 1) * row, sizeof(*len));
	if (!len)
		return -ENOMEM;
	for (uint32_t x = n; x-- > 0;)
		for (uint32_t y = m; y-- > 0;) {
			uint16_t down = len[(x + 1) * row + y];
			uint16_t right = len[x * row + y + 1];
			uint16_t best = down > right ? down : right;

			if (a[x] == b[y])
				best = (uint16_t)(len[(x + 1) * row + y + 1] +
						  1);
			len[x * row + y] = best;
		}
	while (i < n && j < m) {
		if (a[i] == b[j])
			al->match[g->a_lo + i++] = g->b_lo + j++;
		else if (len[(i + 1) * row + j] >= len[i * row + j + 1])
			i++;
		else
			j++;
	}
	free(len);
	return 0;
}

/* ---- long stretches ---- */

struct place {
	uint64_t key;
	uint32_t at;
};

static int place_order(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

/* The elements that occur once, in the order of their keys. */
static struct place *singles(const uint64_t *keys, uint32_t lo, uint32_t hi,
			     uint32_t *ret_len)
{
	uint32_t len = hi - lo, kept = 0;
	struct place *list = calloc((size_t)len + 1, sizeof(*list));

	if (!list)
		return NULL;
	for (uint32_t i = 0; i < len; i++)
		list[i] = (struct place){keys[lo + i], lo + i};
	qsort(list, len, sizeof(*list), place_order);
	for (uint32_t i = 0; i < len; i++) {
		bool same = (i > 0 && list[i - 1].key == list[i].key) ||
			    (i + 1 < len && list[i + 1].key == list[i].key);

		if (!same)
			list[kept++] = list[i];
	}
	*ret_len = kept;
	return list;
}

/* An element that occurs once in both, and the longest rising row that ends
 * with it. */
struct anchor {
	uint32_t a, b;
	uint32_t before; /* the one before it in the row, + 1 */
};

static int anchor_order(const void *a, const void *b)
{
	const struct anchor *x = a, *y = b;

	return (x->a > y->a) - (x->a < y->a);
}

static uint32_t pair_singles(const struct place *a, uint32_t a_len,
			     const struct place *b, uint32_t b_len,
			     struct anchor *ret)
{
	uint32_t i = 0, j = 0, len = 0;

	while (i < a_len && j < b_len) {
		if (a[i].key == b[j].key)
			ret[len++] = (struct anchor){a[i++].at, b[j++].at, 0};
		else if (a[i].key < b[j].key)
			i++;
		else
			j++;
	}
	qsort(ret, len, sizeof(*ret), anchor_order);
	return len;
}

/* Hold to the longest row of anchors that rises in both. @ends: room for as
 * many numbers. */
static void keep_rising(struct anchor *list, uint32_t len, uint32_t *ends,
			uint32_t *match)
{
	uint32_t longest = 0;

	for (uint32_t i = 0; i < len; i++) {
		uint32_t lo = 0, hi = longest;

		while (lo < hi) {
			uint32_t mid = lo + (hi - lo) / 2;

			if (list[ends[mid]].b < list[i].b)
				lo = mid + 1;
			else
				hi = mid;
		}
		list[i].before = lo ? ends[lo - 1] + 1 : 0;
		ends[lo] = i;
		if (lo == longest)
			longest++;
	}
	for (uint32_t i = longest ? ends[longest - 1] + 1 : 0; i;
	     i = list[i - 1].before)
		match[list[i - 1].a] = list[i - 1].b;
}

static int hold_to_anchors(const struct aligning *al, const struct gap *g)
{
	uint32_t a_len = 0, b_len = 0, len;
	struct place *a = singles(al->a, g->a_lo, g->a_hi, &a_len);
	struct place *b = singles(al->b, g->b_lo, g->b_hi, &b_len);
	struct anchor *list = calloc((size_t)a_len + 1, sizeof(*list));
	uint32_t *ends = calloc((size_t)a_len + 1, sizeof(*ends));
	int r = a && b && list && ends ? 0 : -ENOMEM;

	if (r == 0) {
		len = pair_singles(a, a_len, b, b_len, list);
		keep_rising(list, len, ends, al->match);
	}
	free(a);
	free(b);
	free(list);
	free(ends);
	return r;
}

/* Between what is held to, as far as it is small. */
static int align_large(const struct aligning *al, const struct gap *g)
{
	struct gap part = *g;
	int r = hold_to_anchors(al, g);

	for (uint32_t i = g->a_lo; r == 0 && i <= g->a_hi; i++) {
		uint32_t b = i < g->a_hi ? al->match[i] : g->b_hi;

		if (b == ALIGN_NONE)
			continue;
		part.a_hi = i;
		part.b_hi = b;
		trim(al, &part);
		if (is_small(&part))
			r = align_small(al, &part);
		part.a_lo = i + 1;
		part.b_lo = b + 1;
	}
	return r;
}

int align_lists(const struct align_list *a, const struct align_list *b,
		uint32_t *ret)
{
	const struct aligning al = {a->keys, b->keys, ret};
	struct gap g = {0, a->len, 0, b->len};

	for (uint32_t i = 0; i < a->len; i++)
		ret[i] = ALIGN_NONE;
	trim(&al, &g);
	return is_small(&g) ? align_small(&al, &g) : align_large(&al, &g);
}
