/* Kinds are data: what a text of them may say, and what they are asked. */
#include "core/buf.h"
#include "core/db.h"
#include "core/kind_row.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>

static struct kinds *load(const char *text)
{
	struct kinds *kinds = NULL;
	struct why why = {0};

	assert_done(kinds_new(&kinds, &why), &why);
	assert_done(kinds_add(kinds, text, strlen(text), &why), &why);
	return kinds;
}

static const char shop[] =
	"{\"name\": \"shop\","
	" \"all\": {\"id\": \"key\", \"references\": ["
	"   {\"at\": \"**.owner\", \"form\": \"id\", \"to\": [\"clerk\"]}]},"
	" \"kinds\": ["
	"  {\"name\": \"clerk\", \"folder\": \"clerks\"},"
	"  {\"name\": \"order\", \"folder\": \"orders\","
	"   \"variant\": {\"name\": \"draft\", \"member\": \"draft\"},"
	"   \"references\": [{\"at\": \"lines[*].clerk\","
	"     \"form\": \"CLERK://path\", \"to\": [\"clerk\", \"folder\"],"
	"     \"beside\": \"clerk_name\"}],"
	"   \"volatile\": [\"seen\"]}]}";

static void test_a_set_of_kinds_is_read(void **state)
{
	struct kinds *kinds = load(shop);
	const struct kind *order = kinds_get(kinds, 1);

	(void)state;
	assert_int_equal(kinds_count(kinds), 2);
	assert_null(kinds_get(kinds, 2));
	assert_string_equal(kind_name(order), "order");
	assert_string_equal(kind_set(order), "shop");
	assert_string_equal(kind_folder(order), "orders");
	assert_int_equal(kind_number(order), 1);
	assert_string_equal(order->id, "key");
	assert_string_equal(order->variant, "draft");
	assert_int_equal(order->ref_count, 2);
	assert_int_equal(order->refs[0].form, KIND_FORM_ID);
	assert_int_equal(order->refs[0].leads, 1);
	assert_int_equal(order->refs[1].form, KIND_FORM_SCHEME);
	assert_string_equal(order->refs[1].scheme, "CLERK://");
	assert_string_equal(order->refs[1].below, "/clerks/");
	assert_true(order->refs[1].leads == (1 | KIND_FOLDER));
	assert_string_equal(order->refs[1].beside, "clerk_name");
	kinds_free(kinds);
}

static void test_the_nearest_folder_says_the_kind(void **state)
{
	static const struct {
		const char *path, *kind;
		int folder;
	} cases[] = {
		{"/orders/a", "order", 0},
		{"/x/orders/y/z/a", "order", 0},
		{"/orders/clerks/a", "clerk", 0},
		{"/clerks/x/orders/a", "order", 0},
		{"/orders", NULL, 0},
		{"/orders", "order", 1},
		{"/a", NULL, 0},
		{"/orders2/a", NULL, 0},
		{"", NULL, 1},
		{"orders/a.json", "order", 0},
	};
	struct kinds *kinds = load(shop);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct kind *kind = kinds_by_path(kinds, cases[i].path,
							strlen(cases[i].path),
							cases[i].folder);

		if (cases[i].kind)
			assert_string_equal(kind_name(kind), cases[i].kind);
		else
			assert_null(kind);
	}
	kinds_free(kinds);
}

static void test_kinds_are_shown_as_words(void **state)
{
	struct kinds *kinds = load(shop);
	struct buf out = {0};

	(void)state;
	kinds_show(kinds, 3 | KIND_FOLDER, &out);
	buf_byte(&out, '\0');
	assert_string_equal(out.data, "clerk or order or folder");
	buf_done(&out);
	kinds_free(kinds);
}

/* A set with one kind that has these members, of which %s is another. */
#define ONE(members)                                                   \
	"{\"name\": \"s\", \"kinds\": [{\"name\": \"k\", \"folder\": " \
	"\"f\", " members "}]}"
#define REF(members) ONE("\"references\": [{" members "}]")

