/* Batches, their report, and what was refused. */
#include "core/report.h"
#include "core/revision.h"
#include "tests/unit/temp_repo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct batch_key one = {.pid = 11, .start = 1};
static const struct batch_key two = {.pid = 11, .start = 2};

/* A new item and its line in the report, in one moment. */
static int64_t restore(struct temp_repo *r, const struct batch_key *key,
		       int64_t folder, const char *name, enum outcome outcome)
{
	const struct attr attr = {.mode = 0644};
	struct report_line line = {
		.folder = folder,
		.asked = name,
		.outcome = outcome,
	};
	struct temp *t = r->t;

	temp_begin(t);
	if (outcome == OUTCOME_CREATED || outcome == OUTCOME_RENAMED)
		temp_ok(t,
			tree_add_item(&t->m, folder, name,
				      &(struct new_item){
					      .content = temp_content(t, "{}"),
					      .size = 2,
					      .attr = attr},
				      &line.item, &t->why));
	temp_ok(t, batch_note(r->repo.batches, &t->m, key, &line, &t->why));
	temp_commit(t);
	return line.item;
}

static void end(struct temp_repo *r, bool all)
{
	temp_ok(r->t, batches_end(r->repo.batches, temp_begin(r->t), all,
				  &r->t->why));
	temp_commit(r->t);
}

static void is_revision(struct temp_repo *r, int64_t id, const char *text)
{
	DROP(buf_done) struct buf strings = {0};
	DROP(buf_done) struct buf out = {0};
	struct revision row;

	temp_ok(r->t,
		revision_get(r->t->reader.db, id, &strings, &row, &r->t->why));
	buf_addf(&out, "%s %s of %" PRId64 ", %" PRId64 "-%" PRId64 " %s",
		 row.kind, row.status, row.scope, row.before, row.after,
		 row.counts);
	buf_byte(&out, '\0');
	assert_string_equal(out.data, text);
}

static void no_revision(struct temp_repo *r, int64_t id)
{
	DROP(buf_done) struct buf strings = {0};
	struct revision row;

	assert_int_equal(
		revision_get(r->t->reader.db, id, &strings, &row, NULL),
		-ENOENT);
}

static int64_t revision_of(struct temp_repo *r, int64_t moment)
{
	struct moment_row row;

	temp_ok(r->t, moment_get(r->t->reader.db, moment, &row, &r->t->why));
	return row.revision;
}

/* ---- batches ---- */

static void test_one_plain_item_is_only_a_moment(void **state)
{
	struct temp_repo *r = *state;

	(void)restore(r, &one, TREE_ROOT, "a.json", OUTCOME_CREATED);
	(void)restore(r, &two, TREE_ROOT, "b.json", OUTCOME_CREATED);
	end(r, true);
	no_revision(r, 1);
	temp_sound(r->t);
}

static void test_the_second_item_makes_a_revision_of_both(void **state)
{
	struct temp_repo *r = *state;

	(void)restore(r, &one, TREE_ROOT, "a.json", OUTCOME_CREATED);
	(void)temp_item(r->t, TREE_ROOT, "other.json", "{}");
	(void)restore(r, &one, TREE_ROOT, "b.json", OUTCOME_CREATED);
	is_revision(r, 1,
		    "restore in progress of 1, 0-0 {\"created\":2,"
		    "\"renamed\":0,\"skipped\":0,\"rejected\":0}");
	assert_int_equal(revision_of(r, 1), 1);
	assert_int_equal(revision_of(r, 2), 0);
	assert_int_equal(revision_of(r, 3), 1);
	end(r, true);
	is_revision(r, 1,
		    "restore completed of 1, 0-3 {\"created\":2,\"renamed\":0,"
		    "\"skipped\":0,\"rejected\":0}");
	temp_sound(r->t);
}

