/* The live tree and the past, through the same functions. */
#include "core/buf.h"
#include "tests/unit/temp_store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- looking ---- */

/* The path of @item at @at, to be freed; "-" when it is not there. */
static char *path_at(struct temp *t, int64_t at, int64_t item)
{
	DROP(buf_done) struct buf path = {0};
	int r = tree_path(t->reader.db, at, 0, item, &path, &t->why);

	if (r == -ENOENT)
		return strdup("-");
	temp_ok(t, r);
	return strndup(path.data ? path.data : "", path.len);
}

#define assert_path(t, at, item, expected)                \
	do {                                              \
		char *path_ = path_at((t), (at), (item)); \
		assert_string_equal(path_, (expected));   \
		free(path_);                              \
	} while (0)

static struct entry get(struct temp *t, int64_t at, int64_t item)
{
	struct entry e;

	temp_ok(t, tree_get(t->reader.db, at, item, &e, &t->why));
	return e;
}

struct listed {
	char text[1000];
	size_t len;
};

static int list_one(const struct entry *entry, void *arg)
{
	struct listed *l = arg;

	l->len += (size_t)snprintf(l->text + l->len, sizeof(l->text) - l->len,
				   "%s,", entry->name);
	return 0;
}

static void assert_list(struct temp *t, int64_t at, int64_t folder,
			const char *expected)
{
	struct listed l = {.text = ""};

	temp_ok(t,
		tree_list(t->reader.db, at, folder, 0, list_one, &l, &t->why));
	assert_string_equal(l.text, expected);
}

/* Bits of enum change_what that are recorded; 0: no row. */
static int64_t changed(struct temp *t, int64_t moment, int64_t item)
{
	int64_t what =
		temp_ask(t,
			 "SELECT what FROM change WHERE moment = %" PRId64
			 " AND item = %" PRId64,
			 moment, item);

	return what < 0 ? 0 : what;
}

/* ---- the past ---- */

/* The example of schema.sql, step by step. */
static void test_every_moment_shows_what_was_there(void **state)
{
	struct temp *t = *state;
	int64_t rules = temp_folder(t, TREE_ROOT, "rules");
	int64_t item = temp_item(t, rules, "A.json", "{}");

	temp_save(t, item, "{\"a\": 1}");
	temp_move(t, item, rules, "B.json");
	temp_remove(t, item);
	assert_list(t, 0, TREE_ROOT, "");
	assert_list(t, 1, TREE_ROOT, "rules,");
	assert_list(t, 1, rules, "");
	assert_list(t, 2, rules, "A.json,");
	assert_list(t, 4, rules, "B.json,");
	assert_list(t, 5, rules, "");
	assert_list(t, MOMENT_NOW, rules, "");
	assert_path(t, 1, item, "-");
	assert_path(t, 2, item, "rules/A.json");
	assert_path(t, 3, item, "rules/A.json");
	assert_path(t, 4, item, "rules/B.json");
	assert_path(t, MOMENT_NOW, item, "-");
	assert_int_equal(get(t, 2, item).size, 2);
	assert_int_equal(get(t, 3, item).size, 8);
	assert_int_equal(get(t, 3, item).born, 3);
	assert_int_equal(get(t, 4, item).born, 3);
	assert_int_equal(get(t, 4, item).placed, 4);
	assert_int_equal(changed(t, 1, rules), CHANGE_CREATED);
	assert_int_equal(changed(t, 2, item), CHANGE_CREATED);
	assert_int_equal(changed(t, 3, item), CHANGE_CONTENT);
	assert_int_equal(changed(t, 4, item), CHANGE_MOVED);
	assert_int_equal(changed(t, 5, item), CHANGE_REMOVED);
}

