/* What differs below a folder between two moments. */
#include "core/diff.h"
#include "tests/unit/temp_repo.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void differs(struct temp *t, int64_t folder, int64_t from, int64_t to,
		    const char *lines)
{
	const struct diff_ask ask = {.folder = folder, .from = from, .to = to};
	DROP(buf_done) struct buf out = {0};

	temp_ok(t, diff_show(t->reader.db, &ask, &out, &t->why));
	buf_byte(&out, '\0');
	assert_string_equal(out.data, lines);
}

static void test_each_kind_of_change_is_named(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t edited = temp_item(t, a, "edited.json", "{}");
	int64_t moved = temp_item(t, a, "moved.json", "{}");
	int64_t both = temp_item(t, a, "both.json", "{}");
	int64_t gone = temp_item(t, a, "gone.json", "{}");
	int64_t mode = temp_item(t, a, "mode.json", "{}");
	int64_t then = temp_newest(t);
	int64_t folder;

	temp_save(t, edited, "[1]");
	temp_move(t, moved, TREE_ROOT, "other.json");
	temp_save(t, both, "[2]");
	temp_move(t, both, a, "z.json");
	temp_remove(t, gone);
	temp_set_mode(t, mode, 0600);
	temp_set_mode(t, a, 0700);
	folder = temp_folder(t, a, "new");
	(void)temp_item(t, folder, "in.json", "{}");
	differs(t, TREE_ROOT, then, MOMENT_NOW,
		"A a/\n"
		"M a/edited.json\n"
		"- a/gone.json\n"
		"A a/mode.json\n"
		"+ a/new/\n"
		"+ a/new/in.json\n"
		"R a/both.json -> a/z.json\n"
		"R a/moved.json -> other.json\n");
	/* The other way round. */
	differs(t, TREE_ROOT, MOMENT_NOW, then,
		"A a/\n"
		"R a/z.json -> a/both.json\n"
		"M a/edited.json\n"
		"+ a/gone.json\n"
		"A a/mode.json\n"
		"R other.json -> a/moved.json\n"
		"- a/new/\n"
		"- a/new/in.json\n");
	differs(t, TREE_ROOT, then, then, "");
}

static void test_what_came_back_to_what_it_was_is_not_named(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_item(t, TREE_ROOT, "a.json", "{}");
	int64_t then = temp_newest(t);
	int64_t b;

	temp_save(t, a, "[]");
	temp_save(t, a, "{}");
	temp_move(t, a, TREE_ROOT, "b.json");
	temp_move(t, a, TREE_ROOT, "a.json");
	b = temp_item(t, TREE_ROOT, "b.json", "{}");
	temp_remove(t, b);
	differs(t, TREE_ROOT, then, MOMENT_NOW, "");
}

static void test_a_moved_folder_is_one_line(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, a, "b");
	int64_t one = temp_item(t, b, "one.json", "{}");
	int64_t two = temp_item(t, b, "two.json", "{}");
	int64_t then = temp_newest(t);

	temp_move(t, a, TREE_ROOT, "z");
	temp_save(t, two, "[]");
	differs(t, TREE_ROOT, then, MOMENT_NOW,
		"R a/ -> z/\n"
		"M z/b/two.json\n");
	temp_move(t, one, b, "uno.json");
	differs(t, b, then, MOMENT_NOW,
		"M two.json\n"
		"R one.json -> uno.json\n");
}

static void test_over_the_border_is_come_or_gone(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, TREE_ROOT, "b");
	int64_t out = temp_item(t, a, "out.json", "{}");
	int64_t in = temp_folder(t, b, "in");
	int64_t child = temp_item(t, in, "child.json", "{}");
	int64_t then = temp_newest(t);

	(void)temp_item(t, in, "quiet.json", "{}");
	then = temp_newest(t);
	temp_move(t, out, b, "out.json");
	temp_move(t, in, a, "in");
	temp_save(t, child, "[]");
	differs(t, a, then, MOMENT_NOW,
		"+ in/\n"
		"+ in/child.json\n"
		"- out.json\n");
	differs(t, b, then, MOMENT_NOW,
		"- in/\n"
		"- in/child.json\n"
		"+ out.json\n");
	differs(t, TREE_ROOT, then, MOMENT_NOW,
		"R b/in/ -> a/in/\n"
		"M a/in/child.json\n"
		"R a/out.json -> b/out.json\n");
}

