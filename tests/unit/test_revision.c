/* Snapshots: made, named, found again from every folder they show. */
#include "core/buf.h"
#include "core/instant.h"
#include "core/revision.h"
#include "tests/unit/temp_store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t snap(struct temp *t, int64_t folder, const char *name)
{
	int64_t id;

	temp_ok(t, snapshot_create(temp_begin(t), folder, name, "a text", &id,
				   &t->why));
	temp_commit(t);
	return id;
}

static int64_t resolve(struct temp *t, int64_t folder, const char *name)
{
	struct snapshot_ref ref;

	temp_ok(t, snapshot_resolve(t->reader.db, folder, name, &ref, &t->why));
	return ref.moment;
}

static void resolves_not(struct temp *t, int64_t folder, const char *name)
{
	struct snapshot_ref ref;

	assert_int_equal(
		snapshot_resolve(t->reader.db, folder, name, &ref, &t->why),
		-ENOENT);
}

static int add_id(const struct revision *row, void *arg)
{
	struct buf *out = arg;

	buf_addf(out, "%" PRId64 " ", row->id);
	return 0;
}

static void lists(struct temp *t, int64_t folder, int64_t after,
		  const char *ids)
{
	DROP(buf_done) struct buf out = {0};

	temp_ok(t, snapshot_list(t->reader.db, folder, after, add_id, &out,
				 &t->why));
	buf_byte(&out, '\0');
	assert_string_equal(out.data, ids);
}

/* ---- making ---- */

static void test_a_snapshot_is_one_row_that_names_the_present(void **state)
{
	struct temp *t = *state;
	DROP(buf_done) struct buf text = {0};
	int64_t rules = temp_folder(t, TREE_ROOT, "rules");
	int64_t id = snap(t, rules, "before-upgrade");
	struct revision row;

	temp_ok(t, revision_get(t->reader.db, id, &text, &row, &t->why));
	assert_string_equal(row.kind, "snapshot");
	assert_string_equal(row.status, "completed");
	assert_string_equal(row.name, "before-upgrade");
	assert_string_equal(row.description, "a text");
	assert_string_equal(row.counts, "{}");
	assert_int_equal(row.scope, rules);
	assert_int_equal(row.before, 1);
	assert_int_equal(row.after, 1);
	assert_int_equal(row.who.uid, 1000);
	assert_int_equal(row.who.pid, 42);
	assert_string_equal(row.who.program, "test");
	assert_int_equal(row.time_ns, TEMP_NOW);
	assert_int_equal(temp_newest(t), 1);
}

static void test_a_snapshot_of_nothing_shows_nothing(void **state)
{
	struct temp *t = *state;
	struct snapshot_ref ref;
	int64_t id = snap(t, TREE_ROOT, NULL);

	(void)temp_item(t, TREE_ROOT, "a.json", "{}");
	temp_ok(t, snapshot_resolve(t->reader.db, TREE_ROOT, "latest", &ref,
				    &t->why));
	assert_int_equal(ref.id, id);
	assert_int_equal(ref.moment, 0);
	lists(t, TREE_ROOT, 0, "1 ");
}

static void test_a_snapshot_within_a_moment_shows_what_it_changed(void **state)
{
	struct temp *t = *state;
	const struct attr attr = {.mode = 0755};
	struct snapshot_ref ref;
	int64_t folder, id;

	temp_begin(t);
	temp_ok(t, tree_add_folder(&t->m, TREE_ROOT, "a", &attr, &folder,
				   &t->why));
	temp_ok(t, snapshot_create(&t->m, TREE_ROOT, NULL, "", &id, &t->why));
	temp_commit(t);
	temp_ok(t, snapshot_resolve(t->reader.db, folder, "1", &ref, &t->why));
	assert_int_equal(ref.moment, 1);
}

static void test_names_that_mean_something_else_are_refused(void **state)
{
	static const char *const bad[] = {"12", "latest", "versions", "@x",
					  ".x", "a/b",	  ""};
	struct temp *t = *state;
	int64_t id;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(snapshot_name_ok(bad[i], &t->why), -EINVAL);
	temp_ok(t, snapshot_name_ok("12a", &t->why));
	temp_fails(t, snapshot_name_ok("7", &t->why), -EINVAL, "number");
	(void)snap(t, TREE_ROOT, "x");
	temp_begin(t);
	temp_fails(t, snapshot_create(&t->m, TREE_ROOT, "x", "", &id, &t->why),
		   -EEXIST, "snapshot 1 is called 'x' already");
}