static void test_a_name_is_looked_up_at_a_moment(void **state)
{
	struct temp *t = *state;
	int64_t first = temp_item(t, TREE_ROOT, "A.json", "{}");
	struct entry e = {.id = 4711};
	int64_t second;

	temp_remove(t, first);
	second = temp_item(t, TREE_ROOT, "A.json", "[]");
	temp_ok(t,
		tree_lookup(t->reader.db, 1, TREE_ROOT, "A.json", &e, &t->why));
	assert_int_equal(e.id, first);
	assert_int_equal(e.parent, TREE_ROOT);
	assert_false(e.folder);
	assert_null(e.name);
	temp_ok(t,
		tree_lookup(t->reader.db, 3, TREE_ROOT, "A.json", &e, &t->why));
	assert_int_equal(e.id, second);
	temp_ok(t, tree_lookup(t->reader.db, MOMENT_NOW, TREE_ROOT, "A.json",
			       &e, &t->why));
	assert_int_equal(e.id, second);
	for (int64_t at = 0; at <= 2; at += 2) {
		temp_fails(t,
			   tree_lookup(t->reader.db, at, TREE_ROOT, "A.json",
				       &e, &t->why),
			   -ENOENT, "'A.json' is not there");
		assert_int_equal(e.id, second); /* untouched */
	}
}

static void test_a_listing_goes_on_after_an_id(void **state)
{
	struct temp *t = *state;
	int64_t a = temp_item(t, TREE_ROOT, "z.json", "{}");
	int64_t b = temp_folder(t, TREE_ROOT, "y");
	struct listed l = {.text = ""};

	(void)temp_item(t, b, "elsewhere.json", "{}");
	(void)temp_item(t, TREE_ROOT, "x.json", "{}");
	assert_list(t, MOMENT_NOW, TREE_ROOT, "z.json,y,x.json,");
	assert_list(t, 4, TREE_ROOT, "z.json,y,x.json,");
	temp_ok(t, tree_list(t->reader.db, MOMENT_NOW, TREE_ROOT, a, list_one,
			     &l, &t->why));
	assert_string_equal(l.text, "y,x.json,");
	l.len = 0;
	temp_ok(t, tree_list(t->reader.db, 4, TREE_ROOT, b, list_one, &l,
			     &t->why));
	assert_string_equal(l.text, "x.json,");
}

static int stop_at_once(const struct entry *entry, void *arg)
{
	(void)entry;
	(void)arg;
	return 77;
}

static void test_a_callback_ends_the_listing(void **state)
{
	struct temp *t = *state;

	(void)temp_folder(t, TREE_ROOT, "a");
	assert_int_equal(tree_list(t->reader.db, MOMENT_NOW, TREE_ROOT, 0,
				   stop_at_once, NULL, &t->why),
			 77);
	assert_list(t, MOMENT_NOW, TREE_ROOT, "a,");
}

static void test_paths_lead_to_entries_and_back(void **state)
{
	struct temp *t = *state;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, a, "b");
	int64_t item = temp_item(t, b, "x.json", "{}");
	DROP(buf_done) struct buf path = {0};
	struct entry e;

	temp_ok(t, tree_resolve(t->reader.db, MOMENT_NOW, TREE_ROOT,
				"a/b/x.json", &e, &t->why));
	assert_int_equal(e.id, item);
	temp_ok(t,
		tree_resolve(t->reader.db, MOMENT_NOW, a, "/b/", &e, &t->why));
	assert_int_equal(e.id, b);
	temp_ok(t, tree_resolve(t->reader.db, MOMENT_NOW, b, "", &e, &t->why));
	assert_int_equal(e.id, b);
	temp_fails(t,
		   tree_resolve(t->reader.db, MOMENT_NOW, TREE_ROOT,
				"a/b/x.json/c", &e, &t->why),
		   -ENOENT, "below an item");
	temp_fails(t,
		   tree_resolve(t->reader.db, 2, TREE_ROOT, "a/b/x.json", &e,
				&t->why),
		   -ENOENT, "'x.json' is not there");
	temp_ok(t,
		tree_path(t->reader.db, MOMENT_NOW, a, item, &path, &t->why));
	assert_int_equal(path.len, strlen("b/x.json"));
	assert_memory_equal(path.data, "b/x.json", path.len);
	path.len = 0;
	temp_ok(t, tree_path(t->reader.db, MOMENT_NOW, 0, TREE_ROOT, &path,
			     &t->why));
	assert_int_equal(path.len, 0);
	temp_fails(t, tree_path(t->reader.db, MOMENT_NOW, b, a, &path, &t->why),
		   -EXDEV, "outside");
	temp_ok(t, tree_name(t->reader.db, MOMENT_NOW, item, &path, &t->why));
	assert_memory_equal(path.data, "x.json", 6);
}

