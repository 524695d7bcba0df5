/* Numbers of past views: one for each, while the kernel knows it. */
#include "fs/inum.h"
#include "fs/views.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
	struct views *views;

	if (views_new(&views) < 0)
		return -1;
	*state = views;
	return 0;
}

static int teardown(void **state)
{
	views_free(*state);
	return 0;
}

static int64_t give(struct views *views, int64_t folder, const char *name,
		    int64_t moment)
{
	struct view view = {
		.root = folder,
		.moment = moment,
		.time_ns = moment * 1000,
		.uid = 7,
	};

	assert_int_equal(views_give(views, name, NULL, &view), 0);
	return view.number;
}

static void test_the_same_view_has_the_same_number(void **state)
{
	int64_t number = give(*state, 1, "1", 5);

	assert_int_equal(give(*state, 1, "1", 5), number);
	views_count(*state, number, 1);
	assert_int_equal(give(*state, 1, "1", 5), number);
}

static void test_folder_name_and_moment_make_a_view(void **state)
{
	int64_t number = give(*state, 1, "latest", 5);

	assert_int_not_equal(give(*state, 2, "latest", 5), number);
	assert_int_not_equal(give(*state, 1, "1", 5), number);
	assert_int_not_equal(give(*state, 1, "latest", 6), number);
}

static void test_a_number_gives_its_view(void **state)
{
	int64_t number = give(*state, 3, "before", 9);
	struct view view;

	assert_int_equal(views_get(*state, number, &view), 0);
	assert_int_equal(view.number, number);
	assert_int_equal(view.root, 3);
	assert_int_equal(view.moment, 9);
	assert_int_equal(view.time_ns, 9000);
	assert_int_equal(view.uid, 7);
}

static void test_an_unknown_number_is_stale(void **state)
{
	struct view view = {.number = 42};

	assert_int_equal(views_get(*state, 1, &view), -ESTALE);
	assert_int_equal(view.number, 42);
	views_count(*state, 1, 1);
	views_count(*state, 1, -1);
	assert_int_equal(views_kept(*state), 0);
}

static void test_a_view_lives_as_long_as_the_kernel_knows_it(void **state)
{
	int64_t number = give(*state, 1, "1", 5);
	struct view view;

	views_count(*state, number, 3);
	for (int i = 0; i < 1000; i++)
		(void)give(*state, 1, "latest", 100 + i);
	assert_int_equal(views_get(*state, number, &view), 0);
	views_count(*state, number, -2);
	for (int i = 0; i < 1000; i++)
		(void)give(*state, 2, "latest", 100 + i);
	assert_int_equal(views_get(*state, number, &view), 0);
	views_count(*state, number, -1);
	for (int i = 0; i < 1000; i++)
		(void)give(*state, 3, "latest", 100 + i);
	assert_int_equal(views_get(*state, number, &view), -ESTALE);
}

static void test_a_view_outlives_its_forgetting_for_a_while(void **state)
{
	int64_t number = give(*state, 1, "1", 5);
	struct view view;

	views_count(*state, number, 1);
	assert_int_equal(give(*state, 1, "1", 5), number);
	views_count(*state, number, -1);
	assert_int_equal(views_get(*state, number, &view), 0);
	views_count(*state, number, 1); /* the reply of that second lookup */
	for (int i = 0; i < 1000; i++)
		(void)give(*state, 1, "latest", 100 + i);
	assert_int_equal(views_get(*state, number, &view), 0);
}

static void test_what_nobody_knows_is_bounded(void **state)
{
	for (int i = 0; i < 10000; i++)
		(void)give(*state, 1, "latest", i);
	assert_true(views_kept(*state) <= 64);
}

static void test_numbers_are_not_given_again(void **state)
{
	int64_t last = 0;

	for (int i = 0; i < 10000; i++) {
		int64_t number = give(*state, 1, "latest", i);

		assert_true(number > last);
		views_count(*state, number, 1);
		views_count(*state, number, -1);
		last = number;
	}
	assert_true(last < INT64_C(1) << (INUM_PAYLOAD_BITS - INUM_VIEW_BITS));
}

static void test_many_views_are_all_found(void **state)
{
	enum { MANY = 20000 };
	struct view view;

	for (int i = 0; i < MANY; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "%d", i);
		views_count(*state, give(*state, i % 7, name, i), 1);
	}
	assert_int_equal(views_kept(*state), MANY);
	for (int i = 0; i < MANY; i++) {
		char name[16];
		int64_t number;

		(void)snprintf(name, sizeof(name), "%d", i);
		number = give(*state, i % 7, name, i);
		assert_int_equal(views_get(*state, number, &view), 0);
		assert_int_equal(view.moment, i);
		views_count(*state, number, -1);
	}
	assert_true(views_kept(*state) <= 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_the_same_view_has_the_same_number),
		TEST(test_folder_name_and_moment_make_a_view),
		TEST(test_a_number_gives_its_view),
		TEST(test_an_unknown_number_is_stale),
		TEST(test_a_view_lives_as_long_as_the_kernel_knows_it),
		TEST(test_a_view_outlives_its_forgetting_for_a_while),
		TEST(test_what_nobody_knows_is_bounded),
		TEST(test_numbers_are_not_given_again),
		TEST(test_many_views_are_all_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
