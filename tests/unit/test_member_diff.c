/* Which members differ between two texts, and how that is written. */
#include "core/member_diff.h"

#include "core/buf.h"
#include "core/defer.h"
#include "core/member_align.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static struct merge_text text(const char *bytes)
{
	return (struct merge_text){bytes, bytes ? strlen(bytes) : 0};
}

static int add_line(const struct member *member, void *arg)
{
	struct buf *out = arg;

	member_line(member, 40, out);
	buf_byte(out, '\n');
	return 0;
}

static void differs(const char *old, const char *new, const char *lines)
{
	DROP(buf_done) struct buf out = {0};
	struct why why = {0};

	assert_done(member_diff(text(old), text(new), add_line, &out, &why),
		    &why);
	buf_byte(&out, '\0');
	assert_string_equal(out.data, lines);
}

static void test_members_are_told_by_their_pointers(void **state)
{
	(void)state;
	differs("{\"a\": 1, \"b\": {\"c\": [true, null]}, \"gone\": \"x\"}",
		"{\"a\": 2, \"b\": {\"c\": [true, {}]}, \"new\": [ 1, 2 ]}",
		"/a: 1 -> 2\n"
		"/b/c/1: null -> {}\n"
		"- /gone: \"x\"\n"
		"+ /new: [1,2]\n");
	differs("{\"a/b\": 1, \"~\": 1, \"\\u0061\": 1}",
		"{\"a/b\": 2, \"~\": 2, \"a\": 2}",
		"/a~1b: 1 -> 2\n/~0: 1 -> 2\n/a: 1 -> 2\n");
	differs("{\"a\": {}}", "{\"a\": []}", "/a: {} -> []\n");
	differs("{}", "[1]", "\"\": {} -> [1]\n");
	/* What would make the line hard to read is quoted. */
	differs("{\"a: b\": 1, \"c\\nd\": 1}", "{}",
		"- \"/a: b\": 1\n- \"/c\\nd\": 1\n");
}

static void test_formatting_is_no_difference(void **state)
{
	(void)state;
	differs("{\"a\":1,\"b\":[1.0,\"\\u00e9\"]}",
		"{\n\t\"b\": [ 1.00, \"\xc3\xa9\" ],\n\t\"a\": 1\n}\n", "");
	differs("[0.0, 1e2, -0.0]", "[-0.0, 100.0, 0e1]", "");
	differs("[1]", "[1.0]", "/0: 1 -> 1.0\n");
	differs("[9007199254740993]", "[9007199254740992]",
		"/0: 9007199254740993 -> 9007199254740992\n");
}

static void test_an_element_that_was_put_in_is_one_line(void **state)
{
	(void)state;
	differs("[\"a\",\"b\",\"c\"]", "[\"x\",\"a\",\"b\",\"c\"]",
		"+ /0: \"x\"\n");
	differs("[\"a\",\"b\",\"c\"]", "[\"a\",\"c\"]", "- /1: \"b\"\n");
	differs("[1,2,3,4,5,6]", "[2,3,9,5,6,7]",
		"- /0: 1\n/2: 4 -> 9\n+ /5: 7\n");
	differs("{\"pairs\":[{\"r\":1,\"s\":1},{\"r\":2,\"s\":2}]}",
		"{\"pairs\":[{\"r\":0},{\"r\":1,\"s\":1},{\"r\":2,\"s\":3}]}",
		"+ /pairs/0: {\"r\":0}\n/pairs/2/s: 2 -> 3\n");
	differs("[[1,2],[3]]", "[[1],[3,4]]", "- /0/1: 2\n+ /1/1: 4\n");
}

