#include "tests/unit/tree_model.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned model_pick(struct model *model, unsigned n)
{
	return (unsigned)rand_r(&model->seed) % n;
}

struct thing *model_at(struct model *model, int64_t moment)
{
	return model->history + moment * THINGS;
}

const char *model_name(int name)
{
	static char text[16];

	(void)snprintf(text, sizeof(text), "n%d.json", name);
	return text;
}

static struct attr attr_of(mode_t mode)
{
	return (struct attr){.mode = mode, .uid = 7, .mtime_ns = mode};
}

/* ---- what the model knows ---- */

static int find_name(const struct thing *tree, int parent, int name)
{
	for (int i = 1; i < THINGS; i++) {
		if (tree[i].live && tree[i].parent == parent &&
		    tree[i].name == name)
			return i;
	}
	return 0;
}

static bool is_below(const struct thing *tree, int folder, int i)
{
	while (i != folder && i != 0)
		i = tree[i].parent;
	return i == folder;
}

static bool is_empty(const struct thing *tree, int folder)
{
	for (int i = 1; i < THINGS; i++) {
		if (tree[i].live && tree[i].parent == folder)
			return false;
	}
	return true;
}

/* A random thing that is live and (@folder) a folder or not; -1: any. The root
 * counts as a folder; 0 when there is none. */
static int pick_live(struct model *model, int folder)
{
	int found[THINGS], n = 0;

	for (int i = folder == 1 ? 0 : 1; i < THINGS; i++) {
		if (model->now[i].live &&
		    (folder < 0 || model->now[i].folder == folder))
			found[n++] = i;
	}
	return n ? found[model_pick(model, (unsigned)n)] : 0;
}

static int pick_unmade(struct model *model)
{
	for (int i = 1; i < THINGS; i++) {
		if (!model->now[i].made)
			return i;
	}
	return (void)model, 0;
}

/* The engine's answer must be what the model expects. */
void model_expect(struct model *model, int r, int expected)
{
	if (r != expected)
		fail_msg("%s: %d, %s; expected %d", model->doing, r,
			 model->t->why.text, expected);
}

#define DOING(model, ...) \
	(void)snprintf((model)->doing, sizeof((model)->doing), __VA_ARGS__)

static void put_at(struct model *model, int i, int parent, int name)
{
	struct thing *thing = &model->now[i];

	thing->live = true;
	thing->parent = parent;
	thing->name = name;
	thing->placed = model->t->m.id;
	model->changed = true;
}

/* ---- operations, within the open moment ---- */

static int64_t new_content(struct model *model, int64_t *ret_size)
{
	char text[40];
	int64_t id;

	(void)snprintf(text, sizeof(text), "{\"number\": %u}",
		       model_pick(model, 1000));
	id = temp_content(model->t, text);
	*ret_size = (int64_t)strlen(text);
	return id;
}

static void op_add(struct model *model)
{
	int i = pick_unmade(model), parent = pick_live(model, 1);
	struct thing *thing = &model->now[i];
	int name = (int)model_pick(model, NAMES), r;
	bool folder = model_pick(model, 3) == 0;
	const struct attr attr = attr_of(0600);
	struct moment *m = &model->t->m;
	struct why *why = &model->t->why;
	int64_t content = 0, size, id;

	if (!i)
		return;
	DOING(model, "add %d as %d/n%d", i, parent, name);
	if (folder) {
		r = tree_add_folder(m, model->now[parent].id, model_name(name),
				    &attr, &id, why);
	} else {
		content = new_content(model, &size);
		r = tree_add_item(m, model->now[parent].id, model_name(name),
				  &(struct new_item){.content = content,
						     .size = size,
						     .attr = attr},
				  &id, why);
	}
	if (find_name(model->now, parent, name)) {
		model_expect(model, r, -EEXIST);
		return;
	}
	model_expect(model, r, 0);
	*thing = (struct thing){
		.made = true,
		.folder = folder,
		.id = id,
		.born = m->id,
		.content = content,
		.mode = 0600,
	};
	put_at(model, i, parent, name);
}

