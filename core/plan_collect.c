#include "core/plan.h"

#include "core/diff.h"
#include "core/moment.h"
#include "core/snapshot_cover.h"
#include "core/why.h"

#include <errno.h>
#include <string.h>

struct collecting {
	struct plan *plan;
	int64_t scope; /* the one that is looked at */
	struct why *why;
	bool returning; /* folders come back over the border */
};

/*
 * What is below a folder of the scope is in the scope, also while that folder
 * was outside: it comes back, and what was put into it there must not come
 * along.
 */
static int is_of_scope(const struct plan *plan, int64_t folder, struct why *why)
{
	return plan_in_scope(plan, plan->at, folder, why);
}

/* The beginning of a span of @cover that ends at *since becomes *since. 1, or
 * 0: there is none. */
static int step_back(const struct plan *plan, const struct cover *cover,
		     int64_t *since, struct why *why)
{
	for (size_t i = 0; i < cover->len; i++) {
		const struct span *span = &cover->spans[i];
		int r = 0;

		if (span->hi == *since)
			r = is_of_scope(plan, span->folder, why);
		if (r > 0)
			*since = span->lo;
		if (r != 0)
			return r;
	}
	return 0;
}

/* Since which moment @item has been in the scope without a break. */
static int inside_since(struct plan *plan, int64_t item, int64_t *ret_since,
			struct why *why)
{
	DROP(cover_done) struct cover cover = {0};
	int64_t since = MOMENT_NOW;
	int r = cover_load(plan->db, item, &cover, why);

	if (r == 0)
		do {
			r = step_back(plan, &cover, &since, why);
		} while (r > 0);
	if (r < 0)
		return r;
	*ret_since = since;
	return 0;
}

/* 1: the newest place of the item is also where its life began, in the scope:
 * the usual case, found at little cost. */
static int began_here(struct plan *plan, const struct step *step,
		      struct why *why)
{
	int64_t placed = step->now.placed;
	struct entry before;
	int r = tree_get(plan->db, placed - 1, step->item, &before, NULL);

	if (r == 0)
		return 0;
	if (r != -ENOENT)
		return why_set(why, r, "reading what came in");
	return plan_in_scope(plan, placed, step->item, why);
}

/*
 * The entry was not in the scope then. What came to life there leaves the
 * tree. What came in over the border goes back to where it was before, as it
 * was then: its crossing is undone whole, also if it has moved since.
 */
static int collect_newcomer(struct plan *plan, struct step *step,
			    struct why *why)
{
	DROP(buf_done) struct buf name = {0};
	struct entry before;
	int64_t since;
	int r = began_here(plan, step, why);

	if (r > 0)
		step->kind = STEP_LEAVE;
	if (r != 0)
		return r < 0 ? r : 0;
	r = inside_since(plan, step->item, &since, why);
	if (r < 0)
		return r;
	r = tree_get(plan->db, since - 1, step->item, &before, NULL);
	if (r == -ENOENT) {
		step->kind = STEP_LEAVE;
		return 0;
	}
	if (r == 0)
		r = tree_name(plan->db, since - 1, step->item, &name, why);
	if (r < 0)
		return r;
	buf_byte(&name, '\0');
	if (buf_error(&name))
		return why_set(why, -ENOMEM, "out of memory");
	step_state(step, &before);
	return step_target(step, STEP_NUMBER, before.parent, name.data, why);
}

/* It was not in the scope then. What becomes of it must wait until all that
 * comes back is known; who came into one scope may be of another one. */
static int collect_new(struct collecting *c, struct step *step)
{
	const struct plan *plan = c->plan;
	int r = step->settled;

	if (r == 0 && plan->scope_count > 1)
		r = plan_in_scope(plan, plan->at, step->item, c->why);
	step->newcomer = r == 0;
	return r < 0 ? r : 0;
}

