#include "core/plan.h"

#include "core/moment.h"
#include "core/revert_spec.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Some entries go back alone, so the folder one was in may be gone while the
 * rest of the tree stays. The folders on the way that are missing come back
 * too, or another folder that has the name now takes their place.
 */

/* Folders that are gone, the lowest first. */
struct missing {
	int64_t *folders;
	size_t len, cap;
};

static void free_flags(bool **flags)
{
	free(*flags);
}

static void missing_done(struct missing *missing)
{
	free(missing->folders);
}

static int missing_add(struct missing *missing, int64_t folder, struct why *why)
{
	if (missing->len == missing->cap) {
		size_t cap = missing->cap ? 2 * missing->cap : 8;
		int64_t *more =
			reallocarray(missing->folders, cap, sizeof(*more));

		if (!more)
			return why_set(why, -ENOMEM, "out of memory");
		missing->folders = more;
		missing->cap = cap;
	}
	missing->folders[missing->len++] = folder;
	return 0;
}

/* Up from *@folder, as the tree was then, to one that will be there. */
static int climb(struct plan *plan, int64_t *folder, struct missing *missing,
		 struct why *why)
{
	struct entry e;
	int r;

	while ((r = plan_will_live(plan, *folder, why)) == 0) {
		r = missing_add(missing, *folder, why);
		if (r == 0)
			r = tree_get(plan->db, plan->at, *folder, &e, why);
		if (r < 0)
			return r;
		*folder = e.parent;
	}
	return r < 0 ? r : 0;
}

static int name_then(struct plan *plan, int64_t item, struct buf *name,
		     struct why *why)
{
	int r = tree_name(plan->db, plan->at, item, name, why);

	buf_byte(name, '\0');
	if (r == 0 && buf_error(name))
		return why_set(why, -ENOMEM, "out of memory");
	return r;
}

/* 1: *ret is the folder that has the name now and keeps it. */
static int find_another(struct plan *plan, int64_t parent, const char *name,
			int64_t *ret, struct why *why)
{
	const struct step *step;
	struct entry e;
	int r = tree_lookup(plan->db, MOMENT_NOW, parent, name, &e, NULL);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return why_set(why, r, "looking for a folder");
	step = plan_find(plan, e.id);
	if (!e.folder || (step && step->kind != STEP_KEEP))
		return 0;
	*ret = e.id;
	return 1;
}

/* One step down: *@folder becomes what stands for @gone in it. */
static int descend(struct plan *plan, int64_t gone, int64_t *folder,
		   struct why *why)
{
	DROP(buf_done) struct buf name = {0};
	struct entry e;
	struct step *step;
	int r = name_then(plan, gone, &name, why);

	if (r == 0)
		r = find_another(plan, *folder, name.data, folder, why);
	if (r != 0)
		return r < 0 ? r : 0;
	r = plan_add(plan, gone, &step, why);
	if (r == 0)
		r = tree_get(plan->db, plan->at, gone, &e, why);
	if (r < 0)
		return r;
	step->settled = step->must = true;
	step_state(step, &e);
	r = step_target(step, STEP_PUT, *folder, name.data, why);
	*folder = gone;
	return r;
}

int plan_make_way(struct plan *plan, int64_t *folder, struct why *why)
{
	DROP(missing_done) struct missing missing = {0};
	int r = climb(plan, folder, &missing, why);

	while (r == 0 && missing.len > 0)
		r = descend(plan, missing.folders[--missing.len], folder, why);
	return r;
}

/* Into the folder that it was in, wherever that will be. */
static int put_back(struct plan *plan, int64_t item, struct why *why)
{
	DROP(buf_done) struct buf name = {0};
	struct step *step = NULL;
	struct entry then;
	int r = tree_get(plan->db, plan->at, item, &then, why);

	if (r == 0)
		r = name_then(plan, item, &name, why);
	if (r == 0)
		r = plan_add(plan, item, &step, why);
	if (r < 0)
		return r;
	step->settled = step->must = true;
	step_state(step, &then);
	return step_target(step, STEP_PUT, then.parent, name.data, why);
}

static int find_then(struct plan *plan, const char *path, struct why *why)
{
	struct entry then;
	int r = tree_resolve(plan->db, plan->at, plan->folder, path, &then,
			     NULL);

	if (r == -ENOENT)
		return why_set(why, r, "'%s' was not there then", path);
	if (r < 0)
		return why_set(why, r, "'%s' cannot be looked up", path);
	return plan_add_scope(plan, &then, why);
}

/* 1: it is named twice, or goes back with a folder that is named too. */
static int is_covered(struct plan *plan, size_t which, struct why *why)
{
	int64_t item = plan->scopes[which].item;
	int r = 0;

	for (size_t i = 0; i < plan->scope_count && r == 0; i++) {
		const struct scope *other = &plan->scopes[i];

		if (other->item == item)
			r = i < which;
		else if (other->folder)
			r = tree_is_below(plan->db, plan->at, other->item, item,
					  why);
	}
	return r;
}

static int drop_covered(struct plan *plan, struct why *why)
{
	DROP(free_flags) bool *covered = calloc(plan->scope_count + 1, 1);
	size_t kept = 0;

	if (!covered)
		return why_set(why, -ENOMEM, "out of memory");
	for (size_t i = 0; i < plan->scope_count; i++) {
		int r = is_covered(plan, i, why);

		if (r < 0)
			return r;
		covered[i] = r > 0;
	}
	for (size_t i = 0; i < plan->scope_count; i++)
		if (!covered[i])
			plan->scopes[kept++] = plan->scopes[i];
	plan->scope_count = kept;
	return 0;
}

int plan_collect_paths(struct plan *plan, const struct revert_spec *spec,
		       struct why *why)
{
	const char *path = NULL;
	int r = 0;

	plan->mode = PLAN_PATHS;
	while (r == 0 && (path = revert_spec_next(spec, path)))
		r = find_then(plan, path, why);
	if (r == 0)
		r = drop_covered(plan, why);
	for (size_t i = 0; i < plan->scope_count && r == 0; i++)
		r = put_back(plan, plan->scopes[i].item, why);
	return r < 0 ? r : plan_collect(plan, why);
}
