#include "core/plan.h"

#include "core/moment.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void plan_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->len; i++) {
		free(plan->steps[i].name);
		free(plan->steps[i].path);
		free(plan->steps[i].to_name);
	}
	free(plan->steps);
	free(plan->scopes);
	free(plan->index);
	buf_done(&plan->notes);
}

static int no_memory(struct why *why)
{
	return why_set(why, -ENOMEM, "out of memory");
}

/* ---- scopes ---- */

int plan_add_scope(struct plan *plan, const struct entry *e, struct why *why)
{
	if (plan->scope_count == plan->scope_cap) {
		size_t cap = plan->scope_cap ? 2 * plan->scope_cap : 8;
		struct scope *more =
			reallocarray(plan->scopes, cap, sizeof(*more));

		if (!more)
			return no_memory(why);
		plan->scopes = more;
		plan->scope_cap = cap;
	}
	plan->scopes[plan->scope_count++] = (struct scope){e->id, e->folder};
	return 0;
}

int plan_in_scope(const struct plan *plan, int64_t at, int64_t item,
		  struct why *why)
{
	int r = 0;

	for (size_t i = 0; i < plan->scope_count && r == 0; i++)
		if (plan->scopes[i].folder || plan->scopes[i].item == item)
			r = tree_is_below(plan->db, at, plan->scopes[i].item,
					  item, why);
	return r;
}

/* ---- the index: open addressing, at most half full ---- */

static size_t slot_of(const struct plan *plan, int64_t item)
{
	uint64_t hash = (uint64_t)item * 0x9e3779b97f4a7c15U >> 32;

	return (size_t)hash & (plan->index_size - 1);
}

static void index_step(struct plan *plan, size_t i)
{
	size_t slot = slot_of(plan, plan->steps[i].item);

	while (plan->index[slot])
		slot = (slot + 1) & (plan->index_size - 1);
	plan->index[slot] = (uint32_t)i + 1;
}

static int grow_index(struct plan *plan)
{
	size_t size = plan->index_size ? 2 * plan->index_size : 64;
	uint32_t *index = calloc(size, sizeof(*index));

	if (!index)
		return -ENOMEM;
	free(plan->index);
	plan->index = index;
	plan->index_size = size;
	for (size_t i = 0; i < plan->len; i++)
		index_step(plan, i);
	return 0;
}

struct step *plan_find(const struct plan *plan, int64_t item)
{
	size_t slot;

	if (!plan->index_size)
		return NULL;
	slot = slot_of(plan, item);
	while (plan->index[slot]) {
		struct step *step = &plan->steps[plan->index[slot] - 1];

		if (step->item == item)
			return step;
		slot = (slot + 1) & (plan->index_size - 1);
	}
	return NULL;
}

/* ---- steps ---- */

static int grow(struct plan *plan)
{
	size_t cap = plan->cap ? 2 * plan->cap : 32;
	struct step *more;

	if (2 * (plan->len + 1) > plan->index_size && grow_index(plan) < 0)
		return -ENOMEM;
	if (plan->len < plan->cap)
		return 0;
	more = reallocarray(plan->steps, cap, sizeof(*more));
	if (!more)
		return -ENOMEM;
	plan->steps = more;
	plan->cap = cap;
	return 0;
}

int plan_shown_path(const struct plan *plan, int64_t item, struct buf *out,
		    struct why *why)
{
	int r = tree_path(plan->db, MOMENT_NOW, plan->folder, item, out, NULL);

	if (r == -EXDEV) {
		buf_byte(out, '/');
		r = tree_path(plan->db, MOMENT_NOW, TREE_ROOT, item, out, why);
	}
	buf_byte(out, '\0');
	return r < 0 || !buf_error(out) ? r : no_memory(why);
}

/* Where @step->item is now, and what it holds. */
static int look(const struct plan *plan, struct step *step, struct why *why)
{
	DROP(buf_done) struct buf name = {0};
	DROP(buf_done) struct buf path = {0};
	int r = tree_get(plan->db, MOMENT_NOW, step->item, &step->now, NULL);

	if (r == -ENOENT) {
		r = tree_former(plan->db, step->item, MOMENT_NOW, &step->now,
				why);
		step->now.parent = 0;
		return r;
	}
	if (r == 0)
		r = tree_name(plan->db, MOMENT_NOW, step->item, &name, why);
	if (r == 0)
		r = plan_shown_path(plan, step->item, &path, why);
	buf_byte(&name, '\0');
	if (r == 0 && buf_error(&name))
		r = no_memory(why);
	if (r < 0)
		return r;
	step->live = true;
	step->name = TAKE(name.data);
	step->path = TAKE(path.data);
	return 0;
}

int plan_add(struct plan *plan, int64_t item, struct step **ret,
	     struct why *why)
{
	struct step step = {.item = item};
	struct step *old = plan_find(plan, item);
	int r;

	if (old) {
		*ret = old;
		return 0;
	}
	if (grow(plan) < 0)
		return no_memory(why);
	r = look(plan, &step, why);
	if (r < 0)
		return r;
	plan->steps[plan->len] = step;
	index_step(plan, plan->len);
	*ret = &plan->steps[plan->len++];
	return 0;
}

int step_target(struct step *step, enum step_kind kind, int64_t parent,
		const char *name, struct why *why)
{
	bool there = step->live && step->now.parent == parent &&
		     strcmp(step->name, name) == 0;
	char *copy = strdup(name);

	if (!copy)
		return no_memory(why);
	free(step->to_name);
	step->to_name = copy;
	step->to_parent = parent;
	step->kind = there ? STEP_KEEP : kind;
	return 0;
}

void step_state(struct step *step, const struct entry *old)
{
	const struct entry *now = &step->now;

	step->content = old->content != now->content;
	step->attr = old->attr.mode != now->attr.mode ||
		     old->attr.uid != now->attr.uid ||
		     old->attr.gid != now->attr.gid ||
		     (!now->folder && old->attr.mtime_ns != now->attr.mtime_ns);
	step->state = step->content || step->attr ? old->born : 0;
}

bool step_acts(const struct step *step)
{
	return step->kind != STEP_KEEP || (step->live && step->state);
}

bool plan_acts(const struct plan *plan)
{
	for (size_t i = 0; i < plan->len; i++)
		if (step_acts(&plan->steps[i]))
			return true;
	return false;
}

void plan_add_path(struct buf *out, const char *path)
{
	for (; *path; path++)
		if (*path == '\n')
			buf_text(out, "\\n");
		else
			buf_byte(out, *path);
}

void plan_note(struct plan *plan, const char *path, const char *text)
{
	buf_text(&plan->notes, "! ");
	plan_add_path(&plan->notes, path);
	buf_addf(&plan->notes, " %s\n", text);
}