static int collect(const struct difference *d, void *arg)
{
	struct collecting *c = arg;
	struct step *step;
	const char *name;
	int r = plan_add(c->plan, d->item, &step, c->why);

	if (r < 0)
		return r;
	if (!d->from)
		return collect_new(c, step);
	step->settled = true;
	step->newcomer = false;
	step->returning = !d->to && step->live && d->folder;
	c->returning |= step->returning;
	step_state(step, &d->old);
	if (d->item == c->scope)
		return 0; /* its own place stays, or is known */
	name = strrchr(d->from, '/');
	name = name ? name + 1 : d->from;
	return step_target(step, STEP_PUT, d->old.parent, name, c->why);
}

static bool is_scope(const struct plan *plan, int64_t item)
{
	for (size_t i = 0; i < plan->scope_count; i++)
		if (plan->scopes[i].item == item)
			return true;
	return false;
}

/* 1: the item is below a folder that comes back. */
static int comes_along(const struct plan *plan, int64_t item, struct why *why)
{
	struct entry e = {.parent = item};
	const struct step *step;
	int r;

	do {
		r = tree_get(plan->db, MOMENT_NOW, e.parent, &e, NULL);
		step = plan_find(plan, e.parent);
	} while (r == 0 && e.parent && !is_scope(plan, e.parent) &&
		 !(step && step->returning));
	if (r < 0)
		return r == -ENOENT ? 0
				    : why_set(why, r, "reading what returns");
	return e.parent && !is_scope(plan, e.parent);
}

/* What comes along and was not in the scope then. What was has a step. */
static int collect_outside(int64_t item, void *arg)
{
	struct collecting *c = arg;
	struct step *step;
	int r;

	if (plan_find(c->plan, item))
		return 0;
	r = comes_along(c->plan, item, c->why);
	if (r <= 0)
		return r;
	r = plan_add(c->plan, item, &step, c->why);
	if (r == 0)
		step->newcomer = true;
	return r;
}

/* 1: the folder of @step comes back into @scope, which is inside it now. */
static int is_inside_out(const struct plan *plan, const struct step *step,
			 int64_t scope, struct why *why)
{
	int r = tree_is_below(plan->db, plan->at, scope, step->item, why);

	if (r > 0)
		r = tree_is_below(plan->db, MOMENT_NOW, step->item, scope, why);
	return r;
}

/* A folder that comes back cannot go into a scope that is in it, unless that
 * moves itself. */
static int check_scope(struct plan *plan, int64_t item, struct why *why)
{
	const struct step *scope = plan_find(plan, item);

	if (scope && step_moves(scope))
		return 0;
	for (size_t i = 0; i < plan->len; i++) {
		const struct step *step = &plan->steps[i];
		int r = 0;

		if (step->returning)
			r = is_inside_out(plan, step, item, why);
		if (r != 0)
			return r < 0 ? r : plan_loop(plan, step, why);
	}
	return 0;
}

/* What was put into folders that come back is outside still. */
static int collect_returning(struct collecting *c)
{
	struct plan *plan = c->plan;
	int r = 0;

	for (size_t i = 0; i < plan->scope_count && r == 0; i++)
		if (plan->scopes[i].folder)
			r = check_scope(plan, plan->scopes[i].item, c->why);
	return r < 0 ? r
		     : diff_changed(plan->db, plan->at, MOMENT_NOW,
				    collect_outside, c, c->why);
}

int plan_collect(struct plan *plan, struct why *why)
{
	struct collecting c = {.plan = plan, .why = why};
	int r = 0;

	for (size_t i = 0; i < plan->scope_count && r == 0; i++) {
		c.scope = plan->scopes[i].item;
		if (plan->scopes[i].folder)
			r = diff_run(plan->db, c.scope, plan->at, MOMENT_NOW,
				     collect, &c, why);
	}
	if (r == 0 && c.returning)
		r = collect_returning(&c);
	for (size_t i = 0; i < plan->len && r == 0; i++)
		if (plan->steps[i].newcomer)
			r = collect_newcomer(plan, &plan->steps[i], why);
	return r;
}
