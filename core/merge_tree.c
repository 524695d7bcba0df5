#include "core/merge_tree.h"

#include "core/kind_row.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void merge_tree_done(struct merge_tree *tree)
{
	free(tree->nodes);
	free(tree->kids);
	free(tree->sorted);
	buf_done(&tree->plain);
	*tree = (struct merge_tree){0};
}

uint32_t merge_tree_top(const struct merge_tree *tree)
{
	return tree->node_count ? tree->node_count - 1 : MERGE_NONE;
}

/* ---- words ---- */

static struct merge_word word(const struct merge_tree *tree, uint32_t plain,
			      size_t at, size_t len)
{
	const char *decoded;

	if (!plain)
		return (struct merge_word){tree->text + at, len};
	decoded = tree->plain.data + plain - 1;
	return (struct merge_word){decoded, strlen(decoded)};
}

struct merge_word merge_key_of(const struct merge_tree *tree,
			       const struct merge_node *node)
{
	return word(tree, node->key_plain, node->key, node->key_len);
}

struct merge_word merge_word_of(const struct merge_tree *tree,
				const struct merge_node *node)
{
	if (node->kind != JSON_KIND_STRING)
		return word(tree, 0, node->at, node->len);
	return word(tree, node->plain, node->at + 1, node->len - 2);
}

int merge_word_order(struct merge_word a, struct merge_word b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.at, b.at, len) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* ---- reading ---- */

/* Values whose container is not known yet: a stack. */
struct open_value {
	uint32_t node;
	size_t depth;
};

struct reading_tree {
	struct merge_tree *tree;
	const struct kind *kind;
	struct open_value *stack;
	size_t len, cap;
};

