#include "core/plan.h"

#include "core/diff.h"
#include "core/moment.h"
#include "core/snapshot_cover.h"
#include "core/why.h"

#include <errno.h>
#include <string.h>

struct collecting {
	struct plan *plan;
	struct why *why;
};

/* Since which moment @item has been in the scope without a break. */
static int inside_since(struct plan *plan, int64_t item, int64_t *ret_since,
			struct why *why)
{
	DROP(cover_done) struct cover cover = {0};
	int64_t since = MOMENT_NOW;
	bool earlier = true;
	int r = cover_load(plan->db, item, &cover, why);

	if (r < 0)
		return r;
	while (earlier) {
		earlier = false;
		for (size_t i = 0; i < cover.len; i++) {
			const struct span *span = &cover.spans[i];

			if (span->folder != plan->scope || span->hi != since)
				continue;
			since = span->lo;
			earlier = true;
		}
	}
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
	return tree_is_below(plan->db, placed, plan->scope, step->item, why);
}

/*
 * The entry was not in the scope then. What came to life here leaves the
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

static int collect(const struct difference *d, void *arg)
{
	struct collecting *c = arg;
	struct step *step;
	const char *name;
	int r = plan_add(c->plan, d->item, &step, c->why);

	if (r < 0)
		return r;
	if (!d->from)
		return collect_newcomer(c->plan, step, c->why);
	step_state(step, &d->old);
	if (d->item == c->plan->scope)
		return 0; /* its own place stays */
	name = strrchr(d->from, '/');
	name = name ? name + 1 : d->from;
	return step_target(step, STEP_PUT, d->old.parent, name, c->why);
}

int plan_collect(struct plan *plan, struct why *why)
{
	struct collecting c = {plan, why};

	return diff_run(plan->db, plan->scope, plan->at, MOMENT_NOW, collect,
			&c, why);
}
