/* What an item needs, and what is wrong. */
#include "core/closure.h"
#include "core/bits.h"
#include "core/buf.h"
#include "core/problems.h"
#include "tests/unit/temp_tree.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>

struct walked {
	struct temp *t;
	struct buf out;
	int items, folders;
};

static int note(int64_t item, bool folder, void *arg)
{
	struct walked *w = arg;

	w->items += !folder;
	w->folders += folder;
	temp_ok(w->t, tree_path(w->t->reader.db, MOMENT_NOW, 0, item, &w->out,
				&w->t->why));
	buf_text(&w->out, folder ? "/ " : " ");
	return 0;
}

static struct walked walk(struct temp *t, const char *path)
{
	struct walked w = {.t = t};

	temp_ok(t, closure_walk(t->reader.db, store_kinds(t->store),
				temp_at(t, path), note, &w, &t->why));
	buf_byte(&w.out, '\0');
	return w;
}

static void needs(struct temp *t, const char *path, const char *expected)
{
	struct walked w = walk(t, path);

	assert_string_equal(w.out.data, expected);
	buf_done(&w.out);
}

#define MAP(rule, action) \
	"{\"pairs\": [{\"rule\": \"" rule "\", \"action\": \"" action "\"}]}"
#define USE(rule) "{\"attributes\": {\"template_id\": \"RULE://" rule "\"}}"

static void test_a_closure_is_transitive_and_ends(void **state)
{
	struct temp *t = *state;

	temp_make(t, "rules/A.json", USE("B"));
	temp_make(t, "rules/B.json", USE("C"));
	temp_make(t, "rules/C.json", USE("A"));
	temp_make(t, "rules/D.json", USE("no"));
	temp_make(t, "action_maps/M.json", MAP("/rules/B", "/actions/no"));
	temp_make(t, "plain/P.json", MAP("/rules/B", ""));
	needs(t, "rules/C.json", "rules/C.json rules/A.json rules/B.json ");
	needs(t, "rules/D.json", "rules/D.json ");
	needs(t, "action_maps/M.json",
	      "action_maps/M.json rules/B.json rules/C.json rules/A.json ");
	needs(t, "plain/P.json", "plain/P.json ");
}

static void test_a_folder_brings_what_is_in_it(void **state)
{
	struct temp *t = *state;

	temp_make(t, "actions/x/A.json", "{}");
	temp_make(t, "actions/x/y/B.json", "{}");
	temp_make(t, "rules/R.json", "{}");
	temp_make(t, "action_maps/M.json", MAP("/rules/R", "/actions/x"));
	needs(t, "action_maps",
	      "action_maps/ action_maps/M.json actions/x/ actions/x/A.json "
	      "actions/x/y/ actions/x/y/B.json rules/R.json ");
	needs(t, "actions/x/y", "actions/x/y/ actions/x/y/B.json ");
}

static void test_ids_are_needed_too(void **state)
{
	struct temp *t = *state;

	temp_make(t, "integrations/O/integration.json", "{\"_id\": \"i\"}");
	temp_make(t, "integrations/O/connections/C.json",
		  "{\"_id\": \"c\", \"_integrationId\": \"i\"}");
	temp_make(t, "integrations/O/exports/E.json",
		  "{\"_id\": \"e\", \"_connectionId\": \"c\"}");
	temp_make(t, "integrations/O/flows/F.json",
		  "{\"_id\": \"f\", \"pageGenerators\": [{\"_exportId\":"
		  " \"e\"}], \"_runNextFlowIds\": [\"f\", \"no\"]}");
	needs(t, "integrations/O/flows/F.json",
	      "integrations/O/flows/F.json integrations/O/exports/E.json "
	      "integrations/O/connections/C.json "
	      "integrations/O/integration.json ");
}

static void test_what_is_not_there_has_no_closure(void **state)
{
	struct temp *t = *state;
	struct walked w = {.t = t};

	temp_fails(t,
		   closure_walk(t->reader.db, store_kinds(t->store), 99, note,
				&w, &t->why),
		   -ENOENT, "not there");
}

static int stop(int64_t item, bool folder, void *arg)
{
	(void)item;
	(void)folder;
	(void)arg;
	return 7;
}

static void test_the_callback_may_end_it(void **state)
{
	struct temp *t = *state;

	assert_int_equal(closure_walk(t->reader.db, store_kinds(t->store),
				      TREE_ROOT, stop, NULL, &t->why),
			 7);
}

