/* The last failures, each for its folder. */
#include "core/buf.h"
#include "core/defer.h"
#include "core/tree.h"
#include "fs/sentences.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* 2026-11-20T10:30:00Z */
#define TIME_NS (INT64_C(1795170600) * 1000000000)

static int setup(void **state)
{
	struct sentences *s;

	if (sentences_new(&s) < 0)
		return -1;
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	sentences_free(*state);
	return 0;
}

/* The root and a folder's own need no database. */
static void expect(struct sentences *s, int64_t folder, const char *want)
{
	DROP(buf_done) struct buf got = {0};

	assert_int_equal(sentences_show(s, NULL, folder, &got, NULL), 0);
	buf_byte(&got, '\0');
	assert_string_equal(got.data, want);
}

static void test_a_failure_is_a_line(void **state)
{
	sentences_add(*state, TIME_NS, 5, -EBUSY, "revert 3 is at work");
	expect(*state, 5, "2026-11-20T10:30:00Z EBUSY revert 3 is at work\n");
}

static void test_the_root_shows_all_the_oldest_first(void **state)
{
	sentences_add(*state, TIME_NS, 5, -ENOENT, "one");
	sentences_add(*state, TIME_NS + 1000000000, 6, -EINVAL, "two");
	expect(*state, TREE_ROOT,
	       "2026-11-20T10:30:00Z ENOENT one\n"
	       "2026-11-20T10:30:01Z EINVAL two\n");
}

static void test_a_newline_does_not_make_two(void **state)
{
	sentences_add(*state, TIME_NS, 5, -EINVAL, "no 'a\nb\r'");
	expect(*state, 5, "2026-11-20T10:30:00Z EINVAL no 'a b '\n");
}

static void test_nothing_failed_is_no_line(void **state)
{
	expect(*state, TREE_ROOT, "");
}

static void test_the_newest_256_are_kept(void **state)
{
	DROP(buf_done) struct buf got = {0};
	size_t lines = 0;

	for (int i = 0; i < 1000; i++) {
		char text[16];

		(void)snprintf(text, sizeof(text), "number %d", i);
		sentences_add(*state, TIME_NS, TREE_ROOT, -EIO, text);
	}
	assert_int_equal(sentences_show(*state, NULL, TREE_ROOT, &got, NULL),
			 0);
	for (size_t i = 0; i < got.len; i++)
		lines += got.data[i] == '\n';
	assert_int_equal(lines, 256);
	assert_memory_equal(got.data, "2026-11-20T10:30:00Z EIO number 744\n",
			    36);
	assert_memory_equal(got.data + got.len - 11, "number 999\n", 11);
}

static void test_a_long_sentence_is_cut(void **state)
{
	char text[1000];
	DROP(buf_done) struct buf got = {0};

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	sentences_add(*state, TIME_NS, TREE_ROOT, -EIO, text);
	assert_int_equal(sentences_show(*state, NULL, TREE_ROOT, &got, NULL),
			 0);
	assert_true(got.len < 300);
	assert_int_equal(got.data[got.len - 1], '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_a_failure_is_a_line),
		TEST(test_the_root_shows_all_the_oldest_first),
		TEST(test_a_newline_does_not_make_two),
		TEST(test_nothing_failed_is_no_line),
		TEST(test_the_newest_256_are_kept),
		TEST(test_a_long_sentence_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
