/*
 * Random operations against a tree in memory; after each, the live tree and a
 * random earlier moment are compared, and now and then all rows are checked.
 *
 * SEED=n replays a run, ROUNDS=n makes it longer.
 */
#include "core/buf.h"
#include "core/check.h"
#include "tests/unit/temp_store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THINGS = 48, MOMENTS = 700, ROUNDS = 600, NAMES = 12 };

/* One entry of the model; its index stands for it, 0 is the root. */
struct thing {
	bool made, live, folder;
	int64_t id;
	int parent;
	int name;	/* "nN.json" */
	int64_t placed; /* born of its place */
	int64_t born;	/* of its state */
	int64_t content;
	mode_t mode;
};

struct model {
	struct temp *t;
	unsigned seed;
	struct thing now[THINGS];
	struct thing *history;	  /* MOMENTS trees of THINGS */
	int64_t newest, recorded; /* moments; recorded -1: none */
	bool changed;		  /* in the open moment */
	char doing[200];
};

static unsigned pick(struct model *model, unsigned n)
{
	return (unsigned)rand_r(&model->seed) % n;
}

static struct thing *at(struct model *model, int64_t moment)
{
	return model->history + moment * THINGS;
}

static const char *name_of(int name)
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
	return n ? found[pick(model, (unsigned)n)] : 0;
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
static void expect(struct model *model, int r, int expected)
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
		       pick(model, 1000));
	id = temp_content(model->t, text);
	*ret_size = (int64_t)strlen(text);
	return id;
}

static void op_add(struct model *model)
{
	int i = pick_unmade(model), parent = pick_live(model, 1);
	struct thing *thing = &model->now[i];
	int name = (int)pick(model, NAMES), r;
	bool folder = pick(model, 3) == 0;
	const struct attr attr = attr_of(0600);
	struct moment *m = &model->t->m;
	struct why *why = &model->t->why;
	int64_t content = 0, size, id;

	if (!i)
		return;
	DOING(model, "add %d as %d/n%d", i, parent, name);
	if (folder) {
		r = tree_add_folder(m, model->now[parent].id, name_of(name),
				    &attr, &id, why);
	} else {
		content = new_content(model, &size);
		r = tree_add_item(m, model->now[parent].id, name_of(name), 0,
				  content, size, &attr, &id, why);
	}
	if (find_name(model->now, parent, name)) {
		expect(model, r, -EEXIST);
		return;
	}
	expect(model, r, 0);
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
	expect(model,
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
	int i = 1 + (int)pick(model, THINGS - 1);
	int parent = pick_live(model, 1), name = (int)pick(model, NAMES);
	struct thing *thing = &model->now[i];
	int expected = 0, r;

	if (!thing->made)
		return;
	DOING(model, "move %d to %d/n%d", i, parent, name);
	r = tree_move(&model->t->m, thing->id, model->now[parent].id,
		      name_of(name), &model->t->why);
	if (thing->live && thing->parent == parent && thing->name == name) {
		expect(model, r, 0);
		return;
	}
	if (find_name(model->now, parent, name))
		expected = -EEXIST;
	else if (thing->folder && is_below(model->now, i, parent))
		expected = -EINVAL;
	expect(model, r, expected);
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
		expect(model, r, -EINVAL);
		return;
	}
	expect(model, r, 0);
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
		expect(model, r, -ENOTEMPTY);
		return;
	}
	expect(model, r, 0);
	thing->live = false;
	model->changed = true;
	/* What was never there at the end of a moment is forgotten. */
	if (!at(model, model->newest)[i].made)
		thing->made = false;
}