/* The session itself, which counts here, comes on top of what it needs. */
static void test_the_sessions_of_a_real_repository(void **state)
{
	static const struct {
		const char *name;
		int items;
	} sessions[] = {
		{"Dynamic Segmentation (Sample)", 1 + 6},
		{"Dynamic Segmentation (Sections)", 1 + 80},
		{"HPMS Rules", 1 + 173},
		{"HPMS Actions", 1 + 499},
		{"HPMS Actions with Dynamic Segmentation", 1 + 578},
	};
	struct temp *t = *state;

	if (temp_load_corpus(t) == 0)
		return;
	for (size_t i = 0; i < COUNT(sessions); i++) {
		char path[128];
		struct walked w;

		(void)snprintf(path, sizeof(path), "sessions/HPMS/%s.json",
			       sessions[i].name);
		w = walk(t, path);
		assert_int_equal(w.items, sessions[i].items);
		assert_int_equal(w.folders, 0);
		buf_done(&w.out);
	}
}

/* ---- problems ---- */

static void is_wrong(struct temp *t, const char *folder, const char *expected)
{
	struct buf out = {0};

	temp_ok(t, problems_show(t->reader.db, store_kinds(t->store),
				 temp_at(t, folder), &out, &t->why));
	buf_byte(&out, '\0');
	assert_string_equal(out.data, expected);
	buf_done(&out);
}

static void test_references_to_nothing_are_problems(void **state)
{
	struct temp *t = *state;

	is_wrong(t, "", "");
	temp_make(t, "rules/A \"b\".json", USE("B"));
	temp_make(t, "action_maps/x/M.json",
		  "{\"pairs\": [{\"rule\": \"/rules/A \\\"b\\\"\"},"
		  " {\"rule\": \"/rules/C/\", \"action\": \"/rules\"}]}");
	is_wrong(t, "rules",
		 "{\"path\":\"A \\\"b\\\".json\",\"problem\":\"refers to "
		 "nothing\",\"at\":\"attributes.template_id\",\"target\":"
		 "\"/rules/B\",\"meant\":\"rule\"}\n");
	is_wrong(t, "action_maps",
		 "{\"path\":\"x/M.json\",\"problem\":\"refers to nothing\","
		 "\"at\":\"pairs[1].rule\",\"target\":\"/rules/C\","
		 "\"meant\":\"rule or folder\"}\n"
		 "{\"path\":\"x/M.json\",\"problem\":\"refers to nothing\","
		 "\"at\":\"pairs[1].action\",\"target\":\"/rules\","
		 "\"meant\":\"action or folder\"}\n");
	temp_make(t, "rules/B.json", "{}");
	is_wrong(t, "rules", "");
}

static void test_a_real_repository_has_no_problems(void **state)
{
	struct temp *t = *state;

	if (temp_load_corpus(t) == 0)
		return;
	is_wrong(t, "", "");
}

/* ---- sets of numbers ---- */

static void test_a_set_is_walked_in_order(void **state)
{
	static const int64_t numbers[] = {70000, 3, 0, 64, 63, 2000000, 65};
	static const int64_t order[] = {3, 63, 64, 65, 70000, 2000000};
	struct bits bits = {0};
	int64_t n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		assert_int_equal(bits_add(&bits, numbers[i]), 1);
		assert_int_equal(bits_add(&bits, numbers[i]), 0);
	}
	for (size_t i = 0; i < COUNT(order); i++) {
		assert_int_equal(bits_next(&bits, &n), 1);
		assert_int_equal(n, order[i]);
	}
	assert_int_equal(bits_next(&bits, &n), 0);
	assert_int_equal(n, 2000000);
	bits_remove(&bits, 64);
	bits_remove(&bits, 9999999);
	n = 63;
	assert_int_equal(bits_next(&bits, &n), 1);
	assert_int_equal(n, 65);
	bits_done(&bits);
}

int main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_a_closure_is_transitive_and_ends),
		TEST(test_a_folder_brings_what_is_in_it),
		TEST(test_ids_are_needed_too),
		TEST(test_what_is_not_there_has_no_closure),
		TEST(test_the_callback_may_end_it),
		TEST(test_the_sessions_of_a_real_repository),
		TEST(test_references_to_nothing_are_problems),
		TEST(test_a_real_repository_has_no_problems),
		cmocka_unit_test(test_a_set_is_walked_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
