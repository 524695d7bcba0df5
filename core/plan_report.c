/*
 * What a revert has done: to whom it concerns, and to the kernel.
 */
#include "core/plan.h"

#include "core/diff.h"
#include "core/moment.h"
#include "core/revert.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>

struct reporting {
	struct plan *plan;
	struct moment *m;
	struct revert_result *result;
};

static int no_memory(struct why *why)
{
	return why_set(why, -ENOMEM, "out of memory");
}

static char what_of(const struct step *step)
{
	if (step->kind == STEP_LEAVE)
		return '-';
	if (step_moves(step))
		return step->live ? 'R' : '+';
	return step->content ? 'M' : 'A';
}

static void count_step(struct revert_result *ret, const struct step *step)
{
	ret->removed += step->kind == STEP_LEAVE;
	ret->created += step_moves(step) && !step->live;
	ret->moved += step_moves(step) && step->live;
	ret->edited += step->kind != STEP_LEAVE && step->live && step->state;
}

/* What the kernel must forget of it. */
static int tell(struct reporting *rp, const struct step *step, struct why *why)
{
	DROP(buf_done) struct buf name = {0};
	struct touched t = {.content = step->state != 0};
	struct entry e = {0};
	int r = 0;

	t.node = step->now.node;
	if (step->live) {
		t.old_parent = step->now.parent;
		t.old_name = step->name;
	}
	if (step->kind != STEP_LEAVE) {
		r = tree_get(rp->m->db, MOMENT_NOW, step->item, &e, why);
		if (r == 0)
			r = tree_name(rp->m->db, MOMENT_NOW, step->item, &name,
				      why);
		buf_byte(&name, '\0');
		t.node = e.node;
		t.new_parent = e.parent;
		t.new_name = name.data;
	}
	if (r < 0 || buf_error(&name))
		return r < 0 ? r : no_memory(why);
	return touched_add(&rp->result->touched, &t) < 0 ? no_memory(why) : 0;
}

struct line {
	const struct step *step;
	struct buf path; /* now; empty: it has left */
};

static void lines_done(struct buf *lines)
{
	struct line *line = (void *)lines->data;

	for (size_t n = lines->len / sizeof(*line); n > 0; n--)
		buf_done(&line++->path);
	buf_done(lines);
}

static const char *line_path(const struct line *line)
{
	return line->path.data ? line->path.data : line->step->path;
}

/* What made room comes before what took it. */
static int line_order(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int order = diff_path_order(line_path(x), line_path(y));

	return order ? order
		     : (y->step->kind == STEP_LEAVE) -
			       (x->step->kind == STEP_LEAVE);
}

static int report_step(struct reporting *rp, const struct step *step,
		       struct buf *lines, struct why *why)
{
	struct line line = {.step = step};
	int r = tell(rp, step, why);

	count_step(rp->result, step);
	if (r == 0 && step->kind != STEP_LEAVE)
		r = plan_shown_path(rp->plan, step->item, &line.path, why);
	buf_add(lines, &line, sizeof(line));
	if (!buf_error(lines))
		return r;
	buf_done(&line.path);
	return no_memory(why);
}

int plan_report(struct plan *plan, struct moment *m, struct buf *out,
		struct revert_result *ret, struct why *why)
{
	struct reporting rp = {plan, m, ret};
	DROP(lines_done) struct buf lines = {0};
	const struct line *line;
	size_t count;
	int r = 0;

	for (size_t i = 0; i < plan->len && r == 0; i++) {
		plan_tell_done(plan);
		if (step_acts(&plan->steps[i]))
			r = report_step(&rp, &plan->steps[i], &lines, why);
	}
	if (r < 0)
		return r;
	count = lines.len / sizeof(*line);
	if (count)
		qsort(lines.data, count, sizeof(*line), line_order);
	for (line = (const void *)lines.data; count > 0; count--, line++)
		diff_line(out, what_of(line->step), line->step->now.folder,
			  line->step->path, line_path(line));
	ret->skipped = plan->skipped;
	return 0;
}