static void test_elements_go_by_their_names(void **state)
{
	(void)state;
	differs("[{\"id\":1,\"v\":1},{\"id\":2,\"v\":2},{\"id\":3,\"v\":3}]",
		"[{\"id\":9,\"v\":0},{\"id\":1,\"v\":1},{\"id\":3,\"v\":4}]",
		"+ /0: {\"id\":9,\"v\":0}\n"
		"- /1: {\"id\":2,\"v\":2}\n"
		"/2/v: 3 -> 4\n");
	/* One whose name alone changed is still the same one. */
	differs("[{\"name\":\"a\",\"v\":1},{\"name\":\"b\"}]",
		"[{\"name\":\"c\",\"v\":1},{\"name\":\"b\"}]",
		"/0/name: \"a\" -> \"c\"\n");
	/* A name that two have is none. */
	differs("[{\"id\":1,\"v\":1},{\"id\":1,\"v\":2}]",
		"[{\"id\":1,\"v\":1},{\"id\":1,\"v\":3}]", "/1/v: 2 -> 3\n");
}

static void test_named_elements_that_stand_elsewhere_have_moved(void **state)
{
	(void)state;
	differs("{\"s\":[{\"id\":1},{\"id\":2,\"v\":2},{\"id\":3}]}",
		"{\"s\":[{\"id\":2,\"v\":3},{\"id\":1},{\"id\":3}]}",
		"/s/0/v: 2 -> 3\nR /s/0 -> /s/1\n");
	differs("[{\"id\":1},{\"id\":2},{\"id\":3}]",
		"[{\"id\":3},{\"id\":4},{\"id\":1}]",
		"- /1: {\"id\":2}\n+ /1: {\"id\":4}\nR /0 -> /2\n");
}

static void test_long_values_are_cut_at_characters(void **state)
{
	(void)state;
	differs("{}", "{\"a\":\"0123456789012345678901234567890123456789\"}",
		"+ /a: \"01234567890123456789012345678901234567…\"\n");
	differs("{}",
		"{\"a\":\"0123456789012345678901234567890123456"
		"\xc3\xa9\xc3\xa9\xc3\xa9\"}",
		"+ /a: \"0123456789012345678901234567890123456\xc3\xa9…\"\n");
	differs("{}",
		"{\"a\":\"0123456789012345678901234567890123456"
		"\\\"\\\"\\\"\"}",
		"+ /a: \"0123456789012345678901234567890123456\\\"…\"\n");
	differs("{}", "{\"a\":[1234567890,1234567890,1234567890,12345]}",
		"+ /a: [1234567890,1234567890,1234567890,12345]\n" + 0);
	differs("{}", "{\"a\":\"01234567890123456789012345678901234567\"}",
		"+ /a: \"01234567890123456789012345678901234567\"\n");
}

static int add_object(const struct member *member, void *arg)
{
	member_object(member, arg);
	return 0;
}

static void test_as_json_a_value_is_whole(void **state)
{
	static const char value[] =
		"[\"0123456789 123456789 123456789 123456789 123456789\", 1 ]";
	DROP(buf_done) struct buf out = {0};
	char old[128];
	struct why why = {0};

	(void)state;
	(void)snprintf(old, sizeof(old), "{\"a\": %s, \"b\": 1}", value);
	assert_done(member_diff(text(old), text("{\"b\": 2, \"c\": 3}"),
				add_object, &out, &why),
		    &why);
	buf_byte(&out, '\0');
	assert_string_equal(
		out.data, "{\"pointer\":\"/a\",\"old\":[\"0123456789 123456789 "
			  "123456789 123456789 123456789\",1]}"
			  "{\"pointer\":\"/b\",\"old\":1,\"new\":2}"
			  "{\"pointer\":\"/c\",\"new\":3}");
}

static int stop(const struct member *member, void *arg)
{
	(void)member;
	(*(int *)arg)++;
	return -EINTR;
}

static void test_a_walk_ends_when_it_is_told_to(void **state)
{
	struct why why = {0};
	int calls = 0;

	(void)state;
	assert_int_equal(
		member_diff(text("[1,2]"), text("[3,4]"), stop, &calls, &why),
		-EINTR);
	assert_int_equal(calls, 1);
	assert_int_equal(
		member_diff(text("[1,2]"), text("[3,"), stop, &calls, &why),
		-EINVAL);
	assert_int_equal(calls, 1);
}