static void op_attr(struct model *model)
{
	int i = pick_live(model, -1);
	struct thing *thing = &model->now[i];
	mode_t mode = 0600 + pick(model, 8);
	const struct attr attr = attr_of(mode);
	struct entry e;

	if (!i || thing->folder)
		return;
	DOING(model, "attributes of %d", i);
	expect(model,
	       tree_set_attr(&model->t->m, thing->id, &attr, false,
			     &model->t->why),
	       0);
	expect(model,
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
	mode_t mode = 0600 + pick(model, 8);
	const struct attr attr = attr_of(mode);
	int64_t born = thing->born;

	if (!i || mode == thing->mode)
		return;
	DOING(model, "amend attributes of %d", i);
	expect(model,
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
		at(model, k)[i].mode = mode;
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
	const struct thing *former = born ? &at(model, born - 1)[i] : NULL;
	int r;

	if (!i)
		return;
	DOING(model, "unsave %d, born at %" PRId64, i, born);
	r = tree_unsave(&model->t->m, thing->id, born, &model->t->why);
	if (!former || !former->made) {
		expect(model, r, -ENOENT);
		return;
	}
	expect(model, r, 0);
	copy_state(thing, former);
	if (model->recorded >= born) {
		thing->born = model->t->m.id;
		model->changed = true;
		return;
	}
	for (int64_t k = born; k <= model->newest; k++)
		copy_state(&at(model, k)[i], former);
}

/* Has another had the name of @old since @removed? */
static bool name_used(struct model *model, int64_t removed, int i,
		      const struct thing *old)
{
	for (int64_t k = removed; k <= model->newest; k++) {
		const struct thing *tree = at(model, k);
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
		struct thing *to = k > model->newest ? thing : &at(model, k)[i];

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
		const struct thing *before = &at(model, k - 1)[i];
		const struct thing *after = &at(model, k)[i];

		if (before->live &&
		    (!after->live || before->placed != after->placed))
			return pick(model, 4) ? k : k + 1;
	}
	return 0;
}

static void op_revive(struct model *model)
{
	int i = 1 + (int)pick(model, THINGS - 1), other;
	int64_t removed = find_end(model, i);
	const struct thing *tree = model->now;
	const struct thing *thing = &tree[i];
	struct thing old, now_parent;
	int r;

	if (!thing->made || !removed)
		return;
	DOING(model, "revive %d, gone at %" PRId64, i, removed);
	r = tree_revive(&model->t->m, thing->id, removed, &model->t->why);
	old = at(model, removed - 1)[i];
	if (removed > model->newest || !old.live ||
	    (at(model, removed)[i].live &&
	     at(model, removed)[i].placed == old.placed)) {
		expect(model, r, -ENOENT);
		return;
	}
	now_parent = tree[old.parent];
	other = find_name(tree, old.parent, old.name);
	if (other != i && thing->live && thing->folder && now_parent.live &&
	    is_below(tree, i, old.parent)) {
		expect(model, r, -EINVAL);
		return;
	}
	if (!now_parent.live || (other && other != i)) {
		expect(model, r, now_parent.live ? -EEXIST : -ENOENT);
		return;
	}
	expect(model, r, 0);
	if (model->recorded < removed && now_parent.placed < removed &&
	    !(thing->folder && thing->placed >= removed) &&
	    !name_used(model, removed, i, &old))
		heal(model, removed, i, &old);
	else if (!(other == i))
		put_at(model, i, old.parent, old.name);
}

/* ---- comparing ---- */

struct walk {
	struct model *model;
	const struct thing *tree;
	int folder, seen;
	int found[THINGS];
};

static int compare_one(const struct entry *entry, void *arg)
{
	struct walk *w = arg;
	int i = 1;

	while (i < THINGS && !(w->tree[i].live && w->tree[i].id == entry->id))
		i++;
	if (i == THINGS)
		fail_msg("%s: item %" PRId64 " should not be there",
			 w->model->doing, entry->id);
	assert_int_equal(w->tree[i].parent, w->folder);
	assert_string_equal(entry->name, name_of(w->tree[i].name));
	assert_int_equal(entry->parent, w->tree[w->folder].id);
	assert_int_equal(entry->folder, w->tree[i].folder);
	assert_int_equal(entry->content, w->tree[i].content);
	assert_int_equal(entry->attr.mode, w->tree[i].mode);
	assert_int_equal(entry->placed, w->tree[i].placed);
	assert_int_equal(entry->born, w->tree[i].born);
	w->found[w->seen++] = i;
	return 0;
}

/* All of the tree, folder by folder. */
static void compare(struct model *model, const struct thing *tree,
		    int64_t moment)
{
	struct db *db = model->t->reader.db;
	struct walk w = {.model = model, .tree = tree};
	int live = 0;

	for (int done = -1; done < w.seen; done++) {
		w.folder = done < 0 ? 0 : w.found[done];
		if (!tree[w.folder].folder)
			continue;
		expect(model,
		       tree_list(db, moment, tree[w.folder].id, 0, compare_one,
				 &w, &model->t->why),
		       0);
	}
	for (int i = 1; i < THINGS; i++)
		live += tree[i].live;
	if (live != w.seen)
		fail_msg("%s: %d entries at %" PRId64 ", not %d", model->doing,
			 w.seen, moment, live);
}

/* One entry by its path, name and number. */
static void compare_lookup(struct model *model, const struct thing *tree,
			   int64_t moment)
{
	DROP(buf_done) struct buf path = {0};
	struct db *db = model->t->reader.db;
	struct why *why = &model->t->why;
	int i = 1 + (int)pick(model, THINGS - 1);
	struct entry e;

	if (!tree[i].made)
		return;
	expect(model, tree_get(db, moment, tree[i].id, &e, why),
	       tree[i].live ? 0 : -ENOENT);
	if (!tree[i].live)
		return;
	expect(model,
	       tree_lookup(db, moment, tree[tree[i].parent].id,
			   name_of(tree[i].name), &e, why),
	       0);
	assert_int_equal(e.id, tree[i].id);
	expect(model, tree_path(db, moment, 0, tree[i].id, &path, why), 0);
	buf_byte(&path, '\0');
	expect(model, tree_resolve(db, moment, TREE_ROOT, path.data, &e, why),
	       0);
	assert_int_equal(e.id, tree[i].id);
}

static int print_violation(const char *sentence, void *arg)
{
	print_error("%s\n", sentence);
	return (void)arg, 0;
}

/* ---- the run ---- */

static void commit(struct model *model)
{
	if (model->t->m.changed != model->changed)
		fail_msg("%s: changed %d, expected %d", model->doing,
			 model->t->m.changed, model->changed);
	temp_commit(model->t);
	if (model->changed)
		memcpy(at(model, ++model->newest), model->now,
		       sizeof(model->now));
	assert_int_equal(temp_newest(model->t), model->newest);
}

static void round_of(struct model *model)
{
	static void (*const plain[])(struct model *) = {
		op_add,	 op_add,      op_save,	 op_move,
		op_move, op_exchange, op_remove, op_attr,
	};
	static void (*const back[])(struct model *) = {
		op_amend,
		op_unsave,
		op_revive,
		op_revive,
	};
	struct thing before[THINGS];

	memcpy(before, model->now, sizeof(before));
	model->changed = false;
	model->t->now_ns += 1000;
	temp_begin(model->t);
	if (pick(model, 4) == 0) {
		back[pick(model, 4)](model);
	} else {
		for (unsigned n = pick(model, 3) + 1; n > 0; n--)
			plain[pick(model, 8)](model);
		if (pick(model, 10) == 0) {
			moment_end(&model->t->m);
			memcpy(model->now, before, sizeof(before));
			return;
		}
	}
	commit(model);
}

static void run(struct model *model, int rounds)
{
	model->recorded = -1;
	model->now[0] = (struct thing){
		.made = true,
		.live = true,
		.folder = true,
		.id = TREE_ROOT,
	};
	memcpy(at(model, 0), model->now, sizeof(model->now));
	for (int i = 0; i < rounds && model->newest < MOMENTS - 2; i++) {
		int64_t moment;

		round_of(model);
		if (pick(model, 12) == 0) {
			temp_snapshot(model->t);
			model->recorded = model->newest;
		}
		if (pick(model, 60) == 0)
			temp_reopen(model->t);
		compare(model, model->now, MOMENT_NOW);
		compare_lookup(model, model->now, MOMENT_NOW);
		moment = pick(model, (unsigned)model->newest + 1);
		compare(model, at(model, moment), moment);
		compare_lookup(model, at(model, moment), moment);
		if (i % 100 == 99)
			expect(model,
			       check_run(model->t->reader.db, print_violation,
					 NULL, NULL, &model->t->why),
			       0);
	}
}

static void test_random_operations_agree_with_a_simple_tree(void **state)
{
	const char *seed = getenv("SEED"), *rounds = getenv("ROUNDS");
	struct model *model = calloc(1, sizeof(*model));

	assert_non_null(model);
	model->t = *state;
	model->seed = seed ? (unsigned)strtoul(seed, NULL, 10)
			   : (unsigned)time(NULL);
	model->history = calloc(MOMENTS, THINGS * sizeof(struct thing));
	assert_non_null(model->history);
	print_message("SEED=%u\n", model->seed);
	run(model, rounds ? atoi(rounds) : ROUNDS);
	free(model->history);
	free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_random_operations_agree_with_a_simple_tree,
			temp_setup, temp_teardown),
	};

	return cmocka_run_group_tests_name("tree model", tests, NULL, NULL);
}
