#include "core/member_diff.h"

#include "core/buf.h"
#include "core/defer.h"
#include "core/member_align.h"
#include "core/merge_tree.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct side {
	struct merge_tree tree;
	/* Of each node what its value is: equal values, equal numbers. */
	uint64_t *marks;
};

struct comparing {
	struct side old, new;
	struct buf pointer; /* of where we are, no NUL */
	member_fn fn;
	void *arg;
	struct why *why;
};

static void side_done(struct side *side)
{
	merge_tree_done(&side->tree);
	free(side->marks);
}

static void comparing_done(struct comparing *c)
{
	side_done(&c->old);
	side_done(&c->new);
	buf_done(&c->pointer);
}

static int no_memory(const struct comparing *c)
{
	return why_set(c->why, -ENOMEM, "out of memory");
}

/* ---- marks ---- */

static uint64_t stir(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static uint64_t mark_word(struct merge_word w)
{
	uint64_t mark = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < w.len; i++)
		mark = (mark ^ (unsigned char)w.at[i]) *
		       UINT64_C(0x100000001b3);
	return stir(mark);
}

/* Two ways to write one real number are the same, as in merge_same(). */
static uint64_t mark_number(struct merge_word w)
{
	uint64_t mark;
	double x;

	if (!memchr(w.at, '.', w.len) && !memchr(w.at, 'e', w.len) &&
	    !memchr(w.at, 'E', w.len))
		return mark_word(w);
	x = strtod(w.at, NULL);
	if (!(x < 0) && !(x > 0))
		x = 0; /* not -0 */
	memcpy(&mark, &x, sizeof(mark));
	return stir(mark);
}

static uint64_t mark_kids(const struct side *side,
			  const struct merge_node *node)
{
	const struct merge_tree *tree = &side->tree;
	uint64_t mark = node->count;

	for (uint32_t i = 0; i < node->count; i++) {
		uint32_t kid = merge_kid(tree, node, i);
		uint64_t value = side->marks[kid];

		if (node->kind == JSON_KIND_ARRAY)
			mark = stir(mark * 31 + value);
		else
			mark += stir(value +
				     31 * mark_word(merge_key_of(
						  tree, &tree->nodes[kid])));
	}
	return stir(mark);
}

static uint64_t mark_of(const struct side *side, uint32_t node)
{
	const struct merge_node *n = merge_node_of(&side->tree, node);
	uint64_t mark = 0;

	if (n->kind == JSON_KIND_OBJECT || n->kind == JSON_KIND_ARRAY)
		mark = mark_kids(side, n);
	else if (n->kind == JSON_KIND_NUMBER)
		mark = mark_number(merge_word_of(&side->tree, n));
	else if (n->kind == JSON_KIND_STRING)
		mark = mark_word(merge_word_of(&side->tree, n));
	return stir(mark + (uint64_t)n->kind);
}

static int count_value(const struct json_value *value, void *arg)
{
	size_t *count = arg;

	(void)value;
	return ++*count > MEMBER_VALUES_MAX ? -EFBIG : 0;
}

static int read_side(struct side *side, struct merge_text text, struct why *why)
{
	size_t count = 0;
	int r = 0;

	/* Each value has two bytes at least: itself and what divides it from
	 * the next. */
	if (text.len / 2 > MEMBER_VALUES_MAX)
		r = json_scan(text.bytes, text.len, 0, count_value, &count,
			      NULL);
	if (r == -EFBIG)
		return why_set(why, r, "more than %d values",
			       MEMBER_VALUES_MAX);
	r = merge_tree_read(&side->tree, NULL, text.bytes, text.len, why);
	if (r < 0)
		return r;
	side->marks = calloc(side->tree.node_count, sizeof(*side->marks));
	if (!side->marks)
		return why_set(why, -ENOMEM, "out of memory");
	/* A container comes after what is in it. */
	for (uint32_t i = 0; i < side->tree.node_count; i++)
		side->marks[i] = mark_of(side, i);
	return 0;
}

/* Unequal marks, unequal values. */
static bool is_same(const struct comparing *c, uint32_t a, uint32_t b)
{
	return c->old.marks[a] == c->new.marks[b] &&
	       merge_same(&c->old.tree, a, &c->new.tree, b);
}

/* ---- what is told ---- */

static struct merge_text value_of(const struct merge_tree *tree, uint32_t node)
{
	if (node == MERGE_NONE)
		return (struct merge_text){0};
	return (struct merge_text){tree->text + tree->nodes[node].at,
				   tree->nodes[node].len};
}

