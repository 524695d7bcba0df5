/* The reason of a failure: one line of UTF-8, whatever went into it. */
#include "tests/unit/test.h"

#include "core/utf8.h"

#include <errno.h>
#include <stdio.h>

static void test_a_failure_is_one_statement(void **state)
{
	struct why why = {0};

	(void)state;
	assert_int_equal(why_set(&why, -ENOENT, "no '%s' in %d", "a", 7),
			 -ENOENT);
	assert_int_equal(why.code, -ENOENT);
	assert_string_equal(why.text, "no 'a' in 7");
}

static void test_nobody_needs_to_read_it(void **state)
{
	(void)state;
	assert_int_equal(why_set(NULL, -EIO, "%s", "unread"), -EIO);
}

static void test_the_last_reason_counts(void **state)
{
	struct why why = {0};

	(void)state;
	(void)why_set(&why, -EIO, "the first and longer one");
	(void)why_set(&why, -EINVAL, "second");
	assert_int_equal(why.code, -EINVAL);
	assert_string_equal(why.text, "second");
}

static void test_a_long_reason_ends_with_a_whole_character(void **state)
{
	char name[600] = "";

	(void)state;
	for (int shift = 0; shift < 4; shift++) {
		struct why why = {0};

		(void)snprintf(name, sizeof(name), "%.*s", shift, "abc");
		while (strlen(name) < 500)
			strcat(name, "\xe2\x82\xac");
		(void)why_set(&why, -EINVAL, "%s", name);
		assert_true(utf8_valid(why.text, strlen(why.text)));
		assert_in_range(strlen(why.text), sizeof(why.text) - 4,
				sizeof(why.text) - 1);
	}
}

static void test_a_name_with_a_line_break_stays_on_one_line(void **state)
{
	struct why why = {0};

	(void)state;
	(void)why_set(&why, -EINVAL, "'%s' is bad", "a\nb\tc\x7f\x1b[31m");
	assert_string_equal(why.text, "'a?b?c??[31m' is bad");
}

static void test_bytes_that_are_no_utf8_are_not_passed_on(void **state)
{
	struct why why = {0};

	(void)state;
	(void)why_set(&why, -EINVAL, "'%s' is bad", "a\xff\xc3-\xc3\xa4");
	assert_string_equal(why.text, "'a?\?-\xc3\xa4' is bad");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_failure_is_one_statement),
		cmocka_unit_test(test_nobody_needs_to_read_it),
		cmocka_unit_test(test_the_last_reason_counts),
		cmocka_unit_test(
			test_a_long_reason_ends_with_a_whole_character),
		cmocka_unit_test(
			test_a_name_with_a_line_break_stays_on_one_line),
		cmocka_unit_test(test_bytes_that_are_no_utf8_are_not_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