static void test_below_is_a_question_of_the_moment(void **state)
{
	struct temp *t = *state;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, TREE_ROOT, "b");
	int64_t item = temp_item(t, a, "x.json", "{}");
	struct db *db = t->reader.db;

	temp_move(t, item, b, "x.json");
	assert_int_equal(tree_is_below(db, 3, a, item, &t->why), 1);
	assert_int_equal(tree_is_below(db, 3, b, item, &t->why), 0);
	assert_int_equal(tree_is_below(db, MOMENT_NOW, a, item, &t->why), 0);
	assert_int_equal(tree_is_below(db, MOMENT_NOW, b, item, &t->why), 1);
	assert_int_equal(
		tree_is_below(db, MOMENT_NOW, TREE_ROOT, item, &t->why), 1);
	assert_int_equal(tree_is_below(db, 2, TREE_ROOT, item, &t->why), 0);
	assert_int_equal(tree_is_below(db, MOMENT_NOW, b, b, &t->why), 1);
	assert_int_equal(tree_is_below(db, 1, b, b, &t->why), 0);
}

/* ---- names ---- */

static void test_a_taken_name_is_refused(void **state)
{
	struct temp *t = *state;
	const struct attr attr = {.mode = 0644};
	int64_t item = temp_item(t, TREE_ROOT, "A.json", "{}");
	int64_t other = temp_item(t, TREE_ROOT, "B.json", "{}");
	int64_t id = 0;

	temp_begin(t);
	temp_fails(t,
		   tree_add_folder(&t->m, TREE_ROOT, "A.json", &attr, &id,
				   &t->why),
		   -EEXIST, "'A.json' is there already");
	temp_fails(t,
		   tree_add_item(&t->m, TREE_ROOT, "A.json",
				 &(struct new_item){
					 .content = 1, .size = 2, .attr = attr},
				 &id, &t->why),
		   -EEXIST, "'A.json' is there already");
	temp_fails(t, tree_move(&t->m, other, TREE_ROOT, "A.json", &t->why),
		   -EEXIST, "'A.json' is there already");
	assert_int_equal(id, 0);
	/* A refusal changes nothing: the moment can go on. */
	assert_false(t->m.changed);
	temp_ok(t, tree_move(&t->m, other, TREE_ROOT, "a.json", &t->why));
	temp_commit(t);
	assert_path(t, MOMENT_NOW, other, "a.json");
	assert_path(t, MOMENT_NOW, item, "A.json");
}

static void test_only_live_folders_hold_entries(void **state)
{
	struct temp *t = *state;
	const struct attr attr = {.mode = 0755};
	int64_t gone = temp_folder(t, TREE_ROOT, "gone");
	int64_t item = temp_item(t, TREE_ROOT, "A.json", "{}");
	int64_t id;

	temp_remove(t, gone);
	temp_begin(t);
	temp_fails(t, tree_add_folder(&t->m, gone, "x", &attr, &id, &t->why),
		   -ENOENT, "not there any more");
	temp_fails(t, tree_add_folder(&t->m, item, "x", &attr, &id, &t->why),
		   -ENOTDIR, "no folder");
	temp_fails(t, tree_move(&t->m, item, gone, "x.json", &t->why), -ENOENT,
		   "not there any more");
	temp_fails(t, tree_add_folder(&t->m, 4711, "x", &attr, &id, &t->why),
		   -ENOENT, "not there any more");
}

