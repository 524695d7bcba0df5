/*
 * Which items and folders of the clone have changed.
 */
#include "core/pull_priv.h"

#include "core/db.h"
#include "core/kind.h"
#include "core/moment.h"
#include "core/ref.h"
#include "core/why.h"

#include <errno.h>

struct finding {
	struct pull *p;
	struct bits *found;
	int64_t since, except; /* changes after this, not by this revision */
};

/*
 * The clone as it was copied is no change. If neither was copied from the
 * other, but both from one thing, all of the clone has come since.
 */
static int find_since(struct finding *w)
{
	struct pull *p = w->p;
	int64_t here, there, our_revision, revision;
	bool later;
	int r;

	if (p->last.revision) {
		w->since = p->last.before;
		return 0;
	}
	r = pull_born(p, p->here, &here, &our_revision);
	if (r == 0)
		r = pull_born(p, p->there, &there, &revision);
	if (r < 0)
		return r;
	later = there > here;
	r = later ? pull_is_direct(p, revision, p->here)
		  : pull_is_direct(p, our_revision, p->there);
	w->since = (later || r == 0 ? there : here) - 1;
	w->except = later && r > 0 ? revision : 0;
	return r < 0 ? r : 0;
}

static int add_found(struct finding *w, int64_t item)
{
	return bits_add(w->found, item) < 0 ? pull_no_memory(w->p) : 0;
}

static int find_changed(struct finding *w)
{
	DROP(q_close) struct q q = q_open(w->p->db, STMT_PULL_CHANGED);
	int r;

	q_i64(&q, 1, w->since);
	q_i64(&q, 2, w->except);
	while ((r = q_step(&q, w->p->why)) > 0) {
		r = add_found(w, q_col_i64(&q, 0));
		if (r < 0)
			return r;
	}
	return r;
}

/* 1: it is in the clone, or was when that was looked at last; of what is in it
 * *then is told only if @then_too. */
static int is_theirs(struct finding *w, int64_t item, bool then_too, bool *now,
		     bool *then)
{
	struct pull *p = w->p;
	int64_t at = p->last.before, revision;
	int r = tree_is_below(p->db, MOMENT_NOW, p->there, item, p->why);

	*now = r > 0;
	*then = false;
	if (r > 0 && !then_too)
		return r;
	if (r >= 0 && !p->last.revision)
		r = pull_born(p, item, &at, &revision);
	if (r >= 0)
		r = tree_is_below(p->db, at, p->there, item, p->why);
	if (r < 0)
		return r;
	*then = r > 0;
	return *now || *then;
}

struct children {
	struct finding *w;
	struct bits folders;
};

static int add_child(const struct entry *e, void *arg)
{
	struct children *c = arg;
	int r = add_found(c->w, e->id);

	if (r == 0 && e->folder && bits_add(&c->folders, e->id) < 0)
		r = pull_no_memory(c->w->p);
	return r;
}

/* A folder has come or gone as a whole: what is in it did not change. */
static int add_below(struct finding *w, int64_t folder)
{
	struct children c = {.w = w};
	int64_t at = folder;
	int r;

	do {
		r = tree_list(w->p->db, MOMENT_NOW, at, 0, add_child, &c,
			      w->p->why);
		bits_remove(&c.folders, at);
		at = 0;
	} while (r == 0 && bits_next(&c.folders, &at) > 0);
	bits_done(&c.folders);
	return r;
}

int pull_is_folder(struct pull *p, int64_t item, struct entry *ret)
{
	int r = tree_get(p->db, MOMENT_NOW, item, ret, NULL);

	if (r == -ENOENT)
		r = tree_former(p->db, item, MOMENT_NOW, ret, NULL);
	if (r < 0)
		return why_set(p->why, r, "reading the clone");
	return ret->folder;
}

/* The kind of an item that is gone: where it was last. */
static int former_kind(struct pull *p, int64_t item, const struct kind **ret)
{
	DROP(q_close) struct q q = q_open(p->db, STMT_PULL_ENDED);
	DROP(buf_done) struct buf path = {0};
	int r;

	q_i64(&q, 1, item);
	r = q_step(&q, p->why);
	if (r <= 0)
		return r;
	r = ref_path(p->db, q_col_i64(&q, 0) - 1, item, &path, NULL);
	if (r < 0)
		return r == -ENOENT ? 0 : why_set(p->why, r, "reading a path");
	*ret = kinds_by_path(p->kinds, path.data, path.len - 1, 0);
	return 0;
}

static int remember_id(struct finding *w, const struct entry *e)
{
	struct pull *p = w->p;
	const struct kind *kind = NULL;
	struct pull_pair pair;
	int r = pull_pair(p, e->id, &pair);

	if (r == 0 && pair.ours)
		r = former_kind(p, e->id, &kind);
	return r < 0 ? r : pull_map_gone(p, e->id, kind, e->content);
}

/* What comes or goes with its folder has changed too. */
static int spread(struct finding *w)
{
	int64_t item = 0;
	int r = 0;

	while (r >= 0 && bits_next(w->found, &item) > 0) {
		struct entry e;
		bool now, then;

		r = pull_is_folder(w->p, item, &e);
		if (r > 0)
			r = is_theirs(w, item, true, &now, &then);
		if (r > 0 && now != then)
			r = add_below(w, item);
	}
	return r < 0 ? r : 0;
}

/* Keep what is of the clone, but for the folder itself. */
static int sift(struct finding *w)
{
	int64_t item = 0;
	int r = 0;

	while (r >= 0 && bits_next(w->found, &item) > 0) {
		struct entry e;
		bool now, then;

		r = is_theirs(w, item, false, &now, &then);
		if (r == 0 || item == w->p->there) {
			bits_remove(w->found, item);
			continue;
		}
		if (r < 0 || now)
			continue;
		r = pull_is_folder(w->p, item, &e);
		if (r == 0)
			r = remember_id(w, &e);
	}
	return r < 0 ? r : 0;
}

int pull_find(struct pull *p, struct bits *found)
{
	struct finding w = {.p = p, .found = found};
	int r = find_since(&w);

	if (r == 0)
		r = find_changed(&w);
	if (r == 0)
		r = spread(&w);
	return r == 0 ? sift(&w) : r;
}
