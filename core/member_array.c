/*
 * How the elements of two arrays belong together.
 */
#include "core/member_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void member_arrays_done(struct member_arrays *s)
{
	free(s->a_keys);
	free(s->b_keys);
	free(s->match);
	free(s->from);
	free(s->to);
}

/* ---- keys ---- */

static int mark_order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Each is there once? They are in order then. */
static bool are_single(uint64_t *keys, uint32_t len)
{
	qsort(keys, len, sizeof(*keys), mark_order);
	for (uint32_t i = 1; i < len; i++)
		if (keys[i - 1] == keys[i])
			return false;
	return true;
}

/* Fill @keys with what the elements say in their member @name. False: not each
 * has one that no other has. @spare: as much room again. */
static bool keys_by(const struct member_side *side,
		    const struct merge_node *array, const char *name,
		    uint64_t *keys, uint64_t *spare)
{
	const struct merge_word key = {name, strlen(name)};
	const struct merge_tree *tree = &side->tree;

	for (uint32_t i = 0; i < array->count; i++) {
		uint32_t kid = merge_kid(tree, array, i);
		uint32_t id = merge_member(tree, merge_node_of(tree, kid), key);

		if (id == MERGE_NONE ||
		    (tree->nodes[id].kind != JSON_KIND_STRING &&
		     tree->nodes[id].kind != JSON_KIND_NUMBER))
			return false;
		keys[i] = spare[i] = side->marks[id];
	}
	return are_single(spare, array->count);
}

static void keys_by_value(const struct member_side *side,
			  const struct merge_node *array, uint64_t *keys)
{
	for (uint32_t i = 0; i < array->count; i++)
		keys[i] = side->marks[merge_kid(&side->tree, array, i)];
}

static void make_keys(const struct member_side *old,
		      const struct member_side *new, struct member_arrays *s,
		      uint64_t *spare)
{
	static const char *const names[] = {"_id", "id", "key", "name"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !s->named;
	     i++)
		s->named = keys_by(old, s->a, names[i], s->a_keys, spare) &&
			   keys_by(new, s->b, names[i], s->b_keys, spare);
	if (s->named)
		return;
	keys_by_value(old, s->a, s->a_keys);
	keys_by_value(new, s->b, s->b_keys);
}

/* ---- what has moved ---- */

struct stray {
	uint64_t key;
	uint32_t at;
};

static int stray_order(const void *a, const void *b)
{
	const struct stray *x = a, *y = b;

	return mark_order(&x->key, &y->key);
}

/* Those of b that have the key of one of the @len strays of a. */
static void find_moved(struct member_arrays *s, const struct stray *strays,
		       size_t len)
{
	uint32_t i = 0;

	for (uint32_t j = 0; j < s->b->count; j++) {
		const struct stray key = {s->b_keys[j], j};
		const struct stray *found;

		while (i < s->a->count && s->match[i] == ALIGN_NONE)
			i++;
		if (i < s->a->count && s->match[i] == j) {
			i++;
			continue;
		}
		found = bsearch(&key, strays, len, sizeof(key), stray_order);
		if (!found)
			continue;
		s->from[j] = found->at;
		s->to[found->at] = j;
	}
}

static int match_moved(struct member_arrays *s)
{
	struct stray *strays = calloc((size_t)s->a->count + 1, sizeof(*strays));
	size_t len = 0;

	if (!strays)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->a->count; i++)
		if (s->match[i] == ALIGN_NONE)
			strays[len++] = (struct stray){s->a_keys[i], i};
	qsort(strays, len, sizeof(*strays), stray_order);
	if (len > 0)
		find_moved(s, strays, len);
	free(strays);
	return 0;
}

/* ---- all of it ---- */

static int allocate(struct member_arrays *s)
{
	size_t a = (size_t)s->a->count + 1, b = (size_t)s->b->count + 1;

	s->a_keys = calloc(a, sizeof(*s->a_keys));
	s->b_keys = calloc(b, sizeof(*s->b_keys));
	s->match = calloc(a, sizeof(*s->match));
	s->from = calloc(b, sizeof(*s->from));
	s->to = calloc(a, sizeof(*s->to));
	if (!s->a_keys || !s->b_keys || !s->match || !s->from || !s->to)
		return -ENOMEM;
	memset(s->from, 0xff, b * sizeof(*s->from));
	memset(s->to, 0xff, a * sizeof(*s->to));
	return 0;
}

int member_arrays_match(const struct member_side *old,
			const struct member_side *new,
			struct member_arrays *ret)
{
	uint32_t longest = ret->a->count > ret->b->count ? ret->a->count
							 : ret->b->count;
	uint64_t *spare = calloc((size_t)longest + 1, sizeof(*spare));
	struct align_list a, b;
	int r = spare ? allocate(ret) : -ENOMEM;

	if (r == 0) {
		make_keys(old, new, ret, spare);
		a = (struct align_list){ret->a_keys, ret->a->count};
		b = (struct align_list){ret->b_keys, ret->b->count};
		r = align_lists(&a, &b, ret->match);
	}
	free(spare);
	return r == 0 && ret->named ? match_moved(ret) : r;
}
