/* Some items or folders in a folder go back alone. */
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

/* ---- several ---- */

static void test_several_go_back_in_one_revision(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, TREE_ROOT, "b");
	int64_t f = temp_item(t, a, "f g.json", "{}");
	int64_t h = temp_item(t, a, "h.json", "{}");
	int64_t i = temp_item(t, b, "i.json", "{}");

	(void)temp_snap(t, TREE_ROOT);
	temp_save(t, f, "[]");
	temp_save(t, h, "[]");
	temp_move(t, i, TREE_ROOT, "j.json");
	(void)temp_item(t, b, "new.json", "{}");
	assert_int_equal(temp_reverted(r, TREE_ROOT,
				       "1 \"a/f g.json\"  \"/b\" \t\"./b\""),
			 3);
	temp_said(r, "M a/f g.json\nR j.json -> b/i.json\n- b/new.json\n");
	assert_non_null(strstr(r->out.data, "revert 'a/f g.json' and 2 more to "
					    "snapshot 1: "));
	temp_holds(t, h, "[]");
	temp_is(t, TREE_ROOT, "a/ a/f g.json a/h.json b/ b/i.json ");
	(void)temp_reverted(r, TREE_ROOT, "undo 3");
	temp_is(t, TREE_ROOT, "a/ a/f g.json a/h.json b/ b/new.json j.json ");
	temp_sound(t);
}

static void test_names_may_be_written_as_json_has_them(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_item(t, TREE_ROOT, "a\n\"b\".json", "{}");
	int64_t b = temp_item(t, TREE_ROOT, "\"b.json", "{}");
	int64_t c = temp_item(t, TREE_ROOT, "\"c\".json", "{}");

	(void)temp_snap(t, TREE_ROOT);
	temp_save(t, a, "[]");
	temp_save(t, b, "[]");
	temp_save(t, c, "[]");
	(void)temp_reverted(r, TREE_ROOT, "1 \"a\\n\\u0022b\\\".json\"");
	temp_said(r, "M a\\n\"b\".json\n");
	assert_non_null(strstr(r->out.data, "revert 'a\\n\"b\".json' to "));
	/* What is no list is one path as it stands. */
	(void)temp_reverted(r, TREE_ROOT, "1 \"b.json");
	temp_said(r, "M \"b.json\n");
	(void)temp_reverted(r, TREE_ROOT, "1 \"c\".json");
	temp_said(r, "M \"c\".json\n");
	assert_int_equal(temp_reverted(r, TREE_ROOT, "1 \"\" \"none\""), 0);
}

static void test_what_moved_from_one_to_the_other_goes_back(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, TREE_ROOT, "b");
	int64_t c = temp_folder(t, TREE_ROOT, "c");
	int64_t f = temp_item(t, a, "f.json", "{}");

	(void)temp_snap(t, TREE_ROOT);
	temp_move(t, f, c, "g.json");
	temp_move(t, f, b, "h.json");
	(void)temp_reverted(r, TREE_ROOT, "1 \"b\" \"a\"");
	temp_said(r, "R b/h.json -> a/f.json\n");
	temp_move(t, f, b, "h.json");
	(void)temp_reverted(r, TREE_ROOT, "1 \"a\" \"b\"");
	temp_said(r, "R b/h.json -> a/f.json\n");
	/* From b alone it goes to where it was before it came. */
	temp_move(t, f, b, "h.json");
	(void)temp_reverted(r, TREE_ROOT, "1 b");
	temp_said(r, "R b/h.json -> a/f.json\n");
	temp_sound(t);
}

static void test_all_or_nothing_of_a_list(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t f = temp_item(t, TREE_ROOT, "f.json", "{}");

	(void)temp_snap(t, TREE_ROOT);
	temp_save(t, f, "[]");
	temp_fails(t, temp_revert(r, TREE_ROOT, "1 \"f.json\" \"g.json\""),
		   -ENOENT, "'g.json' was not there then");
	temp_holds(t, f, "[]");
	assert_int_equal(temp_snap(t, TREE_ROOT), 2);
}

static void test_an_undo_may_be_of_some_paths_alone(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t f = temp_item(t, a, "f.json", "{}");
	int64_t g = temp_item(t, a, "g.json", "{}");
	int64_t h = temp_item(t, TREE_ROOT, "h.json", "{}");

	(void)temp_snap(t, TREE_ROOT);
	temp_save(t, f, "[]");
	temp_move(t, g, a, "g2.json");
	temp_save(t, h, "[]");
	assert_int_equal(temp_reverted(r, TREE_ROOT, "1"), 3);
	(void)temp_reverted(r, TREE_ROOT, "undo 3 \"a/f.json\" \"h.json\"");
	temp_said(r, "M a/f.json\nM h.json\n");
	/* By the name that it had before. */
	(void)temp_reverted(r, a, "undo 3 g2.json");
	temp_said(r, "R g.json -> g2.json\n");
	temp_fails(t, temp_revert(r, a, "undo 3 none.json"), -ENOENT,
		   "'none.json' is not there");
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
		TEST(test_several_go_back_in_one_revision),
		TEST(test_names_may_be_written_as_json_has_them),
		TEST(test_what_moved_from_one_to_the_other_goes_back),
		TEST(test_all_or_nothing_of_a_list),
		TEST(test_an_undo_may_be_of_some_paths_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
