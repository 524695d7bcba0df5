/* Who has seen what, and how much of that is remembered. */
#include "fs/seen.h"

#include "tests/unit/temp_seen.h"

static void see(struct seen *seen, int number, int64_t first, int64_t last)
{
	for (int64_t item = first; item <= last; item++)
		seen_note(seen, process(number), item, 10 * item);
}

/* How many of them it has seen as they are. */
static int64_t seen_of(struct seen *seen, int number, int64_t first,
		       int64_t last)
{
	int64_t count = 0;

	for (int64_t item = first; item <= last; item++) {
		count += seen_has(seen, process(number), item, 10 * item);
		assert_false(
			seen_has(seen, process(number), item, 10 * item + 1));
	}
	return count;
}

static void test_a_process_has_seen_the_newest_that_it_saw(void **state)
{
	struct seen *seen = *state;

	seen_note(seen, process(1), 5, 50);
	assert_true(seen_has(seen, process(1), 5, 50));
	assert_false(seen_has(seen, process(2), 5, 50));
	seen_note(seen, process(1), 5, 51);
	assert_false(seen_has(seen, process(1), 5, 50));
	assert_true(seen_has(seen, process(1), 5, 51));
	/* The number of one that has ended may come again. */
	assert_false(
		seen_has(seen, (struct proc){.pid = 1001, .start = 8}, 5, 51));
	assert_false(seen_has(seen, (struct proc){0}, 5, 51));
}

static void test_a_script_may_read_many_before_it_saves_one(void **state)
{
	struct seen *seen = *state;

	see(seen, 1, 1, 30000);
	assert_int_equal(seen_of(seen, 1, 1, 30000), 30000);
}

static void test_who_reads_everything_forgets_his_own_first(void **state)
{
	struct seen *seen = *state;
	int64_t count;

	see(seen, 1, 1, 20); /* an editor */
	for (int grep = 2; grep < 12; grep++)
		see(seen, grep, 1, 200000);
	assert_int_equal(seen_of(seen, 1, 1, 20), 20);
	/* The newest are known, not all of them. */
	assert_int_equal(seen_of(seen, 11, 199901, 200000), 100);
	count = seen_of(seen, 11, 1, 200000);
	assert_in_range(count, 30000, 65536);
	/* A newcomer is heard, too. */
	see(seen, 50, 1, 5000);
	assert_int_equal(seen_of(seen, 50, 1, 5000), 5000);
	assert_int_equal(seen_of(seen, 1, 1, 20), 20);
}

static void test_of_many_processes_the_oldest_is_forgotten(void **state)
{
	struct seen *seen = *state;

	for (int number = 0; number < 300; number++)
		see(seen, number, 1, 10);
	assert_int_equal(seen_of(seen, 299, 1, 10), 10);
	assert_int_equal(seen_of(seen, 180, 1, 10), 10);
	assert_int_equal(seen_of(seen, 0, 1, 10), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_process_has_seen_the_newest_that_it_saw),
		TEST(test_a_script_may_read_many_before_it_saves_one),
		TEST(test_who_reads_everything_forgets_his_own_first),
		TEST(test_of_many_processes_the_oldest_is_forgotten),
	};

	return cmocka_run_group_tests_name("seen", tests, NULL, NULL);
}