/* ---- finding ---- */

static void test_a_snapshot_shows_the_folders_below_it(void **state)
{
	struct temp *t = *state;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, a, "b");
	int64_t c = temp_folder(t, TREE_ROOT, "c");

	(void)snap(t, TREE_ROOT, NULL); /* 1 */
	(void)snap(t, a, NULL);		/* 2 */
	(void)snap(t, c, NULL);		/* 3 */
	(void)temp_folder(t, b, "late");
	(void)snap(t, b, NULL); /* 4 */
	lists(t, TREE_ROOT, 0, "1 ");
	lists(t, a, 0, "1 2 ");
	lists(t, b, 0, "1 2 4 ");
	lists(t, b, 1, "2 4 ");
	lists(t, b, 3, "4 ");
	lists(t, c, 0, "1 3 ");
	assert_int_equal(resolve(t, b, "2"), 3);
	assert_int_equal(resolve(t, b, "latest"), 4);
	assert_int_equal(resolve(t, a, "latest"), 3);
	resolves_not(t, TREE_ROOT, "2");
	resolves_not(t, a, "3");
	resolves_not(t, a, "5");
	resolves_not(t, a, "02");
	resolves_not(t, a, "nobody");
}

static void test_a_folder_that_moved_shows_its_own_past(void **state)
{
	struct temp *t = *state;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, TREE_ROOT, "b");
	int64_t f = temp_folder(t, a, "f");

	(void)snap(t, a, NULL); /* 1: shows f */
	(void)snap(t, b, NULL); /* 2: does not */
	temp_move(t, f, b, "g");
	(void)snap(t, a, NULL); /* 3: does not */
	(void)snap(t, b, NULL); /* 4: shows f */
	temp_move(t, b, a, "b");
	(void)snap(t, a, NULL); /* 5: shows f, through b */
	lists(t, f, 0, "1 4 5 ");
	lists(t, b, 0, "2 4 5 ");
	assert_int_equal(resolve(t, f, "latest"), 5);
	resolves_not(t, f, "3");
}

static void test_what_happens_above_after_it_left_is_not_its_past(void **state)
{
	struct temp *t = *state;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, a, "b");
	int64_t f = temp_folder(t, b, "f");

	(void)snap(t, a, "early"); /* 1 */
	temp_move(t, f, TREE_ROOT, "f");
	(void)snap(t, a, "late"); /* 2 */
	(void)snap(t, b, NULL);	  /* 3 */
	lists(t, f, 0, "1 ");
	assert_int_equal(resolve(t, f, "early"), 3);
	resolves_not(t, f, "late");
	assert_int_equal(resolve(t, f, "latest"), 3);
	(void)snap(t, TREE_ROOT, "late"); /* 4 */
	assert_int_equal(resolve(t, f, "late"), 4);
}

static void test_a_list_goes_on_after_any_revision(void **state)
{
	struct temp *t = *state;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t id;

	(void)snap(t, TREE_ROOT, NULL); /* 1 */
	temp_begin(t);
	temp_ok(t, revision_begin(&t->m, "restore", TREE_ROOT, 1, "", &id,
				  &t->why)); /* 2 */
	temp_commit(t);
	(void)snap(t, a, NULL); /* 3 */
	lists(t, a, 2, "3 ");
	lists(t, a, 1, "3 ");
	lists(t, a, 99, "");
}

static void test_many_snapshots_of_one_moment_are_each_listed(void **state)
{
	struct temp *t = *state;
	int64_t a = temp_folder(t, TREE_ROOT, "a");

	for (int i = 0; i < 3; i++) {
		(void)snap(t, TREE_ROOT, NULL);
		(void)snap(t, a, NULL);
	}
	(void)temp_folder(t, a, "b");
	(void)snap(t, a, NULL);
	lists(t, a, 0, "1 2 3 4 5 6 7 ");
	for (int i = 1; i < 7; i++) {
		char rest[32] = "";

		for (int j = i + 1; j <= 7; j++)
			(void)snprintf(rest + strlen(rest),
				       sizeof(rest) - strlen(rest), "%d ", j);
		lists(t, a, i, rest);
	}
}

