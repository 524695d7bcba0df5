/* Back to how a folder was: all of it, one item, one revision. */
#include "core/revert.h"
#include "core/report.h"
#include "core/revision.h"
#include "core/scratch.h"
#include "core/work.h"
#include "tests/unit/temp_repo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct who somebody = {.uid = 1000, .pid = 7, .program = "sh"};

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

static struct entry live(struct temp *t, int64_t item)
{
	struct entry e;

	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW, item, &e, &t->why));
	return e;
}

/* ---- all of a folder ---- */

static void test_everything_is_as_it_was(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, a, "b");
	int64_t edited = temp_item(t, b, "edited.json", "{}");
	int64_t moved = temp_item(t, b, "moved.json", "{}");
	int64_t gone = temp_item(t, a, "gone.json", "{}");
	int64_t id = temp_snap(t, TREE_ROOT), then = temp_newest(t);
	int64_t nodes[] = {live(t, b).node, live(t, moved).node};
	int64_t made;

	temp_save(t, edited, "[1]");
	temp_move(t, moved, TREE_ROOT, "away.json");
	temp_remove(t, gone);
	temp_move(t, b, TREE_ROOT, "z");
	temp_remove(t, a);
	made = temp_folder(t, b, "made");
	(void)temp_item(t, made, "in.json", "{}");
	assert_int_equal(temp_reverted(r, TREE_ROOT, "1"), id + 2);
	temp_said(r, "+ a/\n"
		     "R z/ -> a/b/\n"
		     "M a/b/edited.json\n"
		     "R away.json -> a/b/moved.json\n"
		     "+ a/gone.json\n"
		     "- z/made/\n"
		     "- z/made/in.json\n");
	same_as(t, TREE_ROOT, then);
	assert_int_equal(live(t, b).node, nodes[0]);
	assert_int_equal(live(t, moved).node, nodes[1]);
}

static void test_names_may_be_exchanged(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_item(t, TREE_ROOT, "a.json", "{}");
	int64_t b = temp_item(t, TREE_ROOT, "b.json", "[]");
	int64_t then = temp_newest(t);
	int64_t c;

	(void)temp_snap(t, TREE_ROOT);
	temp_ok(t, tree_exchange(temp_begin(t), a, b, &t->why));
	temp_commit(t);
	temp_move(t, a, TREE_ROOT, "c.json"); /* b is a; c is made as b */
	c = temp_item(t, TREE_ROOT, "b.json", "[3]");
	(void)temp_reverted(r, TREE_ROOT, "1");
	same_as(t, TREE_ROOT, then);
	(void)c;
}

static void test_folders_turned_inside_out_are_turned_back(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, a, "b");
	int64_t then = temp_newest(t);

	(void)temp_snap(t, TREE_ROOT);
	temp_move(t, b, TREE_ROOT, "b");
	temp_move(t, a, b, "a");
	temp_is(t, TREE_ROOT, "b/ b/a/ ");
	(void)temp_reverted(r, TREE_ROOT, "1");
	same_as(t, TREE_ROOT, then);
}

static void test_attributes_go_back_too(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t f = temp_item(t, a, "f.json", "{}");

	(void)temp_snap(t, a);
	temp_set_mode(t, f, 0600);
	temp_set_mode(t, a, 0700);
	t->now_ns += 1000;
	(void)temp_reverted(r, a, "1");
	temp_said(r, "A ./\nA f.json\n");
	assert_int_equal(live(t, f).attr.mode, 0644);
	assert_int_equal(live(t, f).attr.mtime_ns, TEMP_NOW);
	assert_int_equal(live(t, f).attr.ctime_ns, TEMP_NOW + 1000);
	assert_int_equal(live(t, a).attr.mode, 0755);
	assert_int_equal(live(t, a).attr.mtime_ns, TEMP_NOW);
	temp_sound(t);
}

static void test_the_folder_keeps_its_own_name_and_place(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, TREE_ROOT, "b");
	int64_t f = temp_item(t, a, "f.json", "{}");

	(void)temp_snap(t, TREE_ROOT);
	temp_move(t, a, b, "c");
	temp_save(t, f, "[]");
	(void)temp_reverted(r, a, "1");
	temp_said(r, "M f.json\n");
	temp_is(t, TREE_ROOT, "b/ b/c/ b/c/f.json ");
	temp_holds(t, f, "{}");
}