static void test_a_number_or_a_refusal_alone_is_a_revision(void **state)
{
	struct temp_repo *r = *state;

	(void)restore(r, &one, TREE_ROOT, "a 2.json", OUTCOME_RENAMED);
	(void)restore(r, &two, TREE_ROOT, "b.json", OUTCOME_REJECTED);
	end(r, true);
	is_revision(r, 1,
		    "restore completed of 1, 0-1 {\"created\":0,\"renamed\":1,"
		    "\"skipped\":0,\"rejected\":0}");
	is_revision(r, 2,
		    "restore completed of 1, 1-1 {\"created\":0,\"renamed\":0,"
		    "\"skipped\":0,\"rejected\":1}");
	temp_sound(r->t);
}

static void test_edits_are_in_the_report_and_in_no_batch(void **state)
{
	struct temp_repo *r = *state;
	DROP(buf_done) struct buf out = {0};

	(void)restore(r, &one, TREE_ROOT, "a.json", OUTCOME_EDITED);
	(void)restore(r, &one, TREE_ROOT, "a.json", OUTCOME_UNCHANGED);
	(void)restore(r, &one, TREE_ROOT, "b.json", OUTCOME_CREATED);
	end(r, true);
	no_revision(r, 1);
	temp_ok(r->t, report_show(r->t->reader.db, NULL, TREE_ROOT, &out,
				  &r->t->why));
	buf_byte(&out, '\0');
	assert_non_null(strstr(out.data, "\"outcome\":\"edited\""));
	assert_non_null(strstr(out.data, "\"outcome\":\"unchanged\""));
}

static void test_a_pause_ends_a_batch(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;

	assert_int_equal(batches_stale(r->repo.batches, t->now_ns), 0);
	(void)restore(r, &one, TREE_ROOT, "a.json", OUTCOME_CREATED);
	t->now_ns += INT64_C(10000000000);
	(void)restore(r, &one, TREE_ROOT, "b.json", OUTCOME_CREATED);
	t->now_ns += INT64_C(10000000000);
	assert_int_equal(batches_stale(r->repo.batches, t->now_ns), 0);
	end(r, false);
	assert_int_equal(batches_stale(r->repo.batches, t->now_ns + 1), 1);
	t->now_ns += 1;
	(void)restore(r, &one, TREE_ROOT, "c.json", OUTCOME_CREATED);
	(void)restore(r, &one, TREE_ROOT, "d.json", OUTCOME_CREATED);
	end(r, true);
	assert_int_equal(batches_stale(r->repo.batches, INT64_MAX), 0);
	is_revision(r, 1,
		    "restore completed of 1, 0-2 {\"created\":2,\"renamed\":0,"
		    "\"skipped\":0,\"rejected\":0}");
	is_revision(r, 2,
		    "restore completed of 1, 2-4 {\"created\":2,\"renamed\":0,"
		    "\"skipped\":0,\"rejected\":0}");
}

static void test_its_folder_is_the_nearest_that_holds_it_all(void **state)
{
	struct temp_repo *r = *state;
	int64_t a = temp_folder(r->t, TREE_ROOT, "a");
	int64_t b = temp_folder(r->t, a, "b");
	int64_t c = temp_folder(r->t, a, "c");

	(void)restore(r, &one, b, "1.json", OUTCOME_CREATED);
	(void)restore(r, &one, b, "2.json", OUTCOME_CREATED);
	is_revision(r, 1,
		    "restore in progress of 3, 3-0 {\"created\":2,"
		    "\"renamed\":0,\"skipped\":0,\"rejected\":0}");
	(void)restore(r, &one, c, "3.json", OUTCOME_CREATED);
	is_revision(r, 1,
		    "restore in progress of 2, 3-0 {\"created\":3,"
		    "\"renamed\":0,\"skipped\":0,\"rejected\":0}");
	/* A snapshot elsewhere leaves it open, one above or below ends it. */
	c = temp_folder(r->t, TREE_ROOT, "d");
	temp_ok(r->t, batches_end_in(r->repo.batches, temp_begin(r->t), c,
				     &r->t->why));
	temp_commit(r->t);
	(void)restore(r, &one, b, "4.json", OUTCOME_CREATED);
	temp_ok(r->t, batches_end_in(r->repo.batches, temp_begin(r->t), b,
				     &r->t->why));
	temp_commit(r->t);
	is_revision(r, 1,
		    "restore completed of 2, 3-8 {\"created\":4,\"renamed\":0,"
		    "\"skipped\":0,\"rejected\":0}");
}

