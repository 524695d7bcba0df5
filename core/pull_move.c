/*
 * What goes and what moves, and the references to it.
 */
#include "core/pull_priv.h"

#include "core/follow.h"
#include "core/moment.h"
#include "core/ref.h"
#include "core/repo.h"
#include "core/why.h"

#include <stdlib.h>
#include <string.h>

struct follows {
	struct follow *list;
	size_t len;
};

static void follows_done(struct follows *f)
{
	for (size_t i = 0; i < f->len; i++)
		follow_done(&f->list[i]);
	free(f->list);
}

static int plan_step(struct pull *p, const struct pull_step *one,
		     struct plan *plan)
{
	DROP(buf_done) struct buf name = {0};
	int64_t parent = 0;
	struct step *step;
	int r = 0;

	if (one->what != PULL_REMOVE && !(one->what == PULL_EDIT && one->move))
		return 0;
	if (one->move)
		r = pull_home(p, one, &parent);
	if (r == 0 && one->move)
		r = pull_name(p, one->theirs, &name);
	if (r == 0)
		r = plan_add(plan, one->ours, &step, p->why);
	if (r < 0)
		return r;
	if (one->move)
		return step_target(step, STEP_NUMBER, parent, name.data,
				   p->why);
	step->kind = STEP_LEAVE;
	return 0;
}

static int watch(struct pull *p, const struct plan *plan, struct follows *f)
{
	int r = 0;

	f->list = calloc(plan->len + 1, sizeof(*f->list));
	if (!f->list)
		return pull_no_memory(p);
	for (size_t i = 0; i < plan->len && r == 0; i++) {
		const struct step *step = &plan->steps[i];

		if (!step->live || !step_moves(step))
			continue;
		f->list[f->len].m = p->m;
		r = follow_watch(&f->list[f->len++], step->item, p->why);
	}
	return r;
}

static size_t depth_of(const struct follow *f)
{
	const char *path = f->len ? f->list[0].was.data : NULL;
	size_t depth = 0;

	for (; path && *path; path++)
		depth += *path == '/';
	return depth;
}

/* Items before folders, and those from below upwards: what moved out of a
 * folder that moved must not be taken for something in it. */
static int follow_order(const void *a, const void *b)
{
	const struct follow *x = a, *y = b;
	bool folder = x->len && x->list[0].folder;
	bool other = y->len && y->list[0].folder;

	if (folder != other)
		return folder - other;
	return (depth_of(x) < depth_of(y)) - (depth_of(x) > depth_of(y));
}

static int follow_all(struct pull *p, struct follows *f)
{
	int r = 0;

	if (f->len > 1)
		qsort(f->list, f->len, sizeof(*f->list), follow_order);
	for (size_t i = 0; i < f->len && r == 0; i++) {
		r = ref_settle(p->m, p->why);
		if (r == 0)
			r = follow_run(&f->list[i], NULL, p->why);
	}
	return r;
}

int pull_move(struct pull *p)
{
	DROP(plan_done)
	struct plan plan = {
		.db = p->db,
		.folder = p->here,
		.mode = PLAN_UNDO, /* what cannot go where it should stays */
	};
	DROP(follows_done) struct follows follows = {0};
	int r = 0;

	for (size_t i = 0; i < p->len && r == 0; i++)
		r = plan_step(p, &p->steps[i], &plan);
	if (r == 0)
		r = plan_settle(&plan, p->why);
	if (r == 0)
		r = watch(p, &plan, &follows);
	if (r == 0 && plan_acts(&plan))
		r = plan_apply(&plan, p->m, p->repo->numbers, &p->lines,
			       &p->result, p->why);
	if (r == 0)
		r = follow_all(p, &follows);
	p->result.skipped = plan.skipped;
	buf_add(&p->lines, plan.notes.data, plan.notes.len);
	return r;
}