static void test_a_folders_time_follows_from_what_changes_now(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, TREE_ROOT, "b");

	(void)temp_snap(t, TREE_ROOT);
	temp_set_mode(t, a, 0700);
	temp_set_mode(t, b, 0700);
	(void)temp_item(t, a, "f.json", "{}");
	t->now_ns += 5000;
	(void)temp_reverted(r, TREE_ROOT, "1");
	assert_int_equal(live(t, a).attr.mtime_ns, TEMP_NOW + 5000);
	assert_int_equal(live(t, a).attr.mode, 0755);
	assert_int_equal(live(t, b).attr.mtime_ns, TEMP_NOW);
}

static void test_nothing_to_do_leaves_no_trace(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t f = temp_item(t, TREE_ROOT, "f.json", "{}");
	int64_t newest;

	(void)temp_snap(t, TREE_ROOT);
	temp_save(t, f, "[]");
	temp_save(t, f, "{}");
	newest = temp_newest(t);
	assert_int_equal(temp_reverted(r, TREE_ROOT, "1"), 0);
	assert_string_equal(r->out.data,
			    "revert to snapshot 1: nothing to do\n");
	assert_int_equal(temp_newest(t), newest);
	assert_int_equal(temp_snap(t, TREE_ROOT), 2);
}

/* ---- the record ---- */

static void test_it_is_recorded_and_both_sides_can_be_named(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf text = {0};
	int64_t f = temp_item(t, TREE_ROOT, "f.json", "{}");
	struct revision row;

	(void)temp_snap(t, TREE_ROOT);
	temp_save(t, f, "[2]");
	assert_int_equal(temp_reverted(r, TREE_ROOT, "1"), 3);
	assert_non_null(strstr(r->out.data, "revert to snapshot 1: 0 brought "
					    "back, 1 changed, 0 moved, 0 "
					    "removed, 0 left alone (revision "
					    "3, snapshot 2 before it; 'undo 3' "
					    "takes it back)\n"));
	temp_ok(t, revision_get(t->reader.db, 2, &text, &row, &t->why));
	assert_string_equal(row.kind, "snapshot");
	assert_string_equal(row.description, "before revert to snapshot 1");
	assert_int_equal(row.after, 2);
	temp_ok(t, revision_get(t->reader.db, 3, &text, &row, &t->why));
	assert_string_equal(row.kind, "revert");
	assert_string_equal(row.status, "completed");
	assert_string_equal(row.description, "revert to snapshot 1");
	assert_string_equal(row.counts,
			    "{\"created\":0,\"edited\":1,\"moved\":0,"
			    "\"removed\":0,\"skipped\":0}");
	assert_int_equal(row.before, 2);
	assert_int_equal(row.after, 3);
	(void)temp_reverted(r, TREE_ROOT, "before 3");
	temp_holds(t, f, "[2]");
	(void)temp_reverted(r, TREE_ROOT, "after 3");
	temp_holds(t, f, "{}");
	(void)temp_reverted(r, TREE_ROOT, "2");
	temp_holds(t, f, "[2]");
	temp_sound(t);
}

static void test_instants_and_names_are_states_too(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t f = temp_item(t, TREE_ROOT, "f.json", "{}");
	int64_t id;

	temp_ok(t, snapshot_create(temp_begin(t), TREE_ROOT, "my name", "", &id,
				   &t->why));
	temp_commit(t);
	t->now_ns += INT64_C(60000000000);
	temp_save(t, f, "[2]");
	(void)temp_reverted(r, TREE_ROOT, "@2023-11-14T22:13:20Z");
	temp_holds(t, f, "{}");
	temp_save(t, f, "[3]");
	(void)temp_reverted(r, TREE_ROOT, "my name");
	temp_holds(t, f, "{}");
	temp_save(t, f, "[4]");
	(void)temp_reverted(r, TREE_ROOT, "my name f.json");
	temp_holds(t, f, "{}");
	(void)temp_reverted(r, TREE_ROOT, "latest");
	temp_holds(t, f, "[4]");
}

