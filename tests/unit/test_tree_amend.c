/* What may be changed after the fact, and what never: times and attributes,
 * a version or a removal taken back. */
#include "core/buf.h"
#include "tests/unit/temp_store.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static struct entry get(struct temp *t, int64_t at, int64_t item)
{
	struct entry e;

	temp_ok(t, tree_get(t->reader.db, at, item, &e, &t->why));
	return e;
}

static bool there(struct temp *t, int64_t at, int64_t item)
{
	struct entry e;

	return tree_get(t->reader.db, at, item, &e, NULL) == 0;
}

static int64_t rows(struct temp *t, const char *table, int64_t item)
{
	return temp_ask(t, "SELECT count(*) FROM %s WHERE item = %" PRId64,
			table, item);
}

static void set_attr(struct temp *t, int64_t item, mode_t mode,
		     int64_t mtime_ns, bool amend)
{
	const struct attr attr = {
		.mode = mode,
		.uid = 1000,
		.gid = 1000,
		.mtime_ns = mtime_ns,
	};

	temp_ok(t, tree_set_attr(temp_begin(t), item, &attr, amend, &t->why));
	temp_commit(t);
}

/* ---- attributes ---- */

static void test_attributes_have_a_history(void **state)
{
	struct temp *t = *state;
	int64_t item = temp_item(t, TREE_ROOT, "a.json", "{}");

	t->now_ns = TEMP_NOW + 7;
	set_attr(t, item, 0600, 5, false);
	assert_int_equal(get(t, 1, item).attr.mode, 0644);
	assert_int_equal(get(t, 2, item).attr.mode, 0600);
	assert_int_equal(get(t, 2, item).attr.mtime_ns, 5);
	assert_int_equal(get(t, 2, item).attr.ctime_ns, TEMP_NOW + 7);
	assert_int_equal(get(t, 2, item).content, get(t, 1, item).content);
	assert_int_equal(get(t, 2, item).size, 2);
	assert_int_equal(temp_ask(t, "SELECT what FROM change"
				     " WHERE moment = 2"),
			 CHANGE_ATTR);
	/* The same again is no change. */
	set_attr(t, item, 0600, 5, false);
	assert_int_equal(temp_newest(t), 2);
}

static void test_attributes_are_amended_while_nobody_has_seen_them(void **state)
{
	struct temp *t = *state;
	int64_t item = temp_item(t, TREE_ROOT, "a.json", "{}");

	set_attr(t, item, 0600, 5, true);
	assert_int_equal(temp_newest(t), 1);
	assert_int_equal(rows(t, "state", item), 1);
	assert_int_equal(get(t, 1, item).attr.mode, 0600);
	temp_snapshot(t);
	set_attr(t, item, 0640, 6, true);
	assert_int_equal(rows(t, "state", item), 2);
	assert_int_equal(get(t, 1, item).attr.mode, 0600);
	assert_int_equal(get(t, 2, item).attr.mode, 0640);
	/* Born since the snapshot. */
	set_attr(t, item, 0644, 7, true);
	assert_int_equal(rows(t, "state", item), 2);
	assert_int_equal(get(t, 2, item).attr.mode, 0644);
}

static void test_a_batch_that_is_recorded_is_not_amended(void **state)
{
	struct temp *t = *state;
	int64_t item = temp_item(t, TREE_ROOT, "a.json", "{}");

	temp_sql(t, "INSERT INTO revision (kind, status, scope, before, after,"
		    " uid, pid, program, time)"
		    " VALUES ('restore', 'completed', 1, 0, 1, 0, 0, '', 0)");
	set_attr(t, item, 0600, 5, true);
	assert_int_equal(get(t, 1, item).attr.mode, 0644);
	assert_int_equal(get(t, 2, item).attr.mode, 0600);
}

/* ---- times of folders ---- */

static void test_a_folders_time_is_that_of_its_newest_name(void **state)
{
	struct temp *t = *state;
	int64_t folder = temp_folder(t, TREE_ROOT, "f");
	int64_t item;

	t->now_ns = TEMP_NOW + 10;
	item = temp_item(t, folder, "a.json", "{}");
	t->now_ns = TEMP_NOW + 20;
	temp_save(t, item, "[]");
	t->now_ns = TEMP_NOW + 30;
	temp_move(t, item, TREE_ROOT, "b.json");
	assert_int_equal(get(t, 1, folder).attr.mtime_ns, TEMP_NOW);
	assert_int_equal(get(t, 2, folder).attr.mtime_ns, TEMP_NOW + 10);
	assert_int_equal(get(t, 3, folder).attr.mtime_ns, TEMP_NOW + 10);
	assert_int_equal(get(t, 4, folder).attr.mtime_ns, TEMP_NOW + 30);
	assert_int_equal(get(t, MOMENT_NOW, folder).attr.mtime_ns,
			 TEMP_NOW + 30);
	assert_int_equal(get(t, 4, folder).attr.ctime_ns, TEMP_NOW + 30);
	assert_int_equal(get(t, 4, TREE_ROOT).attr.mtime_ns, TEMP_NOW + 30);
	/* No state of its own for that. */
	assert_int_equal(rows(t, "state", folder), 1);
}

