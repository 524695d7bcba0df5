/* What processes did to names, and how much of that is remembered. */
#include "fs/seen.h"

#include "tests/unit/temp_seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALL = 2048, PROCESSES = 256, LONG = 1000000 };

/* At the time @now, of the item and the node of that number. */
static void act(struct seen *seen, enum act_kind kind, int number, int64_t now)
{
	struct act act = {
		.kind = kind,
		.proc = process(number),
		.time_ns = now,
		.parent = 1,
		.node = now,
		.item = now,
		.content = 10 * now,
	};

	(void)snprintf(act.name, sizeof(act.name), "%d", (int)now);
	act_note(seen, &act);
}

/* Each of the ways to ask says the same. */
static bool has(struct seen *seen, enum act_kind kind, int number, int64_t then,
		int64_t now)
{
	const struct proc proc = process(number);
	char name[32];
	const struct act *found;

	(void)snprintf(name, sizeof(name), "%d", (int)then);
	found = act_on_name(seen, kind, proc, 1, name, now, LONG);
	assert_ptr_equal(found, act_on_node(seen, kind, proc, then, now, LONG));
	assert_ptr_equal(found, act_on_item(seen, kind, then, now, LONG));
	return found;
}

static void test_an_act_is_found_until_it_is_too_old(void **state)
{
	struct seen *seen = *state;

	act(seen, ACT_SAVED, 1, 5);
	act(seen, ACT_DIVERTED, 1, 6);
	assert_true(has(seen, ACT_SAVED, 1, 5, 7));
	assert_true(has(seen, ACT_DIVERTED, 1, 6, 7));
	assert_false(has(seen, ACT_REMOVED, 1, 5, 7));
	assert_null(act_on_name(seen, ACT_SAVED, process(2), 1, "5", 7, LONG));
	assert_null(act_on_name(seen, ACT_SAVED, process(1), 2, "5", 7, LONG));
	assert_null(act_on_node(seen, ACT_SAVED, process(1), 5, 10, 4));
	assert_non_null(act_on_node(seen, ACT_SAVED, process(1), 5, 10, 5));
}

static void test_the_newest_is_found_first(void **state)
{
	struct seen *seen = *state;

	act(seen, ACT_SAVED, 1, 5);
	act_on_item(seen, ACT_SAVED, 5, 5, LONG)->moment = 1;
	act(seen, ACT_SAVED, 1, 5);
	assert_int_equal(act_on_item(seen, ACT_SAVED, 5, 5, LONG)->moment, 0);
	act_forget(act_on_node(seen, ACT_SAVED, process(1), 5, 5, LONG));
	assert_int_equal(act_on_item(seen, ACT_SAVED, 5, 5, LONG)->moment, 1);
	act_forget(act_on_item(seen, ACT_SAVED, 5, 5, LONG));
	assert_null(act_on_item(seen, ACT_SAVED, 5, 5, LONG));
}

/* As an editor that has put its item aside while somebody removes all. */
static void test_who_does_much_makes_nobody_else_forget(void **state)
{
	struct seen *seen = *state;
	int64_t now = 0;

	act(seen, ACT_DIVERTED, 1, ++now);
	act(seen, ACT_REMOVED, 1, ++now);
	for (int i = 0; i < 20 * ALL; i++)
		act(seen, ACT_REMOVED, 2 + i % 3, ++now);
	assert_true(has(seen, ACT_DIVERTED, 1, 1, now));
	assert_true(has(seen, ACT_REMOVED, 1, 2, now));
	/* Its own newest are still there, and the oldest are not. */
	assert_true(has(seen, ACT_REMOVED, 2 + (20 * ALL - 1) % 3, now, now));
	assert_false(has(seen, ACT_REMOVED, 2, 3, now));
}

static void
test_of_too_many_processes_the_longest_idle_is_forgotten(void **state)
{
	struct seen *seen = *state;
	int64_t now = 0;

	for (int i = 0; i < PROCESSES; i++)
		act(seen, ACT_SAVED, i, ++now);
	act(seen, ACT_SAVED, 0, ++now);
	act(seen, ACT_SAVED, PROCESSES, ++now);
	assert_true(has(seen, ACT_SAVED, 0, 1, now));
	assert_false(has(seen, ACT_SAVED, 1, 2, now));
	assert_true(has(seen, ACT_SAVED, 2, 3, now));
	assert_true(has(seen, ACT_SAVED, PROCESSES, now, now));
}

static void test_a_settled_act_still_says_who_wrote_it(void **state)
{
	struct seen *seen = *state;
	struct proc authors[4];

	act(seen, ACT_DIVERTED, 1, 5);
	act_settle(seen, act_on_item(seen, ACT_DIVERTED, 5, 5, LONG));
	assert_null(act_on_item(seen, ACT_DIVERTED, 5, 5, LONG));
	assert_int_equal(authors_get(seen, 5, 50, 6, authors, 4), 1);
	assert_int_equal(authors[0].pid, 1001);
	assert_int_equal(authors_get(seen, 5, 51, 6, authors, 4), 0);
}

static bool is_even(const struct act *act, void *arg)
{
	(void)arg;
	return act->item % 2 == 0;
}

static void test_what_is_past_is_forgotten_of_all(void **state)
{
	struct seen *seen = *state;

	for (int i = 1; i <= 10; i++)
		act(seen, i % 3 ? ACT_REMOVED : ACT_SAVED, i % 4, i);
	act_forget_past(seen, ACT_REMOVED, is_even, NULL);
	for (int i = 1; i <= 10; i++)
		assert_int_equal(has(seen, i % 3 ? ACT_REMOVED : ACT_SAVED,
				     i % 4, i, 10),
				 i % 2 || i % 3 == 0);
}

/* Some processes, of which none does much and one does: what the others did is
 * known, whatever order it all comes in. */
static void test_any_order_of_acts(void **state)
{
	enum { QUIET = 40, EACH = 20 };
	struct seen *seen = *state;
	int64_t done[QUIET][EACH];
	int count[QUIET] = {0};
	int64_t now = 0;
	unsigned seed = 1;

	for (int i = 0; i < 30000; i++) {
		int who = rand_r(&seed) % 400;

		now++;
		if (who >= QUIET || count[who] == EACH) {
			act(seen, ACT_SAVED, QUIET + 1, now);
			continue;
		}
		done[who][count[who]++] = now;
		act(seen, ACT_DIVERTED, who, now);
		if (rand_r(&seed) % 8 == 0)
			act_forget(act_on_node(seen, ACT_DIVERTED, process(who),
					       done[who][--count[who]], now,
					       LONG));
	}
	for (int who = 0; who < QUIET; who++)
		for (int i = 0; i < count[who]; i++)
			assert_true(has(seen, ACT_DIVERTED, who, done[who][i],
					now));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_act_is_found_until_it_is_too_old),
		TEST(test_the_newest_is_found_first),
		TEST(test_who_does_much_makes_nobody_else_forget),
		TEST(test_of_too_many_processes_the_longest_idle_is_forgotten),
		TEST(test_a_settled_act_still_says_who_wrote_it),
		TEST(test_what_is_past_is_forgotten_of_all),
		TEST(test_any_order_of_acts),
	};

	return cmocka_run_group_tests_name("seen_acts", tests, NULL, NULL);
}