static void test_too_many_values_are_refused(void **state)
{
	size_t count = MEMBER_VALUES_MAX + 1, len = 0;
	char *many = malloc(2 * count + 2);
	struct why why = {0};
	int calls = 0;

	(void)state;
	assert_non_null(many);
	many[len++] = '[';
	for (size_t i = 0; i < count; i++) {
		many[len++] = '1';
		many[len++] = i + 1 < count ? ',' : ']';
	}
	assert_int_equal(member_diff((struct merge_text){many, len}, text("[]"),
				     stop, &calls, &why),
			 -EFBIG);
	assert_non_null(strstr(why.text, "262144 values"));
	assert_int_equal(calls, 0);
	/* Long, but of few values. */
	memset(many + 1, ' ', len - 2);
	assert_done(member_diff((struct merge_text){many, len}, text("[]"),
				stop, &calls, &why),
		    &why);
	free(many);
}

static void test_the_deepest_text_is_compared(void **state)
{
	enum { DEPTH = 2040 };
	static char old[2 * DEPTH + 2], new[2 * DEPTH + 2];
	DROP(buf_done) struct buf out = {0};
	struct why why = {0};

	(void)state;
	memset(old, '[', DEPTH);
	old[DEPTH] = '1';
	memset(old + DEPTH + 1, ']', DEPTH);
	memcpy(new, old, sizeof(old));
	new[DEPTH] = '2';
	assert_done(member_diff(text(old), text(new), add_line, &out, &why),
		    &why);
	buf_byte(&out, '\0');
	assert_int_equal(out.len, 2 * DEPTH + strlen(": 1 -> 2\n") + 1);
	assert_non_null(strstr(out.data, "/0/0/0: 1 -> 2\n"));
}

/* ---- alignment ---- */

static uint32_t common(const uint64_t *a, uint32_t a_len, const uint64_t *b,
		       uint32_t b_len)
{
	uint32_t *match = calloc(a_len + 1, sizeof(*match));
	uint32_t count = 0, next = 0;

	assert_non_null(match);
	assert_int_equal(align_lists(&(struct align_list){a, a_len},
				     &(struct align_list){b, b_len}, match),
			 0);
	for (uint32_t i = 0; i < a_len; i++) {
		if (match[i] == ALIGN_NONE)
			continue;
		assert_true(match[i] >= next && match[i] < b_len);
		assert_true(a[i] == b[match[i]]);
		next = match[i] + 1;
		count++;
	}
	free(match);
	return count;
}

static void test_long_lists_hold_to_what_occurs_once(void **state)
{
	enum { LEN = 5000 };
	static uint64_t a[LEN], b[LEN + 5];
	uint32_t len = 0;

	(void)state;
	for (uint32_t i = 0; i < LEN; i++) {
		a[i] = 1000 + i;
		if (i % 1000 == 500)
			b[len++] = i;			      /* put in */
		b[len++] = i % 7 == 3 && i > 2000 ? 1 : a[i]; /* or changed */
	}
	assert_int_equal(common(a, LEN, b, len),
			 LEN - (LEN - 1 - 3) / 7 + (2000 - 3) / 7);
	/* Nothing occurs once, and much is different: still some. */
	for (uint32_t i = 0; i < LEN; i++) {
		a[i] = i % 3;
		b[i] = (i + 1) % 3;
	}
	assert_true(common(a, LEN, b, LEN) < LEN);
	assert_int_equal(common(a, 0, b, LEN), 0);
	assert_int_equal(common(a, LEN, a, LEN), LEN);
}

/* ---- random values ---- */

/* Of one dice come equal values; but for that at which twist becomes 0, which
 * is another, or is left out. */
struct making {
	unsigned dice;
	int twist;
};

static const char *pick(struct making *m, const char *const *list, int count)
{
	return list[rand_r(&m->dice) % count];
}

static void add_value(struct buf *out, int depth, struct making *m);

