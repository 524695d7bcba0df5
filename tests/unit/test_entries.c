/* What is known of items without a query. */
#include "fs/entries.h"

#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

static int set_up(void **state)
{
	struct entries *entries;

	assert_int_equal(entries_new(&entries), 0);
	*state = entries;
	return 0;
}

static int tear_down(void **state)
{
	entries_free(*state);
	return 0;
}

static void put(struct entries *entries, int64_t node, uint64_t others,
		int64_t content, const char *name)
{
	struct found found = {
		.entry = {.id = node + 1, .node = node, .content = content},
		.others = others,
	};

	(void)strcpy(found.name, name);
	entries_put(entries, &found);
}

static void assert_known(struct entries *entries, int64_t node, uint64_t others,
			 int64_t content, const char *name)
{
	struct found found;

	assert_true(entries_get(entries, node, others, &found));
	assert_int_equal(found.entry.id, node + 1);
	assert_int_equal(found.entry.content, content);
	assert_int_equal(found.others, others);
	assert_string_equal(found.name, name);
}

static void assert_unknown(struct entries *entries, int64_t node,
			   uint64_t others)
{
	struct found found;

	assert_false(entries_get(entries, node, others, &found));
}

static void test_it_holds_as_long_as_nobody_changes_anything(void **state)
{
	struct entries *entries = *state;

	assert_unknown(entries, 0, 0);
	assert_unknown(entries, 7, 0);
	put(entries, 7, 3, 100, "A.json");
	assert_known(entries, 7, 3, 100, "A.json");
	assert_unknown(entries, 7, 4);
	put(entries, 7, 4, 101, "B.json");
	assert_known(entries, 7, 4, 101, "B.json");
	assert_unknown(entries, 7, 3);
}

static void test_what_is_filed_is_dropped(void **state)
{
	struct entries *entries = *state;

	put(entries, 7, 3, 100, "A.json");
	put(entries, 8, 3, 100, "B.json");
	entries_drop(entries, 7);
	entries_drop(entries, 9);
	assert_unknown(entries, 7, 3);
	assert_known(entries, 8, 3, 100, "B.json");
}

static void test_a_long_name_is_not_kept_nor_is_what_has_no_node(void **state)
{
	struct entries *entries = *state;
	char name[256];

	memset(name, 'x', 255);
	name[255] = '\0';
	put(entries, 7, 3, 100, name);
	assert_unknown(entries, 7, 3);
	put(entries, 0, 3, 100, "A.json");
	assert_unknown(entries, 0, 3);
}

/* Some are forgotten; the newest of all, and no wrong one. */
static void test_many(void **state)
{
	struct entries *entries = *state;
	struct found found;
	int known = 0;

	for (int64_t node = 1; node <= 20000; node++) {
		put(entries, node, 3, 2 * node, "A.json");
		assert_known(entries, node, 3, 2 * node, "A.json");
	}
	for (int64_t node = 1; node <= 20000; node++) {
		if (!entries_get(entries, node, 3, &found))
			continue;
		assert_int_equal(found.entry.content, 2 * node);
		known++;
	}
	assert_int_equal(known, 8192);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_it_holds_as_long_as_nobody_changes_anything),
		TEST(test_what_is_filed_is_dropped),
		TEST(test_a_long_name_is_not_kept_nor_is_what_has_no_node),
		TEST(test_many),
	};

	return cmocka_run_group_tests_name("entries", tests, NULL, NULL);
}
