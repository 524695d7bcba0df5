/* References follow what they name. */
#include "core/follow.h"
#include "core/ref.h"
#include "tests/unit/temp_tree.h"
#include "tests/unit/temp_repo.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

/* Move, and let what refers follow. */
static struct follow_result move(struct temp *t, const char *from,
				 const char *parent, const char *name)
{
	struct follow_result result;
	struct follow f = {.m = temp_begin(t)};
	int64_t item = temp_at(t, from);

	temp_ok(t, follow_watch(&f, item, &t->why));
	temp_ok(t, tree_move(&t->m, item, temp_at(t, parent), name, &t->why));
	temp_ok(t, follow_run(&f, &result, &t->why));
	temp_commit(t);
	follow_done(&f);
	return result;
}

static void exchange(struct temp *t, const char *a, const char *b)
{
	struct follow f = {.m = temp_begin(t)};

	temp_ok(t, follow_watch(&f, temp_at(t, a), &t->why));
	temp_ok(t, follow_watch(&f, temp_at(t, b), &t->why));
	temp_ok(t, tree_exchange(&t->m, temp_at(t, a), temp_at(t, b), &t->why));
	temp_ok(t, follow_run(&f, NULL, &t->why));
	temp_commit(t);
	follow_done(&f);
}

static int64_t missing_count(struct temp *t)
{
	int64_t item = 0, count = 0;
	int r;

	while ((r = ref_next_missing(t->reader.db, item, &item, &t->why)) > 0)
		count++;
	temp_ok(t, r);
	return count;
}

#define MAP(rule, action) \
	"{\"pairs\": [{\"rule\": \"" rule "\", \"action\": \"" action "\"}]}"
#define USE(rule, name)                                              \
	"{\"attributes\": {\"template_id\": \"RULE://" rule "\", \"" \
	"template_name\": \"" name "\"}}"

static void test_an_item_that_moves_is_followed(void **state)
{
	struct temp *t = *state;
	struct follow_result result;
	size_t notes;

	temp_make(t, "rules/x/A.json", USE("x/A", "A"));
	temp_make(t, "action_maps/M.json", MAP("/rules/x/A", "/rules/x/AB"));
	temp_make(t, "plain/P.json", MAP("/rules/x/A", ""));
	result = move(t, "rules/x/A.json", "rules", "B.json");
	assert_int_equal(result.items, 2);
	assert_int_equal(result.references, 2);
	assert_int_equal(result.left, 0);
	(void)moment_noted(&t->m, &notes);
	assert_int_equal(notes, 2);
	temp_says(t, "rules/B.json", USE("B", "B"));
	temp_says(t, "action_maps/M.json", MAP("/rules/B", "/rules/x/AB"));
	temp_says(t, "plain/P.json", MAP("/rules/x/A", ""));
	move(t, "rules/B.json", "rules/x", "A.json");
	temp_says(t, "rules/x/A.json", USE("x/A", "A"));
	temp_says(t, "action_maps/M.json", MAP("/rules/x/A", "/rules/x/AB"));
}

static void test_what_was_sent_is_remembered(void **state)
{
	struct temp *t = *state;
	int64_t map, first;
	struct entry e;

	temp_make(t, "rules/A.json", "{}");
	map = temp_make(t, "action_maps/M.json", MAP("/rules/A", ""));
	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW, map, &e, &t->why));
	first = e.content;
	move(t, "rules/A.json", "rules", "B.json");
	move(t, "rules/B.json", "rules", "C.json");
	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW, map, &e, &t->why));
	assert_int_equal(e.arrived, first);
	assert_int_not_equal(e.content, first);
	assert_int_equal(e.attr.mtime_ns, t->now_ns);
	move(t, "rules/C.json", "rules", "A.json");
	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW, map, &e, &t->why));
	assert_int_equal(e.arrived, 0);
	assert_int_equal(e.content, first);
}

static void test_a_folder_takes_along_what_names_things_in_it(void **state)
{
	struct temp *t = *state;
	struct follow_result result;

	temp_make(t, "rules/x/y/A.json", "{}");
	temp_make(t, "rules/x2/A.json", "{}");
	temp_make(
		t, "action_maps/M.json",
		"{\"pairs\": [{\"rule\": \"/rules/x/y/A\"},"
		" {\"rule\": \"/rules/x\"}, {\"rule\": \"/rules/x/\"},"
		" {\"rule\": \"/rules/x2/A\"}, {\"rule\": \"/rules/x/no\"}]}");
	result = move(t, "rules/x", "rules/x2", "z");
	assert_int_equal(result.items, 1);
	assert_int_equal(result.references, 4);
	temp_says(t, "action_maps/M.json",
		  "{\"pairs\": [{\"rule\": \"/rules/x2/z/y/A\"},"
		  " {\"rule\": \"/rules/x2/z\"}, {\"rule\": \"/rules/x2/z/\"},"
		  " {\"rule\": \"/rules/x2/A\"},"
		  " {\"rule\": \"/rules/x2/z/no\"}]}");
}