static void op_save(struct model *model)
{
	int i = pick_live(model, 0);
	struct thing *thing = &model->now[i];
	const struct attr attr = attr_of(0600);
	int64_t size;

	if (!i)
		return;
	DOING(model, "save %d", i);
	thing->content = new_content(model, &size);
	model_expect(model,
		     tree_save(&model->t->m, thing->id, thing->content, 0, size,
			       &attr, &model->t->why),
		     0);
	thing->born = model->t->m.id;
	thing->mode = 0600;
	model->changed = true;
}

/* Also what is not live: it comes back. */
static void op_move(struct model *model)
{
	int i = 1 + (int)model_pick(model, THINGS - 1);
	int parent = pick_live(model, 1), name = (int)model_pick(model, NAMES);
	struct thing *thing = &model->now[i];
	int expected = 0, r;

	if (!thing->made)
		return;
	DOING(model, "move %d to %d/n%d", i, parent, name);
	r = tree_move(&model->t->m, thing->id, model->now[parent].id,
		      model_name(name), &model->t->why);
	if (thing->live && thing->parent == parent && thing->name == name) {
		model_expect(model, r, 0);
		return;
	}
	if (find_name(model->now, parent, name))
		expected = -EEXIST;
	else if (thing->folder && is_below(model->now, i, parent))
		expected = -EINVAL;
	model_expect(model, r, expected);
	if (r == 0)
		put_at(model, i, parent, name);
}

static void op_exchange(struct model *model)
{
	int a = pick_live(model, -1), b = pick_live(model, -1), r;
	struct thing was_a = model->now[a], was_b = model->now[b];

	if (!a || !b || a == b)
		return;
	DOING(model, "exchange %d and %d", a, b);
	r = tree_exchange(&model->t->m, was_a.id, was_b.id, &model->t->why);
	if (is_below(model->now, a, b) || is_below(model->now, b, a)) {
		model_expect(model, r, -EINVAL);
		return;
	}
	model_expect(model, r, 0);
	put_at(model, a, was_b.parent, was_b.name);
	put_at(model, b, was_a.parent, was_a.name);
}

static void op_remove(struct model *model)
{
	int i = pick_live(model, -1), r;
	struct thing *thing = &model->now[i];

	if (!i)
		return;
	DOING(model, "remove %d", i);
	r = tree_remove(&model->t->m, thing->id, &model->t->why);
	if (!is_empty(model->now, i)) {
		model_expect(model, r, -ENOTEMPTY);
		return;
	}
	model_expect(model, r, 0);
	thing->live = false;
	model->changed = true;
	/* What was never there at the end of a moment is forgotten. */
	if (!model_at(model, model->newest)[i].made)
		thing->made = false;
}

static void op_attr(struct model *model)
{
	int i = pick_live(model, -1);
	struct thing *thing = &model->now[i];
	mode_t mode = 0600 + model_pick(model, 8);
	const struct attr attr = attr_of(mode);
	struct entry e;

	if (!i || thing->folder)
		return;
	DOING(model, "attributes of %d", i);
	model_expect(model,
		     tree_set_attr(&model->t->m, thing->id, &attr, false,
				   &model->t->why),
		     0);
	model_expect(model,
		     tree_get(model->t->m.db, MOMENT_NOW, thing->id, &e,
			      &model->t->why),
		     0);
	if (mode != thing->mode) {
		thing->mode = mode;
		thing->born = model->t->m.id;
		model->changed = true;
	}
}

/* ---- operations that reach back ---- */

/* Attributes of the newest state, wherever it is seen. */
static void op_amend(struct model *model)
{
	int i = pick_live(model, 0);
	struct thing *thing = &model->now[i];
	mode_t mode = 0600 + model_pick(model, 8);
	const struct attr attr = attr_of(mode);
	int64_t born = thing->born;

	if (!i || mode == thing->mode)
		return;
	DOING(model, "amend attributes of %d", i);
	model_expect(model,
		     tree_set_attr(&model->t->m, thing->id, &attr, true,
				   &model->t->why),
		     0);
	thing->mode = mode;
	if (model->recorded >= born) {
		thing->born = model->t->m.id;
		model->changed = true;
		return;
	}
	for (int64_t k = born; k <= model->newest; k++)
		model_at(model, k)[i].mode = mode;
}