static void test_a_folder_never_moves_into_itself(void **state)
{
	struct temp *t = *state;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, a, "b");
	int64_t c = temp_folder(t, b, "c");

	temp_begin(t);
	temp_fails(t, tree_move(&t->m, a, a, "x", &t->why), -EINVAL,
		   "inside itself");
	temp_fails(t, tree_move(&t->m, a, c, "x", &t->why), -EINVAL,
		   "inside itself");
	temp_fails(t, tree_move(&t->m, TREE_ROOT, c, "x", &t->why), -EINVAL,
		   "inside itself");
	temp_fails(t, tree_exchange(&t->m, a, c, &t->why), -EINVAL,
		   "inside itself");
	temp_fails(t, tree_exchange(&t->m, c, a, &t->why), -EINVAL,
		   "inside itself");
	temp_ok(t, tree_move(&t->m, c, TREE_ROOT, "c", &t->why));
	temp_ok(t, tree_move(&t->m, a, c, "a", &t->why));
	temp_commit(t);
	assert_path(t, MOMENT_NOW, b, "c/a/b");
	assert_path(t, 3, c, "a/b/c");
}

static void test_two_entries_swap_their_places(void **state)
{
	struct temp *t = *state;
	int64_t folder = temp_folder(t, TREE_ROOT, "f");
	int64_t a = temp_item(t, TREE_ROOT, "a.json", "{}");
	int64_t b = temp_item(t, folder, "b.json", "{}");

	temp_ok(t, tree_exchange(temp_begin(t), a, b, &t->why));
	temp_commit(t);
	assert_path(t, MOMENT_NOW, a, "f/b.json");
	assert_path(t, MOMENT_NOW, b, "a.json");
	assert_path(t, 3, a, "a.json");
	assert_int_equal(changed(t, 4, a), CHANGE_MOVED);
	assert_int_equal(changed(t, 4, b), CHANGE_MOVED);
}

static void test_a_folder_with_entries_stays(void **state)
{
	struct temp *t = *state;
	int64_t folder = temp_folder(t, TREE_ROOT, "f");
	int64_t item = temp_item(t, folder, "a.json", "{}");

	temp_begin(t);
	temp_fails(t, tree_remove(&t->m, folder, &t->why), -ENOTEMPTY,
		   "not empty");
	temp_fails(t, tree_remove(&t->m, TREE_ROOT, &t->why), -ENOTEMPTY,
		   "not empty");
	temp_ok(t, tree_remove(&t->m, item, &t->why));
	temp_ok(t, tree_remove(&t->m, folder, &t->why));
	temp_fails(t, tree_remove(&t->m, TREE_ROOT, &t->why), -EBUSY,
		   "root folder stays");
	temp_fails(t, tree_remove(&t->m, item, &t->why), -ENOENT,
		   "not there any more");
	temp_commit(t);
	assert_list(t, MOMENT_NOW, TREE_ROOT, "");
	assert_path(t, 2, item, "f/a.json");
}

static void test_what_lasts_less_than_a_moment_was_never_there(void **state)
{
	struct temp *t = *state;
	const struct attr attr = {.mode = 0644};
	int64_t item = temp_item(t, TREE_ROOT, "a.json", "{}");
	int64_t id;

	temp_begin(t);
	temp_ok(t, tree_add_folder(&t->m, TREE_ROOT, "x", &attr, &id, &t->why));
	temp_ok(t, tree_move(&t->m, item, id, "b.json", &t->why));
	temp_ok(t, tree_move(&t->m, item, TREE_ROOT, "c.json", &t->why));
	temp_ok(t, tree_remove(&t->m, id, &t->why));
	temp_commit(t);
	assert_path(t, MOMENT_NOW, item, "c.json");
	assert_path(t, 1, item, "a.json");
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM place"), 3);
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM state"), 2);
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM item"), 2);
	assert_int_equal(changed(t, 2, id), 0);
}

