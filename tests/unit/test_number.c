/* The name of a copy whose name is taken. */
#include "core/number.h"

#include "core/name.h"
#include "core/scratch.h"
#include "tests/unit/temp_store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct numbers *numbers;

static int setup(void **state)
{
	assert_int_equal(temp_setup(state), 0);
	return numbers_new(&numbers, NULL);
}

static int teardown(void **state)
{
	numbers_free(numbers);
	return temp_teardown(state);
}

static void free_name(struct temp *t, const char *name,
		      const struct name_taken *taken, char ret[256])
{
	temp_begin(t);
	temp_ok(t, number_free_name(numbers, &t->m, TREE_ROOT, name, taken, ret,
				    &t->why));
	moment_end(&t->m);
}

static void assert_next(struct temp *t, const char *name, const char *expected)
{
	char found[256];

	free_name(t, name, NULL, found);
	assert_string_equal(found, expected);
}

/* A copy under the name that is free: it is taken from then on. */
static int64_t copy(struct temp *t, const char *name)
{
	char found[256];

	free_name(t, name, NULL, found);
	return temp_item(t, TREE_ROOT, found, "{}");
}

/* ---- the series ---- */

static void test_a_free_name_is_kept(void **state)
{
	struct temp *t = *state;

	assert_next(t, "Rule.json", "Rule.json");
	assert_next(t, "Rule 7.json", "Rule 7.json");
}

static void test_copies_are_numbered_from_two(void **state)
{
	struct temp *t = *state;

	(void)copy(t, "Rule.json");
	assert_next(t, "Rule.json", "Rule 2.json");
	(void)copy(t, "Rule.json");
	(void)copy(t, "Rule.json");
	assert_next(t, "Rule.json", "Rule 4.json");
	/* A series is of one folder. */
	(void)temp_folder(t, TREE_ROOT, "f");
	assert_next(t, "Other.json", "Other.json");
}

static void test_a_number_continues_the_series_of_its_item(void **state)
{
	struct temp *t = *state;

	(void)copy(t, "Rule.json");
	(void)copy(t, "Rule 2.json");
	assert_next(t, "Rule 2.json", "Rule 3.json");
	/* Without that item the number is part of the name. */
	(void)copy(t, "Year Record 5.json");
	assert_next(t, "Year Record 5.json", "Year Record 5 2.json");
	(void)copy(t, "Year Record 5.json");
	(void)copy(t, "Year Record 5.json");
	assert_next(t, "Year Record 5 2.json", "Year Record 5 4.json");
	(void)copy(t, "Year Record.json");
	assert_next(t, "Year Record 5.json", "Year Record 2.json");
}

static void test_scratch_files_and_files_being_made_take_names(void **state)
{
	struct temp *t = *state;
	const struct scratch s = {
		.id = 900,
		.parent = TREE_ROOT,
		.type = SCRATCH_FOLDER,
	};

	(void)copy(t, "Rule.json");
	temp_ok(t,
		scratch_add(temp_begin(t), &s, "Rule 2.json", NULL, &t->why));
	temp_commit(t);
	(void)temp_folder(t, TREE_ROOT, "Rule 3.json");
	assert_next(t, "Rule.json", "Rule 4.json");
}

static bool fresh_file(int64_t parent, const char *name, void *arg)
{
	return parent == TREE_ROOT && strcmp(name, arg) == 0;
}

static void test_a_file_that_is_being_made_takes_its_name(void **state)
{
	static char fresh[] = "Rule 2.json", plain[] = "New.json";
	struct temp *t = *state;
	char found[256];

	(void)copy(t, "Rule.json");
	free_name(t, "Rule.json", &(struct name_taken){fresh_file, fresh},
		  found);
	assert_string_equal(found, "Rule 3.json");
	free_name(t, "New.json", &(struct name_taken){fresh_file, plain},
		  found);
	assert_string_equal(found, "New 2.json");
}

/* ---- gaps ---- */