static void test_of_one_name_the_nearest_folder_wins(void **state)
{
	struct temp *t = *state;
	DROP(buf_done) struct buf text = {0};
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t upper = snap(t, TREE_ROOT, "weekly");
	char name[256];
	struct revision row;

	assert_int_equal(resolve(t, a, "weekly"), 1);
	temp_ok(t, revision_get(t->reader.db, upper, &text, &row, &t->why));
	temp_ok(t, snapshot_listed_name(t->reader.db, a, &row, name,
					sizeof(name), &t->why));
	assert_string_equal(name, "weekly");
	(void)temp_folder(t, a, "b");
	(void)snap(t, a, "weekly");
	assert_int_equal(resolve(t, a, "weekly"), 2);
	temp_ok(t, snapshot_listed_name(t->reader.db, a, &row, name,
					sizeof(name), &t->why));
	assert_string_equal(name, "1");
	assert_int_equal(resolve(t, TREE_ROOT, "weekly"), 1);
}

static void test_a_revision_that_is_no_snapshot_is_no_past(void **state)
{
	struct temp *t = *state;
	struct snapshot_ref ref;
	int64_t id;

	temp_begin(t);
	temp_ok(t, revision_begin(&t->m, "restore", TREE_ROOT, 0, "", &id,
				  &t->why));
	temp_ok(t, revision_end(&t->m, id, "completed", 0, "{}", &t->why));
	temp_commit(t);
	temp_fails(
		t,
		snapshot_resolve(t->reader.db, TREE_ROOT, "1", &ref, &t->why),
		-ENOENT, "is a restore, not a snapshot");
}

/* ---- instants ---- */

static void test_an_instant_shows_the_newest_commit_by_then(void **state)
{
	struct temp *t = *state;
	struct snapshot_ref ref;
	int64_t a = temp_folder(t, TREE_ROOT, "a"); /* 2023-11-14T22:13:20Z */

	t->now_ns += INT64_C(60000000000);
	(void)temp_folder(t, TREE_ROOT, "b");
	assert_int_equal(resolve(t, TREE_ROOT, "@2023-11-14T22:13:19Z"), 0);
	assert_int_equal(resolve(t, TREE_ROOT, "@2023-11-14T22:13:20Z"), 1);
	assert_int_equal(resolve(t, TREE_ROOT, "@2023-11-14T22.13.20Z"), 1);
	assert_int_equal(resolve(t, TREE_ROOT, "@2023-11-14T22:14:19Z"), 1);
	assert_int_equal(resolve(t, TREE_ROOT, "@2023-11-14T22:14:20Z"), 2);
	assert_int_equal(resolve(t, TREE_ROOT, "@GMT-2023.11.14-22.13.20"), 1);
	assert_int_equal(resolve(t, TREE_ROOT, "@2023-11-13"), 0);
	assert_int_equal(resolve(t, TREE_ROOT, "@2023-11-14"), 2);
	assert_int_equal(resolve(t, TREE_ROOT, "@2099-01-01"), 2);
	temp_ok(t, snapshot_resolve(t->reader.db, a, "@2099-01-01", &ref,
				    &t->why));
	assert_int_equal(ref.id, 0);
	assert_int_equal(ref.uid, 1000);
	assert_int_equal(ref.time_ns, t->now_ns);
	resolves_not(t, a, "@2023-11-14T22:13:19Z");
	resolves_not(t, a, "@yesterday");
}