static void test_what_is_no_state_is_refused(void **state)
{
	static const struct {
		const char *spec, *text;
		int code;
	} bad[] = {
		{"", "which state", -EINVAL},
		{"  ", "which state", -EINVAL},
		{"9", "no revision 9", -ENOENT},
		{"nobody", "no snapshot 'nobody'", -ENOENT},
		{"nobody a/b c", "no snapshot 'nobody'", -ENOENT},
		{"before 9", "no revision 9", -ENOENT},
		{"undo 1", "is a snapshot", -EINVAL},
		{"1 \"x.json\" \"y\"", "'x.json' was not there", -ENOENT},
		{"1 \"x.json", "'\"x.json' was not there", -ENOENT},
		{"undo", "no snapshot 'undo'", -ENOENT},
		{"1 a.json", "'a.json' was not there then", -ENOENT},
		{"@noon", "is no time", -ENOENT},
		{"@1999-01-01", "not there", -ENOENT},
	};
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");

	(void)temp_snap(t, TREE_ROOT);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		temp_fails(t, temp_revert(r, a, bad[i].spec), bad[i].code,
			   bad[i].text);
	assert_int_equal(temp_snap(t, TREE_ROOT), 2);
}

static void test_a_preview_says_the_same_and_does_nothing(void **state)
{
	struct temp_repo *r = *state;
	const struct revert_request preview = {TREE_ROOT, "1", true};
	struct temp *t = r->t;
	DROP(revert_result_done) struct revert_result result = {0};
	DROP(buf_done) struct buf out = {0};
	DROP(buf_done) struct buf before = {0};
	DROP(buf_done) struct buf after = {0};
	int64_t f = temp_item(t, TREE_ROOT, "f.json", "{}");
	int64_t newest;

	(void)temp_snap(t, TREE_ROOT);
	temp_save(t, f, "[]");
	temp_move(t, f, TREE_ROOT, "g.json");
	(void)temp_item(t, TREE_ROOT, "h.json", "{}");
	newest = temp_newest(t);
	temp_tree(t, MOMENT_NOW, TREE_ROOT, true, &before);
	temp_ok(t, revert_run(&r->repo, &somebody, &preview, &out, &result,
			      &t->why));
	buf_byte(&out, '\0');
	temp_tree(t, MOMENT_NOW, TREE_ROOT, true, &after);
	assert_string_equal(after.data, before.data);
	assert_int_equal(temp_newest(t), newest);
	assert_int_equal(result.revision, 0);
	assert_int_equal(result.touched.len, 0);
	assert_string_equal(out.data,
			    "R g.json -> f.json\n"
			    "- h.json\n"
			    "would revert to snapshot 1: 0 brought back, 1 "
			    "changed, 1 moved, 1 removed, 0 left alone\n");
	(void)temp_reverted(r, TREE_ROOT, "1");
	temp_said(r, "R g.json -> f.json\n- h.json\n");
}

static void test_the_kernel_is_told_what_to_forget(void **state)
{
	struct temp_repo *r = *state;
	const struct revert_request request = {TREE_ROOT, "1", false};
	struct temp *t = r->t;
	DROP(revert_result_done) struct revert_result result = {0};
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t f = temp_item(t, a, "f.json", "{}");
	int64_t g = temp_item(t, a, "g.json", "{}");
	int64_t h;

	(void)temp_snap(t, TREE_ROOT);
	temp_move(t, f, TREE_ROOT, "z.json");
	temp_save(t, f, "[]");
	temp_remove(t, g);
	h = temp_item(t, a, "h.json", "{}");
	temp_ok(t, revert_run(&r->repo, &somebody, &request, &r->out, &result,
			      &t->why));
	assert_int_equal(result.touched.len, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct touched *e = &result.touched.entries[i];

		if (e->node == f) {
			assert_int_equal(e->old_parent, TREE_ROOT);
			assert_string_equal(e->old_name, "z.json");
			assert_int_equal(e->new_parent, a);
			assert_string_equal(e->new_name, "f.json");
			assert_true(e->content);
		} else if (e->node == g) {
			assert_int_equal(e->old_parent, 0);
			assert_null(e->old_name);
			assert_string_equal(e->new_name, "g.json");
		} else {
			assert_int_equal(e->node, h);
			assert_int_equal(e->old_parent, a);
			assert_int_equal(e->new_parent, 0);
			assert_null(e->new_name);
		}
	}
}

