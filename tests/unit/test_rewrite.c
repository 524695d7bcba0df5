/* Only the characters of a reference change, and as its writer writes. */
#include "core/examine.h"
#include "core/kind.h"
#include "core/rewrite.h"
#include "kinds.h"
#include "tests/unit/test.h"

#include <errno.h>

static struct kinds *kinds;

static int set_up(void **state)
{
	struct why why = {0};

	(void)state;
	assert_done(kinds_new(&kinds, &why), &why);
	for (size_t i = 0; built_in_kinds[i]; i++)
		assert_done(kinds_add(kinds, built_in_kinds[i],
				      strlen(built_in_kinds[i]), &why),
			    &why);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	kinds_free(kinds);
	return 0;
}

/* The text of @folder's kind after all its references lead to @target. */
static void becomes(const char *folder, const char *text, const char *target,
		    const char *expected)
{
	const struct kind *kind =
		kinds_by_folder(kinds, folder, strlen(folder));
	struct examination e = {0};
	struct rewrite rw = {0};
	struct why why = {0};
	struct buf out = {0};

	assert_done(examine(kind, text, strlen(text), &e, &why), &why);
	assert_true(e.ref_count > 0);
	for (size_t i = 0; i < e.ref_count; i++)
		assert_true(rewrite_reference(&rw, text, &e, &e.refs[i],
					      target) >= 0);
	assert_int_equal(rewrite_apply(&rw, text, strlen(text), &out), 0);
	buf_byte(&out, '\0');
	assert_string_equal(out.data, expected);
	buf_done(&out);
	rewrite_done(&rw);
	examination_done(&e);
}

#define MAP(path) "{\"pairs\" :[ {\"rule\":  \"" path "\" } ] }"

static void map_becomes(const char *text, const char *target,
			const char *expected)
{
	becomes("action_maps", text, target, expected);
}

static void test_a_path_is_another(void **state)
{
	(void)state;
	map_becomes(MAP("/rules/A"), "/rules/B", MAP("/rules/B"));
	map_becomes(MAP("/rules/x/A"), "/rules/y/z/A", MAP("/rules/y/z/A"));
	map_becomes(MAP("/rules/x/A"), "/rules/A", MAP("/rules/A"));
	map_becomes(MAP("/rules/x"), "/rules/x/y", MAP("/rules/x/y"));
	map_becomes(MAP("/rules/x/"), "/rules/y", MAP("/rules/y/"));
	map_becomes(MAP("/a/a/a"), "/a/a", MAP("/a/a"));
	map_becomes(MAP("/a/a"), "/a/a/a", MAP("/a/a/a"));
	map_becomes(MAP("/rules/A"), "/rules/A", MAP("/rules/A"));
}

static void test_names_are_escaped(void **state)
{
	(void)state;
	map_becomes(MAP("/rules/A"), "/rules/a\"b\\c\n\x01",
		    MAP("/rules/a\\\"b\\\\c\\n\\u0001"));
	map_becomes(MAP("/rules/A"), "/rules/\xc3\xa9", MAP("/rules/\xc3\xa9"));
}

static void test_the_style_of_the_writer_stays(void **state)
{
	(void)state;
	map_becomes(MAP("\\/rules\\/x\\/A"), "/rules/y/z/A",
		    MAP("\\/rules\\/y\\/z\\/A"));
	map_becomes(MAP("/rules/\\u00e9/A"), "/rules/\xc3\xa8/A",
		    MAP("/rules/\\u00e8/A"));
	map_becomes(MAP("/rules/\\u00E9"), "/rules/\xf0\x9f\x98\x8e",
		    MAP("/rules/\\uD83D\\uDE0E"));
	map_becomes(MAP("/rules/\\u00e9\xc3\xa9"), "/rules/\xc3\xa8",
		    MAP("/rules/\xc3\xa8"));
	/* What does not change is not written anew. */
	map_becomes(MAP("/r\\u0075les/\\ud83d\\ude0e/x/\\u0041"),
		    "/rules/\xf0\x9f\x98\x8e/y/A",
		    MAP("/r\\u0075les/\\ud83d\\ude0e/y/\\u0041"));
}

static void test_there_and_back_gives_the_same_bytes(void **state)
{
	static const char text[] = MAP("\\/rules\\/\\u00e9\\/A \\u0022");

	(void)state;
	map_becomes(text, "/rules/x/A \"", MAP("\\/rules\\/x\\/A \\u0022"));
	map_becomes(MAP("\\/rules\\/x\\/A \\u0022"), "/rules/\xc3\xa9/A \"",
		    MAP("\\/rules\\/\xc3\xa9\\/A \\u0022"));
}

#define USE(id, name)                                                  \
	"{\"attributes\": {\"template_name\": \"" name "\", \"x\": 1," \
	" \"template_id\": \"" id "\"}}"

static void test_a_scheme_stays_and_its_neighbour_follows(void **state)
{
	(void)state;
	becomes("rules", USE("RULE://A", "A"), "/rules/x/B",
		USE("RULE://x/B", "B"));
	becomes("rules", USE("RULE://x/A", "A"), "/rules/y/A",
		USE("RULE://y/A", "A"));
	becomes("rules", USE("RULE:\\/\\/x\\/A", "\\u0041"), "/rules/y/B",
		USE("RULE:\\/\\/y\\/B", "B"));
	/* What said something else goes on saying it. */
	becomes("rules", USE("RULE://A", "mine"), "/rules/B",
		USE("RULE://B", "mine"));
	/* What cannot be said is left alone. */
	becomes("rules", USE("RULE://A", "A"), "/attic/A",
		USE("RULE://A", "A"));
	/* A path in place of it is one. */
	becomes("rules", USE("/rules/A", "A"), "/attic/B",
		USE("/attic/B", "B"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_path_is_another),
		TEST(test_names_are_escaped),
		TEST(test_the_style_of_the_writer_stays),
		TEST(test_there_and_back_gives_the_same_bytes),
		TEST(test_a_scheme_stays_and_its_neighbour_follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