static void test_the_end_of_what_is_written_is_meant(void **state)
{
	struct temp *t = *state;
	int64_t ns;

	temp_ok(t, instant_parse("1970-01-01T00:00:01Z", &ns, &t->why));
	assert_int_equal(ns, INT64_C(1999999999));
	temp_ok(t, instant_parse("1970-01-01T00:00:01.5Z", &ns, &t->why));
	assert_int_equal(ns, INT64_C(1599999999));
	temp_ok(t,
		instant_parse("1970-01-01T00:00:01.123456789Z", &ns, &t->why));
	assert_int_equal(ns, INT64_C(1123456789));
	temp_ok(t, instant_parse("1970-01-01T00:01Z", &ns, &t->why));
	assert_int_equal(ns, INT64_C(119999999999));
	temp_ok(t, instant_parse("1970-01-01", &ns, &t->why));
	assert_int_equal(ns, INT64_C(86399999999999));
	temp_ok(t, instant_parse("1970-01-01T01:00:00+01:00", &ns, &t->why));
	assert_int_equal(ns, INT64_C(999999999));
	ns = 5;
	temp_fails(t, instant_parse("GMT-2023.11.14", &ns, &t->why), -EINVAL,
		   "no time");
	temp_fails(t, instant_parse("2023-02-30", &ns, &t->why), -EINVAL,
		   "no time");
	temp_fails(t, instant_parse("", &ns, &t->why), -EINVAL, "no time");
	assert_int_equal(ns, 5);
}

/* ---- the record ---- */

static void test_a_revision_goes_from_progress_to_its_end(void **state)
{
	struct temp *t = *state;
	DROP(buf_done) struct buf text = {0};
	struct revision row;
	int64_t id;

	temp_begin(t);
	temp_ok(t, revision_begin(&t->m, "revert", TREE_ROOT, 0, "to what was",
				  &id, &t->why));
	temp_commit(t);
	temp_ok(t, revision_get(t->reader.db, id, &text, &row, &t->why));
	assert_string_equal(row.status, "in progress");
	assert_int_equal(row.after, 0);
	assert_null(row.name);
	(void)temp_folder(t, TREE_ROOT, "a");
	temp_begin(t);
	temp_ok(t,
		revision_end(&t->m, id, "completed", 1, "{\"n\":1}", &t->why));
	temp_commit(t);
	temp_ok(t, revision_get(t->reader.db, id, &text, &row, &t->why));
	assert_string_equal(row.status, "completed");
	assert_string_equal(row.counts, "{\"n\":1}");
	assert_string_equal(row.description, "to what was");
	assert_int_equal(row.after, 1);
	temp_fails(t, revision_get(t->reader.db, 99, &text, &row, &t->why),
		   -ENOENT, "no revision 99");
}

static void test_a_folder_lists_the_revisions_below_it(void **state)
{
	struct temp *t = *state;
	DROP(buf_done) struct buf out = {0};
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, a, "b");

	(void)snap(t, TREE_ROOT, NULL); /* 1 */
	(void)snap(t, a, NULL);		/* 2 */
	(void)snap(t, b, NULL);		/* 3 */
	temp_remove(t, b);
	temp_ok(t, revision_list(t->reader.db, a, 0, add_id, &out, &t->why));
	buf_byte(&out, '\0');
	assert_string_equal(out.data, "2 3 ");
	out.len = 0;
	temp_ok(t, revision_list(t->reader.db, TREE_ROOT, 1, add_id, &out,
				 &t->why));
	buf_byte(&out, '\0');
	assert_string_equal(out.data, "2 3 ");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_snapshot_is_one_row_that_names_the_present),
		TEST(test_a_snapshot_of_nothing_shows_nothing),
		TEST(test_a_snapshot_within_a_moment_shows_what_it_changed),
		TEST(test_names_that_mean_something_else_are_refused),
		TEST(test_a_snapshot_shows_the_folders_below_it),
		TEST(test_a_folder_that_moved_shows_its_own_past),
		TEST(test_what_happens_above_after_it_left_is_not_its_past),
		TEST(test_a_list_goes_on_after_any_revision),
		TEST(test_many_snapshots_of_one_moment_are_each_listed),
		TEST(test_of_one_name_the_nearest_folder_wins),
		TEST(test_a_revision_that_is_no_snapshot_is_no_past),
		TEST(test_an_instant_shows_the_newest_commit_by_then),
		TEST(test_the_end_of_what_is_written_is_meant),
		TEST(test_a_revision_goes_from_progress_to_its_end),
		TEST(test_a_folder_lists_the_revisions_below_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