static void test_a_second_one_is_told_who_is_at_work(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	struct work work = {.what = "a pull", .who = somebody};
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, TREE_ROOT, "b");

	(void)temp_snap(t, TREE_ROOT);
	work.folder = a;
	temp_ok(t, work_begin(r->repo.works, t->reader.db, &work, &t->why));
	temp_fails(t, temp_revert(r, TREE_ROOT, "1"), -EBUSY,
		   "a pull is under way since ");
	temp_fails(t, temp_revert(r, a, "1"), -EBUSY, "under way");
	assert_int_equal(temp_revert(r, b, "1"), 0);
	work_end(&work);
	assert_int_equal(temp_revert(r, TREE_ROOT, "1"), 0);
}

/* ---- over the border ---- */

static void test_what_left_comes_back(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, TREE_ROOT, "b");
	int64_t f = temp_item(t, a, "f.json", "{}");
	int64_t d = temp_folder(t, a, "d");
	int64_t g = temp_item(t, d, "g.json", "{}");
	int64_t then;

	(void)temp_item(t, d, "quiet.json", "{}");
	then = temp_newest(t);
	(void)temp_snap(t, a);
	temp_move(t, f, b, "else.json");
	temp_move(t, d, b, "d");
	temp_save(t, g, "[]");
	(void)temp_reverted(r, a, "1");
	temp_said(r, "R /b/d/ -> d/\n"
		     "M d/g.json\n"
		     "R /b/else.json -> f.json\n");
	same_as(t, a, then);
	temp_is(t, b, "");
}

static void test_what_was_put_into_it_outside_does_not_come_along(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t d = temp_folder(t, a, "d");
	int64_t guest = temp_item(t, TREE_ROOT, "guest.json", "{}");
	int64_t then = temp_newest(t);

	(void)temp_snap(t, a);
	temp_move(t, d, TREE_ROOT, "d");
	(void)temp_item(t, d, "made.json", "{}");
	temp_move(t, guest, d, "guest.json");
	(void)temp_reverted(r, a, "1");
	temp_said(r, "- /d/made.json\n"
		     "R /d/guest.json -> /guest.json\n"
		     "R /d/ -> d/\n");
	same_as(t, a, then);
	temp_is(t, TREE_ROOT, "a/ a/d/ guest.json ");
}

static void test_what_came_in_goes_back_to_where_it_was(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, TREE_ROOT, "b");
	int64_t f = temp_item(t, b, "f.json", "{}");
	int64_t d = temp_folder(t, b, "d");
	int64_t g = temp_item(t, d, "g.json", "{}");
	int64_t young;

	(void)temp_snap(t, a);
	young = temp_item(t, b, "young.json", "{}");
	temp_save(t, f, "[1]"); /* outside: stays */
	temp_move(t, f, a, "f.json");
	temp_save(t, f, "[2]"); /* inside: goes */
	temp_move(t, f, a, "g.json");
	temp_move(t, young, a, "young.json");
	temp_move(t, d, a, "d");
	temp_save(t, g, "[3]");
	(void)temp_item(t, d, "made.json", "{}");
	(void)temp_item(t, b, "young.json", "[]"); /* takes the name */
	(void)temp_reverted(r, a, "1");
	temp_said(r, "R d/ -> /b/d/\n"
		     "M /b/d/g.json\n"
		     "R g.json -> /b/f.json\n"
		     "R young.json -> /b/young 2.json\n"
		     "- d/made.json\n");
	temp_is(t, TREE_ROOT,
		"a/ b/ b/d/ b/d/g.json b/f.json b/young 2.json b/young.json ");
	temp_holds(t, f, "[1]");
	temp_holds(t, g, "{}");
	temp_sound(t);
}

static void test_what_came_in_from_nowhere_leaves(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, TREE_ROOT, "b");
	int64_t d = temp_folder(t, b, "d");

	(void)temp_item(t, d, "quiet.json", "{}");
	(void)temp_snap(t, a);
	temp_move(t, d, a, "d");
	temp_remove(t, b);
	(void)temp_reverted(r, a, "1");
	temp_said(r, "- d/\n"
		     "- d/quiet.json\n"
		     "! d leaves the tree: the folder that it came from is "
		     "gone\n");
	temp_is(t, TREE_ROOT, "a/ ");
	temp_sound(t);
	(void)temp_reverted(r, a, "before 3");
	temp_is(t, TREE_ROOT, "a/ a/d/ a/d/quiet.json ");
}

