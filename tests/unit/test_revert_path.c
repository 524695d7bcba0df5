/* One item, or one folder in it, goes back alone. */
#include "core/revert.h"
#include "tests/unit/temp_repo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void test_one_item_goes_back_alone(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a b");
	int64_t f = temp_item(t, a, "f g.json", "{}");
	int64_t h = temp_item(t, a, "h.json", "{}");

	(void)temp_snap(t, TREE_ROOT);
	temp_save(t, f, "[]");
	temp_save(t, h, "[]");
	(void)temp_reverted(r, TREE_ROOT, "1 a b/f g.json");
	temp_said(r, "M a b/f g.json\n");
	temp_holds(t, f, "{}");
	temp_holds(t, h, "[]");
	assert_non_null(
		strstr(r->out.data, "revert 'a b/f g.json' to snapshot 1: "));
}

static void test_an_item_takes_its_name_back(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t f = temp_item(t, TREE_ROOT, "f.json", "{}");

	(void)temp_snap(t, TREE_ROOT);
	temp_remove(t, f);
	(void)temp_item(t, TREE_ROOT, "f.json", "[]");
	(void)temp_reverted(r, TREE_ROOT, "1 f.json");
	temp_said(r, "- f.json\n+ f.json\n");
	temp_holds(t, f, "{}");
	temp_is(t, TREE_ROOT, "f.json ");
	temp_sound(t);
}

static void test_an_older_item_gives_way(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_item(t, TREE_ROOT, "a.json", "{}");
	int64_t b = temp_item(t, TREE_ROOT, "b.json", "[]");

	(void)temp_snap(t, TREE_ROOT);
	temp_ok(t, tree_exchange(temp_begin(t), a, b, &t->why));
	temp_commit(t);
	(void)temp_reverted(r, TREE_ROOT, "1 a.json");
	temp_is(t, TREE_ROOT, "a.json b.json ");
	temp_holds(t, a, "{}");
	temp_sound(t);
}

static void test_missing_folders_come_back_with_an_item(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, a, "b");
	int64_t f = temp_item(t, b, "f.json", "{}");
	int64_t g = temp_item(t, b, "g.json", "{}");

	(void)temp_snap(t, TREE_ROOT);
	temp_remove(t, f);
	temp_remove(t, g);
	temp_remove(t, b);
	temp_remove(t, a);
	(void)temp_reverted(r, TREE_ROOT, "1 a/b/f.json");
	temp_is(t, TREE_ROOT, "a/ a/b/ a/b/f.json ");
	temp_remove(t, f);
	temp_remove(t, b);
	temp_remove(t, a);
	(void)temp_folder(t, TREE_ROOT, "a"); /* another one */
	(void)temp_reverted(r, TREE_ROOT, "1 a/b/f.json");
	temp_said(r, "+ a/b/\n+ a/b/f.json\n");
	temp_sound(t);
}

static void test_a_folder_in_it_goes_back_with_all_below(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, a, "b");
	int64_t f = temp_item(t, b, "f.json", "{}");
	int64_t top = temp_item(t, TREE_ROOT, "top.json", "{}");

	(void)temp_snap(t, TREE_ROOT);
	temp_remove(t, f);
	temp_remove(t, b);
	temp_save(t, top, "[]");
	b = temp_folder(t, a, "b");
	(void)temp_item(t, b, "mine.json", "{}");
	(void)temp_reverted(r, TREE_ROOT, "1 a/b");
	temp_is(t, TREE_ROOT,
		"a/ a/b/ a/b/f.json a/b 2/ a/b 2/mine.json top.json ");
	temp_holds(t, top, "[]");
	temp_sound(t);
	(void)temp_reverted(r, a, "1 .");
	temp_is(t, TREE_ROOT, "a/ a/b/ a/b/f.json top.json ");
	temp_sound(t);
}

#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, temp_repo_setup, temp_repo_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_item_goes_back_alone),
		TEST(test_an_item_takes_its_name_back),
		TEST(test_an_older_item_gives_way),
		TEST(test_missing_folders_come_back_with_an_item),
		TEST(test_a_folder_in_it_goes_back_with_all_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
