/* Where folders are, within one transaction. */
#include "core/folders.h"

#include "core/buf.h"
#include "core/ref.h"
#include "tests/unit/temp_tree.h"

#include <stdio.h>

static void assert_path(struct temp *t, int64_t item, const char *expected)
{
	DROP(buf_done) struct buf path = {0};

	temp_ok(t, tree_path(t->m.db, MOMENT_NOW, 0, item, &path, &t->why));
	buf_byte(&path, '\0');
	assert_string_equal(path.data, expected);
}

static void assert_found(struct temp *t, const char *path, int64_t item)
{
	struct ref_place place;

	temp_ok(t, ref_find(t->m.db, path, &place, &t->why));
	assert_int_equal(place.item, item);
}

static void test_it_is_known_within_a_moment_only(void **state)
{
	struct temp *t = *state;
	int64_t item = temp_make(t, "a/b/X.json", "{}");
	int64_t a = temp_at(t, "a"), b = temp_at(t, "a/b"), parent = 0;
	struct db *db = temp_begin(t)->db;

	assert_int_equal(folders_down(db, a, "b"), 0);
	assert_path(t, item, "a/b/X.json");
	assert_int_equal(folders_down(db, a, "b"), b);
	assert_int_equal(folders_down(db, a, "X"), 0);
	assert_int_equal(folders_down(db, b, "b"), 0);
	assert_string_equal(folders_up(db, b, &parent), "b");
	assert_int_equal(parent, a);
	/* An item is not. */
	assert_null(folders_up(db, item, &parent));
	moment_end(&t->m);
	assert_int_equal(folders_down(db, a, "b"), 0);
	assert_null(folders_up(db, b, &parent));
	folders_note(db, b, a, "b");
	assert_int_equal(folders_down(db, a, "b"), 0);
}

static void test_it_is_found_anew_after_a_move(void **state)
{
	struct temp *t = *state;
	int64_t item = temp_make(t, "a/b/X.json", "{}");
	int64_t other = temp_make(t, "a/c/X.json", "{}");
	int64_t b = temp_at(t, "a/b"), c = temp_at(t, "a/c");

	(void)temp_begin(t);
	assert_path(t, item, "a/b/X.json");
	assert_found(t, "/a/b/X", item);
	temp_ok(t, tree_move(&t->m, b, TREE_ROOT, "z", &t->why));
	assert_path(t, item, "z/X.json");
	assert_found(t, "/a/b/X", 0);
	assert_found(t, "/z/X", item);
	/* Another one takes its name. */
	temp_ok(t, tree_move(&t->m, c, temp_at(t, "a"), "b", &t->why));
	assert_path(t, other, "a/b/X.json");
	assert_found(t, "/a/b/X", other);
	moment_end(&t->m);
}

static void test_it_is_found_anew_after_a_removal(void **state)
{
	struct temp *t = *state;
	int64_t item = temp_make(t, "a/b/X.json", "{}"), removed;
	int64_t b = temp_at(t, "a/b");

	(void)temp_begin(t);
	removed = t->m.id;
	temp_ok(t, tree_remove(&t->m, item, &t->why));
	assert_found(t, "/a/b/X", 0);
	temp_ok(t, tree_remove(&t->m, b, &t->why));
	assert_int_equal(folders_down(t->m.db, temp_at(t, "a"), "b"), 0);
	temp_commit(t);
	(void)temp_begin(t);
	temp_ok(t, tree_revive(&t->m, b, removed, &t->why));
	temp_ok(t, tree_revive(&t->m, item, removed, &t->why));
	assert_found(t, "/a/b/X", item);
	assert_path(t, item, "a/b/X.json");
	moment_end(&t->m);
}

static void test_more_than_it_holds(void **state)
{
	struct temp *t = *state;
	char name[32];
	int64_t folder;

	(void)temp_begin(t);
	for (int64_t i = 1; i <= 3000; i++) {
		(void)snprintf(name, sizeof(name), "f%d", (int)i);
		folders_note(t->m.db, 10 + i, i % 7, name);
	}
	for (int64_t i = 1; i <= 3000; i++) {
		(void)snprintf(name, sizeof(name), "f%d", (int)i);
		folder = folders_down(t->m.db, i % 7, name);
		assert_true(folder == 0 || folder == 10 + i);
		assert_int_equal(folders_down(t->m.db, (i + 1) % 7, name), 0);
	}
	(void)snprintf(name, sizeof(name), "f%d", 3000);
	assert_int_equal(folders_down(t->m.db, 3000 % 7, name), 3010);
	folders_forget(t->m.db);
	assert_int_equal(folders_down(t->m.db, 3000 % 7, name), 0);
	moment_end(&t->m);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_it_is_known_within_a_moment_only),
		TEST(test_it_is_found_anew_after_a_move),
		TEST(test_it_is_found_anew_after_a_removal),
		TEST(test_more_than_it_holds),
	};

	return cmocka_run_group_tests_name("folders", tests, NULL, NULL);
}