static int tell(struct comparing *c, uint32_t a, uint32_t b)
{
	struct member member = {
		.old = value_of(&c->old.tree, a),
		.new = value_of(&c->new.tree, b),
	};

	if (buf_reserve(&c->pointer, 1) < 0)
		return no_memory(c);
	c->pointer.data[c->pointer.len] = '\0';
	member.pointer = c->pointer.data;
	return c->fn(&member, c->arg);
}

/* Go on to the member with the key; returns where the pointer ended. */
static size_t step_into(struct comparing *c, struct merge_word key)
{
	size_t back = c->pointer.len;

	buf_byte(&c->pointer, '/');
	for (size_t i = 0; i < key.len; i++) {
		if (key.at[i] == '~')
			buf_text(&c->pointer, "~0");
		else if (key.at[i] == '/')
			buf_text(&c->pointer, "~1");
		else
			buf_byte(&c->pointer, key.at[i]);
	}
	return back;
}

static size_t step_to(struct comparing *c, uint32_t number)
{
	size_t back = c->pointer.len;

	buf_addf(&c->pointer, "/%" PRIu32, number);
	return back;
}

/* ---- arrays ---- */

/* Two arrays, and how their elements belong together. */
struct arrays {
	const struct merge_node *a, *b;
	uint64_t *a_keys, *b_keys;
	uint32_t *match;
	bool named; /* by a member that says which is which */
};

static void arrays_done(struct arrays *s)
{
	free(s->a_keys);
	free(s->b_keys);
	free(s->match);
}

static int mark_order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* 1: each number is there once; they are in order then. */
static bool are_single(uint64_t *keys, uint32_t len)
{
	qsort(keys, len, sizeof(*keys), mark_order);
	for (uint32_t i = 1; i < len; i++)
		if (keys[i - 1] == keys[i])
			return false;
	return true;
}

/* Fill @keys with what the elements say in their member @name: 1; 0: not each
 * has one that no other has. @spare: as much room again. */
static bool keys_by(const struct side *side, const struct merge_node *array,
		    const char *name, uint64_t *keys, uint64_t *spare)
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

static void keys_by_value(const struct side *side,
			  const struct merge_node *array, uint64_t *keys)
{
	for (uint32_t i = 0; i < array->count; i++)
		keys[i] = side->marks[merge_kid(&side->tree, array, i)];
}

static int make_keys(const struct comparing *c, struct arrays *s)
{
	static const char *const names[] = {"_id", "id", "key", "name"};
	uint32_t longest = s->a->count > s->b->count ? s->a->count
						     : s->b->count;
	uint64_t *spare = calloc((size_t)longest + 1, sizeof(*spare));

	s->a_keys = calloc((size_t)s->a->count + 1, sizeof(*s->a_keys));
	s->b_keys = calloc((size_t)s->b->count + 1, sizeof(*s->b_keys));
	s->match = calloc((size_t)s->a->count + 1, sizeof(*s->match));
	if (!spare || !s->a_keys || !s->b_keys || !s->match) {
		free(spare);
		return no_memory(c);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !s->named;
	     i++)
		s->named = keys_by(&c->old, s->a, names[i], s->a_keys, spare) &&
			   keys_by(&c->new, s->b, names[i], s->b_keys, spare);
	if (!s->named) {
		keys_by_value(&c->old, s->a, s->a_keys);
		keys_by_value(&c->new, s->b, s->b_keys);
	}
	free(spare);
	return 0;
}

