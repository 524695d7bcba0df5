/*
 * Who is whom in a folder and its clone.
 *
 * Nothing says so but the past: what came by a pull, and what was copied. From
 * then on both keep their identity wherever they move.
 */
#include "core/pull_priv.h"

#include "core/db.h"
#include "core/moment.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>

/* ---- what is known ---- */

void pull_pairs_done(struct pull_pairs *pairs)
{
	free(pairs->list);
}

static struct pull_pair *slot_of(const struct pull_pairs *pairs, int64_t theirs)
{
	uint64_t hash = (uint64_t)theirs * 0x9e3779b97f4a7c15U >> 32;
	size_t slot = (size_t)hash & (pairs->size - 1);

	while (pairs->list[slot].theirs && pairs->list[slot].theirs != theirs)
		slot = (slot + 1) & (pairs->size - 1);
	return &pairs->list[slot];
}

static int grow(struct pull_pairs *pairs)
{
	struct pull_pairs more = {.size = pairs->size ? 2 * pairs->size : 64};

	if (2 * (pairs->len + 1) <= pairs->size)
		return 0;
	more.list = calloc(more.size, sizeof(*more.list));
	if (!more.list)
		return -ENOMEM;
	for (size_t i = 0; i < pairs->size; i++)
		if (pairs->list[i].theirs)
			*slot_of(&more, pairs->list[i].theirs) = pairs->list[i];
	more.len = pairs->len;
	free(pairs->list);
	*pairs = more;
	return 0;
}

int pull_pair_set(struct pull *p, const struct pull_pair *pair)
{
	struct pull_pair *slot;

	if (grow(&p->pairs) < 0)
		return pull_no_memory(p);
	slot = slot_of(&p->pairs, pair->theirs);
	if (slot->ours)
		bits_remove(&p->paired, slot->ours);
	if (pair->ours && bits_add(&p->paired, pair->ours) < 0)
		return pull_no_memory(p);
	p->pairs.len += !slot->theirs;
	*slot = *pair;
	return 0;
}

int pull_pair_keep(struct pull *p, int64_t theirs, int64_t ours)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_PULLED_ADD);

	q_i64(&q, 1, ours);
	q_i64(&q, 2, theirs);
	return q_run(&q, p->why);
}

/* ---- questions to the past ---- */

int pull_is_here(struct pull *p, int64_t ours)
{
	if (!ours)
		return 0;
	return tree_is_below(p->db, MOMENT_NOW, p->here, ours, p->why);
}

int pull_is_of(struct pull *p, int64_t folder, int64_t item)
{
	int64_t born, revision;
	int r = tree_is_below(p->db, MOMENT_NOW, folder, item, p->why);

	if (r != 0)
		return r;
	r = pull_born(p, item, &born, &revision);
	return r < 0 ? r : tree_is_below(p->db, born, folder, item, p->why);
}

int pull_born(struct pull *p, int64_t item, int64_t *ret_born,
	      int64_t *ret_revision)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_RENAMED_BORN);
	int r;

	q_i64(&q, 1, item);
	r = q_step(&q, p->why);
	if (r <= 0)
		return r < 0 ? r : why_set(p->why, -ENOENT, "no such item");
	*ret_born = q_col_i64(&q, 0);
	*ret_revision = q_col_i64(&q, 1);
	return 0;
}

/* ---- what came by a pull ---- */

static int next_pulled(struct pull *p, int64_t theirs, int64_t *item)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_PULLED_TO);

	q_i64(&q, 1, theirs);
	q_i64(&q, 2, *item);
	return q_find(&q, item, p->why);
}

static int by_pull_from(struct pull *p, struct pull_pair *pair)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_PULLED_FROM);
	int64_t ours;
	int r;

	q_i64(&q, 1, pair->theirs);
	r = q_step(&q, p->why);
	if (r <= 0)
		return r;
	ours = q_col_i64(&q, 0);
	r = pull_is_of(p, p->here, ours);
	if (r > 0)
		pair->ours = ours;
	return r;
}

/* The newest, or one that is still there. */
static int by_pull(struct pull *p, struct pull_pair *pair)
{
	int64_t item = MOMENT_NOW;
	int r;

	while ((r = next_pulled(p, pair->theirs, &item)) > 0) {
		r = pull_is_of(p, p->here, item);
		if (r > 0 && !pair->ours)
			pair->ours = item;
		if (r > 0)
			r = pull_is_here(p, item);
		if (r > 0)
			pair->ours = item;
		if (r != 0)
			return r;
	}
	if (r < 0 || pair->ours)
		return r < 0 ? r : 1;
	return by_pull_from(p, pair);
}

static int find_pair(struct pull *p, struct pull_pair *pair)
{
	struct entry theirs;
	int r = by_pull(p, pair);

	if (r != 0)
		return r;
	r = tree_get(p->db, MOMENT_NOW, pair->theirs, &theirs, NULL);
	if (r == -ENOENT)
		r = tree_former(p->db, pair->theirs, MOMENT_NOW, &theirs, NULL);
	if (r < 0)
		return why_set(p->why, r, "reading the clone");
	r = pull_copy(p, &theirs, pair);
	/* What took the name of one that moved is a copy of that, no more. */
	if (r > 0 && !theirs.folder && bits_has(&p->paired, pair->ours))
		*pair = (struct pull_pair){.theirs = pair->theirs};
	return r < 0 ? r : 0;
}

int pull_pair(struct pull *p, int64_t theirs, struct pull_pair *ret)
{
	struct pull_pair pair = {.theirs = theirs};
	int r;

	if (p->pairs.size && slot_of(&p->pairs, theirs)->theirs) {
		*ret = *slot_of(&p->pairs, theirs);
		return 0;
	}
	if (theirs == p->there)
		pair.ours = p->here;
	r = pair.ours ? 0 : find_pair(p, &pair);
	if (r < 0)
		return r;
	*ret = pair;
	return pull_pair_set(p, &pair);
}