static void test_an_item_and_a_folder_of_one_name_are_two(void **state)
{
	struct temp *t = *state;

	temp_make(t, "rules/x/A.json", "{}");
	temp_make(t, "rules/x.json", "{}");
	temp_make(t, "action_maps/M.json", MAP("/rules/x", ""));
	temp_make(t, "action_maps/N.json", MAP("/rules/x/A", ""));
	move(t, "rules/x", "rules", "y");
	temp_says(t, "action_maps/M.json", MAP("/rules/x", ""));
	temp_says(t, "action_maps/N.json", MAP("/rules/y/A", ""));
	move(t, "rules/y", "rules", "x");
	move(t, "rules/x.json", "rules", "z.json");
	temp_says(t, "action_maps/M.json", MAP("/rules/z", ""));
	temp_says(t, "action_maps/N.json", MAP("/rules/x/A", ""));
}

static void test_an_exchange_is_followed_once(void **state)
{
	struct temp *t = *state;

	temp_make(t, "rules/A.json", "{}");
	temp_make(t, "rules/B.json", "{}");
	temp_make(t, "rules/x/A.json", "{}");
	temp_make(t, "rules/y/A.json", "{}");
	temp_make(t, "sessions/S.json",
		  "{\"tasks\": [{\"rules\": [\"/rules/A\", \"/rules/B\","
		  " \"/rules/x/A\", \"/rules/y/A\"]}]}");
	exchange(t, "rules/A.json", "rules/B.json");
	exchange(t, "rules/x", "rules/y");
	temp_says(t, "sessions/S.json",
		  "{\"tasks\": [{\"rules\": [\"/rules/B\", \"/rules/A\","
		  " \"/rules/y/A\", \"/rules/x/A\"]}]}");
}

static void test_a_form_that_cannot_say_it_is_left(void **state)
{
	struct temp *t = *state;
	struct follow_result result;

	temp_make(t, "rules/A.json", "{}");
	temp_make(t, "rules/B.json", USE("A", "A"));
	temp_make(t, "attic/x.json", "{}");
	temp_make(t, "action_maps/M.json", MAP("/rules/A", ""));
	result = move(t, "rules/A.json", "attic", "A.json");
	assert_int_equal(result.left, 1);
	assert_int_equal(result.references, 1);
	temp_says(t, "rules/B.json", USE("A", "A"));
	temp_says(t, "action_maps/M.json", MAP("/attic/A", ""));
	assert_int_equal(missing_count(t), 1);
	move(t, "attic/A.json", "rules", "A.json");
	temp_says(t, "action_maps/M.json", MAP("/rules/A", ""));
	assert_int_equal(missing_count(t), 0);
}

static void test_one_moment_holds_both(void **state)
{
	struct temp *t = *state;
	int64_t map, before;
	struct entry e, then;

	temp_make(t, "rules/A.json", "{}");
	map = temp_make(t, "action_maps/M.json", MAP("/rules/A", ""));
	before = temp_newest(t);
	move(t, "rules/A.json", "rules", "B.json");
	assert_int_equal(temp_newest(t), before + 1);
	temp_ok(t, tree_get(t->reader.db, before, map, &then, &t->why));
	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW, map, &e, &t->why));
	assert_int_equal(e.born, before + 1);
	assert_int_not_equal(e.content, then.content);
}

/* ---- a real repository ---- */

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void test_a_real_repository_moves_and_comes_back(void **state)
{
	static const struct {
		const char *kind;
		int64_t items, left;
	} kinds[] = {
		{"rules", 162, 0},    {"actions", 364, 0},
		{"datastores", 5, 0}, {"action_maps", 2, 0},
		{"sessions", 0, 0},
	};
	struct temp *t = *state;

	if (temp_load_corpus(t) == 0)
		return;
	assert_int_equal(missing_count(t), 0);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		char here[64], there[64];
		struct follow_result result;
		double start = seconds();

		(void)snprintf(here, sizeof(here), "%s/HPMS", kinds[i].kind);
		(void)snprintf(there, sizeof(there), "%s/H \"2\"",
			       kinds[i].kind);
		result = move(t, here, kinds[i].kind, "H \"2\"");
		print_message("%s: %d items, %d references, %.0f ms\n", here,
			      (int)result.items, (int)result.references,
			      (seconds() - start) * 1000);
		assert_int_equal(result.items, kinds[i].items);
		assert_int_equal(result.left, 0);
		assert_int_equal(missing_count(t), 0);
		assert_int_equal(temp_at(t, here), 0);
	}
	for (size_t i = COUNT(kinds); i-- > 0;) {
		char there[64];

		(void)snprintf(there, sizeof(there), "%s/H \"2\"",
			       kinds[i].kind);
		move(t, there, kinds[i].kind, "HPMS");
	}
	assert_int_equal(missing_count(t), 0);
	temp_is_corpus(t);
}

/* After each test the index is what the texts say. */
static int tear_down(void **state)
{
	temp_sound(*state);
	return temp_teardown(state);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_an_item_that_moves_is_followed),
		TEST(test_what_was_sent_is_remembered),
		TEST(test_a_folder_takes_along_what_names_things_in_it),
		TEST(test_an_item_and_a_folder_of_one_name_are_two),
		TEST(test_an_exchange_is_followed_once),
		TEST(test_a_form_that_cannot_say_it_is_left),
		TEST(test_one_moment_holds_both),
		TEST(test_a_real_repository_moves_and_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