static void test_a_time_that_is_set_holds_until_the_next_name(void **state)
{
	struct temp *t = *state;
	int64_t folder = temp_folder(t, TREE_ROOT, "f");
	int64_t item;

	t->now_ns = TEMP_NOW + 10;
	item = temp_item(t, folder, "a.json", "{}");
	set_attr(t, folder, 0755, 77, true);
	assert_int_equal(get(t, MOMENT_NOW, folder).attr.mtime_ns, 77);
	assert_int_equal(get(t, 2, folder).attr.mtime_ns, TEMP_NOW + 10);
	t->now_ns = TEMP_NOW + 20;
	temp_remove(t, item);
	assert_int_equal(get(t, 3, folder).attr.mtime_ns, 77);
	assert_int_equal(get(t, MOMENT_NOW, folder).attr.mtime_ns,
			 TEMP_NOW + 20);
	/* An item's time is its own, whatever happens around it. */
	set_attr(t, folder, 0700, TEMP_NOW + 20, false);
	assert_int_equal(get(t, MOMENT_NOW, folder).attr.mtime_ns,
			 TEMP_NOW + 20);
}

/* ---- a version taken back ---- */

static void test_a_version_is_taken_back_without_a_trace(void **state)
{
	struct temp *t = *state;
	int64_t item = temp_item(t, TREE_ROOT, "a.json", "{}");

	temp_save(t, item, "[1]");
	temp_ok(t, tree_unsave(temp_begin(t), item, 2, &t->why));
	temp_commit(t);
	assert_int_equal(get(t, MOMENT_NOW, item).size, 2);
	assert_int_equal(get(t, MOMENT_NOW, item).born, 1);
	assert_int_equal(get(t, 2, item).born, 1);
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM change"
				     " WHERE moment = 2"),
			 0);
}

static void test_a_version_that_was_recorded_stays_in_history(void **state)
{
	struct temp *t = *state;
	int64_t item = temp_item(t, TREE_ROOT, "a.json", "{}");

	temp_save(t, item, "[1]");
	temp_snapshot(t);
	temp_ok(t, tree_unsave(temp_begin(t), item, 2, &t->why));
	temp_commit(t);
	assert_int_equal(get(t, 2, item).size, 3);
	assert_int_equal(get(t, MOMENT_NOW, item).size, 2);
	assert_int_equal(get(t, MOMENT_NOW, item).born, 3);
	assert_int_equal(get(t, MOMENT_NOW, item).content,
			 get(t, 1, item).content);
}

static void test_only_the_newest_version_is_taken_back(void **state)
{
	struct temp *t = *state;
	int64_t item = temp_item(t, TREE_ROOT, "a.json", "{}");

	temp_save(t, item, "[1]");
	temp_save(t, item, "[2]");
	temp_begin(t);
	temp_fails(t, tree_unsave(&t->m, item, 2, &t->why), -ENOENT,
		   "is not its newest");
	temp_ok(t, tree_unsave(&t->m, item, 3, &t->why));
	temp_ok(t, tree_unsave(&t->m, item, 2, &t->why));
	temp_fails(t, tree_unsave(&t->m, item, 1, &t->why), -ENOENT,
		   "no version before");
}

static void test_the_former_version_is_found(void **state)
{
	struct temp *t = *state;
	int64_t item = temp_item(t, TREE_ROOT, "a.json", "{}");
	struct entry e;

	temp_save(t, item, "[1]");
	temp_remove(t, item);
	temp_ok(t, tree_former(t->reader.db, item, 2, &e, &t->why));
	assert_int_equal(e.id, item);
	assert_int_equal(e.born, 1);
	assert_int_equal(e.size, 2);
	assert_int_equal(e.parent, TREE_ROOT);
	temp_fails(t, tree_former(t->reader.db, item, 1, &e, &t->why), -ENOENT,
		   "no version before");
}

/* ---- a removal taken back ---- */

static void revive(struct temp *t, int64_t item, int64_t removed)
{
	temp_ok(t, tree_revive(temp_begin(t), item, removed, &t->why));
	temp_commit(t);
}

static void test_a_removal_is_taken_back_without_a_trace(void **state)
{
	struct temp *t = *state;
	int64_t item = temp_item(t, TREE_ROOT, "a.json", "{}");

	temp_remove(t, item);
	assert_false(there(t, MOMENT_NOW, item));
	revive(t, item, 2);
	assert_true(there(t, MOMENT_NOW, item));
	assert_true(there(t, 2, item));
	assert_int_equal(get(t, MOMENT_NOW, item).placed, 1);
	assert_int_equal(get(t, MOMENT_NOW, item).node, item);
	assert_int_equal(rows(t, "place", item), 1);
	assert_int_equal(rows(t, "change", item), 1);
	assert_int_equal(temp_newest(t), 2);
}