static int match_arrays(const struct comparing *c, struct arrays *s)
{
	struct align_list a, b;
	int r = make_keys(c, s);

	if (r < 0)
		return r;
	a = (struct align_list){s->a_keys, s->a->count};
	b = (struct align_list){s->b_keys, s->b->count};
	return align_lists(&a, &b, s->match) < 0 ? no_memory(c) : 0;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as an item may be nested, and that is
 * bounded by JSON_DEPTH_MAX */
static int compare(struct comparing *c, uint32_t a, uint32_t b);

/* One element of the old array, one of the new, or one on either side. */
static int compare_element(struct comparing *c, const struct arrays *s,
			   uint32_t i, uint32_t j)
{
	uint32_t a = i == ALIGN_NONE ? MERGE_NONE
				     : merge_kid(&c->old.tree, s->a, i);
	uint32_t b = j == ALIGN_NONE ? MERGE_NONE
				     : merge_kid(&c->new.tree, s->b, j);
	size_t back = step_to(c, j == ALIGN_NONE ? i : j);
	int r = a == MERGE_NONE || b == MERGE_NONE ? tell(c, a, b)
						   : compare(c, a, b);

	c->pointer.len = back;
	return r;
}

/* What stands between two that belong together: from @i until before @i_end in
 * the old, from @j until before @j_end in the new array. */
static int compare_gap(struct comparing *c, const struct arrays *s,
		       const uint32_t from[2], const uint32_t end[2])
{
	uint32_t i = from[0], j = from[1];
	bool alone = end[0] - i == 1 && end[1] - j == 1;
	int r = 0;

	/* What has another name is another element, unless there is only one
	 * that it can be. */
	while (r == 0 && i < end[0] && j < end[1] && (!s->named || alone))
		r = compare_element(c, s, i++, j++);
	while (r == 0 && i < end[0])
		r = compare_element(c, s, i++, ALIGN_NONE);
	while (r == 0 && j < end[1])
		r = compare_element(c, s, ALIGN_NONE, j++);
	return r;
}

static int compare_elements(struct comparing *c, struct arrays *s)
{
	uint32_t from[2] = {0, 0}, at[2] = {0, 0};
	int r = match_arrays(c, s);

	while (r == 0 && (from[0] < s->a->count || from[1] < s->b->count)) {
		at[0] = from[0];
		while (at[0] < s->a->count && s->match[at[0]] == ALIGN_NONE)
			at[0]++;
		at[1] = at[0] < s->a->count ? s->match[at[0]] : s->b->count;
		r = compare_gap(c, s, from, at);
		if (r == 0 && at[0] < s->a->count)
			r = compare_element(c, s, at[0], at[1]);
		from[0] = at[0] + 1;
		from[1] = at[1] + 1;
	}
	return r;
}

static int compare_arrays(struct comparing *c, const struct merge_node *a,
			  const struct merge_node *b)
{
	DROP(arrays_done) struct arrays s = {.a = a, .b = b};

	return compare_elements(c, &s);
}

/* The other object's member of that key, MERGE_NONE if there is none. */
static int compare_objects(struct comparing *c, const struct merge_node *a,
			   const struct merge_node *b)
{
	const struct merge_tree *old = &c->old.tree, *new = &c->new.tree;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < a->count; i++) {
		uint32_t kid = merge_kid(old, a, i);
		struct merge_word key =
			merge_key_of(old, merge_node_of(old, kid));
		uint32_t other = merge_member(new, b, key);
		size_t back = step_into(c, key);

		r = other == MERGE_NONE ? tell(c, kid, other)
					: compare(c, kid, other);
		c->pointer.len = back;
	}
	for (uint32_t i = 0; r == 0 && i < b->count; i++) {
		uint32_t kid = merge_kid(new, b, i);
		struct merge_word key =
			merge_key_of(new, merge_node_of(new, kid));
		size_t back;

		if (merge_member(old, a, key) != MERGE_NONE)
			continue;
		back = step_into(c, key);
		r = tell(c, MERGE_NONE, kid);
		c->pointer.len = back;
	}
	return r;
}

static int compare(struct comparing *c, uint32_t a, uint32_t b)
{
	const struct merge_node *x = merge_node_of(&c->old.tree, a);
	const struct merge_node *y = merge_node_of(&c->new.tree, b);

	if (is_same(c, a, b))
		return 0;
	if (x->kind == y->kind && x->kind == JSON_KIND_OBJECT)
		return compare_objects(c, x, y);
	if (x->kind == y->kind && x->kind == JSON_KIND_ARRAY)
		return compare_arrays(c, x, y);
	return tell(c, a, b);
}
/* NOLINTEND(misc-no-recursion) */

int member_diff(struct merge_text old, struct merge_text new, member_fn fn,
		void *arg, struct why *why)
{
	DROP(comparing_done)
	struct comparing c = {.fn = fn, .arg = arg, .why = why};
	int r = read_side(&c.old, old, why);

	if (r == 0)
		r = read_side(&c.new, new, why);
	if (r == 0)
		r = compare(&c, merge_tree_top(&c.old.tree),
			    merge_tree_top(&c.new.tree));
	return r == 0 && buf_error(&c.pointer) ? no_memory(&c) : r;
}
