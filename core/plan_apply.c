#include "core/plan.h"

#include "core/moment.h"
#include "core/number.h"
#include "core/revert.h"
#include "core/scratch.h"
#include "core/why.h"
#include "core/work.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct applying {
	struct plan *plan;
	struct moment *m;
	struct numbers *numbers;
	struct revert_result *result;
};

static int no_memory(struct why *why)
{
	return why_set(why, -ENOMEM, "out of memory");
}

/* Each step comes up three times, and once more if it goes to a place. */
static void tell_total(const struct plan *plan)
{
	if (!plan->work)
		return;
	plan->work->total = 3 * (int64_t)plan->len;
	for (size_t i = 0; i < plan->len; i++)
		plan->work->total += step_moves(&plan->steps[i]);
}

void plan_tell_done(const struct plan *plan)
{
	if (plan->work)
		plan->work->done++;
}

/* Names in the folder change. */
static void touch(const struct plan *plan, int64_t folder)
{
	struct step *step = plan_find(plan, folder);

	if (step)
		step->touched = true;
}

/* ---- out of the way ---- */

/* Names may be exchanged, so all that move or leave go first. */
static int detach_all(struct applying *a, struct why *why)
{
	int r = 0;

	for (size_t i = 0; i < a->plan->len && r == 0; i++) {
		const struct step *step = &a->plan->steps[i];

		plan_tell_done(a->plan);
		if (!step->live || step->kind == STEP_KEEP)
			continue;
		r = tree_detach(a->m, step->item, why);
		touch(a->plan, step->now.parent);
	}
	numbers_forget(a->numbers);
	return r;
}

/* "STEM", "STEM 2", "STEM 3"..., from @number on; too long a stem is cut at a
 * character. */
static void make_name(const char *stem, unsigned number, char ret_name[256])
{
	int len = (int)strnlen(stem, 240);

	while (len > 0 && ((unsigned char)stem[len] & 0xc0) == 0x80)
		len--;
	if (number > 1)
		(void)snprintf(ret_name, 256, "%.*s %u", len, stem, number);
	else
		(void)snprintf(ret_name, 256, "%.*s", len, stem);
}

/* The first such name that neither an entry nor a scratch file has. */
static int free_name(struct applying *a, int64_t parent, const char *stem,
		     unsigned number, char ret_name[256], struct why *why)
{
	struct scratch s;
	struct entry e;
	int r = 0;

	for (; r == 0; number++) {
		make_name(stem, number, ret_name);
		r = scratch_lookup(a->m->db, parent, ret_name, &s, NULL);
		if (r == -ENOENT)
			r = tree_lookup(a->m->db, MOMENT_NOW, parent, ret_name,
					&e, NULL);
	}
	return r == -ENOENT ? 0 : why_set(why, r, "looking for a free name");
}

static int add_touched(struct applying *a, const struct touched *t,
		       struct why *why)
{
	return touched_add(&a->result->touched, t) < 0 ? no_memory(why) : 0;
}

/* An item must have a name that a scratch file has: the file gets another. */
static int move_scratch(struct applying *a, int64_t parent, char *name,
			struct why *why)
{
	char stem[300], aside[256], text[300];
	struct scratch s;
	int r = scratch_lookup(a->m->db, parent, name, &s, NULL);

	if (r == -ENOENT)
		return 0;
	(void)snprintf(stem, sizeof(stem), "%s.scratch", name);
	if (r == 0)
		r = free_name(a, parent, stem, 1, aside, why);
	if (r == 0)
		r = scratch_move(a->m, s.id, parent, aside, why);
	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text), "was no item and is called '%s' now",
		       aside);
	plan_note(a->plan, name, text);
	return add_touched(a,
			   &(struct touched){
				   .node = s.id,
				   .old_parent = parent,
				   .new_parent = parent,
				   .old_name = name,
				   .new_name = aside,
			   },
			   why);
}

/* ---- into place ---- */

/* 1: the name is another entry's. */
static int is_taken(struct applying *a, const struct step *step,
		    struct why *why)
{
	struct entry e;
	int r = tree_lookup(a->m->db, MOMENT_NOW, step->to_parent,
			    step->to_name, &e, NULL);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? why_set(why, r, "looking for a name") : 1;
}