static void test_folders_are_part_of_a_batch_and_not_counted(void **state)
{
	struct temp_repo *r = *state;
	const struct attr attr = {.mode = 0755};
	struct temp *t = r->t;
	int64_t folder;

	temp_begin(t);
	temp_ok(t, tree_add_folder(&t->m, TREE_ROOT, "d", &attr, &folder,
				   &t->why));
	temp_ok(t,
		batch_part(r->repo.batches, &t->m, &one, TREE_ROOT, &t->why));
	temp_commit(t);
	(void)restore(r, &one, folder, "a.json", OUTCOME_CREATED);
	no_revision(r, 1);
	(void)restore(r, &one, folder, "b.json", OUTCOME_CREATED);
	is_revision(r, 1,
		    "restore in progress of 1, 0-0 {\"created\":2,"
		    "\"renamed\":0,\"skipped\":0,\"rejected\":0}");
	for (int64_t m = 1; m <= 3; m++)
		assert_int_equal(revision_of(r, m), 1);
	assert_int_equal(temp_reverted(r, TREE_ROOT, "undo 1"), 3);
	temp_is(t, TREE_ROOT, "");
	temp_sound(t);
}

static void test_folders_alone_are_no_batch(void **state)
{
	struct temp_repo *r = *state;
	const struct attr attr = {.mode = 0755};
	struct temp *t = r->t;
	int64_t folder = TREE_ROOT;

	for (int i = 0; i < 200; i++) {
		temp_begin(t);
		temp_ok(t, tree_add_folder(&t->m, folder, "d", &attr, &folder,
					   &t->why));
		temp_ok(t, batch_part(r->repo.batches, &t->m, &one, folder,
				      &t->why));
		temp_commit(t);
	}
	end(r, true);
	no_revision(r, 1);
}

static void test_what_is_rolled_back_was_in_no_batch(void **state)
{
	struct temp_repo *r = *state;
	struct report_line line = {.folder = TREE_ROOT, .asked = "x.json"};
	struct temp *t = r->t;

	(void)restore(r, &one, TREE_ROOT, "a.json", OUTCOME_CREATED);
	temp_begin(t);
	line.outcome = OUTCOME_RENAMED;
	temp_ok(t, batch_note(r->repo.batches, &t->m, &one, &line, &t->why));
	temp_ok(t, batch_note(r->repo.batches, &t->m, &two, &line, &t->why));
	moment_end(&t->m);
	no_revision(r, 1);
	(void)restore(r, &two, TREE_ROOT, "b.json", OUTCOME_CREATED);
	no_revision(r, 1);
	(void)restore(r, &one, TREE_ROOT, "c.json", OUTCOME_CREATED);
	end(r, true);
	is_revision(r, 1,
		    "restore completed of 1, 0-3 {\"created\":2,\"renamed\":0,"
		    "\"skipped\":0,\"rejected\":0}");
	no_revision(r, 2);
	temp_sound(t);
}

static void test_of_too_many_batches_the_oldest_ends(void **state)
{
	struct temp_repo *r = *state;

	for (int i = 0; i < 65; i++) {
		const struct batch_key key = {.pid = 100 + i};
		char name[32];

		r->t->now_ns++;
		(void)snprintf(name, sizeof(name), "%d.json", i);
		(void)restore(r, &key, TREE_ROOT, name, OUTCOME_RENAMED);
	}
	is_revision(r, 1,
		    "restore completed of 1, 0-1 {\"created\":0,\"renamed\":1,"
		    "\"skipped\":0,\"rejected\":0}");
	is_revision(r, 2,
		    "restore in progress of 1, 1-0 {\"created\":0,"
		    "\"renamed\":1,\"skipped\":0,\"rejected\":0}");
}

static void test_a_batch_that_a_crash_cuts_short_has_failed(void **state)
{
	struct temp_repo *r = *state;

	(void)restore(r, &one, TREE_ROOT, "a.json", OUTCOME_CREATED);
	(void)restore(r, &one, TREE_ROOT, "b.json", OUTCOME_CREATED);
	temp_reopen(r->t);
	r->repo.store = r->t->store;
	is_revision(r, 1,
		    "restore failed of 1, 0-2 {\"created\":2,\"renamed\":0,"
		    "\"skipped\":0,\"rejected\":0}");
	(void)temp_reverted(r, TREE_ROOT, "before 1");
	temp_is(r->t, TREE_ROOT, "");
	temp_sound(r->t);
}

