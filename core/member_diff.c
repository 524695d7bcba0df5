#include "core/member_diff.h"

#include "core/buf.h"
#include "core/member_priv.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct comparing {
	struct member_side old, new;
	struct buf pointer; /* of where we are, no NUL */
	struct buf from;    /* and where that was */
	member_fn fn;
	void *arg;
	struct why *why;
};

static void side_done(struct member_side *side)
{
	merge_tree_done(&side->tree);
	free(side->marks);
}

static void comparing_done(struct comparing *c)
{
	side_done(&c->old);
	side_done(&c->new);
	buf_done(&c->pointer);
	buf_done(&c->from);
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

static uint64_t mark_kids(const struct member_side *side,
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

static uint64_t mark_of(const struct member_side *side, uint32_t node)
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

static int read_side(struct member_side *side, struct merge_text text,
		     struct why *why)
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

static int tell_moved(struct comparing *c, uint32_t from, uint32_t to)
{
	struct member member = {0};
	size_t back = c->pointer.len;
	int r;

	buf_reset(&c->from);
	buf_add(&c->from, c->pointer.data, back);
	buf_addf(&c->from, "/%" PRIu32, from);
	buf_byte(&c->from, '\0');
	(void)step_to(c, to);
	buf_byte(&c->pointer, '\0');
	if (buf_error(&c->from) || buf_error(&c->pointer))
		return no_memory(c);
	member.pointer = c->pointer.data;
	member.from = c->from.data;
	r = c->fn(&member, c->arg);
	c->pointer.len = back;
	return r;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as an item may be nested, and that is
 * bounded by JSON_DEPTH_MAX */
static int compare(struct comparing *c, uint32_t a, uint32_t b);

/* One element of the old array, one of the new, or one on either side. */
static int compare_element(struct comparing *c, const struct member_arrays *s,
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

/* What stands between two that belong together, without names: first those that
 * may be the same. @at: from where in the old and the new array, @end: until
 * before where. */
static int compare_gap(struct comparing *c, const struct member_arrays *s,
		       const uint32_t at[2], const uint32_t end[2])
{
	uint32_t i = at[0], j = at[1];
	int r = 0;

	while (r == 0 && i < end[0] && j < end[1])
		r = compare_element(c, s, i++, j++);
	while (r == 0 && i < end[0])
		r = compare_element(c, s, i++, ALIGN_NONE);
	while (r == 0 && j < end[1])
		r = compare_element(c, s, ALIGN_NONE, j++);
	return r;
}

/* With names: what has another one is another element, unless there is only one
 * that it can be. */
static int compare_named(struct comparing *c, const struct member_arrays *s,
			 const uint32_t at[2], const uint32_t end[2])
{
	int r = 0;

	if (end[0] - at[0] == 1 && end[1] - at[1] == 1 &&
	    s->to[at[0]] == ALIGN_NONE && s->from[at[1]] == ALIGN_NONE)
		return compare_element(c, s, at[0], at[1]);
	for (uint32_t i = at[0]; r == 0 && i < end[0]; i++)
		if (s->to[i] == ALIGN_NONE)
			r = compare_element(c, s, i, ALIGN_NONE);
	for (uint32_t j = at[1]; r == 0 && j < end[1]; j++) {
		if (s->from[j] != ALIGN_NONE)
			r = tell_moved(c, s->from[j], j);
		if (r == 0)
			r = compare_element(c, s, s->from[j], j);
	}
	return r;
}

static int compare_elements(struct comparing *c, struct member_arrays *s)
{
	uint32_t at[2] = {0, 0}, end[2] = {0, 0};
	int r = 0;

	while (r == 0 && (at[0] < s->a->count || at[1] < s->b->count)) {
		end[0] = at[0];
		while (end[0] < s->a->count && s->match[end[0]] == ALIGN_NONE)
			end[0]++;
		end[1] = end[0] < s->a->count ? s->match[end[0]] : s->b->count;
		r = s->named ? compare_named(c, s, at, end)
			     : compare_gap(c, s, at, end);
		if (r == 0 && end[0] < s->a->count)
			r = compare_element(c, s, end[0], end[1]);
		at[0] = end[0] + 1;
		at[1] = end[1] + 1;
	}
	return r;
}

static int compare_arrays(struct comparing *c, const struct merge_node *a,
			  const struct merge_node *b)
{
	DROP(member_arrays_done) struct member_arrays s = {.a = a, .b = b};

	if (member_arrays_match(&c->old, &c->new, &s) < 0)
		return no_memory(c);
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