static int place(struct applying *a, struct step *step, struct why *why)
{
	char name[256];
	int r = is_taken(a, step, why);

	(void)snprintf(name, sizeof(name), "%s", step->to_name);
	if (r > 0 && step->now.folder)
		r = free_name(a, step->to_parent, step->to_name, 2, name, why);
	else if (r > 0)
		r = number_free_name(a->numbers, a->m, step->to_parent,
				     step->to_name, NULL, name, why);
	else if (r == 0)
		r = move_scratch(a, step->to_parent, name, why);
	if (r == 0)
		r = tree_move(a->m, step->item, step->to_parent, name, why);
	touch(a->plan, step->to_parent);
	return r;
}

/* Its folder is yet to be placed. */
static bool must_wait(const struct plan *plan, const struct step *step)
{
	const struct step *home = plan_find(plan, step->to_parent);

	return home && step_moves(home) && !home->done;
}

struct placing {
	enum step_kind kind;
	size_t placed, waiting; /* in this round */
	bool one_folder;	/* enough for a round */
};

static int place_one(struct applying *a, struct step *step, struct placing *p,
		     struct why *why)
{
	int r;

	if (step->kind != p->kind || step->done)
		return 0;
	if (must_wait(a->plan, step) ||
	    (p->one_folder && (p->placed || !step->now.folder))) {
		p->waiting++;
		return 0;
	}
	r = place(a, step, why);
	step->done = r == 0;
	p->placed += r == 0;
	plan_tell_done(a->plan);
	return r;
}

static int place_round(struct applying *a, struct placing *p, struct why *why)
{
	int r = 0;

	p->placed = p->waiting = 0;
	for (size_t i = 0; i < a->plan->len && r == 0; i++)
		r = place_one(a, &a->plan->steps[i], p, why);
	return r;
}

/* Folders before what goes into them, whatever the order of the steps. */
static int place_kind(struct applying *a, struct placing *p, struct why *why)
{
	int r;

	do {
		r = place_round(a, p, why);
	} while (r == 0 && p->placed > 0 && p->waiting > 0);
	return r;
}

/* What takes a number comes last; but for a folder that others must have their
 * names in, who come first there. */
static int place_all(struct applying *a, struct why *why)
{
	struct placing put = {.kind = STEP_PUT};
	struct placing number = {.kind = STEP_NUMBER, .one_folder = true};
	int r;

	do {
		r = place_kind(a, &put, why);
		if (r == 0 && put.waiting > 0)
			r = place_round(a, &number, why);
	} while (r == 0 && put.waiting > 0 && number.placed > 0);
	number.one_folder = false;
	if (r == 0)
		r = place_kind(a, &number, why);
	if (r < 0)
		return r;
	return put.waiting || number.waiting
		       ? why_set(why, -ELOOP,
				 "folders would be inside each other")
		       : 0;
}

/* ---- states ---- */

/* A folder's time of modification is not put back: its names have changed
 * since, or change now. */
static int restore_folder(struct applying *a, const struct step *step,
			  struct attr *attr, struct why *why)
{
	attr->mtime_ns = step->touched ? a->m->time_ns
				       : step->now.attr.mtime_ns;
	return tree_set_attr(a->m, step->item, attr, false, why);
}

static int restore_state(struct applying *a, const struct step *step,
			 struct why *why)
{
	struct entry old;
	int r = tree_former(a->m->db, step->item, step->state + 1, &old, why);

	if (r < 0)
		return r;
	if (old.folder)
		return restore_folder(a, step, &old.attr, why);
	if (!step->content)
		return tree_set_attr(a->m, step->item, &old.attr, false, why);
	return tree_save(a->m, step->item, old.content, old.arrived, old.size,
			 &old.attr, why);
}

static int restore_states(struct applying *a, struct why *why)
{
	int r = 0;

	for (size_t i = 0; i < a->plan->len && r == 0; i++) {
		const struct step *step = &a->plan->steps[i];

		plan_tell_done(a->plan);
		if (!step->state || step->kind == STEP_LEAVE ||
		    (step->kind == STEP_KEEP && !step->live))
			continue;
		r = restore_state(a, step, why);
	}
	return r;
}

int plan_apply(struct plan *plan, struct moment *m, struct numbers *numbers,
	       struct buf *out, struct revert_result *ret, struct why *why)
{
	struct applying a = {plan, m, numbers, ret};
	int r;

	tell_total(plan);
	r = detach_all(&a, why);
	if (r == 0)
		r = place_all(&a, why);
	if (r == 0)
		r = restore_states(&a, why);
	return r == 0 ? plan_report(plan, m, out, ret, why) : r;
}
