/* The clock of a repository: one number per change, times that never go back. */
#include "tests/unit/temp_store.h"

#include <errno.h>
#include <string.h>

static void test_only_a_change_of_the_tree_uses_a_number_up(void **state)
{
	struct temp *t = *state;

	temp_begin(t);
	assert_int_equal(t->m.id, 1);
	(void)temp_content(t, "{}");
	temp_commit(t);
	assert_int_equal(temp_newest(t), 0);
	temp_begin(t);
	assert_int_equal(t->m.id, 1);
	temp_ok(t, moment_change(&t->m, TREE_ROOT, CHANGE_ATTR, &t->why));
	temp_commit(t);
	assert_int_equal(temp_newest(t), 1);
	temp_begin(t);
	assert_int_equal(t->m.id, 2);
	temp_ok(t, moment_change(&t->m, TREE_ROOT, CHANGE_ATTR, &t->why));
	moment_end(&t->m);
	assert_int_equal(temp_newest(t), 1);
	temp_begin(t);
	assert_int_equal(t->m.id, 2);
}

static void test_who_and_when_are_kept(void **state)
{
	struct temp *t = *state;
	struct moment_row row;

	t->now_ns = TEMP_NOW + 5;
	temp_begin(t)->revision = 17;
	temp_ok(t, moment_change(&t->m, TREE_ROOT, CHANGE_ATTR, &t->why));
	temp_commit(t);
	temp_ok(t, moment_get(t->reader.db, 1, &row, &t->why));
	assert_int_equal(row.id, 1);
	assert_int_equal(row.time_ns, TEMP_NOW + 5);
	assert_int_equal(row.revision, 17);
	assert_int_equal(row.who.uid, 1000);
	assert_int_equal(row.who.pid, 42);
	assert_string_equal(row.who.program, "test");
	memset(&row, 1, sizeof(row));
	temp_fails(t, moment_get(t->reader.db, 2, &row, &t->why), -ENOENT,
		   "no moment 2");
	assert_int_equal(row.id, 0x0101010101010101);
}

static void
test_a_clock_that_goes_back_does_not_turn_history_round(void **state)
{
	struct temp *t = *state;
	struct moment_row row;

	t->now_ns = TEMP_NOW + 100;
	(void)temp_folder(t, TREE_ROOT, "a");
	t->now_ns = TEMP_NOW;
	(void)temp_folder(t, TREE_ROOT, "b");
	temp_ok(t, moment_get(t->reader.db, 2, &row, &t->why));
	assert_int_equal(row.time_ns, TEMP_NOW + 100);
	temp_reopen(t);
	(void)temp_folder(t, TREE_ROOT, "c");
	temp_ok(t, moment_get(t->reader.db, 3, &row, &t->why));
	assert_int_equal(row.time_ns, TEMP_NOW + 100);
}

static void test_an_instant_is_the_newest_moment_not_after_it(void **state)
{
	static const struct {
		int64_t after, moment;
	} cases[] = {{-1, 0}, {9, 0},  {10, 1}, {11, 1},
		     {20, 3}, {21, 3}, {30, 4}, {1000, 4}};
	static const int64_t times[] = {10, 20, 20, 30};
	struct temp *t = *state;

	for (int i = 0; i < 4; i++) {
		char name[] = {(char)('a' + i), '\0'};

		t->now_ns = TEMP_NOW + times[i];
		(void)temp_folder(t, TREE_ROOT, name);
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t id = -1;

		temp_ok(t, moment_at(t->reader.db, TEMP_NOW + cases[i].after,
				     &id, &t->why));
		assert_int_equal(id, cases[i].moment);
	}
}

/* ---- the end ---- */

static void note_over(bool committed, void *arg)
{
	*(int *)arg = committed ? 1 : -1;
}

static void test_who_watches_is_told_how_it_ended(void **state)
{
	struct temp *t = *state;
	int over = 0;

	moment_watch(temp_begin(t), note_over, &over);
	temp_commit(t);
	assert_int_equal(over, 1);
	moment_watch(temp_begin(t), note_over, &over);
	moment_end(&t->m);
	assert_int_equal(over, -1);
	over = 0;
	moment_end(&t->m);
	assert_int_equal(over, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_only_a_change_of_the_tree_uses_a_number_up,
			temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(test_who_and_when_are_kept,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_clock_that_goes_back_does_not_turn_history_round,
			temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_an_instant_is_the_newest_moment_not_after_it,
			temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_who_watches_is_told_how_it_ended, temp_setup,
			temp_teardown),
	};

	return cmocka_run_group_tests_name("moment", tests, NULL, NULL);
}
