/*
 * What was copied from one folder into the other.
 *
 * A copy was sent as the bytes that the other one held, to the place that
 * corresponds. If its kind has ids, it is also known of what it is a copy, and
 * so of what that is one.
 */
#include "core/pull_priv.h"

#include "core/db.h"
#include "core/moment.h"
#include "core/own_id.h"
#include "core/why.h"

#include <errno.h>

/* ---- questions to the past ---- */

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

/* 1: the item held it, and since *ret_born at first. */
static int has_held(struct pull *p, int64_t item, int64_t content,
		    int64_t *ret_born)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_PULL_HELD);
	int r;

	if (!content)
		return 0;
	q_i64(&q, 1, item);
	q_i64(&q, 2, content);
	r = q_step(&q, p->why);
	if (r > 0)
		*ret_born = q_col_i64(&q, 0);
	return r;
}

/* What was sent as *content, as the item says it: with the ids that it and its
 * like have. */
static int as_stored(struct pull *p, int64_t item, int64_t *content)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_PULL_STORED);
	int r;

	q_i64(&q, 1, item);
	q_i64(&q, 2, *content);
	r = q_step(&q, p->why);
	if (r > 0)
		*content = q_col_i64(&q, 0);
	return r < 0 ? r : 0;
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

/* ---- copies of copies ---- */

struct climb {
	int64_t item;
	int64_t sent; /* what that held when it was copied; 0: no step yet */
};

/* To what the item is a copy of: 1, or 0: it is none. */
static int climb(struct pull *p, struct climb *c)
{
	int64_t original;
	int r = own_id_original(p->db, c->item, &original, p->why);

	if (r <= 0)
		return r;
	r = first_sent(p, c->item, &c->sent);
	c->item = original;
	return r < 0 ? r : 1;
}

/* The older of what the two climbs say, if what they met at has held it. */
static int older(struct pull *p, const struct climb *a, const struct climb *b,
		 int64_t *ret)
{
	int64_t born = 0, other = 0;
	int r = has_held(p, a->item, a->sent, &born);
	int also = r < 0 ? r : has_held(p, b->item, b->sent, &other);

	if (also < 0)
		return also;
	if (r == 0 && also == 0)
		return 0;
	*ret = r == 0 || (also > 0 && other < born) ? b->sent : a->sent;
	return 1;
}

/* 1: the two are copies of one thing, or one of the other, over however many
 * steps, and *ret_base is the text that both come from. */
static int by_descent(struct pull *p, int64_t theirs, int64_t ours,
		      int64_t *ret_base)
{
	struct climb a = {theirs, 0}, b = {ours, 0};
	int64_t first = 0;
	int r = 1;

	/* What is copied is older than the copy. */
	while (r > 0 && a.item != b.item)
		r = climb(p, a.item > b.item ? &a : &b);
	if (r > 0)
		r = older(p, &a, &b, ret_base);
	if (r <= 0 || a.item == ours || a.item == theirs)
		return r;
	/* In the words of neither, if it can be helped. */
	r = first_sent(p, theirs, &first);
	if (r == 0)
		r = as_stored(p, *ret_base == first ? theirs : ours, ret_base);
	return r < 0 ? r : 1;
}

/* ---- what was copied ---- */

/* 1: @copy was sent as what @from had held, or what that is a copy of. */
static int is_copy(struct pull *p, const struct entry *copy, int64_t from,
		   struct pull_pair *pair)
{
	int64_t born;
	int r;

	if (copy->folder)
		return 1;
	r = first_sent(p, copy->id, &pair->base);
	if (r == 0)
		r = has_held(p, from, pair->base, &born);
	if (r > 0) {
		r = as_stored(p, from, &pair->base);
		return r < 0 ? r : 1;
	}
	if (r < 0)
		return r;
	pair->base = 0;
	return by_descent(p, pair->theirs,
			  copy->id == pair->theirs ? from : copy->id,
			  &pair->base);
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

/* 1: both are copies of one thing. */
static int have_one_base(struct pull *p, int64_t theirs, int64_t ours,
			 int64_t *ret_base)
{
	int64_t first = 0, our_first = 0;
	int r = first_sent(p, theirs, &first);

	if (r == 0)
		r = first_sent(p, ours, &our_first);
	if (r < 0 || first != our_first)
		return r < 0 ? r : by_descent(p, theirs, ours, ret_base);
	*ret_base = first;
	r = as_stored(p, theirs, ret_base);
	return r < 0 ? r : 1;
}

/* Both are copies of one thing, or folders of one name. */
static int by_place(struct pull *p, const struct entry *theirs,
		    struct pull_pair *pair)
{
	struct entry ours = {0};
	int r = corresponding(p, p->there, MOMENT_NOW, theirs->id, p->here,
			      MOMENT_NOW, &ours);

	if (r <= 0 || ours.folder != theirs->folder)
		return r < 0 ? r : 0;
	r = theirs->folder ? 1
			   : have_one_base(p, theirs->id, ours.id, &pair->base);
	if (r <= 0)
		return r;
	pair->ours = ours.id;
	pair->their_at = pair->our_at = MOMENT_NOW;
	return 1;
}

int pull_copy(struct pull *p, const struct entry *theirs,
	      struct pull_pair *pair)
{
	int r = by_their_birth(p, theirs, pair);

	if (r == 0)
		r = by_our_birth(p, theirs, pair);
	return r == 0 ? by_place(p, theirs, pair) : r;
}

/* ---- folders ---- */

int pull_is_direct(struct pull *p, int64_t revision, int64_t from)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_PULL_SAMPLE);
	int r;

	q_i64(&q, 1, revision);
	r = revision ? q_step(&q, p->why) : 0;
	if (r <= 0)
		return r < 0 ? r : 1;
	return pull_is_of(p, from, q_col_i64(&q, 0));
}
