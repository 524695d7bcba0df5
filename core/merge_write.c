/*
 * A container as it is written: our text, with what is taken from theirs put
 * in the way ours is written.
 *
 * What stands in a container has a lead, the white space before it, and a
 * tail, the white space behind it; commas are between the tail of one and the
 * lead of the next. Whatever becomes first gets the lead of what was first,
 * what becomes last the tail of what was last.
 */
#include "core/merge_priv.h"

#include <string.h>

struct writing {
	const struct merge_tree *ours, *theirs;
	const struct merge_node *box, *their_box;
};

static struct merge_text span(const char *text, size_t from, size_t to)
{
	return (struct merge_text){text + from, to - from};
}

/* Where a value or its key begins. */
static size_t start_of(const struct merge_node *node)
{
	return node->key ? node->key - 1 : node->at;
}

static size_t skip_space(const char *text, size_t at)
{
	while (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' ||
	       text[at] == '\r')
		at++;
	return at;
}

static struct merge_text lead_of(const struct merge_tree *tree,
				 const struct merge_node *node)
{
	size_t start = start_of(node), at = start;

	while (tree->text[at - 1] != ',' && tree->text[at - 1] != '{' &&
	       tree->text[at - 1] != '[')
		at--;
	return span(tree->text, at, start);
}

static struct merge_text tail_of(const struct merge_tree *tree,
				 const struct merge_node *node)
{
	size_t end = (size_t)node->at + node->len;

	return span(tree->text, end, skip_space(tree->text, end));
}

/* From behind the key to the value: the colon, as it is written. */
static struct merge_text colon_of(const struct merge_tree *tree,
				  const struct merge_node *node)
{
	return span(tree->text, (size_t)node->key + node->key_len + 1,
		    node->at);
}

static const struct merge_node *kid(const struct merge_tree *tree,
				    const struct merge_node *box, uint32_t i)
{
	return merge_node_of(tree, merge_kid(tree, box, i));
}

static void add(struct buf *out, struct merge_text text)
{
	buf_add(out, text.bytes, text.len);
}

/* ---- what is taken ---- */

/* The white space that the line of @at begins with. */
static struct merge_text indent_at(const char *text, size_t at)
{
	size_t begin = at, end;

	while (begin > 0 && text[begin - 1] != '\n')
		begin--;
	end = begin;
	while (text[end] == ' ' || text[end] == '\t')
		end++;
	return span(text, begin, end);
}

/* Line breaks of a value are all between its parts: what follows them moves
 * from one indentation to the other. */
static void add_indented(struct buf *out, struct merge_text value,
			 struct merge_text from, struct merge_text to)
{
	const char *at = value.bytes, *end = at + value.len, *line;

	while ((line = memchr(at, '\n', (size_t)(end - at)))) {
		buf_add(out, at, (size_t)(line + 1 - at));
		at = line + 1;
		if ((size_t)(end - at) < from.len ||
		    memcmp(at, from.bytes, from.len) != 0)
			continue;
		at += from.len;
		add(out, to);
	}
	buf_add(out, at, (size_t)(end - at));
}

/* The value of theirs at @node, for the line of @here in our text. */
static void add_theirs(const struct writing *w, uint32_t node, size_t here,
		       struct buf *out)
{
	const struct merge_node *n = merge_node_of(w->theirs, node);

	add_indented(out, span(w->theirs->text, n->at, n->at + n->len),
		     indent_at(w->theirs->text, n->at),
		     indent_at(w->ours->text, here));
}

/* ---- leads and tails ---- */

static struct merge_text later_lead(const struct writing *w)
{
	const struct merge_node *first = kid(w->ours, w->box, 0);
	struct merge_text lead = lead_of(w->ours, first);
	struct merge_text colon;

	if (w->box->count > 1)
		return lead_of(w->ours, kid(w->ours, w->box, 1));
	if (memchr(lead.bytes, '\n', lead.len) || !first->key)
		return lead;
	colon = colon_of(w->ours, first);
	return colon.len && colon.bytes[colon.len - 1] == ' ' ? span(" ", 0, 1)
							      : lead;
}

static void add_lead(const struct writing *w, const struct merge_slot *slot,
		     bool first, struct buf *out)
{
	uint32_t ours = slot->at.node[SIDE_OURS];
	const struct merge_node *node;

	if (!w->box->count) {
		node = merge_node_of(w->theirs, slot->at.node[SIDE_THEIRS]);
		add_indented(out, lead_of(w->theirs, node),
			     indent_at(w->theirs->text, w->their_box->at),
			     indent_at(w->ours->text, w->box->at));
		return;
	}
	node = ours == MERGE_NONE ? NULL : merge_node_of(w->ours, ours);
	if (first)
		add(out, lead_of(w->ours, kid(w->ours, w->box, 0)));
	else if (node && node->pos > 0)
		add(out, lead_of(w->ours, node));
	else
		add(out, later_lead(w));
}

