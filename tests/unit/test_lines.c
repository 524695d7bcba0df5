/* The lines of what the engine shows, and some of them. */
#include "fs/lines.h"

#include "core/buf.h"
#include "core/defer.h"
#include "core/why.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

/* The lines of @text, each in brackets. */
static void are(const char *text, const char *expected)
{
	DROP(buf_done) struct buf out = {0};
	struct line line = {0};

	while (lines_next(text, strlen(text), &line))
		buf_addf(&out, "[%.*s]", (int)line.len, line.at);
	buf_byte(&out, '\0');
	assert_string_equal(out.data, expected);
}

static void test_a_line_ends_at_its_end_or_with_the_text(void **state)
{
	struct line line = {0};

	(void)state;
	are("", "");
	are("a\nbc\n", "[a][bc]");
	are("a\nbc", "[a][bc]");
	are("\n\na", "[][][a]");
	assert_false(lines_next(NULL, 0, &line));
}

static int take_number(json_t *object, const struct line *line, void *arg,
		       struct why *why)
{
	json_int_t *sum = arg;

	(void)line;
	*sum += json_integer_value(json_object_get(object, "n"));
	return *sum >= 10 ? why_set(why, -E2BIG, "enough") : 0;
}

static int sum_of(const char *text, json_int_t *ret_sum, struct why *why)
{
	DROP(buf_done) struct buf lines = {0};

	*ret_sum = 0;
	buf_text(&lines, text);
	return lines_each(&lines, take_number, ret_sum, why);
}

static void test_each_line_is_an_object(void **state)
{
	struct why why = {0};
	json_int_t sum;

	(void)state;
	assert_done(sum_of("{\"n\":1}\n{\"n\":2}\n", &sum, &why), &why);
	assert_int_equal(sum, 3);
	assert_done(sum_of("", &sum, &why), &why);
	assert_int_equal(
		sum_of("{\"n\":9}\n{\"n\":2}\n{\"n\":4}\n", &sum, &why),
		-E2BIG);
	assert_int_equal(sum, 11);
	assert_int_equal(sum_of("{\"n\":1}\n[2]\n", &sum, &why), -EINVAL);
	assert_string_equal(why.text, "not a line of JSON: '[2]'");
}

static void test_what_does_not_say_so_is_dropped(void **state)
{
	static const char text[] =
		"{\"kind\":\"a\",\"time\":\"2026-01-01T00:00:00Z\"}\n"
		"{\"kind\":\"bb\",\"time\":\"2026-03-01T00:00:00Z\"}\n"
		"{\"kind\":\"a\",\"time\":\"2026-03-02T00:00:00Z\"}";
	const struct lines_filter filter = {.kind = "a", .since = "2026-02-01"};
	const struct lines_filter none = {0}, wrong = {.since = "soon"};
	DROP(buf_done) struct buf lines = {0};
	struct why why = {0};

	(void)state;
	buf_text(&lines, text);
	assert_done(lines_keep(&lines, &none, &why), &why);
	assert_int_equal(lines.len, sizeof(text));
	assert_done(lines_keep(&lines, &filter, &why), &why);
	buf_byte(&lines, '\0');
	assert_string_equal(
		lines.data,
		"{\"kind\":\"a\",\"time\":\"2026-03-02T00:00:00Z\"}\n");
	lines.len--;
	assert_int_equal(lines_keep(&lines, &wrong, &why), -EINVAL);
	assert_non_null(strstr(why.text, "'soon' is no time"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_line_ends_at_its_end_or_with_the_text),
		cmocka_unit_test(test_each_line_is_an_object),
		cmocka_unit_test(test_what_does_not_say_so_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