static void test_an_item_that_was_removed_comes_back_by_a_move(void **state)
{
	struct temp *t = *state;
	int64_t folder = temp_folder(t, TREE_ROOT, "f");
	int64_t item = temp_item(t, folder, "a.json", "{}");

	temp_remove(t, item);
	temp_move(t, item, TREE_ROOT, "b.json");
	assert_path(t, 2, item, "f/a.json");
	assert_path(t, 3, item, "-");
	assert_path(t, 4, item, "b.json");
	assert_int_equal(changed(t, 4, item), CHANGE_CREATED);
	assert_int_equal(get(t, MOMENT_NOW, item).born, 2);
}

static void test_many_entries_change_names_at_once(void **state)
{
	struct temp *t = *state;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t x = temp_item(t, a, "x.json", "{}");
	int64_t y = temp_item(t, TREE_ROOT, "y.json", "{}");

	temp_begin(t);
	temp_ok(t, tree_detach(&t->m, a, &t->why));
	temp_ok(t, tree_detach(&t->m, x, &t->why));
	temp_ok(t, tree_detach(&t->m, y, &t->why));
	temp_ok(t, tree_move(&t->m, x, TREE_ROOT, "y.json", &t->why));
	temp_ok(t, tree_move(&t->m, a, TREE_ROOT, "a", &t->why));
	temp_ok(t, tree_move(&t->m, y, a, "x.json", &t->why));
	temp_commit(t);
	assert_path(t, MOMENT_NOW, x, "y.json");
	assert_path(t, MOMENT_NOW, y, "a/x.json");
	assert_path(t, 3, x, "a/x.json");
}

/* ---- nodes ---- */

static void test_the_kernel_knows_an_item_by_one_node(void **state)
{
	struct temp *t = *state;
	int64_t a = temp_item(t, TREE_ROOT, "a.json", "{}");
	int64_t b = temp_item(t, TREE_ROOT, "b.json", "{}");
	struct entry e;

	temp_ok(t, tree_by_node(t->reader.db, a, &e, NULL, &t->why));
	assert_int_equal(e.id, a);
	assert_int_equal(e.node, a);
	temp_begin(t);
	temp_fails(t, tree_set_node(&t->m, a, b, &t->why), -EEXIST,
		   "is another item");
	temp_ok(t, tree_set_node(&t->m, a, 500, &t->why));
	temp_commit(t);
	temp_ok(t, tree_by_node(t->reader.db, 500, &e, NULL, &t->why));
	assert_int_equal(e.id, a);
	temp_fails(t, tree_by_node(t->reader.db, a, &e, NULL, &t->why), -ENOENT,
		   "is no item");
	temp_ok(t, tree_set_node(temp_begin(t), a, 0, &t->why));
	temp_commit(t);
	assert_int_equal(get(t, MOMENT_NOW, a).node, 0);
	assert_int_equal(temp_newest(t), 2);
}

static void test_a_node_stays_with_an_item_that_leaves(void **state)
{
	struct temp *t = *state;
	const struct attr attr = {.mode = 0644};
	int64_t a = temp_item(t, TREE_ROOT, "a.json", "{}");
	struct entry e;
	int64_t b;

	temp_remove(t, a);
	assert_int_equal(tree_by_node(t->reader.db, a, &e, NULL, NULL),
			 -ENOENT);
	temp_move(t, a, TREE_ROOT, "a.json");
	assert_int_equal(get(t, MOMENT_NOW, a).node, a);
	/* Until another entry is known by it. */
	temp_remove(t, a);
	temp_begin(t);
	temp_ok(t, tree_add_item(
			   &t->m, TREE_ROOT, "b.json",
			   &(struct new_item){.node = a,
					      .content = temp_content(t, "{}"),
					      .size = 2,
					      .attr = attr},
			   &b, &t->why));
	temp_commit(t);
	temp_ok(t, tree_by_node(t->reader.db, a, &e, NULL, &t->why));
	assert_int_equal(e.id, b);
	temp_move(t, a, TREE_ROOT, "a.json");
	assert_int_not_equal(get(t, MOMENT_NOW, a).node, a);
	assert_int_not_equal(get(t, MOMENT_NOW, a).node, 0);
	assert_int_equal(get(t, MOMENT_NOW, b).node, a);
}

