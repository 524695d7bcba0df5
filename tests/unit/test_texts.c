/* What is remembered of generated files. */
#include "core/buf.h"
#include "core/defer.h"
#include "fs/texts.h"

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
	struct texts *texts;

	if (texts_new(&texts) < 0)
		return -1;
	*state = texts;
	return 0;
}

static int teardown(void **state)
{
	texts_free(*state);
	return 0;
}

static void expect_answer(struct texts *texts, uint64_t ino, const char *want)
{
	DROP(buf_done) struct buf got = {0};

	texts_answer(texts, ino, &got);
	assert_int_equal(buf_error(&got), 0);
	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.data ? got.data : "", want, got.len);
}

static void test_the_size_is_that_of_the_newest_open(void **state)
{
	int64_t size = -1;

	assert_int_equal(texts_size(*state, 9, &size), -ENOENT);
	assert_int_equal(size, -1);
	assert_int_equal(texts_open(*state, 9, 100), 0);
	assert_int_equal(texts_size(*state, 9, &size), 1);
	assert_int_equal(size, 100);
	assert_int_equal(texts_open(*state, 9, 120), 0);
	assert_int_equal(texts_size(*state, 9, &size), 1);
	assert_int_equal(size, 120);
}

static void test_the_size_is_known_after_the_last_close(void **state)
{
	int64_t size = -1;

	assert_int_equal(texts_open(*state, 9, 100), 0);
	assert_int_equal(texts_open(*state, 9, 100), 0);
	texts_close(*state, 9);
	assert_int_equal(texts_size(*state, 9, &size), 1);
	texts_close(*state, 9);
	assert_int_equal(texts_size(*state, 9, &size), 0);
	assert_int_equal(size, 100);
}

static void test_an_open_handle_may_change_its_size(void **state)
{
	int64_t size = -1;

	assert_int_equal(texts_open(*state, 9, 0), 0);
	texts_resize(*state, 9, 11);
	assert_int_equal(texts_size(*state, 9, &size), 1);
	assert_int_equal(size, 11);
}

static void test_open_handles_are_never_forgotten(void **state)
{
	int64_t size = -1;

	assert_int_equal(texts_open(*state, 1, 5), 0);
	for (uint64_t ino = 2; ino < 2000; ino++) {
		assert_int_equal(texts_open(*state, ino, 6), 0);
		texts_close(*state, ino);
	}
	assert_int_equal(texts_size(*state, 1, &size), 1);
	assert_int_equal(size, 5);
}

static void test_closed_ones_are_forgotten_in_time(void **state)
{
	int64_t size = -1;

	for (uint64_t ino = 1; ino < 2000; ino++) {
		assert_int_equal(texts_open(*state, ino, 6), 0);
		texts_close(*state, ino);
	}
	assert_int_equal(texts_size(*state, 1, &size), -ENOENT);
	assert_int_equal(texts_size(*state, 1999, &size), 0);
}

static void test_the_last_answer_is_kept_by_node(void **state)
{
	expect_answer(*state, 3, "");
	texts_keep(*state, 3, "one\n", 4);
	texts_keep(*state, 4, "two\n", 4);
	texts_keep(*state, 3, "three\n", 6);
	expect_answer(*state, 3, "three\n");
	expect_answer(*state, 4, "two\n");
}

static void test_an_answer_alone_is_no_size(void **state)
{
	int64_t size = -1;

	texts_keep(*state, 3, "one\n", 4);
	assert_int_equal(texts_size(*state, 3, &size), -ENOENT);
}

static void test_of_a_long_answer_the_end_is_kept(void **state)
{
	DROP(buf_done) struct buf answer = {0}, got = {0};

	for (int i = 0; i < 200000; i++)
		buf_addf(&answer, "line %d\n", i);
	texts_keep(*state, 3, answer.data, answer.len);
	texts_answer(*state, 3, &got);
	assert_true(got.len > 1000000 && got.len < 1050000);
	assert_memory_equal(got.data, "... (", 5);
	assert_memory_equal(got.data + got.len - 12, "line 199999\n", 12);
	/* The first line that is there is whole. */
	assert_memory_equal((char *)memchr(got.data, '\n', got.len) + 1,
			    "line ", 5);
}

static void test_long_answers_of_many_are_not_all_kept(void **state)
{
	DROP(buf_done) struct buf answer = {0};

	for (int i = 0; i < 90000; i++)
		buf_addf(&answer, "line %d\n", i);
	for (uint64_t ino = 1; ino <= 8; ino++)
		texts_keep(*state, ino, answer.data, answer.len);
	expect_answer(*state, 1, "");
	for (uint64_t ino = 6; ino <= 8; ino++) {
		DROP(buf_done) struct buf got = {0};

		texts_answer(*state, ino, &got);
		assert_int_equal(got.len, answer.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_the_size_is_that_of_the_newest_open),
		TEST(test_the_size_is_known_after_the_last_close),
		TEST(test_an_open_handle_may_change_its_size),
		TEST(test_open_handles_are_never_forgotten),
		TEST(test_closed_ones_are_forgotten_in_time),
		TEST(test_the_last_answer_is_kept_by_node),
		TEST(test_an_answer_alone_is_no_size),
		TEST(test_of_a_long_answer_the_end_is_kept),
		TEST(test_long_answers_of_many_are_not_all_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