static void copy_state(struct thing *to, const struct thing *from)
{
	to->born = from->born;
	to->content = from->content;
	to->mode = from->mode;
}

static void op_unsave(struct model *model)
{
	int i = pick_live(model, 0);
	struct thing *thing = &model->now[i];
	int64_t born = thing->born;
	const struct thing *former = born ? &model_at(model, born - 1)[i]
					  : NULL;
	int r;

	if (!i)
		return;
	DOING(model, "unsave %d, born at %" PRId64, i, born);
	r = tree_unsave(&model->t->m, thing->id, born, &model->t->why);
	if (!former || !former->made) {
		model_expect(model, r, -ENOENT);
		return;
	}
	model_expect(model, r, 0);
	copy_state(thing, former);
	if (model->recorded >= born) {
		thing->born = model->t->m.id;
		model->changed = true;
		return;
	}
	for (int64_t k = born; k <= model->newest; k++)
		copy_state(&model_at(model, k)[i], former);
}

/* Has another had the name of @old since @removed? */
static bool name_used(struct model *model, int64_t removed, int i,
		      const struct thing *old)
{
	for (int64_t k = removed; k <= model->newest; k++) {
		const struct thing *tree = model_at(model, k);
		int other = find_name(tree, old->parent, old->name);

		if (other && other != i && tree[other].placed >= removed)
			return true;
	}
	return false;
}

static void heal(struct model *model, int64_t removed, int i,
		 const struct thing *old)
{
	struct thing *thing = &model->now[i];

	for (int64_t k = removed; k <= model->newest + 1; k++) {
		struct thing *to = k > model->newest ? thing
						     : &model_at(model, k)[i];

		to->live = true;
		to->parent = old->parent;
		to->name = old->name;
		to->placed = old->placed;
	}
}

/* The newest moment at which the place of @i ended; 0: none. */
static int64_t find_end(struct model *model, int i)
{
	for (int64_t k = model->newest; k > 0; k--) {
		const struct thing *before = &model_at(model, k - 1)[i];
		const struct thing *after = &model_at(model, k)[i];

		if (before->live &&
		    (!after->live || before->placed != after->placed))
			return model_pick(model, 4) ? k : k + 1;
	}
	return 0;
}

static void op_revive(struct model *model)
{
	int i = 1 + (int)model_pick(model, THINGS - 1), other;
	int64_t removed = find_end(model, i);
	const struct thing *tree = model->now;
	const struct thing *thing = &tree[i];
	struct thing old, now_parent;
	int r;

	if (!thing->made || !removed)
		return;
	DOING(model, "revive %d, gone at %" PRId64, i, removed);
	r = tree_revive(&model->t->m, thing->id, removed, &model->t->why);
	old = model_at(model, removed - 1)[i];
	if (removed > model->newest || !old.live ||
	    (model_at(model, removed)[i].live &&
	     model_at(model, removed)[i].placed == old.placed)) {
		model_expect(model, r, -ENOENT);
		return;
	}
	now_parent = tree[old.parent];
	other = find_name(tree, old.parent, old.name);
	if (other != i && thing->live && thing->folder && now_parent.live &&
	    is_below(tree, i, old.parent)) {
		model_expect(model, r, -EINVAL);
		return;
	}
	if (!now_parent.live || (other && other != i)) {
		model_expect(model, r, now_parent.live ? -EEXIST : -ENOENT);
		return;
	}
	model_expect(model, r, 0);
	if (model->recorded < removed && now_parent.placed < removed &&
	    !(thing->folder && thing->placed >= removed) &&
	    !name_used(model, removed, i, &old))
		heal(model, removed, i, &old);
	else if (!(other == i))
		put_at(model, i, old.parent, old.name);
}

void model_do(struct model *model)
{
	static void (*const ops[])(struct model *) = {
		op_add,	 op_add,      op_save,	 op_move,
		op_move, op_exchange, op_remove, op_attr,
	};

	ops[model_pick(model, sizeof(ops) / sizeof(ops[0]))](model);
}

void model_reach_back(struct model *model)
{
	static void (*const ops[])(struct model *) = {
		op_amend,
		op_unsave,
		op_revive,
		op_revive,
	};

	ops[model_pick(model, sizeof(ops) / sizeof(ops[0]))](model);
}
