#include "core/plan.h"

#include "core/db.h"
#include "core/moment.h"
#include "core/revert_spec.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An entry at one moment. */
struct spell {
	bool there;
	struct entry e;
	struct buf name;
};

static void spell_done(struct spell *s)
{
	buf_done(&s->name);
}

/* An item that the revision changed: before, after, and now. */
struct undone {
	int64_t item, first, last;
	int64_t revision;
	struct spell before, after, now;
};

static void undone_done(struct undone *u)
{
	spell_done(&u->before);
	spell_done(&u->after);
	spell_done(&u->now);
}

static int look(struct plan *plan, int64_t at, int64_t item, struct spell *ret,
		struct why *why)
{
	int r = tree_get(plan->db, at, item, &ret->e, NULL);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = tree_name(plan->db, at, item, &ret->name, NULL);
	buf_byte(&ret->name, '\0');
	if (r < 0 || buf_error(&ret->name))
		return why_set(why, r < 0 ? r : -ENOMEM,
			       "reading what a revision did");
	ret->there = true;
	return 0;
}

static bool same_state(const struct entry *a, const struct entry *b)
{
	return a->content == b->content && a->attr.mode == b->attr.mode &&
	       a->attr.uid == b->attr.uid && a->attr.gid == b->attr.gid &&
	       (a->folder || a->attr.mtime_ns == b->attr.mtime_ns);
}

static bool same_spell(const struct spell *a, const struct spell *b)
{
	if (!a->there || !b->there)
		return a->there == b->there;
	return a->e.parent == b->e.parent &&
	       strcmp(a->name.data, b->name.data) == 0 &&
	       same_state(&a->e, &b->e);
}

/* 1: somebody else changed the item while the revision was under way. */
static int disturbed(struct plan *plan, const struct undone *u, struct why *why)
{
	DROP(q_close) struct q q = q_open(plan->db, STMT_UNDO_OTHERS);

	if (u->first == u->last)
		return 0;
	q_i64(&q, 1, u->item);
	q_i64(&q, 2, u->revision);
	q_i64(&q, 3, u->first);
	q_i64(&q, 4, u->last);
	return q_step(&q, why);
}

/* 1: the item was in the scope before the revision, after it, or is now. */
static int concerns(struct plan *plan, const struct undone *u, struct why *why)
{
	const int64_t moments[] = {u->first - 1, u->last, MOMENT_NOW};
	int r = plan->scopes[0].item == TREE_ROOT;

	for (size_t i = 0; i < 3 && r == 0; i++)
		r = plan_in_scope(plan, moments[i], u->item, why);
	return r;
}

static int leave_alone(struct plan *plan, const struct undone *u,
		       struct why *why)
{
	DROP(buf_done) struct buf path = {0};
	int64_t at = u->now.there     ? MOMENT_NOW
		     : u->after.there ? u->last
				      : u->first - 1;
	int r = tree_path(plan->db, at, plan->folder, u->item, &path, NULL);

	if (r == -EXDEV) {
		buf_byte(&path, '/');
		r = tree_path(plan->db, at, TREE_ROOT, u->item, &path, why);
	}
	buf_byte(&path, '\0');
	if (r < 0 || buf_error(&path))
		return r < 0 ? r : why_set(why, -ENOMEM, "out of memory");
	plan_note(plan, path.data, "has changed since and stays as it is");
	plan->skipped++;
	return 0;
}

static int take_back(struct plan *plan, const struct undone *u, struct why *why)
{
	struct step *step;
	int r = plan_add(plan, u->item, &step, why);

	if (r < 0)
		return r;
	if (u->before.there)
		step_state(step, &u->before.e);
	if (u->item == plan->folder)
		return 0; /* its place stays */
	if (!u->before.there) {
		step->kind = u->now.there ? STEP_LEAVE : STEP_KEEP;
		return 0;
	}
	return step_target(step, STEP_NUMBER, u->before.e.parent,
			   u->before.name.data, why);
}

static int collect(struct plan *plan, struct undone *u, struct why *why)
{
	int r = concerns(plan, u, why);

	if (r <= 0)
		return r;
	r = look(plan, u->first - 1, u->item, &u->before, why);
	if (r == 0)
		r = look(plan, u->last, u->item, &u->after, why);
	if (r == 0)
		r = look(plan, MOMENT_NOW, u->item, &u->now, why);
	if (r == 0)
		r = disturbed(plan, u, why);
	if (r < 0)
		return r;
	if (r > 0 || !same_spell(&u->after, &u->now))
		return leave_alone(plan, u, why);
	return take_back(plan, u, why);
}

/* What has the path now, got it by the revision, or had it before. */
static int find_any(struct plan *plan, const struct revert_spec *spec,
		    const char *path, struct why *why)
{
	const int64_t moments[] = {MOMENT_NOW, spec->after, spec->moment};
	size_t before = plan->scope_count;

	for (size_t i = 0; i < 3; i++) {
		struct entry e;
		int r = tree_resolve(plan->db, moments[i], plan->folder, path,
				     &e, NULL);

		if (r == 0)
			r = plan_add_scope(plan, &e, why);
		else if (r == -ENOENT || r == -ENOTDIR)
			r = 0;
		if (r < 0)
			return why_set(why, r, "'%s' cannot be looked up",
				       path);
	}
	return plan->scope_count > before
		       ? 0
		       : why_set(why, -ENOENT,
				 "'%s' is not there, and was not there before "
				 "or after %s",
				 path, spec->label);
}

int plan_collect_undo(struct plan *plan, const struct revert_spec *spec,
		      struct why *why)
{
	DROP(q_close) struct q q = q_open(plan->db, STMT_UNDO_ITEMS);
	const char *path = NULL;
	int r = 0;

	plan->mode = PLAN_UNDO;
	while (r == 0 && (path = revert_spec_next(spec, path)))
		r = find_any(plan, spec, path, why);
	if (r < 0)
		return r;
	q_i64(&q, 1, spec->revision);
	while ((r = q_step(&q, why)) > 0) {
		DROP(undone_done)
		struct undone u = {
			.item = q_col_i64(&q, 0),
			.first = q_col_i64(&q, 1),
			.last = q_col_i64(&q, 2),
			.revision = spec->revision,
		};

		r = collect(plan, &u, why);
		if (r < 0)
			return r;
	}
	return r;
}