/* ---- the length of history ---- */

static int64_t list_us(struct temp *t, int64_t at, int64_t folder)
{
	struct timespec from, to;
	int64_t best = INT64_MAX;

	for (int i = 0; i < 9; i++) {
		int64_t us;
		struct listed l = {.text = ""};

		(void)clock_gettime(CLOCK_MONOTONIC, &from);
		for (int k = 0; k < 20; k++) {
			l.len = 0;
			temp_ok(t, tree_list(t->reader.db, at, folder, 0,
					     list_one, &l, &t->why));
		}
		(void)clock_gettime(CLOCK_MONOTONIC, &to);
		us = (to.tv_sec - from.tv_sec) * 1000000 +
		     (to.tv_nsec - from.tv_nsec) / 1000;
		best = us < best ? us : best;
	}
	return best;
}

static void test_a_long_history_lists_like_a_short_one(void **state)
{
	enum { ITEMS = 60, VERSIONS = 1000 };
	struct temp *t = *state;
	int64_t fresh = temp_folder(t, TREE_ROOT, "fresh");
	int64_t old = temp_folder(t, TREE_ROOT, "old");
	int64_t items[ITEMS], fresh_us, at;
	const struct attr attr = {.mode = 0644};

	for (int i = 0; i < ITEMS; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "%d.json", i);
		(void)temp_item(t, fresh, name, "{}");
		items[i] = temp_item(t, old, name, "{}");
	}
	fresh_us = list_us(t, MOMENT_NOW, fresh);
	for (int k = 0; k < VERSIONS; k++) {
		int64_t content;

		temp_begin(t);
		content = temp_content(t, k % 2 ? "[]" : "{}");
		for (int i = 0; i < ITEMS; i++)
			temp_ok(t, tree_save(&t->m, items[i], content, 0, 2,
					     &attr, &t->why));
		temp_commit(t);
	}
	at = temp_newest(t) - VERSIONS / 2;
	print_message("fresh %d us, long %d us, in the past %d us\n",
		      (int)fresh_us, (int)list_us(t, MOMENT_NOW, old),
		      (int)list_us(t, at, old));
	/* A generous bound: the machine may be busy. A scan would be 100. */
	assert_true(list_us(t, MOMENT_NOW, old) < 3 * fresh_us + 500);
	assert_true(list_us(t, at, old) < 3 * fresh_us + 500);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_moment_shows_what_was_there),
		TEST(test_a_name_is_looked_up_at_a_moment),
		TEST(test_a_listing_goes_on_after_an_id),
		TEST(test_a_callback_ends_the_listing),
		TEST(test_paths_lead_to_entries_and_back),
		TEST(test_below_is_a_question_of_the_moment),
		TEST(test_a_taken_name_is_refused),
		TEST(test_only_live_folders_hold_entries),
		TEST(test_a_folder_never_moves_into_itself),
		TEST(test_two_entries_swap_their_places),
		TEST(test_a_folder_with_entries_stays),
		TEST(test_what_lasts_less_than_a_moment_was_never_there),
		TEST(test_an_item_that_was_removed_comes_back_by_a_move),
		TEST(test_many_entries_change_names_at_once),
		TEST(test_the_kernel_knows_an_item_by_one_node),
		TEST(test_a_node_stays_with_an_item_that_leaves),
		TEST(test_a_long_history_lists_like_a_short_one),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