/* ---- the report ---- */

/* Lines that were all written at once. @lines: what differs, with a newline
 * each, before and after what does not. */
static void shows(struct temp_repo *r, int64_t folder, const char *lines)
{
	DROP(buf_done) struct buf out = {0};
	DROP(buf_done) struct buf want = {0};
	char user[ENV_USER_SIZE];

	env_user_name(1000, user);
	while (*lines) {
		size_t head = strcspn(lines, "@"), tail = strcspn(lines, "\n");

		buf_add(&want, lines, head);
		buf_addf(&want,
			 ",\"time\":\"2023-11-14T22:13:20Z\",\"user\":\"%s\","
			 "\"program\":\"test\",\"batch\":1,"
			 "\"revision\":1,\"references\":[]",
			 user);
		buf_add(&want, lines + head + 1, tail - head);
		lines += tail + 1;
	}
	buf_byte(&want, '\0');
	temp_ok(r->t,
		report_show(r->t->reader.db, NULL, folder, &out, &r->t->why));
	buf_byte(&out, '\0');
	assert_string_equal(out.data, want.data);
}

static void test_the_report_is_a_line_for_each_item(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, a, "b");
	struct report_line line = {
		.folder = b,
		.asked = "x\"y.json",
		.went = "x\"y 2.json",
		.item = 9,
		.outcome = OUTCOME_RENAMED,
	};

	temp_ok(t, batch_note(r->repo.batches, temp_begin(t), &one, &line,
			      &t->why));
	line = (struct report_line){
		.folder = a,
		.asked = "bad.json",
		.outcome = OUTCOME_REJECTED,
		.reason = "line 1, column 2: '}' expected",
		.detail = "{\"line\":1}",
	};
	temp_ok(t, batch_note(r->repo.batches, &t->m, &one, &line, &t->why));
	temp_commit(t);
	shows(r, TREE_ROOT,
	      "{\"path\":\"a/b/x\\\"y.json\",\"outcome\":\"renamed\",\"went\":"
	      "\"a/b/x\\\"y 2.json\",\"reason\":\"\"@,\"detail\":{}}\n"
	      "{\"path\":\"a/bad.json\",\"outcome\":\"rejected\",\"went\":"
	      "null,\"reason\":\"line 1, column 2: '}' expected\"@,"
	      "\"detail\":{\"line\":1}}\n");
	shows(r, b,
	      "{\"path\":\"x\\\"y.json\",\"outcome\":\"renamed\",\"went\":"
	      "\"x\\\"y 2.json\",\"reason\":\"\"@,\"detail\":{}}\n");
	t->now_ns++;
	temp_remove(t, b);
	temp_move(t, a, TREE_ROOT, "z");
	/* A folder that is gone is called what it was called then. */
	temp_ok(t, report_show(t->reader.db, NULL, TREE_ROOT, &out, &t->why));
	buf_byte(&out, '\0');
	assert_non_null(strstr(out.data, "\"path\":\"a/b/x"));
	assert_non_null(strstr(out.data, "\"path\":\"z/bad.json\""));
}

static void test_old_lines_of_the_report_are_dropped(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	const struct report_line line = {
		.folder = TREE_ROOT,
		.asked = "a.json",
		.outcome = OUTCOME_EDITED,
	};
	DROP(buf_done) struct buf out = {0};
	size_t lines = 0;

	temp_begin(t);
	for (int i = 0; i < 20480; i++)
		temp_ok(t, batch_note(r->repo.batches, &t->m, &one, &line,
				      &t->why));
	temp_commit(t);
	temp_ok(t, report_show(t->reader.db, NULL, TREE_ROOT, &out, &t->why));
	for (size_t i = 0; i < out.len; i++)
		lines += out.data[i] == '\n';
	assert_int_equal(lines, 20000);
}

/* ---- what was refused ---- */

