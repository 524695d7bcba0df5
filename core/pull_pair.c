/*
 * Who is whom in a folder and its clone.
 *
 * Nothing says so but the past: what was copied was sent as the bytes that the
 * other one held, to the place that corresponds. From then on both keep their
 * identity wherever they move.
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

/* What the item was sent as at first. */
static int first_sent(struct pull *p, int64_t item, int64_t *ret)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_PULL_FIRST);
	int r;

	*ret = 0;
	q_i64(&q, 1, item);
	r = q_step(&q, p->why);
	if (r > 0)
		*ret = q_col_i64(&q, 0);
	return r < 0 ? r : 0;
}

static int has_held(struct pull *p, int64_t item, int64_t content)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_PULL_HELD);

	if (!content)
		return 0;
	q_i64(&q, 1, item);
	q_i64(&q, 2, content);
	return q_step(&q, p->why);
}

/* 1: *ret has in folder @to at @to_at the path that @item has in folder @from
 * at @at. */
static int corresponding(struct pull *p, int64_t from, int64_t at, int64_t item,
			 int64_t to, int64_t to_at, struct entry *ret)
{
	DROP(buf_done) struct buf path = {0};
	int r = tree_path(p->db, at, from, item, &path, NULL);

	if (r == -ENOENT || r == -EXDEV)
		return 0;
	if (r < 0)
		return why_set(p->why, r, "reading a path");
	buf_byte(&path, '\0');
	if (buf_error(&path))
		return pull_no_memory(p);
	r = tree_resolve(p->db, to_at, to, path.data, ret, NULL);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	return r < 0 ? why_set(p->why, r, "looking for '%s'", path.data) : 1;
}

/* ---- what came by a pull ---- */

static int next_pulled(struct pull *p, int64_t theirs, int64_t *item)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_PULLED_TO);
	int r;

	q_i64(&q, 1, theirs);
	q_i64(&q, 2, *item);
	r = q_step(&q, p->why);
	if (r > 0)
		*item = q_col_i64(&q, 0);
	return r;
}

/* 1: the entry is, or began its life, in our folder. */
static int is_ours(struct pull *p, int64_t item)
{
	int64_t born, revision;
	int r = pull_is_here(p, item);

	if (r != 0)
		return r;
	r = pull_born(p, item, &born, &revision);
	return r < 0 ? r : tree_is_below(p->db, born, p->here, item, p->why);
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
	r = is_ours(p, ours);
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
		r = is_ours(p, item);
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

/* ---- what was copied ---- */

/* 1: @copy was sent as what @from had held. */
static int is_copy(struct pull *p, const struct entry *copy, int64_t from,
		   struct pull_pair *pair)
{
	int r;

	if (copy->folder)
		return 1;
	r = first_sent(p, copy->id, &pair->base);
	if (r == 0)
		r = has_held(p, from, pair->base);
	if (r <= 0)
		pair->base = 0;
	return r;
}

/* Theirs began its life as a copy of ours. */
static int by_their_birth(struct pull *p, const struct entry *theirs,
			  struct pull_pair *pair)
{
	struct entry ours = {0};
	int64_t born, revision;
	int r = pull_born(p, theirs->id, &born, &revision);

	if (r == 0)
		r = corresponding(p, p->there, born, theirs->id, p->here, born,
				  &ours);
	if (r <= 0 || ours.folder != theirs->folder)
		return r < 0 ? r : 0;
	r = is_copy(p, theirs, ours.id, pair);
	if (r > 0) {
		pair->ours = ours.id;
		pair->their_at = pair->our_at = born;
	}
	return r;
}

/* When our folder had been copied; the present if nothing says so. */
static int when_copied(struct pull *p, int64_t *ret)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_REVISION_GET);
	int64_t born, revision = 0;
	int r = pull_born(p, p->here, &born, &revision);

	*ret = MOMENT_NOW;
	if (r < 0 || !revision)
		return r;
	q_i64(&q, 1, revision);
	r = q_step(&q, p->why);
	if (r > 0 && !q_is_null(&q, 5))
		*ret = q_col_i64(&q, 5);
	return r < 0 ? r : 0;
}

/* The moment at which the two can be found side by side: when ours was copied,
 * at the latest when theirs was there last. */
static int when_both(struct pull *p, int64_t theirs, int64_t *ret)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_PULL_ENDED);
	int r = when_copied(p, ret);

	if (r < 0)
		return r;
	q_i64(&q, 1, theirs);
	r = q_step(&q, p->why);
	if (r > 0 && q_col_i64(&q, 0) <= *ret && *ret > 0)
		*ret = q_col_i64(&q, 0) == MOMENT_NOW ? *ret
						      : q_col_i64(&q, 0) - 1;
	return r < 0 ? r : 0;
}

/* Ours began its life as a copy of theirs. */
static int by_our_birth(struct pull *p, const struct entry *theirs,
			struct pull_pair *pair)
{
	struct entry ours = {0};
	int64_t at, born, revision;
	int r = when_both(p, theirs->id, &at);

	if (r == 0)
		r = corresponding(p, p->there, at, theirs->id, p->here, at,
				  &ours);
	if (r <= 0 || ours.folder != theirs->folder)
		return r < 0 ? r : 0;
	r = pull_born(p, ours.id, &born, &revision);
	if (r == 0)
		r = is_copy(p, &ours, theirs->id, pair);
	if (r > 0) {
		pair->ours = ours.id;
		pair->their_at = pair->our_at = born;
	}
	return r;
}

/* Both are copies of one thing, or folders of one name. */
static int by_place(struct pull *p, const struct entry *theirs,
		    struct pull_pair *pair)
{
	struct entry ours = {0};
	int64_t their_first = 0, our_first = 0;
	int r = corresponding(p, p->there, MOMENT_NOW, theirs->id, p->here,
			      MOMENT_NOW, &ours);

	if (r <= 0 || ours.folder != theirs->folder)
		return r < 0 ? r : 0;
	if (!theirs->folder) {
		r = first_sent(p, theirs->id, &their_first);
		if (r == 0)
			r = first_sent(p, ours.id, &our_first);
		if (r < 0 || their_first != our_first)
			return r;
	}
	pair->ours = ours.id;
	pair->base = their_first;
	pair->their_at = pair->our_at = MOMENT_NOW;
	return 1;
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
	r = by_their_birth(p, &theirs, pair);
	if (r == 0)
		r = by_our_birth(p, &theirs, pair);
	if (r == 0)
		r = by_place(p, &theirs, pair);
	return r;
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
