#include "core/merge_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* More elements that changed place by place are one change of the whole. */
enum { PLACES_MAX = 64 };

void merge_match_done(struct merge_match *match)
{
	for (int side = 0; side < SIDES; side++)
		free(match->list[side]);
	*match = (struct merge_match){0};
}

static const struct merge_node *node_at(const struct merging *m,
					const struct merge_trio *at,
					enum merge_side side)
{
	if (at->node[side] == MERGE_NONE)
		return NULL;
	return merge_node_of(&m->tree[side], at->node[side]);
}

/* ---- by identity ---- */

static int element_order(const void *a, const void *b)
{
	const struct merge_element *x = a, *y = b;

	return merge_word_order(x->word, y->word);
}

/* 1: each element has a member @name of its own. */
static int list_by(const struct merge_tree *tree,
		   const struct merge_node *array, const char *name,
		   struct merge_element **ret)
{
	const struct merge_word key = {name, strlen(name)};
	struct merge_element *list = calloc(array->count + 1, sizeof(*list));

	*ret = list;
	if (!list)
		return -ENOMEM;
	for (uint32_t i = 0; i < array->count; i++) {
		uint32_t node = merge_kid(tree, array, i);
		uint32_t id =
			merge_member(tree, merge_node_of(tree, node), key);
		const struct merge_node *value;

		if (id == MERGE_NONE)
			return 0;
		value = merge_node_of(tree, id);
		if (value->kind != JSON_KIND_STRING &&
		    value->kind != JSON_KIND_NUMBER)
			return 0;
		list[i].word = merge_word_of(tree, value);
		list[i].node = node;
	}
	qsort(list, array->count, sizeof(*list), element_order);
	for (uint32_t i = 1; i < array->count; i++)
		if (element_order(&list[i - 1], &list[i]) == 0)
			return 0;
	return 1;
}

static const struct merge_element *find_word(const struct merge_match *match,
					     enum merge_side side,
					     struct merge_word word)
{
	const struct merge_element key = {.word = word};

	if (!match->len[side])
		return NULL;
	return bsearch(&key, match->list[side], match->len[side], sizeof(key),
		       element_order);
}

/* The word that @node goes by on @side. */
static struct merge_word word_of(const struct merging *m,
				 const struct merge_match *match,
				 enum merge_side side, uint32_t node)
{
	const struct merge_word key = {match->name, strlen(match->name)};
	const struct merge_tree *tree = &m->tree[side];
	uint32_t id = merge_member(tree, merge_node_of(tree, node), key);

	return merge_word_of(tree, merge_node_of(tree, id));
}

struct ordered {
	uint32_t here, there; /* places in the two arrays */
};

static int ordered_order(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;

	return (x->here > y->here) - (x->here < y->here);
}

/* 1: what is in the base and in theirs stands in the same order. */
static int keeps_order(const struct merging *m, const struct merge_match *match)
{
	struct ordered *both =
		calloc(match->len[SIDE_THEIRS] + 1, sizeof(*both));
	uint32_t count = 0;
	int r = 1;

	if (!both)
		return -ENOMEM;
	for (uint32_t i = 0; i < match->len[SIDE_THEIRS]; i++) {
		const struct merge_element *t = &match->list[SIDE_THEIRS][i];
		const struct merge_element *b =
			find_word(match, SIDE_BASE, t->word);

		if (!b)
			continue;
		both[count].here =
			merge_node_of(&m->tree[SIDE_THEIRS], t->node)->pos;
		both[count++].there =
			merge_node_of(&m->tree[SIDE_BASE], b->node)->pos;
	}
	qsort(both, count, sizeof(*both), ordered_order);
	for (uint32_t i = 1; i < count; i++)
		if (both[i].there < both[i - 1].there)
			r = 0;
	free(both);
	return r;
}

static int match_by(const struct merging *m, const struct merge_trio *at,
		    const char *name, struct merge_match *match)
{
	int r = 1;

	for (int side = 0; side < SIDES && r > 0; side++) {
		const struct merge_node *array =
			node_at(m, at, (enum merge_side)side);

		match->len[side] = array->count;
		r = list_by(&m->tree[side], array, name, &match->list[side]);
	}
	if (r > 0)
		r = keeps_order(m, match);
	if (r > 0) {
		match->how = HOW_IDENTITY;
		match->name = name;
	} else {
		merge_match_done(match);
	}
	return r;
}

/* ---- by place ---- */

/* 1: on this side some element stands where another one was. */
static bool has_moved(const struct merging *m, const struct merge_trio *at,
		      enum merge_side side)
{
	const struct merge_tree *tree = &m->tree[side];
	const struct merge_tree *base = &m->tree[SIDE_BASE];
	const struct merge_node *array = node_at(m, at, side);
	const struct merge_node *was = node_at(m, at, SIDE_BASE);
	uint32_t changed[PLACES_MAX], count = 0;

	for (uint32_t i = 0; i < array->count; i++) {
		if (merge_same(tree, merge_kid(tree, array, i), base,
			       merge_kid(base, was, i)))
			continue;
		if (count == PLACES_MAX)
			return true;
		changed[count++] = i;
	}
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t j = 0; j < count; j++)
			if (i != j &&
			    merge_same(tree, merge_kid(tree, array, changed[i]),
				       base, merge_kid(base, was, changed[j])))
				return true;
	return false;
}

/* ---- all of it ---- */

static int match_arrays(const struct merging *m, const struct merge_trio *at,
			struct merge_match *match)
{
	static const char *const names[] = {"_id", "id", "key", "name"};
	const struct merge_node *base = node_at(m, at, SIDE_BASE);
	uint32_t len = node_at(m, at, SIDE_OURS)->count;
	int r = 0;

	if (!base || base->kind != JSON_KIND_ARRAY)
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && r == 0; i++)
		r = match_by(m, at, names[i], match);
	if (r != 0)
		return r < 0 ? r : 0;
	if (base->count == len && node_at(m, at, SIDE_THEIRS)->count == len &&
	    !has_moved(m, at, SIDE_OURS) && !has_moved(m, at, SIDE_THEIRS))
		match->how = HOW_PLACE;
	return 0;
}

int merge_match(const struct merging *m, const struct merge_trio *at,
		struct merge_match *ret)
{
	const struct merge_node *ours = node_at(m, at, SIDE_OURS);
	const struct merge_node *theirs = node_at(m, at, SIDE_THEIRS);

	*ret = (struct merge_match){0};
	if (ours->kind != theirs->kind)
		return 0;
	if (ours->kind == JSON_KIND_ARRAY)
		return match_arrays(m, at, ret);
	if (ours->kind == JSON_KIND_OBJECT)
		ret->how = HOW_KEY;
	return 0;
}

uint32_t merge_match_find(const struct merging *m,
			  const struct merge_match *match,
			  const struct merge_trio *at, enum merge_side from,
			  uint32_t node, enum merge_side to)
{
	const struct merge_tree *tree = &m->tree[to];
	const struct merge_node *one = merge_node_of(&m->tree[from], node);
	const struct merge_node *container = node_at(m, at, to);
	const struct merge_element *element;

	if (!container)
		return MERGE_NONE;
	switch (match->how) {
	case HOW_KEY:
		return merge_member(tree, container,
				    merge_key_of(&m->tree[from], one));
	case HOW_PLACE:
		return merge_kid(tree, container, one->pos);
	case HOW_IDENTITY:
		element = find_word(match, to, word_of(m, match, from, node));
		return element ? element->node : MERGE_NONE;
	case HOW_WHOLE:
		break;
	}
	return MERGE_NONE;
}