static void test_a_removal_that_was_recorded_stays_in_history(void **state)
{
	struct temp *t = *state;
	int64_t item = temp_item(t, TREE_ROOT, "a.json", "{}");

	temp_remove(t, item);
	temp_snapshot(t);
	revive(t, item, 2);
	assert_false(there(t, 2, item));
	assert_true(there(t, MOMENT_NOW, item));
	assert_int_equal(get(t, MOMENT_NOW, item).placed, 3);
}

/* An editor's dance: the item aside under another name, and back. */
static void test_moves_are_taken_back_whole(void **state)
{
	struct temp *t = *state;
	int64_t folder = temp_folder(t, TREE_ROOT, "f");
	int64_t item = temp_item(t, TREE_ROOT, "a.json", "{}");
	DROP(buf_done) struct buf name = {0};

	temp_move(t, item, TREE_ROOT, "a~.json");
	temp_save(t, item, "[1]");
	temp_move(t, item, folder, "b.json");
	temp_remove(t, item);
	revive(t, item, 3);
	assert_int_equal(rows(t, "place", item), 1);
	temp_ok(t,
		tree_path(t->reader.db, MOMENT_NOW, 0, item, &name, &t->why));
	assert_memory_equal(name.data, "a.json", 6);
	/* What was saved meanwhile is kept. */
	assert_int_equal(get(t, MOMENT_NOW, item).born, 4);
	assert_int_equal(temp_ask(t,
				  "SELECT group_concat(moment || ':' ||"
				  " what) = '2:1,4:8' FROM change"
				  " WHERE item = %" PRId64,
				  item),
			 1);
}

static void test_a_name_that_was_taken_meanwhile_is_not_taken_back(void **state)
{
	struct temp *t = *state;
	int64_t folder = temp_folder(t, TREE_ROOT, "f");
	int64_t item = temp_item(t, folder, "a.json", "{}");

	temp_remove(t, item);
	(void)temp_item(t, folder, "a.json", "[]");
	temp_begin(t);
	temp_fails(t, tree_revive(&t->m, item, 3, &t->why), -EEXIST,
		   "'a.json' is there already");
	temp_fails(t, tree_revive(&t->m, item, 1, &t->why), -ENOENT,
		   "did not leave a place at moment 1");
	assert_false(t->m.changed);
	moment_end(&t->m);
	assert_false(there(t, MOMENT_NOW, item));
}

static void test_a_folder_is_not_taken_back_into_itself(void **state)
{
	struct temp *t = *state;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, TREE_ROOT, "b");
	int64_t c = temp_folder(t, a, "c");

	temp_move(t, c, TREE_ROOT, "c");
	temp_move(t, a, c, "a");
	temp_begin(t);
	temp_fails(t, tree_revive(&t->m, c, 4, &t->why), -EINVAL,
		   "inside itself");
	moment_end(&t->m);
	temp_remove(t, b);
	revive(t, b, 6);
	assert_int_equal(rows(t, "place", b), 1);
}

static void test_who_comes_back_without_its_node_gets_another(void **state)
{
	struct temp *t = *state;
	int64_t item = temp_item(t, TREE_ROOT, "a.json", "{}");

	temp_remove(t, item);
	temp_ok(t, tree_set_node(temp_begin(t), item, 0, &t->why));
	temp_commit(t);
	revive(t, item, 2);
	assert_true(get(t, MOMENT_NOW, item).node > item);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_attributes_have_a_history),
		TEST(test_attributes_are_amended_while_nobody_has_seen_them),
		TEST(test_a_batch_that_is_recorded_is_not_amended),
		TEST(test_a_folders_time_is_that_of_its_newest_name),
		TEST(test_a_time_that_is_set_holds_until_the_next_name),
		TEST(test_a_version_is_taken_back_without_a_trace),
		TEST(test_a_version_that_was_recorded_stays_in_history),
		TEST(test_only_the_newest_version_is_taken_back),
		TEST(test_the_former_version_is_found),
		TEST(test_a_removal_is_taken_back_without_a_trace),
		TEST(test_a_removal_that_was_recorded_stays_in_history),
		TEST(test_moves_are_taken_back_whole),
		TEST(test_a_name_that_was_taken_meanwhile_is_not_taken_back),
		TEST(test_a_folder_is_not_taken_back_into_itself),
		TEST(test_who_comes_back_without_its_node_gets_another),
	};

	return cmocka_run_group_tests_name("tree amend", tests, NULL, NULL);
}
