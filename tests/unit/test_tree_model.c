/*
 * Random operations against a tree in memory; after each, the live tree and a
 * random earlier moment are compared, and now and then all rows are checked.
 *
 * SEED=n replays a run, ROUNDS=n makes it longer.
 */
#include "core/buf.h"
#include "core/check.h"
#include "tests/unit/tree_model.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 600 };

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
	assert_string_equal(entry->name, model_name(w->tree[i].name));
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
		model_expect(model,
			     tree_list(db, moment, tree[w.folder].id, 0,
				       compare_one, &w, &model->t->why),
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
	int i = 1 + (int)model_pick(model, THINGS - 1);
	struct entry e;

	if (!tree[i].made)
		return;
	model_expect(model, tree_get(db, moment, tree[i].id, &e, why),
		     tree[i].live ? 0 : -ENOENT);
	if (!tree[i].live)
		return;
	model_expect(model,
		     tree_lookup(db, moment, tree[tree[i].parent].id,
				 model_name(tree[i].name), &e, why),
		     0);
	assert_int_equal(e.id, tree[i].id);
	model_expect(model, tree_path(db, moment, 0, tree[i].id, &path, why),
		     0);
	buf_byte(&path, '\0');
	model_expect(model,
		     tree_resolve(db, moment, TREE_ROOT, path.data, &e, why),
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
		memcpy(model_at(model, ++model->newest), model->now,
		       sizeof(model->now));
	assert_int_equal(temp_newest(model->t), model->newest);
}

static void round_of(struct model *model)
{
	struct thing before[THINGS];

	memcpy(before, model->now, sizeof(before));
	model->changed = false;
	model->t->now_ns += 1000;
	temp_begin(model->t);
	if (model_pick(model, 4) == 0) {
		model_reach_back(model);
	} else {
		for (unsigned n = model_pick(model, 3) + 1; n > 0; n--)
			model_do(model);
		if (model_pick(model, 10) == 0) {
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
	memcpy(model_at(model, 0), model->now, sizeof(model->now));
	for (int i = 0; i < rounds && model->newest < MOMENTS - 2; i++) {
		int64_t moment;

		round_of(model);
		if (model_pick(model, 12) == 0) {
			temp_snapshot(model->t);
			model->recorded = model->newest;
		}
		if (model_pick(model, 60) == 0)
			temp_reopen(model->t);
		compare(model, model->now, MOMENT_NOW);
		compare_lookup(model, model->now, MOMENT_NOW);
		moment = model_pick(model, (unsigned)model->newest + 1);
		compare(model, model_at(model, moment), moment);
		compare_lookup(model, model_at(model, moment), moment);
		if (i % 100 == 99)
			model_expect(model,
				     check_run(model->t->reader.db,
					       print_violation, NULL, NULL,
					       &model->t->why),
				     0);
	}
}

/* A number from the environment. */
static unsigned given(const char *variable, unsigned otherwise)
{
	const char *text = secure_getenv(variable);

	return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void test_random_operations_agree_with_a_simple_tree(void **state)
{
	struct model *model = calloc(1, sizeof(*model));

	assert_non_null(model);
	model->t = *state;
	model->seed = given("SEED", (unsigned)time(NULL));
	model->history = calloc(MOMENTS, THINGS * sizeof(struct thing));
	assert_non_null(model->history);
	print_message("SEED=%u\n", model->seed);
	run(model, (int)given("ROUNDS", ROUNDS));
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