static void test_no_folder_goes_inside_itself(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t l = temp_folder(t, a, "left");
	int64_t newest;

	(void)temp_snap(t, a);
	temp_move(t, l, TREE_ROOT, "left");
	temp_move(t, a, l, "a");
	newest = temp_newest(t);
	temp_fails(t, temp_revert(r, a, "1"), -ELOOP,
		   "folder '/left' would have to go into 'left/a'");
	assert_int_equal(temp_newest(t), newest);
	assert_int_equal(temp_snap(t, a), 2);
}

/* ---- what is no item ---- */

static void test_a_folder_with_scratch_files_stays(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t d, e;

	(void)temp_snap(t, TREE_ROOT);
	d = temp_folder(t, TREE_ROOT, "d");
	e = temp_folder(t, d, "e");
	(void)temp_item(t, e, "f.json", "{}");
	(void)temp_scratch(t, e, "notes.txt");
	(void)temp_reverted(r, TREE_ROOT, "1");
	temp_said(r, "- d/e/f.json\n"
		     "! d/e stays: it holds files that are no items\n"
		     "! d stays: it holds what stays\n");
	temp_is(t, TREE_ROOT, "d/ d/e/ ");
	temp_sound(t);
}

static void test_a_folder_that_stays_gives_its_name_away(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t d = temp_folder(t, TREE_ROOT, "d");
	int64_t other;
	struct entry e;

	(void)temp_snap(t, TREE_ROOT);
	temp_remove(t, d);
	other = temp_folder(t, TREE_ROOT, "d");
	(void)temp_scratch(t, other, "notes.txt");
	(void)temp_reverted(r, TREE_ROOT, "1");
	temp_is(t, TREE_ROOT, "d/ d 2/ ");
	temp_ok(t, tree_lookup(t->reader.db, MOMENT_NOW, TREE_ROOT, "d", &e,
			       &t->why));
	assert_int_equal(e.id, d);
	temp_sound(t);
}

static void test_a_scratch_file_gives_its_name_away(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf name = {0};
	int64_t f = temp_item(t, TREE_ROOT, "f.json", "{}");
	int64_t scratch;

	(void)temp_snap(t, TREE_ROOT);
	temp_remove(t, f);
	(void)temp_scratch(t, TREE_ROOT, "f.json.scratch");
	scratch = temp_scratch(t, TREE_ROOT, "f.json");
	(void)temp_reverted(r, TREE_ROOT, "1");
	temp_said(r, "+ f.json\n"
		     "! f.json was no item and is called 'f.json.scratch 2' "
		     "now\n");
	temp_ok(t, scratch_name(t->reader.db, scratch, &name, &t->why));
	buf_byte(&name, '\0');
	assert_string_equal(name.data, "f.json.scratch 2");
	temp_is(t, TREE_ROOT, "f.json ");
	temp_sound(t);
}

#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, temp_repo_setup, temp_repo_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_everything_is_as_it_was),
		TEST(test_names_may_be_exchanged),
		TEST(test_folders_turned_inside_out_are_turned_back),
		TEST(test_attributes_go_back_too),
		TEST(test_the_folder_keeps_its_own_name_and_place),
		TEST(test_a_folders_time_follows_from_what_changes_now),
		TEST(test_nothing_to_do_leaves_no_trace),
		TEST(test_it_is_recorded_and_both_sides_can_be_named),
		TEST(test_instants_and_names_are_states_too),
		TEST(test_what_is_no_state_is_refused),
		TEST(test_a_preview_says_the_same_and_does_nothing),
		TEST(test_the_kernel_is_told_what_to_forget),
		TEST(test_a_second_one_is_told_who_is_at_work),
		TEST(test_what_left_comes_back),
		TEST(test_what_was_put_into_it_outside_does_not_come_along),
		TEST(test_what_came_in_goes_back_to_where_it_was),
		TEST(test_what_came_in_from_nowhere_leaves),
		TEST(test_no_folder_goes_inside_itself),
		TEST(test_a_folder_with_scratch_files_stays),
		TEST(test_a_folder_that_stays_gives_its_name_away),
		TEST(test_a_scratch_file_gives_its_name_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
