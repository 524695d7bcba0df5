/* What one revision did is taken back. */
#include "core/revert.h"
#include "core/report.h"
#include "core/revision.h"
#include "tests/unit/temp_repo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The tree below @folder is what it was at a moment. */
static void same_as(struct temp *t, int64_t folder, int64_t at)
{
	DROP(buf_done) struct buf then = {0};
	DROP(buf_done) struct buf now = {0};

	temp_tree(t, at, folder, true, &then);
	temp_tree(t, MOMENT_NOW, folder, true, &now);
	assert_string_equal(now.data, then.data);
	temp_sound(t);
}

/* What a copier does: each item in a moment of its own. */
static int64_t restore(struct temp_repo *r, int64_t folder, const char *name,
		       const char *text)
{
	const struct batch_key key = {.pid = 99, .start = 5};
	const struct attr attr = {.mode = 0644};
	struct report_line line = {.folder = folder, .asked = name};
	struct temp *t = r->t;

	temp_begin(t);
	temp_ok(t, tree_add_item(
			   &t->m, folder, name,
			   &(struct new_item){.content = temp_content(t, text),
					      .size = (int64_t)strlen(text),
					      .attr = attr},
			   &line.item, &t->why));
	temp_ok(t, batch_note(r->repo.batches, &t->m, &key, &line, &t->why));
	temp_commit(t);
	return line.item;
}

static void test_a_batch_is_undone_and_so_is_the_undoing(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t f;

	f = restore(r, a, "f.json", "{}");
	(void)restore(r, a, "g.json", "{}");
	(void)temp_item(t, a, "mine.json", "{}");
	(void)restore(r, a, "h.json", "{}");
	temp_save(t, f, "[1]");
	assert_int_equal(temp_reverted(r, TREE_ROOT, "undo 1"), 3);
	temp_said(r, "- a/g.json\n"
		     "- a/h.json\n"
		     "! a/f.json has changed since and stays as it is\n");
	temp_is(t, a, "f.json mine.json ");
	assert_int_equal(temp_reverted(r, TREE_ROOT, "undo 3"), 5);
	temp_said(r, "+ a/g.json\n+ a/h.json\n");
	temp_is(t, a, "f.json g.json h.json mine.json ");
	temp_sound(t);
}

static void test_a_revert_is_undone_whole(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_item(t, TREE_ROOT, "a.json", "{}");
	int64_t b = temp_item(t, TREE_ROOT, "b.json", "[]");
	int64_t d = temp_folder(t, TREE_ROOT, "d");
	int64_t then, undo;

	(void)temp_snap(t, TREE_ROOT);
	temp_ok(t, tree_exchange(temp_begin(t), a, b, &t->why));
	temp_commit(t);
	temp_move(t, d, TREE_ROOT, "e");
	temp_save(t, a, "[7]");
	(void)temp_item(t, d, "x.json", "{}");
	then = temp_newest(t);
	undo = temp_reverted(r, TREE_ROOT, "1");
	assert_int_equal(undo, 3);
	(void)temp_reverted(r, TREE_ROOT, "undo 3");
	same_as(t, TREE_ROOT, then);
}

static void test_what_others_did_stays_in_an_undo(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t f = temp_item(t, a, "f.json", "{}");
	int64_t d;

	(void)temp_snap(t, TREE_ROOT);
	temp_remove(t, f);
	(void)temp_reverted(r, TREE_ROOT, "1"); /* 3 brings f back */
	d = temp_folder(t, a, "d");
	(void)temp_item(t, a, "g.json", "{}");
	temp_move(t, f, d, "f.json");
	assert_int_equal(temp_reverted(r, TREE_ROOT, "undo 3"), 0);
	assert_string_equal(r->out.data,
			    "! a/d/f.json has changed since and stays as it "
			    "is\n"
			    "undo revision 3: nothing to do\n");
	temp_is(t, TREE_ROOT, "a/ a/d/ a/d/f.json a/g.json ");
}

static void test_an_undo_puts_nothing_where_its_folder_was(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t f;

	(void)temp_snap(t, TREE_ROOT);
	f = temp_item(t, a, "f.json", "{}");
	(void)temp_reverted(r, TREE_ROOT, "1"); /* 3 takes f out */
	temp_remove(t, a);
	assert_int_equal(temp_reverted(r, TREE_ROOT, "undo 3"), 0);
	temp_said(r, "! f.json stays as it is: the folder that it was in is "
		     "gone\n");
	assert_int_equal(
		tree_get(t->reader.db, MOMENT_NOW, f, &(struct entry){0}, NULL),
		-ENOENT);
	temp_sound(t);
}

static void test_an_undo_numbers_what_finds_its_name_taken(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t f;

	(void)temp_snap(t, TREE_ROOT);
	f = temp_item(t, TREE_ROOT, "f.json", "{}");
	(void)temp_reverted(r, TREE_ROOT, "1");
	(void)temp_item(t, TREE_ROOT, "f.json", "[]");
	(void)temp_reverted(r, TREE_ROOT, "undo 3");
	temp_said(r, "+ f 2.json\n");
	temp_holds(t, f, "{}");
	temp_sound(t);
}

static void test_an_undo_puts_no_folder_inside_itself(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, TREE_ROOT, "b");

	(void)temp_snap(t, TREE_ROOT);
	temp_move(t, a, b, "a");
	(void)temp_reverted(r, TREE_ROOT, "1"); /* 3 takes a out of b */
	temp_move(t, b, a, "b");
	temp_fails(t, temp_revert(r, TREE_ROOT, "undo 3"), -ELOOP,
		   "folder 'a' would have to go into 'a/b'");
	temp_is(t, TREE_ROOT, "a/ a/b/ ");
}

static void test_an_edit_in_the_midst_of_it_is_not_lost(void **state)
{
	const struct batch_key key = {.pid = 99, .start = 5};
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t f = restore(r, TREE_ROOT, "f.json", "{}");
	struct entry e;

	(void)restore(r, TREE_ROOT, "g.json", "{}");
	temp_save(t, f, "[1]"); /* somebody else's */
	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW, f, &e, &t->why));
	e.attr.mode = 0600;
	temp_begin(t);
	temp_ok(t, tree_set_attr(&t->m, f, &e.attr, false, &t->why));
	temp_ok(t,
		batch_part(r->repo.batches, &t->m, &key, TREE_ROOT, &t->why));
	temp_commit(t);
	(void)temp_reverted(r, TREE_ROOT, "undo 1");
	temp_said(r, "- g.json\n"
		     "! f.json has changed since and stays as it is\n");
	temp_holds(t, f, "[1]");
}

static void test_an_undo_keeps_to_its_folder(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, TREE_ROOT, "b");

	(void)restore(r, a, "f.json", "{}");
	(void)restore(r, b, "f.json", "{}");
	(void)temp_reverted(r, a, "undo 1");
	temp_is(t, TREE_ROOT, "a/ b/ b/f.json ");
}

#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, temp_repo_setup, temp_repo_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_batch_is_undone_and_so_is_the_undoing),
		TEST(test_a_revert_is_undone_whole),
		TEST(test_what_others_did_stays_in_an_undo),
		TEST(test_an_undo_puts_nothing_where_its_folder_was),
		TEST(test_an_undo_numbers_what_finds_its_name_taken),
		TEST(test_an_undo_puts_no_folder_inside_itself),
		TEST(test_an_edit_in_the_midst_of_it_is_not_lost),
		TEST(test_an_undo_keeps_to_its_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
