#include "core/plan.h"

#include "core/moment.h"
#include "core/scratch.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A tree that is deeper has no path that one could open. */
enum { DEPTH = 4096 };

/* ---- who must go with a folder that leaves ---- */

struct children {
	int64_t *items;
	size_t len, cap;
};

static void children_done(struct children *children)
{
	free(children->items);
}

static int children_add(struct children *children, int64_t item)
{
	if (children->len == children->cap) {
		size_t cap = children->cap ? 2 * children->cap : 64;
		int64_t *more =
			reallocarray(children->items, cap, sizeof(*more));

		if (!more)
			return -ENOMEM;
		children->items = more;
		children->cap = cap;
	}
	children->items[children->len++] = item;
	return 0;
}

static int child_found(const struct entry *e, void *arg)
{
	return children_add(arg, e->id);
}

/* All below @item leaves the tree too, but for what goes elsewhere. */
static int leave_with(struct plan *plan, int64_t item, struct why *why)
{
	DROP(children_done) struct children queue = {0};
	struct step *step;
	int r = children_add(&queue, item);

	for (size_t i = 0; i < queue.len && r == 0; i++) {
		r = plan_add(plan, queue.items[i], &step, why);
		if (r < 0 || step_moves(step) || step->must)
			continue;
		step->kind = STEP_LEAVE;
		if (step->now.folder)
			r = tree_list(plan->db, MOMENT_NOW, step->item, 0,
				      child_found, &queue, why);
	}
	return r == -ENOMEM ? why_set(why, r, "out of memory") : r;
}

/* ---- folders to go to that will not be there ---- */

int plan_will_live(struct plan *plan, int64_t folder, struct why *why)
{
	const struct step *step = plan_find(plan, folder);
	struct entry e;
	int r;

	if (step)
		return step->kind == STEP_KEEP ? step->live
					       : step->kind != STEP_LEAVE;
	r = tree_get(plan->db, MOMENT_NOW, folder, &e, NULL);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? why_set(why, r, "looking for a folder") : 1;
}

/* The step's folder is gone for good. */
static int give_up(struct plan *plan, struct step *step, struct why *why)
{
	bool undo = plan->mode == PLAN_UNDO;

	step->kind = STEP_KEEP;
	if (undo)
		plan->skipped++;
	if (undo || step->live)
		plan_note(plan, step->live ? step->path : step->to_name,
			  undo ? "stays as it is: the folder that it was in "
				 "is gone"
			       : "leaves the tree: the folder that it came "
				 "from is gone");
	if (undo)
		step->state = 0;
	return undo || !step->live ? 0 : leave_with(plan, step->item, why);
}

/* What was named comes back, and the folders that are missing on the way. */
static int find_home(struct plan *plan, int64_t item, struct why *why)
{
	struct step *step = plan_find(plan, item);
	int64_t parent = step->to_parent;
	int r = plan_make_way(plan, &parent, why);

	if (r < 0)
		return r;
	step = plan_find(plan, item);
	return step_target(step, STEP_PUT, parent, step->to_name, why);
}

static int settle_home(struct plan *plan, struct step *step, bool *gave_up,
		       struct why *why)
{
	int r;

	if (!step_moves(step) && !step->must)
		return 0;
	r = plan_will_live(plan, step->to_parent, why);
	if (r != 0)
		return r < 0 ? r : 0;
	*gave_up = true;
	return step->must ? find_home(plan, step->item, why)
			  : give_up(plan, step, why);
}

/* What one entry gives up may be what another one counted on. */
static int settle_homes(struct plan *plan, struct why *why)
{
	bool again;
	int r = 0;

	do {
		again = false;
		for (size_t i = 0; i < plan->len && r == 0; i++)
			r = settle_home(plan, &plan->steps[i], &again, why);
	} while (r == 0 && again);
	return r;
}

/* ---- folders that cannot leave ---- */

struct leaving {
	const struct plan *plan;
	int64_t folder;
};

/* Nonzero: the child stays in the folder. */
static int child_stays(const struct entry *e, void *arg)
{
	const struct leaving *l = arg;
	const struct step *step = plan_find(l->plan, e->id);

	return !step || step->kind == STEP_KEEP ||
	       (step_moves(step) && step->to_parent == l->folder);
}

static int settle_leaving(struct plan *plan, struct step *step, struct why *why)
{
	struct leaving l = {plan, step->item};
	int scratch = scratch_any(plan->db, step->item, why);
	int r = scratch;

	if (r == 0)
		r = tree_list(plan->db, MOMENT_NOW, step->item, 0, child_stays,
			      &l, why);
	if (r <= 0)
		return r;
	step->kind = STEP_KEEP;
	plan->skipped++;
	plan_note(plan, step->path,
		  scratch ? "stays: it holds files that are no items"
			  : "stays: it holds what stays");
	return 0;
}

struct deep {
	size_t depth, step;
};

static int deepest_first(const void *a, const void *b)
{
	const struct deep *x = a, *y = b;

	return (x->depth < y->depth) - (x->depth > y->depth);
}

