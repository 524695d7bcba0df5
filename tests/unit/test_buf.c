/* Bytes that grow, and JSON strings from whatever bytes. */
#include "tests/unit/test.h"

#include "core/buf.h"

#include <errno.h>
#include <stdlib.h>

static void assert_holds(const struct buf *buf, const char *text)
{
	assert_int_equal(buf_error(buf), 0);
	assert_int_equal(buf->len, strlen(text));
	assert_memory_equal(buf->data, text, buf->len);
}

static void test_what_is_added_stands_in_order(void **state)
{
	struct buf buf = {0};

	(void)state;
	buf_add(&buf, "ab", 2);
	buf_byte(&buf, 'c');
	buf_text(&buf, "de");
	buf_addf(&buf, "%d-%s", 42, "x");
	assert_holds(&buf, "abcde42-x");
	buf_done(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.cap, 0);
}

static void test_adding_nothing_needs_no_memory(void **state)
{
	struct buf buf = {0};

	(void)state;
	buf_add(&buf, NULL, 0);
	buf_text(&buf, "");
	assert_null(buf.data);
	assert_int_equal(buf_error(&buf), 0);
	buf_done(&buf);
}

static void test_bytes_may_be_zero(void **state)
{
	struct buf buf = {0};

	(void)state;
	buf_add(&buf, "a\0b", 3);
	assert_int_equal(buf.len, 3);
	assert_memory_equal(buf.data, "a\0b", 3);
	buf_done(&buf);
}

static void test_a_megabyte_comes_back_as_it_was(void **state)
{
	struct buf buf = {0};

	(void)state;
	for (int i = 0; i < 1 << 18; i++)
		buf_addf(&buf, "%04x", i & 0xffff);
	assert_int_equal(buf_error(&buf), 0);
	assert_int_equal(buf.len, 1 << 20);
	assert_memory_equal(buf.data + (0x1234 * 4), "1234", 4);
	assert_memory_equal(buf.data + buf.len - 4, "ffff", 4);
	buf_done(&buf);
}

static void test_a_long_format_fits(void **state)
{
	struct buf buf = {0};
	char name[1000];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[999] = '\0';
	buf_byte(&buf, '<');
	buf_addf(&buf, "%s>", name);
	assert_int_equal(buf.len, 1001);
	assert_int_equal(buf.data[1000], '>');
	buf_done(&buf);
}

static void test_want_of_memory_sticks(void **state)
{
	struct buf buf = {0};
	struct why why = {0};

	(void)state;
	buf_text(&buf, "kept");
	assert_int_equal(buf_reserve(&buf, SIZE_MAX / 2), -ENOMEM);
	buf_text(&buf, "dropped");
	assert_int_equal(buf.len, 4);
	assert_int_equal(buf_error(&buf), -ENOMEM);
	assert_refused(buf_add_text(&buf, "x", &why), -ENOMEM, &why, "memory");
	buf_reset(&buf);
	assert_int_equal(buf_error(&buf), 0);
	assert_int_equal(buf_add_text(&buf, "again", &why), 0);
	assert_holds(&buf, "again");
	buf_done(&buf);
}

static void test_a_size_beyond_all_memory_is_refused(void **state)
{
	struct buf buf = {0};

	(void)state;
	buf_text(&buf, "kept");
	assert_int_equal(buf_reserve(&buf, SIZE_MAX), -ENOMEM);
	assert_int_equal(buf.len, 4);
	buf_done(&buf);
}

static void test_json_strings(void **state)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{"", "\"\""},
		{"No gaps", "\"No gaps\""},
		{"say \"so\"", "\"say \\\"so\\\"\""},
		{"C:\\x", "\"C:\\\\x\""},
		{"a/b", "\"a/b\""},
		{"a\nb\tc\rd", "\"a\\nb\\tc\\u000dd\""},
		{"\x01\x1f", "\"\\u0001\\u001f\""},
		{"\x7f", "\"\x7f\""},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		 "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
		/* No UTF-8: each byte that is wrong becomes U+FFFD. */
		{"a\xff"
		 "b",
		 "\"a\xef\xbf\xbd"
		 "b\""},
		{"\xc3(", "\"\xef\xbf\xbd(\""},
		{"\xc3", "\"\xef\xbf\xbd\""},
		{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf buf = {0};

		buf_json_string(&buf, cases[i].text);
		assert_holds(&buf, cases[i].json);
		buf_done(&buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_added_stands_in_order),
		cmocka_unit_test(test_adding_nothing_needs_no_memory),
		cmocka_unit_test(test_bytes_may_be_zero),
		cmocka_unit_test(test_a_megabyte_comes_back_as_it_was),
		cmocka_unit_test(test_a_long_format_fits),
		cmocka_unit_test(test_want_of_memory_sticks),
		cmocka_unit_test(test_a_size_beyond_all_memory_is_refused),
		cmocka_unit_test(test_json_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
