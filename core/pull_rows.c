#include "core/pull_priv.h"

#include "core/db.h"
#include "core/moment.h"
#include "core/why.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int pull_no_memory(const struct pull *p)
{
	return why_set(p->why, -ENOMEM, "out of memory");
}

/* ---- one that waits ---- */

void pull_waiting_done(struct pull_waiting *w)
{
	buf_done(&w->asked);
	buf_done(&w->said);
}

static void take_text(struct buf *out, const char *text)
{
	buf_text(out, text);
	buf_byte(out, '\0');
}

int pull_waiting(struct db *db, int64_t folder, struct pull_waiting *ret,
		 struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_PULL_WAITING);
	int r;

	q_i64(&q, 1, folder);
	r = q_step(&q, why);
	if (r <= 0)
		return r;
	ret->revision = q_col_i64(&q, 0);
	ret->uid = (uid_t)q_col_i64(&q, 1);
	ret->pid = (pid_t)q_col_i64(&q, 2);
	(void)snprintf(ret->program, sizeof(ret->program), "%s",
		       q_col_text(&q, 3));
	ret->time_ns = q_col_i64(&q, 4);
	ret->before = q_col_i64(&q, 5);
	ret->source = q_col_i64(&q, 6);
	take_text(&ret->asked, q_col_text(&q, 7));
	take_text(&ret->said, q_col_text(&q, 8));
	if (buf_error(&ret->asked) || buf_error(&ret->said))
		return why_set(why, -ENOMEM, "out of memory");
	return 1;
}

int pull_row_add(struct pull *p, int64_t revision, const char *said)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_PULL_ADD);

	q_i64(&q, 1, revision);
	q_i64(&q, 2, p->there);
	q_text(&q, 3, p->there_path.data);
	q_text(&q, 4, said);
	return q_run(&q, p->why);
}

int pull_row_say(struct pull *p, int64_t revision, const char *said)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_PULL_SAY);

	q_i64(&q, 1, revision);
	q_text(&q, 2, said);
	return q_run(&q, p->why);
}

int pull_row_progress(struct pull *p, int64_t revision, const char *counts)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_PULL_PROGRESS);

	q_i64(&q, 1, revision);
	q_i64(&q, 2, p->m->id - 1);
	q_text(&q, 3, counts);
	return q_run(&q, p->why);
}

int pull_row_forget(struct pull *p, int64_t revision)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_PULL_FORGET);

	q_i64(&q, 1, revision);
	return q_run(&q, p->why);
}

/* ---- answers ---- */

int pull_answer_add(struct pull *p, int64_t revision, const char *place,
		    bool theirs)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_PULL_ANSWER);

	q_i64(&q, 1, revision);
	q_text(&q, 2, place);
	q_i64(&q, 3, theirs);
	return q_run(&q, p->why);
}

static int add_answer(struct pull *p, const char *place, bool theirs)
{
	struct pull_answered *more = reallocarray(p->answers, p->answer_len + 1,
						  sizeof(*p->answers));

	if (!more)
		return pull_no_memory(p);
	p->answers = more;
	more[p->answer_len] =
		(struct pull_answered){strdup(place), theirs, false};
	if (!more[p->answer_len].place)
		return pull_no_memory(p);
	p->answer_len++;
	return 0;
}

int pull_answers_load(struct pull *p, int64_t revision)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_PULL_ANSWERS);
	int r;

	q_i64(&q, 1, revision);
	while ((r = q_step(&q, p->why)) > 0) {
		r = add_answer(p, q_col_text(&q, 0), q_col_i64(&q, 1) != 0);
		if (r < 0)
			return r;
	}
	return r;
}

/* ---- pulls that were done ---- */

/* Who changed what at the moment of a pull. */
struct taken_back {
	struct pull *p;
	const struct pull_done *done;
	int64_t folder;
};

static int held_again(const struct taken_back *t, int64_t item, int64_t content)
{
	DROP(q_close) struct q q = q_open(t->p->db, STMT_PULL_AGAIN);

	q_i64(&q, 1, item);
	q_i64(&q, 2, content);
	q_i64(&q, 3, t->done->after);
	return q_step(&q, t->p->why);
}

/* 1: the entry was there at @at, below the folder. */
static int there_at(const struct taken_back *t, int64_t at, int64_t item,
		    struct entry *ret)
{
	int r = tree_get(t->p->db, at, item, ret, NULL);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return why_set(t->p->why, r, "reading what a pull did");
	return tree_is_below(t->p->db, at, t->folder, item, t->p->why);
}

/* 1: what the pull did to the item holds; 0: it was taken back, or it is no
 * matter here. *any: it was taken back. */
static int still_holds(const struct taken_back *t, int64_t item, bool *any)
{
	struct entry was, then, now;
	int before = there_at(t, t->done->before, item, &was);
	int after = before < 0 ? before
			       : there_at(t, t->done->after, item, &then);
	int live = after < 0 ? after : there_at(t, MOMENT_NOW, item, &now);
	int r = 1;

	if (live < 0)
		return live;
	if (!before && !after)
		return 0;
	if (before != after)
		r = live == after;
	else if (was.content != then.content)
		r = held_again(t, item, was.content) == 0;
	else if (was.parent != then.parent)
		r = !live || now.parent != was.parent;
	else
		return 0; /* its name or attributes: no telling */
	*any |= r == 0;
	return r;
}

/* 1: the pull was taken back: it did something, and nothing of it is left. */
static int is_taken_back(struct pull *p, const struct pull_done *done,
			 int64_t folder)
{
	const struct taken_back t = {p, done, folder};
	DROP(q_close) struct q q = q_open(p->db, STMT_REF_CHANGED);
	bool any = false;
	int r;

	if (done->after == done->before)
		return 0;
	q_i64(&q, 1, done->after);
	q_i64(&q, 2, INT64_MAX);
	while ((r = q_step(&q, p->why)) > 0) {
		r = still_holds(&t, q_col_i64(&q, 0), &any);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return r < 0 ? r : any;
}

static int find_before(struct pull *p, int64_t into, int64_t from,
		       int64_t moment, struct pull_done *ret)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_PULL_LAST);
	int r;

	q_i64(&q, 1, into);
	q_i64(&q, 2, from);
	q_i64(&q, 3, moment);
	r = q_step(&q, p->why);
	*ret = (struct pull_done){0};
	if (r > 0)
		*ret = (struct pull_done){q_col_i64(&q, 0), q_col_i64(&q, 1),
					  q_col_i64(&q, 2)};
	return r;
}

static int find_done(struct pull *p, int64_t into, int64_t from,
		     struct pull_done *ret)
{
	int64_t moment = INT64_MAX;
	int r;

	while ((r = find_before(p, into, from, moment, ret)) > 0) {
		r = is_taken_back(p, ret, into);
		if (r <= 0)
			return r;
		moment = ret->after;
	}
	return r;
}

int pull_find_done(struct pull *p)
{
	int r = find_done(p, p->here, p->there, &p->last);

	return r < 0 ? r : find_done(p, p->there, p->here, &p->other);
}