static void test_the_lowest_free_number_is_given(void **state)
{
	struct temp *t = *state;
	int64_t copies[10];

	for (int i = 0; i < 10; i++)
		copies[i] = copy(t, "Rule.json");
	temp_remove(t, copies[3]); /* Rule 4 */
	number_freed(numbers, TREE_ROOT, "Rule 4.json");
	assert_next(t, "Rule.json", "Rule 4.json");
	(void)copy(t, "Rule.json");
	assert_next(t, "Rule.json", "Rule 11.json");
	temp_move(t, copies[1], TREE_ROOT, "Away.json");
	number_freed(numbers, TREE_ROOT, "Rule 2.json");
	assert_next(t, "Rule.json", "Rule 2.json");
}

static void test_a_number_that_was_rolled_back_is_given_again(void **state)
{
	struct temp *t = *state;
	char found[256];

	for (int i = 0; i < 5; i++)
		(void)copy(t, "Rule.json");
	for (int i = 0; i < 3; i++) {
		free_name(t, "Rule.json", NULL, found);
		assert_string_equal(found, "Rule 6.json");
	}
}

static void test_hints_are_forgotten_when_much_has_changed(void **state)
{
	struct temp *t = *state;
	int64_t copies[6];

	for (int i = 0; i < 6; i++)
		copies[i] = copy(t, "Rule.json");
	temp_remove(t, copies[2]);
	numbers_forget(numbers);
	assert_next(t, "Rule.json", "Rule 3.json");
}

static void test_more_series_than_hints_are_right_too(void **state)
{
	enum { SERIES = 1500 };
	struct temp *t = *state;
	char name[32], expected[32];

	for (int i = 0; i < SERIES; i++) {
		(void)snprintf(name, sizeof(name), "Rule x%d.json", i);
		(void)copy(t, name);
		(void)copy(t, name);
	}
	for (int i = 0; i < SERIES; i += 7) {
		(void)snprintf(name, sizeof(name), "Rule x%d.json", i);
		(void)snprintf(expected, sizeof(expected), "Rule x%d 3.json",
			       i);
		assert_next(t, name, expected);
	}
}

/* ---- long names ---- */

static void test_a_long_name_is_shortened_at_a_character(void **state)
{
	struct temp *t = *state;
	char name[256], found[256];
	int64_t second;

	memset(name, 'x', 246);
	(void)snprintf(name + 246, sizeof(name) - 246, "\xC3\xA9\xC3\xA9.json");
	(void)copy(t, name);
	for (int i = 2; i < 12; i++) {
		free_name(t, name, NULL, found);
		assert_true(strlen(found) <= 255);
		assert_int_equal(name_check(found, NULL), 0);
		(void)temp_item(t, TREE_ROOT, found, "{}");
	}
	/* 9 and 10 shorten it differently; both are of the series. */
	second = temp_ask(t, "SELECT item FROM place WHERE name LIKE"
			     " 'x%% 2.json'");
	temp_remove(t, second);
	(void)snprintf(found, sizeof(found), "%.*s\xC3\xA9 2.json", 246, name);
	number_freed(numbers, TREE_ROOT, found);
	free_name(t, name, NULL, found);
	assert_string_equal(found + strlen(found) - 7, " 2.json");
}

/* ---- cost ---- */

static double copies_us(struct temp *t, int from, int until)
{
	struct timespec a, b;
	char found[256], expected[32];

	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	temp_begin(t);
	for (int i = from; i < until; i++) {
		const struct attr attr = {.mode = 0644};
		int64_t id;

		temp_ok(t, number_free_name(numbers, &t->m, TREE_ROOT,
					    "Rule.json", NULL, found, &t->why));
		(void)snprintf(expected, sizeof(expected), "Rule %d.json", i);
		assert_string_equal(found, expected);
		temp_ok(t, tree_add_item(&t->m, TREE_ROOT, found,
					 &(struct new_item){.content = 1,
							    .size = 2,
							    .attr = attr},
					 &id, &t->why));
	}
	temp_commit(t);
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	return ((double)(b.tv_sec - a.tv_sec) * 1e6 +
		(double)(b.tv_nsec - a.tv_nsec) / 1e3) /
	       (until - from);
}