static void add_tail(const struct writing *w, const struct merge_slot *slot,
		     bool last, struct buf *out)
{
	uint32_t ours = slot->at.node[SIDE_OURS], count = w->box->count;
	const struct merge_node *node;

	if (last && count) {
		add(out, tail_of(w->ours, kid(w->ours, w->box, count - 1)));
	} else if (last) {
		node = kid(w->theirs, w->their_box, w->their_box->count - 1);
		add_indented(out, tail_of(w->theirs, node),
			     indent_at(w->theirs->text, w->their_box->at),
			     indent_at(w->ours->text, w->box->at));
	} else if (ours != MERGE_NONE) {
		node = merge_node_of(w->ours, ours);
		if (node->pos + 1 < count)
			add(out, tail_of(w->ours, node));
	}
}

/* ---- one of them ---- */

static void add_key(const struct writing *w, const struct merge_slot *slot,
		    struct buf *out)
{
	uint32_t ours = slot->at.node[SIDE_OURS];
	bool own = ours != MERGE_NONE;
	const struct merge_tree *tree = own ? w->ours : w->theirs;
	const struct merge_node *node =
		merge_node_of(tree, own ? ours : slot->at.node[SIDE_THEIRS]);

	if (!node->key)
		return;
	add(out, span(tree->text, node->key - 1,
		      (size_t)node->key + node->key_len + 1));
	if (own || !w->box->count)
		add(out, colon_of(tree, node));
	else
		add(out, colon_of(w->ours, kid(w->ours, w->box, 0)));
}

static bool is_gone(const struct merge_slot *slot)
{
	return slot->verdict == VERDICT_TAKE &&
	       slot->at.node[SIDE_THEIRS] == MERGE_NONE;
}

static uint32_t next_slot(const struct merge_slots *slots, uint32_t i)
{
	while (i != MERGE_NONE && is_gone(&slots->list[i]))
		i = slots->list[i].next;
	return i;
}

/* Where in our text the line is that the value of @slot is put into. */
static size_t line_of(const struct writing *w, const struct merge_slot *slot)
{
	uint32_t ours = slot->at.node[SIDE_OURS];

	if (ours != MERGE_NONE)
		return merge_node_of(w->ours, ours)->at;
	return w->box->count ? kid(w->ours, w->box, 0)->at : w->box->at;
}

int merge_write(struct merging *m, const struct merge_trio *at,
		const struct merge_slots *slots,
		int (*deeper)(struct merging *m, const struct merge_slot *slot,
			      struct buf *out),
		struct buf *out)
{
	const struct writing w = {
		.ours = &m->tree[SIDE_OURS],
		.theirs = &m->tree[SIDE_THEIRS],
		.box = merge_node_of(&m->tree[SIDE_OURS], at->node[SIDE_OURS]),
		.their_box = merge_node_of(&m->tree[SIDE_THEIRS],
					   at->node[SIDE_THEIRS]),
	};
	uint32_t i = next_slot(slots, slots->first), next;
	const char *box = w.ours->text + w.box->at;
	int r = 0;

	if (i == MERGE_NONE && !w.box->count) {
		buf_add(out, box, w.box->len);
		return 0;
	}
	buf_byte(out, box[0]);
	for (bool first = true; i != MERGE_NONE && r == 0; first = false) {
		const struct merge_slot *slot = &slots->list[i];
		const struct merge_node *own;

		next = next_slot(slots, slot->next);
		add_lead(&w, slot, first, out);
		add_key(&w, slot, out);
		if (slot->verdict == VERDICT_TAKE) {
			add_theirs(&w, slot->at.node[SIDE_THEIRS],
				   line_of(&w, slot), out);
		} else if (slot->verdict == VERDICT_DEEPER) {
			r = deeper(m, slot, out);
		} else {
			own = merge_node_of(w.ours, slot->at.node[SIDE_OURS]);
			buf_add(out, w.ours->text + own->at, own->len);
		}
		add_tail(&w, slot, next == MERGE_NONE, out);
		if (next == MERGE_NONE)
			buf_byte(out, box[w.box->len - 1]);
		else
			buf_byte(out, ',');
		i = next;
	}
	if (slots->first == MERGE_NONE ||
	    next_slot(slots, slots->first) == MERGE_NONE)
		buf_byte(out, box[w.box->len - 1]);
	return r;
}
