/*
 * What becomes of one place, and what it is called.
 */
#include "core/merge_priv.h"

#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

int merge_no_memory(const struct merging *m)
{
	return why_set(m->why, -ENOMEM, "out of memory");
}

/* ---- where we are ---- */

/* A place is shown on one line. */
static void add_token(struct buf *pointer, struct merge_word word)
{
	for (size_t i = 0; i < word.len; i++)
		if (word.at[i] == '~')
			buf_text(pointer, "~0");
		else if (word.at[i] == '/')
			buf_text(pointer, "~1");
		else if (word.at[i] == '\n')
			buf_text(pointer, "\\n");
		else
			buf_byte(pointer, word.at[i]);
}

/* "id=7", which means the same on all sides, wherever in the array that is. */
static void add_identity(struct buf *pointer, const struct merge_tree *tree,
			 const struct merge_node *element, const char *by)
{
	const struct merge_word key = {by, strlen(by)};
	uint32_t id = merge_member(tree, element, key);

	buf_text(pointer, by);
	buf_byte(pointer, '=');
	add_token(pointer, merge_word_of(tree, merge_node_of(tree, id)));
}

/* Ours is asked first, then theirs. */
static enum merge_side side_of(const struct merge_trio *at)
{
	if (at->node[SIDE_OURS] != MERGE_NONE)
		return SIDE_OURS;
	return at->node[SIDE_THEIRS] != MERGE_NONE ? SIDE_THEIRS : SIDE_BASE;
}

size_t merge_step_in(struct merging *m, const struct merge_slot *slot)
{
	enum merge_side side = side_of(&slot->at);
	const struct merge_tree *tree = &m->tree[side];
	const struct merge_node *node =
		merge_node_of(tree, slot->at.node[side]);
	size_t back = m->pointer.len;

	buf_byte(&m->pointer, '/');
	if (node->key)
		add_token(&m->pointer, merge_key_of(tree, node));
	else if (slot->by)
		add_identity(&m->pointer, tree, node, slot->by);
	else
		buf_addf(&m->pointer, "%" PRIu32, node->pos);
	return back;
}

void merge_step_out(struct merging *m, size_t back)
{
	m->pointer.len = back;
}

/* ---- one place ---- */

static struct merge_text value_of(const struct merge_tree *tree, uint32_t node)
{
	const struct merge_node *n;

	if (node == MERGE_NONE)
		return (struct merge_text){0};
	n = merge_node_of(tree, node);
	return (struct merge_text){tree->text + n->at, n->len};
}

/* Tell @fn of the place. */
static int tell(struct merging *m, const struct merge_trio *at,
		int (*fn)(const struct merge_place *place, void *arg))
{
	struct merge_place place = {
		.base = value_of(&m->tree[SIDE_BASE], at->node[SIDE_BASE]),
		.ours = value_of(&m->tree[SIDE_OURS], at->node[SIDE_OURS]),
		.theirs =
			value_of(&m->tree[SIDE_THEIRS], at->node[SIDE_THEIRS]),
	};

	if (!fn)
		return 0;
	buf_byte(&m->pointer, '\0');
	if (buf_error(&m->pointer))
		return merge_no_memory(m);
	m->pointer.len--;
	place.pointer = m->pointer.data;
	return fn(&place, m->in->arg);
}

static int take(struct merging *m, const struct merge_trio *at,
		enum merge_verdict *ret)
{
	m->result.taken++;
	*ret = VERDICT_TAKE;
	return tell(m, at, m->in->taken);
}

static int ask(struct merging *m, const struct merge_trio *at,
	       enum merge_verdict *ret)
{
	int answer = tell(m, at, m->in->conflict);

	if (answer < 0)
		return answer;
	if (answer == MERGE_THEIRS)
		return take(m, at, ret);
	m->result.conflicts += answer == MERGE_OPEN;
	*ret = VERDICT_KEEP;
	return 0;
}

static bool is_same(const struct merging *m, const struct merge_trio *at,
		    enum merge_side a, enum merge_side b)
{
	return merge_same(&m->tree[a], at->node[a], &m->tree[b], at->node[b]);
}

static bool is_idle(const struct merging *m, const struct merge_trio *at)
{
	for (int side = 0; side < SIDES; side++)
		if (at->node[side] != MERGE_NONE &&
		    merge_node_of(&m->tree[side], at->node[side])->idle)
			return true;
	return false;
}

/* Can what is at the place be merged? */
static int is_deep(const struct merging *m, const struct merge_trio *at)
{
	struct merge_match match;
	int r;

	if (at->node[SIDE_OURS] == MERGE_NONE ||
	    at->node[SIDE_THEIRS] == MERGE_NONE)
		return 0;
	r = merge_match(m, at, &match);
	if (r == 0)
		r = match.how != HOW_WHOLE;
	merge_match_done(&match);
	return r < 0 ? merge_no_memory(m) : r;
}

int merge_decide(struct merging *m, const struct merge_trio *at,
		 enum merge_verdict *ret)
{
	int r;

	*ret = VERDICT_KEEP;
	if (is_idle(m, at) || is_same(m, at, SIDE_BASE, SIDE_THEIRS) ||
	    is_same(m, at, SIDE_OURS, SIDE_THEIRS))
		return 0;
	r = is_deep(m, at);
	if (r > 0)
		*ret = VERDICT_DEEPER;
	if (r != 0)
		return r < 0 ? r : 0;
	return is_same(m, at, SIDE_BASE, SIDE_OURS) ? take(m, at, ret)
						    : ask(m, at, ret);
}