static void test_every_mistake_has_a_sentence(void **state)
{
	static const struct {
		const char *text, *words;
	} wrong[] = {
		{"{\"name\": 3\n,}", "line 2, column 2"},
		{"[]", "with a 'name'"},
		{"{\"name\": \"\"}", "with a 'name'"},
		{"{\"name\": \"s\"}", "'s': 'kinds' is missing"},
		{"{\"name\": \"s\", \"kinds\": []}", "not empty"},
		{"{\"name\": \"s\", \"kinds\": [3]}", "kinds[0]: a kind must"},
		{"{\"name\": \"s\", \"kind\": []}", "no use for 'kind'"},
		{"{\"name\": \"s\", \"all\": 1, \"kinds\": []}",
		 "'all' must be an object"},
		{"{\"name\": \"s\", \"all\": {\"folder\": \"x\"}, \"kinds\":"
		 " []}",
		 "no use for 'folder'"},
		{"{\"name\": \"s\", \"kinds\": [{\"folder\": \"f\"}]}",
		 "kinds[0]: 'name' is missing"},
		{"{\"name\": \"s\", \"kinds\": [{\"name\": \"k\"}]}",
		 "kind 'k': 'folder' is missing"},
		{"{\"name\": \"s\", \"kinds\": [{\"name\": \"k\", \"folder\":"
		 " \"a/b\"}]}",
		 "cannot be the name of a folder"},
		{"{\"name\": \"s\", \"kinds\": [{\"name\": \"k\", \"folder\":"
		 " \"a\"}, {\"name\": \"l\", \"folder\": \"a\"}]}",
		 "the folder 'a' is that of kind 'k' in 's'"},
		{"{\"name\": \"s\", \"kinds\": [{\"name\": \"k\", \"folder\":"
		 " \"a\"}, {\"name\": \"k\", \"folder\": \"b\"}]}",
		 "there are two of that name"},
		{"{\"name\": \"s\", \"kinds\": [{\"name\": \"folder\","
		 " \"folder\": \"a\"}]}",
		 "cannot be called 'folder'"},
		{ONE("\"id\": 3"), "'id' must be a string"},
		{ONE("\"refs\": 3"), "no use for 'refs'"},
		{ONE("\"variant\": 3"), "'variant' must be an object"},
		{ONE("\"variant\": {\"name\": \"x\"}"), "'member' is missing"},
		{ONE("\"references\": 3"), "'references' must be a list"},
		{ONE("\"references\": [3]"),
		 "references[0]: a reference must be an object"},
		{REF("\"form\": \"id\""), "'at' must be a pattern"},
		{REF("\"at\": \"a..b\""), "a name, '*', '**' or '['"},
		{REF("\"at\": \"a\""), "'form' must be"},
		{REF("\"at\": \"a\", \"form\": \"://path\""), "'form' must be"},
		{REF("\"at\": \"a\", \"form\": \"X://id\""), "'form' must be"},
		{REF("\"at\": \"a\", \"form\": \"id\""), "'to' is missing"},
		{REF("\"at\": \"a\", \"form\": \"id\", \"to\": [\"z\"]"),
		 "names 'z', which is no kind"},
		{REF("\"at\": \"a\", \"form\": \"id\", \"to\": [\"folder\"]"),
		 "an id cannot lead to a folder"},
		{REF("\"at\": \"a\", \"form\": \"X://path\", \"to\":"
		     " [\"folder\"]"),
		 "'X://' needs a kind"},
		{REF("\"at\": \"a[*]\", \"form\": \"path\", \"to\": [\"k\"],"
		     " \"beside\": \"b\""),
		 "an element of an array"},
		{REF("\"at\": \"a\", \"form\": \"id\", \"to\": [\"k\"],"
		     " \"beside\": \"b\""),
		 "an id has no last part"},
		{REF("\"at\": \"a\", \"form\": \"path\", \"to\": [\"k\"],"
		     " \"near\": \"b\""),
		 "no use for 'near'"},
		{ONE("\"secrets\": [{\"at\": [\"a\"], \"words\": [\"b\"]}]"),
		 "beside 'at' there can be nothing"},
		{ONE("\"secrets\": [{\"inside\": [\"a\"]}]"),
		 "secrets[0]: 'words' is missing"},
		{ONE("\"secrets\": [{\"inside\": [3], \"words\": [\"a\"]}]"),
		 "must be a list of patterns"},
		{ONE("\"secrets\": [{\"inside\": [\"a\"], \"words\": [3]}]"),
		 "must be a list of words"},
		{ONE("\"files\": [{\"inside\": [\"a\"]}]"),
		 "files[0]: 'begins' or 'extensions' is missing"},
		{ONE("\"files\": [{\"inside\": [\"a\"], \"extensions\": 1}]"),
		 "must be true or false"},
		{ONE("\"volatile\": [\"a[3]\"]"), "'[' begins"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct kinds *kinds = load(shop);
		struct why why = {0};

		assert_refused(kinds_add(kinds, wrong[i].text,
					 strlen(wrong[i].text), &why),
			       -EINVAL, &why, wrong[i].words);
		assert_non_null(strstr(why.text, "kinds"));
		assert_int_equal(kinds_count(kinds), 2);
		kinds_free(kinds);
	}
}

/* ---- in a repository ---- */

static int set_up(void **state)
{
	struct db *db = NULL;
	struct why why = {0};

	assert_done(db_open(":memory:", DB_CREATE, &db, &why), &why);
	assert_done(kinds_install(db, NULL, 0, &why), &why);
	*state = db;
	return 0;
}

static int tear_down(void **state)
{
	db_close(*state);
	return 0;
}

static void test_the_built_in_kinds_are_there(void **state)
{
	static const char *const folders[] = {
		"datastores",	"rules",   "actions", "action_maps",
		"sessions",	"flows",   "exports", "imports",
		"connections",	"scripts", "apis",    "tools",
		"integrations",
	};
	struct kinds *kinds = NULL;
	struct why why = {0};

	assert_done(kinds_load(*state, &kinds, &why), &why);
	assert_int_equal(kinds_count(kinds), COUNT(folders));
	for (size_t i = 0; i < COUNT(folders); i++)
		assert_non_null(
			kinds_by_folder(kinds, folders[i], strlen(folders[i])));
	assert_null(kinds_by_folder(kinds, "rule", 4));
	kinds_free(kinds);
}

static void test_a_repository_has_kinds_of_its_own(void **state)
{
	static const char clash[] =
		"{\"name\": \"other\", \"kinds\": [{\"name\": \"my rule\","
		" \"folder\": \"rules\"}]}";
	static const char instead[] =
		"{\"name\": \"1integrate\", \"kinds\": [{\"name\": \"my rule\","
		" \"folder\": \"rules\"}]}";
	struct kinds *kinds = NULL;
	struct why why = {0};

	assert_done(kinds_install(*state, shop, strlen(shop), &why), &why);
	assert_refused(kinds_install(*state, clash, strlen(clash), &why),
		       -EINVAL, &why, "that of kind");
	assert_done(kinds_load(*state, &kinds, &why), &why);
	assert_int_equal(kinds_count(kinds), 13 + 2);
	assert_string_equal(kind_name(kinds_by_folder(kinds, "rules", 5)),
			    "rule");
	kinds_free(kinds);

	assert_done(kinds_install(*state, instead, strlen(instead), &why),
		    &why);
	assert_done(kinds_load(*state, &kinds, &why), &why);
	assert_int_equal(kinds_count(kinds), 13 + 2 - 4);
	assert_string_equal(kind_name(kinds_by_folder(kinds, "rules", 5)),
			    "my rule");
	kinds_free(kinds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_set_of_kinds_is_read),
		cmocka_unit_test(test_the_nearest_folder_says_the_kind),
		cmocka_unit_test(test_kinds_are_shown_as_words),
		cmocka_unit_test(test_every_mistake_has_a_sentence),
		cmocka_unit_test_setup_teardown(
			test_the_built_in_kinds_are_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_repository_has_kinds_of_its_own, set_up,
			tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