static size_t depth_of(const char *path)
{
	size_t depth = 0;

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

/* A folder that stays keeps the one it is in, so from below upwards. */
static int settle_folders(struct plan *plan, struct why *why)
{
	struct deep *order = calloc(plan->len + 1, sizeof(*order));
	size_t len = 0;
	int r = 0;

	if (!order)
		return why_set(why, -ENOMEM, "out of memory");
	for (size_t i = 0; i < plan->len; i++) {
		const struct step *step = &plan->steps[i];

		if (step->kind == STEP_LEAVE && step->now.folder)
			order[len++] = (struct deep){depth_of(step->path), i};
	}
	qsort(order, len, sizeof(*order), deepest_first);
	for (size_t i = 0; i < len && r == 0; i++)
		r = settle_leaving(plan, &plan->steps[order[i].step], why);
	free(order);
	return r;
}

/* ---- names that are taken ---- */

/* 1: the entry was in the tree then, in a folder that will be there, so it may
 * go back there too. */
static int had_place(struct plan *plan, int64_t item, struct entry *ret,
		     struct why *why)
{
	int r = tree_get(plan->db, plan->at, item, ret, NULL);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return why_set(why, r, "looking for what takes a name");
	return plan_will_live(plan, ret->parent, why);
}

/* @item has the name that another entry must have. */
static int displace(struct plan *plan, int64_t item, struct why *why)
{
	DROP(buf_done) struct buf name = {0};
	struct step *step = NULL;
	struct entry then = {0};
	int64_t parent;
	int r = plan_add(plan, item, &step, why);

	if (r == 0)
		r = had_place(plan, item, &then, why);
	if (r < 0)
		return r;
	parent = r > 0 ? then.parent : step->now.parent;
	if (r == 0 && plan->mode == PLAN_PATHS && !step->now.folder) {
		step->kind = STEP_LEAVE; /* it is younger */
		return 0;
	}
	if (r > 0)
		r = tree_name(plan->db, plan->at, item, &name, why);
	else
		buf_text(&name, step->name);
	buf_byte(&name, '\0');
	if (r < 0 || buf_error(&name))
		return r < 0 ? r : why_set(why, -ENOMEM, "out of memory");
	r = step_target(step, STEP_NUMBER, parent, name.data, why);
	step->kind = STEP_NUMBER; /* also where it is now */
	return r;
}

static int settle_names(struct plan *plan, struct why *why)
{
	for (size_t i = 0; i < plan->len; i++) {
		const struct step *step = &plan->steps[i];
		const struct step *other;
		struct entry e;
		int r;

		if (step->kind != STEP_PUT)
			continue;
		r = tree_lookup(plan->db, MOMENT_NOW, step->to_parent,
				step->to_name, &e, NULL);
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return why_set(why, r, "looking for a name");
		other = plan_find(plan, e.id);
		if (!other || other->kind == STEP_KEEP)
			r = displace(plan, e.id, why);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- loops ---- */

/* Where the folder will be. */
static int next_parent(struct plan *plan, int64_t folder, int64_t *ret_parent,
		       struct why *why)
{
	const struct step *step = plan_find(plan, folder);
	struct entry e;
	int r;

	if (step) {
		*ret_parent = step_moves(step) ? step->to_parent
					       : step->now.parent;
		return 0;
	}
	r = tree_get(plan->db, MOMENT_NOW, folder, &e, why);
	if (r == 0)
		*ret_parent = e.parent;
	return r;
}

int plan_loop(struct plan *plan, const struct step *step, struct why *why)
{
	DROP(buf_done) struct buf into = {0};
	int r = tree_path(plan->db, MOMENT_NOW, TREE_ROOT, step->to_parent,
			  &into, NULL);

	if (r == 0)
		buf_byte(&into, '\0');
	return why_set(why, -ELOOP,
		       "folder '%s' would have to go into '%s', which is "
		       "inside it",
		       step->path ? step->path : step->to_name,
		       r == 0 && !buf_error(&into) ? into.data : "a folder");
}

static int check_loop(struct plan *plan, const struct step *step,
		      struct why *why)
{
	int64_t folder = step->to_parent;
	size_t steps = 0;
	int r = 0;

	/* A loop that @step is not in is found from one that is. */
	while (r == 0 && folder && folder != step->item &&
	       steps++ < plan->len + DEPTH)
		r = next_parent(plan, folder, &folder, why);
	if (r == 0 && folder == step->item)
		return plan_loop(plan, step, why);
	return r;
}

static int settle_loops(struct plan *plan, struct why *why)
{
	int r = 0;

	for (size_t i = 0; i < plan->len && r == 0; i++) {
		const struct step *step = &plan->steps[i];

		if (step->now.folder && step_moves(step))
			r = check_loop(plan, step, why);
	}
	return r;
}

int plan_settle(struct plan *plan, struct why *why)
{
	int r = settle_homes(plan, why);

	if (r == 0)
		r = settle_folders(plan, why);
	if (r == 0)
		r = settle_names(plan, why);
	if (r == 0)
		r = settle_loops(plan, why);
	if (r == 0 && buf_error(&plan->notes))
		return why_set(why, -ENOMEM, "out of memory");
	return r;
}