static int grow_nodes(struct merge_tree *tree)
{
	uint32_t cap = tree->node_cap ? 2 * tree->node_cap : 64;
	struct merge_node *nodes;

	if (tree->node_count < tree->node_cap)
		return 0;
	nodes = reallocarray(tree->nodes, cap, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	tree->nodes = nodes;
	tree->node_cap = cap;
	return 0;
}

static int grow_kids(struct merge_tree *tree, uint32_t more)
{
	uint32_t cap = tree->kid_cap ? tree->kid_cap : 64;
	uint32_t *kids;

	if (tree->kid_count + more <= tree->kid_cap)
		return 0;
	while (cap < tree->kid_count + more)
		cap *= 2;
	kids = reallocarray(tree->kids, cap, sizeof(*kids));
	if (!kids)
		return -ENOMEM;
	tree->kids = kids;
	kids = reallocarray(tree->sorted, cap, sizeof(*kids));
	if (!kids)
		return -ENOMEM;
	tree->sorted = kids;
	tree->kid_cap = cap;
	return 0;
}

static int push(struct reading_tree *r, uint32_t node, size_t depth)
{
	if (r->len == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 64;
		struct open_value *more =
			reallocarray(r->stack, cap, sizeof(*more));

		if (!more)
			return -ENOMEM;
		r->stack = more;
		r->cap = cap;
	}
	r->stack[r->len++] = (struct open_value){node, depth};
	return 0;
}

/* Where the inside of a string stands decoded, + 1; 0: it has no escapes. */
static int decode(struct merge_tree *tree, const char *raw, size_t len,
		  uint32_t *ret)
{
	size_t at = tree->plain.len;

	*ret = 0;
	if (!len || !memchr(raw, '\\', len))
		return 0;
	if (buf_reserve(&tree->plain, len + 1) < 0)
		return -ENOMEM;
	tree->plain.len += json_unescape(raw, len, tree->plain.data + at);
	tree->plain.data[tree->plain.len++] = '\0';
	*ret = (uint32_t)at + 1;
	return 0;
}

static int key_order(const void *a, const void *b, void *arg)
{
	const struct merge_tree *tree = arg;

	return merge_word_order(
		merge_key_of(tree, &tree->nodes[*(const uint32_t *)a]),
		merge_key_of(tree, &tree->nodes[*(const uint32_t *)b]));
}

/* The container's values are the topmost of the stack. */
static int adopt(struct reading_tree *r, struct merge_node *node, size_t depth)
{
	struct merge_tree *tree = r->tree;
	size_t first = r->len;

	while (first > 0 && r->stack[first - 1].depth > depth)
		first--;
	node->count = (uint32_t)(r->len - first);
	node->kids = tree->kid_count;
	if (grow_kids(tree, node->count) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < node->count; i++) {
		uint32_t kid = r->stack[first + i].node;

		tree->nodes[kid].pos = i;
		tree->kids[node->kids + i] = kid;
		tree->sorted[node->kids + i] = kid;
	}
	tree->kid_count += node->count;
	r->len = first;
	if (node->kind == JSON_KIND_OBJECT && node->count > 1)
		qsort_r(tree->sorted + node->kids, node->count,
			sizeof(*tree->sorted), key_order, tree);
	return 0;
}

static bool is_idle(const struct kind *kind, const struct json_value *v)
{
	for (size_t i = 0; kind && i < kind->volatiles.len; i++)
		if (pattern_matches(&kind->volatiles.list[i], v->path,
				    v->depth))
			return true;
	return false;
}

static int visit(const struct json_value *v, void *arg)
{
	struct reading_tree *r = arg;
	struct merge_tree *tree = r->tree;
	const struct json_step *last = v->depth ? &v->path[v->depth - 1] : NULL;
	struct merge_node node = {
		.at = (uint32_t)v->at,
		.len = (uint32_t)v->len,
		.kind = v->kind,
		.idle = v->depth && is_idle(r->kind, v),
	};
	int e = 0;

	if (last && last->key) {
		node.key = (uint32_t)(last->key - tree->text);
		node.key_len = (uint32_t)last->key_len;
		e = decode(tree, last->key, last->key_len, &node.key_plain);
	}
	if (e == 0 && v->kind == JSON_KIND_STRING)
		e = decode(tree, tree->text + v->at + 1, v->len - 2,
			   &node.plain);
	if (e == 0 &&
	    (v->kind == JSON_KIND_OBJECT || v->kind == JSON_KIND_ARRAY))
		e = adopt(r, &node, v->depth);
	if (e == 0)
		e = grow_nodes(tree);
	if (e < 0)
		return e;
	tree->nodes[tree->node_count] = node;
	return push(r, tree->node_count++, v->depth);
}

int merge_tree_read(struct merge_tree *tree, const struct kind *kind,
		    const char *text, size_t len, struct why *why)
{
	struct reading_tree reading = {.tree = tree, .kind = kind};
	struct json_fault fault;
	int r;

	merge_tree_done(tree);
	if (len >= UINT32_MAX / 2)
		return why_set(why, -EFBIG, "an item of %zu bytes", len);
	tree->text = text;
	tree->len = len;
	r = json_scan(text, len, 0, visit, &reading, &fault);
	free(reading.stack);
	if (r == JSON_VALID)
		return 0;
	merge_tree_done(tree);
	if (r < 0)
		return why_set(why, r, "out of memory");
	return why_set(why, -EINVAL, "line %zu, column %zu: %s", fault.line,
		       fault.column, fault.text);
}

/* ---- members ---- */

uint32_t merge_member(const struct merge_tree *tree,
		      const struct merge_node *object, struct merge_word key)
{
	uint32_t lo = 0, hi = object->count;

	if (object->kind != JSON_KIND_OBJECT)
		return MERGE_NONE;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		uint32_t node = tree->sorted[object->kids + mid];
		int order = merge_word_order(
			key, merge_key_of(tree, &tree->nodes[node]));

		if (order == 0)
			return node;
		if (order < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return MERGE_NONE;
}

/* ---- sameness ---- */

static bool is_real(struct merge_word w)
{
	return memchr(w.at, '.', w.len) || memchr(w.at, 'e', w.len) ||
	       memchr(w.at, 'E', w.len);
}

/* The text goes on behind a number, so that strtod() ends there. */
static bool same_number(struct merge_word a, struct merge_word b)
{
	double x, y;

	if (merge_word_order(a, b) == 0)
		return true;
	if (!is_real(a) || !is_real(b))
		return false;
	x = strtod(a.at, NULL);
	y = strtod(b.at, NULL);
	return !(x < y) && !(x > y);
}

/* NOLINTBEGIN(misc-no-recursion): as deep as an item may be nested, and that is
 * bounded by JSON_DEPTH_MAX */
static bool same_elements(const struct merge_tree *a_tree,
			  const struct merge_node *a,
			  const struct merge_tree *b_tree,
			  const struct merge_node *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (!merge_same(a_tree, merge_kid(a_tree, a, i), b_tree,
				merge_kid(b_tree, b, i)))
			return false;
	return true;
}

/* The next member that counts, in the order of the keys, or MERGE_NONE. */
static uint32_t next_member(const struct merge_tree *tree,
			    const struct merge_node *object, uint32_t *i)
{
	while (*i < object->count) {
		uint32_t node = tree->sorted[object->kids + (*i)++];

		if (!tree->nodes[node].idle)
			return node;
	}
	return MERGE_NONE;
}

static bool same_members(const struct merge_tree *a_tree,
			 const struct merge_node *a,
			 const struct merge_tree *b_tree,
			 const struct merge_node *b)
{
	uint32_t i = 0, j = 0;

	for (;;) {
		uint32_t x = next_member(a_tree, a, &i);
		uint32_t y = next_member(b_tree, b, &j);

		if (x == MERGE_NONE || y == MERGE_NONE)
			return x == y;
		if (merge_word_order(merge_key_of(a_tree, &a_tree->nodes[x]),
				     merge_key_of(b_tree, &b_tree->nodes[y])) ||
		    !merge_same(a_tree, x, b_tree, y))
			return false;
	}
}

bool merge_same(const struct merge_tree *a_tree, uint32_t a,
		const struct merge_tree *b_tree, uint32_t b)
{
	const struct merge_node *x, *y;

	if (a == MERGE_NONE || b == MERGE_NONE)
		return a == b;
	x = &a_tree->nodes[a];
	y = &b_tree->nodes[b];
	if (x->kind != y->kind)
		return false;
	if (x->kind == JSON_KIND_OBJECT)
		return same_members(a_tree, x, b_tree, y);
	if (x->kind == JSON_KIND_ARRAY)
		return same_elements(a_tree, x, b_tree, y);
	if (x->kind == JSON_KIND_NUMBER)
		return same_number(merge_word_of(a_tree, x),
				   merge_word_of(b_tree, y));
	return merge_word_order(merge_word_of(a_tree, x),
				merge_word_of(b_tree, y)) == 0;
}
/* NOLINTEND(misc-no-recursion) */
