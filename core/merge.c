#include "core/merge.h"

#include "core/defer.h"
#include "core/merge_priv.h"

#include <stdlib.h>

/* ---- what is in a container ---- */

static void slots_done(struct merge_slots *slots)
{
	free(slots->list);
}

/* Behind slot @after; MERGE_NONE: at the beginning. */
static int add_slot(struct merging *m, struct merge_slots *slots,
		    const struct merge_slot *slot, uint32_t after)
{
	uint32_t *link;

	if (slots->len == slots->cap) {
		uint32_t cap = slots->cap ? 2 * slots->cap : 16;
		struct merge_slot *more =
			reallocarray(slots->list, cap, sizeof(*more));

		if (!more)
			return merge_no_memory(m);
		slots->list = more;
		slots->cap = cap;
	}
	link = after == MERGE_NONE ? &slots->first : &slots->list[after].next;
	slots->list[slots->len] = *slot;
	slots->list[slots->len].next = *link;
	*link = slots->len++;
	return 0;
}

struct collecting {
	struct merging *m;
	const struct merge_trio *at; /* the container */
	struct merge_match match;
	struct merge_slots slots;
};

static int decide_slot(struct collecting *c, struct merge_slot *slot)
{
	size_t back;
	int r;

	slot->by = c->match.name;
	back = merge_step_in(c->m, slot);
	r = merge_decide(c->m, &slot->at, &slot->verdict);
	merge_step_out(c->m, back);
	return r;
}

static uint32_t find(const struct collecting *c, enum merge_side from,
		     uint32_t node, enum merge_side to)
{
	return merge_match_find(c->m, &c->match, c->at, from, node, to);
}

static int collect_ours(struct collecting *c)
{
	const struct merge_tree *tree = &c->m->tree[SIDE_OURS];
	const struct merge_node *node =
		merge_node_of(tree, c->at->node[SIDE_OURS]);
	uint32_t last = MERGE_NONE;
	int r = 0;

	for (uint32_t i = 0; i < node->count && r == 0; i++) {
		uint32_t kid = merge_kid(tree, node, i);
		struct merge_slot slot = {.at.node[SIDE_OURS] = kid};

		slot.at.node[SIDE_BASE] = find(c, SIDE_OURS, kid, SIDE_BASE);
		slot.at.node[SIDE_THEIRS] =
			find(c, SIDE_OURS, kid, SIDE_THEIRS);
		r = decide_slot(c, &slot);
		if (r == 0)
			r = add_slot(c->m, &c->slots, &slot, last);
		last = c->slots.len - 1;
	}
	return r;
}

/* Behind which slot what stands first in theirs belongs: it comes first here
 * too, unless the two have nothing in common. */
static uint32_t place_of_first(const struct collecting *c)
{
	for (uint32_t i = 0; i < c->slots.len; i++)
		if (c->slots.list[i].at.node[SIDE_THEIRS] != MERGE_NONE)
			return MERGE_NONE;
	return c->slots.len ? c->slots.len - 1 : MERGE_NONE;
}

/* What only theirs has comes behind what it follows there. */
static int collect_theirs(struct collecting *c)
{
	const struct merge_tree *tree = &c->m->tree[SIDE_THEIRS];
	const struct merge_node *node =
		merge_node_of(tree, c->at->node[SIDE_THEIRS]);
	uint32_t last = place_of_first(c);
	int r = 0;

	for (uint32_t i = 0; i < node->count && r == 0; i++) {
		uint32_t kid = merge_kid(tree, node, i);
		uint32_t ours = find(c, SIDE_THEIRS, kid, SIDE_OURS);
		struct merge_slot slot = {.at.node[SIDE_THEIRS] = kid};

		if (ours != MERGE_NONE) {
			/* Slots of ours are in the order of its nodes. */
			last = merge_node_of(&c->m->tree[SIDE_OURS], ours)->pos;
			continue;
		}
		slot.at.node[SIDE_OURS] = MERGE_NONE;
		slot.at.node[SIDE_BASE] = find(c, SIDE_THEIRS, kid, SIDE_BASE);
		r = decide_slot(c, &slot);
		if (r < 0 || slot.verdict == VERDICT_KEEP)
			continue;
		r = add_slot(c->m, &c->slots, &slot, last);
		last = c->slots.len - 1;
	}
	return r;
}