static void add_kids(struct buf *out, int depth, bool object, struct making *m)
{
	static const char *const keys[] = {"id", "name", "a", "b: c",
					   "\\u0061b"};
	int count = rand_r(&m->dice) % 5;
	const char *comma = "";

	for (int i = 0; i < count; i++) {
		DROP(buf_done) struct buf kid = {0};
		bool gone = m->twist == 1 && rand_r(&m->dice) % 2;

		add_value(&kid, depth - 1, m);
		if (gone)
			continue;
		buf_text(out, comma);
		if (object)
			buf_addf(out, "\"%s\": ", keys[i]);
		buf_add(out, kid.data, kid.len);
		comma = ", ";
	}
}

static void add_value(struct buf *out, int depth, struct making *m)
{
	static const char *const scalars[] = {
		"1",	      "2.50", "2.5",  "\"a\"", "\"\\u0061\"",
		"\"b -> c\"", "null", "true", "\"\"",  "-0.0"};
	DROP(buf_done) struct buf dropped = {0};
	int what = depth ? rand_r(&m->dice) % 4 : 0;

	if (m->twist && --m->twist == 0) {
		buf_text(out, "\"twisted\"");
		out = &dropped;
	}
	if (what < 2) {
		buf_text(out, pick(m, scalars, 10));
		return;
	}
	buf_byte(out, what == 2 ? '[' : '{');
	add_kids(out, depth, what == 3, m);
	buf_byte(out, what == 2 ? ']' : '}');
}

static int count_member(const struct member *member, void *arg)
{
	DROP(buf_done) struct buf line = {0};

	member_line(member, 8, &line);
	buf_byte(&line, '\0');
	assert_null(strchr(line.data, '\n'));
	assert_true(member->old.bytes || member->new.bytes || member->from);
	(*(int *)arg)++;
	return 0;
}

static void test_whatever_differs_is_told_and_nothing_else(void **state)
{
	unsigned dice = 1;
	int equal = 0, close = 0;

	(void)state;
	if (getenv("SEED"))
		dice = (unsigned)atoi(getenv("SEED"));
	for (int round = 0; round < 30000; round++) {
		DROP(buf_done) struct buf a = {0};
		DROP(buf_done) struct buf b = {0};
		struct making one = {.dice = dice += 7};
		struct making other = {.dice = dice, .twist = round % 10};
		struct merge_text x, y;
		struct why why = {0};
		int count = 0, same;

		/* Every fifth time another value altogether. */
		other.dice += round % 5 == 1;
		buf_byte(&a, '[');
		add_value(&a, 3, &one);
		buf_byte(&a, ']');
		buf_text(&b, "[ ");
		add_value(&b, 3, &other);
		buf_byte(&b, ']');
		x = (struct merge_text){a.data, a.len};
		y = (struct merge_text){b.data, b.len};
		if (round % 3 == 0) {
			x = y;
			y = (struct merge_text){a.data, a.len};
		}
		same = merge_equal(NULL, x, y, &why);
		assert_true(same >= 0);
		assert_done(member_diff(x, y, count_member, &count, &why),
			    &why);
		assert_int_equal(count == 0, same);
		equal += same;
		close += count == 1;
	}
	assert_true(equal >= 3000 && close >= 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members_are_told_by_their_pointers),
		cmocka_unit_test(test_formatting_is_no_difference),
		cmocka_unit_test(test_an_element_that_was_put_in_is_one_line),
		cmocka_unit_test(test_elements_go_by_their_names),
		cmocka_unit_test(
			test_named_elements_that_stand_elsewhere_have_moved),
		cmocka_unit_test(test_long_values_are_cut_at_characters),
		cmocka_unit_test(test_as_json_a_value_is_whole),
		cmocka_unit_test(test_a_walk_ends_when_it_is_told_to),
		cmocka_unit_test(test_too_many_values_are_refused),
		cmocka_unit_test(test_the_deepest_text_is_compared),
		cmocka_unit_test(test_long_lists_hold_to_what_occurs_once),
		cmocka_unit_test(
			test_whatever_differs_is_told_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
