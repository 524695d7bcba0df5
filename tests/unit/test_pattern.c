/* Places in a JSON text, written down. */
#include "core/buf.h"
#include "core/pattern.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>

/* Every value of a text, as "PATH" if the pattern reaches it. */
struct found {
	const struct pattern *pattern;
	char text[512];
};

static int visit(const struct json_value *v, void *arg)
{
	struct found *f = arg;
	struct buf path = {0};

	if (pattern_matches(f->pattern, v->path, v->depth)) {
		pattern_show(v->path, v->depth, &path);
		buf_text(&path, " ");
		strncat(f->text, path.data, path.len);
	}
	buf_done(&path);
	return 0;
}

static const char text[] =
	"{\"a\": {\"b\": [{\"c\": 1}, [{\"c\": 2}]], \"c\": 3},"
	" \"c\": 4, \"x y\": {\"(.z)\": 5, \"\\u0063\": 6}}";

static void reaches(const char *pattern_text, const char *expected)
{
	struct pattern p = {0};
	struct why why = {0};
	struct found f = {.pattern = &p};

	assert_done(pattern_parse(pattern_text, &p, &why), &why);
	assert_int_equal(json_scan(text, strlen(text), 0, visit, &f, NULL),
			 JSON_VALID);
	assert_string_equal(f.text, expected);
	pattern_done(&p);
}

static void test_a_pattern_reaches_what_it_names(void **state)
{
	(void)state;
	reaches("a.b[*].c", "a.b[0].c ");
	reaches("a.b[*][*].c", "a.b[1][0].c ");
	reaches("c", "c ");
	reaches("a.*", "a.b a.c ");
	reaches("a.b[*]", "a.b[0] a.b[1] ");
	reaches("a[*]", "");
	reaches("a.b.*", "");
	reaches("x y[\"(.z)\"]", "x y[\"(.z)\"] ");
	reaches("[\"x y\"].*", "x y[\"(.z)\"] x y[\"\\u0063\"] ");
}

static void test_any_depth_is_none_too(void **state)
{
	(void)state;
	reaches("**.c", "a.b[0].c a.b[1][0].c a.c c x y[\"\\u0063\"] ");
	reaches("a.**.c", "a.b[0].c a.b[1][0].c a.c ");
	reaches("a.**.b", "a.b ");
	reaches("x y.**", "x y[\"(.z)\"] x y[\"\\u0063\"] x y ");
	reaches("a.b.**[*].c", "a.b[0].c a.b[1][0].c ");
	reaches("a.b[*].**.c", "a.b[0].c a.b[1][0].c ");
}

static void test_every_mistake_has_a_sentence(void **state)
{
	static const struct {
		const char *text, *words;
	} wrong[] = {
		{"", "a name"},
		{"a.", "a name"},
		{"a..b", "a name"},
		{"a[3]", "'[*]'"},
		{"a[*", "'[*]'"},
		{"a]", "'.' or '['"},
		{"a[\"b]", "'\"]' is missing"},
		{"a[\"\"]", "no JSON string"},
		{"a[\"\\q\"]", "no JSON string"},
		{"**.a.**", "once only"},
	};
	struct pattern p = {0};
	struct why why;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		why = (struct why){0};
		assert_refused(pattern_parse(wrong[i].text, &p, &why), -EINVAL,
			       &why, wrong[i].words);
		assert_null(p.steps);
	}
}

static void test_the_last_name_is_known(void **state)
{
	static const struct {
		const char *text, *last;
	} cases[] = {
		{"a.b", "b"},  {"a.b[*]", "b"}, {"**.b[*][*]", "b"},
		{"a.*", NULL}, {"a.**", NULL},	{"[*]", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct pattern_step *last;
		struct pattern p = {0};

		assert_int_equal(pattern_parse(cases[i].text, &p, NULL), 0);
		last = pattern_last_name(&p);
		if (cases[i].last)
			assert_string_equal(last->name, cases[i].last);
		else
			assert_null(last);
		pattern_done(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_pattern_reaches_what_it_names),
		cmocka_unit_test(test_any_depth_is_none_too),
		cmocka_unit_test(test_every_mistake_has_a_sentence),
		cmocka_unit_test(test_the_last_name_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