static int merge_container(struct merging *m, const struct merge_trio *at,
			   struct buf *out);

static int merge_deeper(struct merging *m, const struct merge_slot *slot,
			struct buf *out)
{
	size_t back = merge_step_in(m, slot);
	int r = merge_container(m, &slot->at, out);

	merge_step_out(m, back);
	return r;
}

static int merge_container(struct merging *m, const struct merge_trio *at,
			   struct buf *out)
{
	struct collecting c = {
		.m = m,
		.at = at,
		.slots.first = MERGE_NONE,
	};
	int r = merge_match(m, at, &c.match);

	if (r < 0)
		r = merge_no_memory(m);
	if (r == 0)
		r = collect_ours(&c);
	if (r == 0)
		r = collect_theirs(&c);
	if (r == 0)
		r = merge_write(m, at, &c.slots, merge_deeper, out);
	merge_match_done(&c.match);
	slots_done(&c.slots);
	return r;
}

/* ---- all of it ---- */

static void merging_done(struct merging *m)
{
	for (int side = 0; side < SIDES; side++)
		merge_tree_done(&m->tree[side]);
	buf_done(&m->pointer);
}

static int read_sides(struct merging *m, struct merge_trio *top)
{
	const struct merge_text *texts[SIDES] = {
		[SIDE_BASE] = &m->in->base,
		[SIDE_OURS] = &m->in->ours,
		[SIDE_THEIRS] = &m->in->theirs,
	};
	int r = 0;

	for (int side = 0; side < SIDES && r == 0; side++) {
		if (texts[side]->bytes)
			r = merge_tree_read(&m->tree[side], m->in->kind,
					    texts[side]->bytes,
					    texts[side]->len, m->why);
		top->node[side] = merge_tree_top(&m->tree[side]);
	}
	return r;
}

static int write_top(struct merging *m, const struct merge_trio *top,
		     enum merge_verdict verdict, struct buf *out)
{
	const struct merge_text *ours = &m->in->ours;
	const struct merge_node *node =
		merge_node_of(&m->tree[SIDE_OURS], top->node[SIDE_OURS]);
	int r;

	if (verdict == VERDICT_KEEP)
		buf_add(out, ours->bytes, ours->len);
	if (verdict == VERDICT_TAKE)
		buf_add(out, m->in->theirs.bytes, m->in->theirs.len);
	if (verdict != VERDICT_DEEPER)
		return 0;
	buf_add(out, ours->bytes, node->at);
	r = merge_container(m, top, out);
	buf_add(out, ours->bytes + node->at + node->len,
		ours->len - node->at - node->len);
	return r;
}

int merge_run(const struct merge_input *in, struct buf *out,
	      struct merge_result *ret, struct why *why)
{
	DROP(merging_done) struct merging m = {.in = in, .why = why};
	DROP(buf_done) struct buf unseen = {0};
	struct merge_trio top;
	enum merge_verdict verdict;
	int r = read_sides(&m, &top);

	if (!out)
		out = &unseen;
	if (r == 0)
		r = merge_decide(&m, &top, &verdict);
	if (r == 0)
		r = write_top(&m, &top, verdict, out);
	if (r == 0 && buf_error(out))
		r = merge_no_memory(&m);
	if (r == 0)
		*ret = m.result;
	return r;
}

int merge_equal(const struct kind *kind, struct merge_text a,
		struct merge_text b, struct why *why)
{
	DROP(merge_tree_done) struct merge_tree x = {0};
	DROP(merge_tree_done) struct merge_tree y = {0};
	int r = merge_tree_read(&x, kind, a.bytes, a.len, why);

	if (r == 0)
		r = merge_tree_read(&y, kind, b.bytes, b.len, why);
	if (r < 0)
		return r;
	return merge_same(&x, merge_tree_top(&x), &y, merge_tree_top(&y));
}

void merge_show(struct merge_text value, struct buf *out)
{
	bool quoted = false;

	for (size_t i = 0; i < value.len; i++) {
		char c = value.bytes[i];

		if (quoted && c == '\\' && i + 1 < value.len) {
			buf_byte(out, c);
			c = value.bytes[++i];
		} else if (c == '"') {
			quoted = !quoted;
		} else if (!quoted &&
			   (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
			continue;
		}
		buf_byte(out, c);
	}
}