static void test_ten_thousand_copies_cost_no_more_each_than_ten(void **state)
{
	struct temp *t = *state;
	double few, many;

	(void)copy(t, "Rule.json");
	few = copies_us(t, 2, 1000);
	(void)copies_us(t, 1000, 9000);
	many = copies_us(t, 9000, 10000);
	print_message("a copy costs %.1f us, the last ones %.1f us\n", few,
		      many);
	/* Quadratic would be a hundred times as much. */
	assert_true(many < 5 * few + 50);
}

/* ---- the same bytes ---- */

static int find_same(struct temp *t, const char *name, const char *bytes,
		     int64_t *ret)
{
	int r;

	temp_begin(t);
	r = number_find_same(&t->m, TREE_ROOT, name, bytes, strlen(bytes), ret,
			     &t->why);
	moment_end(&t->m);
	return r;
}

static void test_the_same_copy_is_found_in_its_series(void **state)
{
	struct temp *t = *state;
	int64_t second, found = 0;

	(void)temp_item(t, TREE_ROOT, "Rule.json", "[1]");
	second = temp_item(t, TREE_ROOT, "Rule 2.json", "[2]");
	(void)temp_item(t, TREE_ROOT, "Ruler.json", "[3]");
	(void)temp_item(t, TREE_ROOT, "Rule x.json", "[4]");
	temp_ok(t, find_same(t, "Rule.json", "[2]", &found));
	assert_int_equal(found, second);
	temp_ok(t, find_same(t, "Rule 2.json", "[1]", &found));
	assert_int_not_equal(found, second);
	temp_fails(t, find_same(t, "Rule.json", "[3]", &found), -ENOENT,
		   "no copy of 'Rule.json'");
	temp_fails(t, find_same(t, "Rule.json", "[4]", &found), -ENOENT,
		   "no copy");
	temp_fails(t, find_same(t, "Rule.json", "[5]", &found), -ENOENT,
		   "no copy");
	/* What it holds now counts, not what it held. */
	temp_save(t, second, "[6]");
	temp_fails(t, find_same(t, "Rule.json", "[2]", &found), -ENOENT,
		   "no copy");
	temp_remove(t, second);
	temp_fails(t, find_same(t, "Rule.json", "[6]", &found), -ENOENT,
		   "no copy");
}

static void test_the_bytes_as_they_arrived_count(void **state)
{
	const struct attr attr = {.mode = 0644};
	struct temp *t = *state;
	int64_t item = temp_item(t, TREE_ROOT, "Rule.json", "[1]");
	int64_t found, changed, sent;

	temp_begin(t);
	sent = temp_content(t, "[\"sent\"]");
	changed = temp_content(t, "[\"kept\"]");
	temp_ok(t, tree_save(&t->m, item, changed, sent, 8, &attr, &t->why));
	temp_commit(t);
	temp_ok(t, find_same(t, "Rule.json", "[\"sent\"]", &found));
	assert_int_equal(found, item);
	temp_fails(t, find_same(t, "Rule.json", "[\"kept\"]", &found), -ENOENT,
		   "no copy");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_free_name_is_kept),
		TEST(test_copies_are_numbered_from_two),
		TEST(test_a_number_continues_the_series_of_its_item),
		TEST(test_scratch_files_and_files_being_made_take_names),
		TEST(test_a_file_that_is_being_made_takes_its_name),
		TEST(test_the_lowest_free_number_is_given),
		TEST(test_a_number_that_was_rolled_back_is_given_again),
		TEST(test_hints_are_forgotten_when_much_has_changed),
		TEST(test_more_series_than_hints_are_right_too),
		TEST(test_a_long_name_is_shortened_at_a_character),
		TEST(test_ten_thousand_copies_cost_no_more_each_than_ten),
		TEST(test_the_same_copy_is_found_in_its_series),
		TEST(test_the_bytes_as_they_arrived_count),
	};

	return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