static int64_t refuse(struct temp_repo *r, const char *name, const void *bytes,
		      size_t len)
{
	const struct rejected what = {
		.folder = TREE_ROOT,
		.size = (int64_t)len,
		.name = name,
		.reason = "no good",
	};
	int64_t id;

	temp_ok(r->t,
		rejected_keep(temp_begin(r->t), &what, bytes, &id, &r->t->why));
	temp_commit(r->t);
	return id;
}

static int add_name(const struct rejected *row, void *arg)
{
	buf_addf(arg, "%s %" PRId64 " %s;", row->name, row->size, row->reason);
	return 0;
}

static void test_refused_bytes_are_kept_and_taken_back(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};
	DROP(buf_done) struct buf bytes = {0};
	int64_t first = refuse(r, "a.json", "{", 1);
	int64_t second = refuse(r, "b.json", "", 0);
	int64_t folder, time_ns;
	uid_t uid;

	temp_ok(t, rejected_list(t->reader.db, TREE_ROOT, 0, add_name, &out,
				 &t->why));
	temp_ok(t, rejected_list(t->reader.db, TREE_ROOT, first, add_name, &out,
				 &t->why));
	buf_byte(&out, '\0');
	assert_string_equal(out.data, "a.json 1 no good;b.json 0 no good;"
				      "b.json 0 no good;");
	temp_ok(t, rejected_get(t->reader.db, first, &bytes, &folder, &time_ns,
				&uid, &t->why));
	assert_int_equal(bytes.len, 1);
	assert_memory_equal(bytes.data, "{", 1);
	assert_int_equal(folder, TREE_ROOT);
	assert_int_equal(time_ns, TEMP_NOW);
	assert_int_equal(uid, 1000);
	temp_ok(t, rejected_drop(temp_begin(t), second, &t->why));
	temp_commit(t);
	temp_fails(t,
		   rejected_get(t->reader.db, second, &bytes, &folder, &time_ns,
				&uid, &t->why),
		   -ENOENT, "number");
	assert_true(refuse(r, "c.json", "[", 1) > second);
	assert_int_equal(temp_newest(t), 0);
}

static int count_one(const struct rejected *row, void *arg)
{
	(void)row;
	*(int *)arg += 1;
	return 0;
}

static int kept(struct temp_repo *r)
{
	int count = 0;

	temp_ok(r->t, rejected_list(r->t->reader.db, TREE_ROOT, 0, count_one,
				    &count, &r->t->why));
	return count;
}

static void test_the_newest_200_are_kept_and_64_mib(void **state)
{
	struct temp_repo *r = *state;
	size_t len = 33U << 20;
	unsigned char *noise = malloc(len);
	uint32_t x = 1;

	assert_non_null(noise);
	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		noise[i] = (unsigned char)(x >> 24);
	}
	for (int i = 0; i < 205; i++)
		(void)refuse(r, "a.json", "{", 1);
	assert_int_equal(kept(r), 200);
	(void)refuse(r, "b.json", noise, len);
	assert_int_equal(kept(r), 200);
	(void)refuse(r, "c.json", noise, len);
	assert_int_equal(kept(r), 1);
	free(noise);
}

#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, temp_repo_setup, temp_repo_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_plain_item_is_only_a_moment),
		TEST(test_the_second_item_makes_a_revision_of_both),
		TEST(test_a_number_or_a_refusal_alone_is_a_revision),
		TEST(test_edits_are_in_the_report_and_in_no_batch),
		TEST(test_a_pause_ends_a_batch),
		TEST(test_its_folder_is_the_nearest_that_holds_it_all),
		TEST(test_folders_are_part_of_a_batch_and_not_counted),
		TEST(test_folders_alone_are_no_batch),
		TEST(test_what_is_rolled_back_was_in_no_batch),
		TEST(test_of_too_many_batches_the_oldest_ends),
		TEST(test_a_batch_that_a_crash_cuts_short_has_failed),
		TEST(test_the_report_is_a_line_for_each_item),
		TEST(test_old_lines_of_the_report_are_dropped),
		TEST(test_refused_bytes_are_kept_and_taken_back),
		TEST(test_the_newest_200_are_kept_and_64_mib),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