static void test_another_item_of_the_same_name_is_a_change_of_it(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_item(t, TREE_ROOT, "a.json", "{}");
	int64_t b = temp_item(t, TREE_ROOT, "b.json", "{}");
	int64_t c = temp_folder(t, TREE_ROOT, "c");
	int64_t then = temp_newest(t);

	temp_remove(t, a);
	temp_remove(t, b);
	temp_remove(t, c);
	(void)temp_item(t, TREE_ROOT, "a.json", "[]");
	(void)temp_item(t, TREE_ROOT, "b.json", "{}");
	c = temp_folder(t, TREE_ROOT, "c");
	(void)temp_item(t, c, "d.json", "{}");
	differs(t, TREE_ROOT, then, MOMENT_NOW,
		"M a.json\n"
		"+ c/d.json\n");
}

static void test_what_made_room_is_named_first(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t older = temp_item(t, TREE_ROOT, "older.json", "{}");
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_item(t, a, "b.json", "[]");
	int64_t then = temp_newest(t);

	temp_remove(t, b);
	temp_move(t, older, a, "b.json");
	differs(t, TREE_ROOT, then, MOMENT_NOW,
		"- a/b.json\n"
		"R older.json -> a/b.json\n");
	differs(t, a, then, MOMENT_NOW, "M b.json\n");
}

static int check_path(const struct difference *d, void *arg)
{
	char path[64];

	if (!d->folder) {
		(void)snprintf(path, sizeof(path), "%d/%d.json", *(int *)arg,
			       *(int *)arg);
		assert_string_equal(d->to, path);
		*(int *)arg += 1;
	}
	return 0;
}

static void test_many_folders_are_not_confused(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t folders[300];
	char name[64];
	int n = 100;

	/* Folders first: ids that are 256 apart come close to each other. */
	for (int i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof(name), "%d", 100 + i);
		folders[i] = temp_folder(t, TREE_ROOT, name);
	}
	for (int i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof(name), "%d.json", 100 + i);
		(void)temp_item(t, folders[i], name, "{}");
	}
	temp_ok(t, diff_run(t->reader.db, TREE_ROOT, 0, MOMENT_NOW, check_path,
			    &n, &t->why));
	assert_int_equal(n, 400);
}

static void test_paths_come_in_the_order_of_a_walk(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");

	(void)temp_item(t, a, "x.json", "{}");
	(void)temp_folder(t, TREE_ROOT, "a b");
	(void)temp_folder(t, TREE_ROOT, "a-b");
	(void)temp_folder(t, TREE_ROOT, "two\nlines");
	differs(t, TREE_ROOT, 0, MOMENT_NOW,
		"+ a/\n"
		"+ a/x.json\n"
		"+ a b/\n"
		"+ a-b/\n"
		"+ two\\nlines/\n");
}

static void test_the_folder_itself_shows_its_attributes_alone(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t then = temp_newest(t);

	temp_move(t, a, TREE_ROOT, "b");
	differs(t, a, then, MOMENT_NOW, "");
	temp_set_mode(t, a, 0700);
	differs(t, a, then, MOMENT_NOW, "A ./\n");
}

static int stop(const struct difference *d, void *arg)
{
	(void)d;
	*(int *)arg += 1;
	return 7;
}

static void test_the_callback_ends_the_walk(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int calls = 0;

	(void)temp_folder(t, TREE_ROOT, "a");
	(void)temp_folder(t, TREE_ROOT, "b");
	assert_int_equal(diff_run(t->reader.db, TREE_ROOT, 0, MOMENT_NOW, stop,
				  &calls, &t->why),
			 7);
	assert_int_equal(calls, 1);
}

#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, temp_repo_setup, temp_repo_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_kind_of_change_is_named),
		TEST(test_what_came_back_to_what_it_was_is_not_named),
		TEST(test_a_moved_folder_is_one_line),
		TEST(test_over_the_border_is_come_or_gone),
		TEST(test_another_item_of_the_same_name_is_a_change_of_it),
		TEST(test_what_made_room_is_named_first),
		TEST(test_many_folders_are_not_confused),
		TEST(test_paths_come_in_the_order_of_a_walk),
		TEST(test_the_folder_itself_shows_its_attributes_alone),
		TEST(test_the_callback_ends_the_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
