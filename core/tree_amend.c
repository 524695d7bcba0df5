#include "core/tree.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/moment.h"
#include "core/store.h"
#include "core/tree_row.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/*
 * What was recorded a moment ago may be changed in its rows, as long as
 * nobody can have seen it otherwise: the dance of an editor that saves (the
 * item renamed aside, a new one under its name) then leaves one version in
 * the history and nothing else. What a revision has named stays for ever.
 */

int tree_recorded(struct moment *m, int64_t born, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_TREE_RECORDED);
	int r = q_step(&q, why);

	if (r < 0)
		return r;
	if (born < m->id)
		store_amends(m->store); /* before it is asked */
	if (store_shown(m->store) >= born)
		return 1;
	for (int col = 0; col < 2; col++) {
		if (!q_is_null(&q, col) && q_col_i64(&q, col) >= born)
			return 1;
	}
	return 0;
}

int tree_unchange(struct moment *m, int64_t moment, int64_t item, unsigned what,
		  struct why *why)
{
	DROP(q_close) struct q clear = q_open(m->db, STMT_CHANGE_CLEAR);
	DROP(q_close) struct q sweep = q_open(m->db, STMT_CHANGE_SWEEP);
	int r;

	q_i64(&clear, 1, moment);
	q_i64(&clear, 2, item);
	q_i64(&clear, 3, what);
	r = q_run(&clear, why);
	if (r < 0)
		return r;
	q_i64(&sweep, 1, moment);
	q_i64(&sweep, 2, item);
	return q_run(&sweep, why);
}

int tree_note_amended(struct moment *m, int64_t item, int64_t parent,
		      const char *name, struct why *why)
{
	const struct moment_note note = {
		.what = NOTE_AMENDED,
		.item = item,
		.parent = parent,
		.name = name,
	};

	return moment_note(m, &note, why);
}

/* ---- attributes ---- */

static bool same_attr(const struct attr *a, const struct attr *b)
{
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
	       a->mtime_ns == b->mtime_ns;
}

/* 1: the names in the folder have changed since its state was born. A time
 * that is set now must be a later state, or that change would hide it. */
static int touched_since(struct db *db, const struct entry *e, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_TREE_TOUCHED);
	int r;

	if (!e->folder)
		return 0;
	q_i64(&q, 1, e->id);
	r = q_step(&q, why);
	if (r < 0)
		return r;
	return !q_is_null(&q, 0) && q_col_i64(&q, 0) > e->born;
}

/* 1: the newest state of @e may be changed as it stands. */
static int may_amend(struct moment *m, const struct entry *e, bool amend,
		     struct why *why)
{
	int r;

	if (e->born == m->id)
		return 1;
	if (!amend)
		return 0;
	r = tree_recorded(m, e->born, why);
	if (r == 0)
		r = touched_since(m->db, e, why);
	return r < 0 ? r : r == 0;
}

static int amend_attr(struct moment *m, const struct entry *e,
		      const struct attr *attr, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_TREE_AMEND_ATTR);

	q_i64(&q, 1, e->id);
	q_i64(&q, 2, e->born);
	q_i64(&q, 3, attr->mode);
	q_i64(&q, 4, attr->uid);
	q_i64(&q, 5, attr->gid);
	q_i64(&q, 6, attr->mtime_ns);
	q_i64(&q, 7, m->time_ns);
	return q_run(&q, why);
}

int tree_set_attr(struct moment *m, int64_t item, const struct attr *attr,
		  bool amend, struct why *why)
{
	struct entry e;
	int r = tree_get(m->db, MOMENT_NOW, item, &e, why);

	if (r < 0 || same_attr(&e.attr, attr))
		return r;
	r = may_amend(m, &e, amend, why);
	if (r < 0)
		return r;
	if (r > 0)
		return amend_attr(m, &e, attr, why);
	e.attr = *attr;
	r = tree_put_state(m, &e, why);
	return r < 0 ? r : moment_change(m, item, CHANGE_ATTR, why);
}

/* ---- content ---- */

/* Nothing speaks of the content that an amended version had, as far as is
 * known here; but somebody may be reading it. */
static int leave_content(struct moment *m, int64_t content, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_TREE_GARBAGE);

	q_i64(&q, 1, content);
	return q_run(&q, why);
}

static int amend_content(struct moment *m, const struct entry *e,
			 struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_TREE_AMEND_CONTENT);
	int r;

	q_i64(&q, 1, e->id);
	q_i64(&q, 2, e->born);
	q_id(&q, 3, e->content);
	q_id(&q, 4, e->arrived);
	q_i64(&q, 5, e->size);
	r = q_run(&q, why);
	return r < 0 ? r : tree_note_amended(m, e->id, 0, NULL, why);
}

int tree_amend_save(struct moment *m, int64_t item, int64_t content,
		    int64_t arrived, int64_t size, const struct attr *attr,
		    struct why *why)
{
	struct entry e;
	int r = tree_get(m->db, MOMENT_NOW, item, &e, why);

	if (r == 0)
		r = store_room(m->store, why);
	if (r == 0)
		r = tree_recorded(m, e.born, why);
	if (r < 0)
		return r;
	/* What is created at this moment is only just coming to be. */
	if (e.born == m->id)
		r = e.placed != m->id;
	if (r == 0 && e.content != arrived)
		r = leave_content(m, e.content, why);
	if (r > 0)
		return tree_save(m, item, content, arrived, size, attr, why);
	e.content = content;
	e.arrived = arrived;
	e.size = size;
	return amend_content(m, &e, why);
}

/* ---- a version taken back ---- */

static int drop_state(struct moment *m, int64_t item, int64_t born,
		      struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_TREE_DROP_STATE);
	int r;

	q_i64(&q, 1, item);
	q_i64(&q, 2, born);
	r = q_run(&q, why);
	if (r == 0)
		r = tree_note_amended(m, item, 0, NULL, why);
	if (r < 0)
		return r;
	return tree_unchange(m, born, item, CHANGE_CONTENT | CHANGE_ATTR, why);
}

static int check_newest(struct db *db, int64_t item, int64_t born,
			struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_TREE_NEWEST_STATE);
	int r;

	q_i64(&q, 1, item);
	r = q_step(&q, why);
	if (r < 0)
		return r;
	if (q_is_null(&q, 0) || q_col_i64(&q, 0) != born)
		return why_set(why, -ENOENT,
			       "version %" PRId64 " of item %" PRId64
			       " is not its newest",
			       born, item);
	return 0;
}

int tree_unsave(struct moment *m, int64_t item, int64_t born, struct why *why)
{
	struct entry former;
	int r = check_newest(m->db, item, born, why);

	if (r == 0)
		r = tree_former(m->db, item, born, &former, why);
	if (r == 0)
		r = tree_recorded(m, born, why);
	if (r < 0)
		return r;
	if (r == 0)
		return drop_state(m, item, born, why);
	r = tree_put_state(m, &former, why);
	return r < 0 ? r : moment_change(m, item, CHANGE_CONTENT, why);
}
