/*
 * Loose files become scratch rows.
 */
#include "core/repo.h"
#include "core/revert.h"
#include "fs/live_priv.h"

#include <errno.h>
#include <string.h>

static struct scratch row_of(const struct loose *f)
{
	return (struct scratch){
		.id = f->id,
		.parent = f->parent,
		.type = SCRATCH_FILE,
		.attr = f->attr,
		.was = f->was,
		.content = f->content,
		.size = f->content ? (int64_t)f->spool.len : 0,
	};
}

int loose_store(struct moment *m, struct loose *f, struct why *why)
{
	struct scratch row = row_of(f);
	bool bytes = f->dirty;
	int r = 0;

	if (!f->stored) {
		r = scratch_add(m, &row, f->name, NULL, why);
		bytes = f->spool.len > 0 && !f->content;
		f->dirty_from = 0;
		f->dirty_to = f->spool.len;
	}
	if (r < 0)
		return r;
	if (bytes)
		r = scratch_save(m, f->id, f->spool.data, f->spool.len,
				 f->dirty_from, f->dirty_to, why);
	/* Last: its time is that of the write, or was set since. */
	if (r == 0 && (bytes || f->attr_dirty))
		r = scratch_set_attr(m, f->id, &f->attr, why);
	if (r == 0)
		r = moment_commit(m, why);
	if (r < 0)
		return r;
	f->stored = true;
	f->dirty = f->attr_dirty = false;
	f->dirty_from = f->dirty_to = 0;
	return 0;
}

int loose_store_away(struct live *live, struct moment *m, struct loose *f,
		     struct why *why)
{
	int64_t now_ns = m->time_ns;
	int r = loose_store(m, f, why);

	if (r == 0)
		loose_put_away(live, f, now_ns);
	if (r != -ENOENT)
		return r;
	loose_drop(live->loose, f); /* so has its folder; a flush has said so */
	return 0;
}

void loose_put_away(struct live *live, struct loose *f, int64_t now_ns)
{
	wrote_note(live->seen, f->id, f->writers, f->writer_count,
		   f->past_mtime || f->from_past, now_ns);
	loose_drop(live->loose, f);
}

/* ---- what a revert must know ---- */

static bool is_unknown(const struct loose *f)
{
	return !f->stored && !f->unlinked && !f->hidden && !f->item;
}

static int find_unknown(struct loose *f, void *arg)
{
	(void)arg;
	return is_unknown(f);
}

struct reserving {
	struct moment *m;
	struct why *why;
	struct buf ids; /* of those that have a row */
};

/* An empty row: the bytes are not finished. What is in a folder that is gone
 * holds no name. */
static int reserve(struct loose *f, void *arg)
{
	struct reserving *a = arg;
	const struct scratch row = row_of(f);
	int r = is_unknown(f) ? scratch_add(a->m, &row, f->name, NULL, a->why)
			      : -ENOENT;

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	buf_add(&a->ids, &f->id, sizeof(f->id));
	return buf_error(&a->ids);
}

static void reserved(struct live *live, const struct buf *ids)
{
	const int64_t *id = (const void *)ids->data;

	for (size_t n = ids->len / sizeof(*id); n > 0; n--, id++) {
		struct loose *f = loose_by_id(live->loose, *id);

		f->stored = true;
		f->dirty_from = 0;
		f->dirty_to = f->spool.len;
	}
}

static void reserving_done(struct reserving *a)
{
	buf_done(&a->ids);
}

int live_reserve_names(struct call *c, const struct who *who)
{
	DROP(moment_end) struct moment m = {0};
	struct live *live = c->fs->live;
	DROP(reserving_done) struct reserving a = {.m = &m, .why = &c->why};
	int r;

	live_lock(live);
	r = loose_each(live->loose, find_unknown, NULL);
	live_unlock(live);
	if (r == 0)
		return 0;
	r = moment_begin(c->fs->repo->store, who, &m, &c->why);
	if (r < 0)
		return r;
	live_lock(live);
	r = loose_each(live->loose, reserve, &a);
	if (r == 0)
		r = moment_commit(&m, &c->why);
	if (r == 0)
		reserved(live, &a.ids);
	live_unlock(live);
	return r;
}

static bool is_name(const struct act *act, int64_t parent, const char *name)
{
	return act->parent == parent && strcmp(act->name, name) == 0;
}

static bool name_touched(const struct act *act, void *arg)
{
	const struct touched_list *list = arg;

	for (size_t i = 0; i < list->len; i++) {
		const struct touched *t = &list->entries[i];

		if (is_name(act, t->old_parent, t->old_name) ||
		    is_name(act, t->new_parent, t->new_name))
			return true;
	}
	return false;
}

/* Who has a node open that a revert took. */
static void part(struct live *live, struct db *db, int64_t node)
{
	struct why unused = {0};
	struct entry former;

	for (struct handle *h = live->handles; h; h = h->next) {
		if (h->loose || h->node != node)
			continue;
		if (tree_former(db, h->item, MOMENT_NOW, &former, &unused) < 0)
			continue;
		former.node = node;
		live_part(live, &former);
		return;
	}
}

void live_follow(struct call *c, struct touched_list *list)
{
	struct live *live = c->fs->live;
	struct db *db = call_db(c);

	live_lock(live);
	act_forget_past(live->seen, ACT_REMOVED, name_touched, list);
	for (size_t i = 0; i < list->len; i++) {
		const struct touched *t = &list->entries[i];
		struct loose *f = loose_by_id(live->loose, t->node);

		if (db && t->node && !t->new_name)
			part(live, db, t->node);
		if (!f || f->item || !f->stored || !t->new_name)
			continue;
		loose_rename(live->loose, f, t->new_parent, t->new_name);
		f->item_name = false;
	}
	live_unlock(live);
}
