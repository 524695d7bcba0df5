/* What the control files and the command line print. */
#include "core/show.h"
#include "core/command.h"
#include "core/report.h"
#include "core/revert.h"
#include "core/revision.h"
#include "tests/unit/temp_repo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct who somebody = {.uid = 1000, .pid = 42, .program = "test"};

static void has(struct buf *out, const char *text)
{
	buf_byte(out, '\0');
	if (!strstr(out->data, text))
		fail_msg("'%s' does not have '%s'", out->data, text);
	out->len--;
}

static void is(struct buf *out, const char *text)
{
	buf_byte(out, '\0');
	assert_string_equal(out->data, text);
	out->len = 0;
}

/* ".control/show/ID" and ".control/diff/ID", in place of @out. */
static int revision(struct temp *t, int64_t folder, const char *spec,
		    enum diff_form form, struct buf *out)
{
	const struct show_ask ask = {folder, spec, form, store_kinds(t->store)};

	out->len = 0;
	return show_revision(t->reader.db, &ask, out, &t->why);
}

static int diff(struct temp *t, int64_t folder, const char *spec,
		enum diff_form form, struct buf *out)
{
	const struct show_ask ask = {folder, spec, form, store_kinds(t->store)};

	out->len = 0;
	return show_diff(t->reader.db, &ask, out, &t->why);
}

/* ---- status ---- */

static void test_status_is_a_line_for_each_thing(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};
	int64_t a = temp_folder(t, TREE_ROOT, "a");

	(void)temp_item(t, a, "f.json", "{}");
	(void)temp_snap(t, TREE_ROOT);
	(void)temp_snap(t, a);
	temp_ok(t, show_status(t->reader.db, a, &out, &t->why));
	has(&out, "folder /a\n"
		  "moment 2\n"
		  "changed 2023-11-14T22:13:20Z\n"
		  "snapshots 2\n"
		  "revisions 2\n"
		  "contents 1\n"
		  "bytes ");
	out.len = 0;
	temp_ok(t, show_status(t->reader.db, TREE_ROOT, &out, &t->why));
	has(&out, "folder /\n");
	has(&out, "snapshots 1\n");
}

static void test_status_of_an_empty_repository(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};

	temp_ok(t, show_status(t->reader.db, TREE_ROOT, &out, &t->why));
	has(&out, "folder /\nmoment 0\nsnapshots 0\nrevisions 0\n");
}

/* ---- revisions ---- */

static void test_revisions_are_lines_of_json(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	char user[ENV_USER_SIZE], want[512];
	int64_t id;

	temp_ok(t, snapshot_create(temp_begin(t), a, "mine", "say \"hi\"", &id,
				   &t->why));
	temp_ok(t, revision_begin(&t->m, "restore", TREE_ROOT, 1, "", &id,
				  &t->why));
	temp_commit(t);
	env_user_name(1000, user);
	temp_ok(t, show_revisions(t->reader.db, TREE_ROOT, &out, &t->why));
	(void)snprintf(
		want, sizeof(want),
		"{\"id\":1,\"kind\":\"snapshot\",\"status\":\"completed\","
		"\"name\":\"mine\",\"description\":\"say \\\"hi\\\"\","
		"\"user\":\"%s\",\"uid\":1000,\"program\":\"test\",\"time\":"
		"\"2023-11-14T22:13:20Z\",\"scope\":\"/a\",\"before\":1,"
		"\"after\":1,\"counts\":{}}\n",
		user);
	has(&out, want);
	has(&out, "{\"id\":2,\"kind\":\"restore\",\"status\":\"in progress\","
		  "\"name\":null,");
	has(&out, "\"scope\":\"/\",\"before\":1,\"after\":null,\"counts\":{}}");
	out.len = 0;
	temp_ok(t, show_revisions(t->reader.db, a, &out, &t->why));
	has(&out, "\"id\":1,");
	assert_null(strstr(out.data, "\"id\":2,"));
}

static void test_a_revision_in_full_says_what_it_changed(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};
	int64_t f = temp_item(t, TREE_ROOT, "f.json", "{}");

	(void)temp_snap(t, TREE_ROOT);
	temp_save(t, f, "[]");
	(void)temp_reverted(r, TREE_ROOT, "1");
	(void)temp_item(t, TREE_ROOT, "later.json", "{}");
	temp_ok(t, revision(t, TREE_ROOT, "3", DIFF_TEXT, &out));
	has(&out, "revision     3\nkind         revert\n");
	has(&out, "\nchanges:\nM f.json\n  \"\": [] -> {}\n");
	assert_null(strstr(out.data, "later"));
	temp_ok(t, revision(t, TREE_ROOT, "3", DIFF_JSON, &out));
	has(&out, "{\"id\":3,\"kind\":\"revert\"");
	has(&out, "\"before_time\":\"2023-11-14T22:13:20Z\"");
	has(&out, "}\n{\"change\":\"edited\",\"path\":\"f.json\",\"members\":"
		  "[{\"pointer\":\"\",\"old\":[],\"new\":{}}]}\n");
	temp_fails(t, revision(t, TREE_ROOT, "9", DIFF_TEXT, &out), -ENOENT,
		   "no revision 9");
	temp_fails(t, revision(t, TREE_ROOT, "no", DIFF_TEXT, &out), -ENOENT,
		   "no snapshot");
	temp_fails(t, revision(t, TREE_ROOT, "@2099-01-01", DIFF_TEXT, &out),
		   -ENOENT, "is an instant");
}

static void test_a_diff_is_named_by_snapshot_or_revision(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t f = temp_item(t, a, "f.json", "{}");

	(void)temp_snap(t, a);
	temp_save(t, f, "[]");
	(void)temp_reverted(r, a, "1"); /* 3 */
	(void)temp_item(t, a, "later.json", "{}");
	temp_ok(t, diff(t, a, "1", DIFF_PATHS, &out));
	is(&out, "+ later.json\n");
	temp_ok(t, diff(t, a, "2", DIFF_PATHS, &out));
	is(&out, "M f.json\n+ later.json\n");
	temp_ok(t, diff(t, a, "3", DIFF_PATHS, &out));
	is(&out, "M f.json\n");
	temp_ok(t, diff(t, TREE_ROOT, "3", DIFF_PATHS, &out));
	is(&out, "M a/f.json\n");
	temp_ok(t, diff(t, a, "latest", DIFF_PATHS, &out));
	is(&out, "M f.json\n+ later.json\n");
	temp_ok(t, diff(t, a, "@2099-01-01", DIFF_PATHS, &out));
	is(&out, "");
	temp_fails(t, diff(t, TREE_ROOT, "1", DIFF_PATHS, &out), -ENOENT,
		   "snapshot 1 is not of this folder");
	temp_fails(t, diff(t, a, "", DIFF_PATHS, &out), -ENOENT, "no snapshot");
}

/* ---- manifest ---- */

#define SHA_EMPTY_OBJECT \
	"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

static void manifest(struct temp *t, int64_t at, int64_t folder,
		     struct buf *out)
{
	const struct manifest what = {.at = at, .folder = folder};

	temp_ok(t, show_manifest(t->reader.db, &what, out, &t->why));
}

static void test_the_manifest_is_in_the_order_of_a_walk(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};
	int64_t z = temp_folder(t, TREE_ROOT, "z");
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t then, id;

	(void)temp_item(t, z, "1.json", "{}");
	(void)temp_item(t, TREE_ROOT, "a-b.json", "{}");
	(void)temp_item(t, a, "y.json", "{}");
	id = temp_item(t, a, "x\n\\.json", "{}");
	(void)temp_folder(t, a, "empty");
	then = temp_newest(t);
	temp_remove(t, id);
	manifest(t, MOMENT_NOW, TREE_ROOT, &out);
	is(&out,
	   SHA_EMPTY_OBJECT "  a/y.json\n" SHA_EMPTY_OBJECT
			    "  a-b.json\n" SHA_EMPTY_OBJECT "  z/1.json\n");
	manifest(t, then, a, &out);
	is(&out, "\\" SHA_EMPTY_OBJECT "  x\\n\\\\.json\n" SHA_EMPTY_OBJECT
		 "  y.json\n");
	manifest(t, then, id, &out);
	is(&out, "");
}

/* ---- commands ---- */

static int run(struct temp_repo *r, const char *verb, const char *text,
	       struct buf *out, struct revert_result *ret)
{
	const struct command command = {TREE_ROOT, verb, text};

	return command_run(&r->repo, &somebody, &command, out, ret, &r->t->why);
}

static void test_commands_do_what_they_say(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};
	DROP(revert_result_done) struct revert_result result = {0};
	int64_t f = temp_item(t, TREE_ROOT, "f.json", "{}");

	temp_ok(t, run(r, "snapshot", "May release", &out, &result));
	is(&out, "snapshot 1\n");
	temp_save(t, f, "[]");
	temp_ok(t, run(r, "revert", "dry-run 1", &out, &result));
	has(&out, "M f.json\nwould revert");
	temp_holds(t, f, "[]");
	out.len = 0;
	temp_ok(t, run(r, "revert", "1", &out, &result));
	has(&out, "M f.json\nrevert to snapshot 1");
	temp_holds(t, f, "{}");
	assert_int_equal(result.revision, 3);
	temp_fails(t, run(r, "erase", "1", &out, &result), -EINVAL,
		   "no command 'erase'");
}

static void test_a_snapshot_ends_the_batches_it_shows(void **state)
{
	const struct batch_key key = {.pid = 9};
	const struct report_line line = {
		.folder = TREE_ROOT,
		.asked = "a.json",
		.outcome = OUTCOME_REJECTED,
	};
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};

	temp_ok(t, batch_note(r->repo.batches, temp_begin(t), &key, &line,
			      &t->why));
	temp_commit(t);
	temp_ok(t, run(r, "snapshot", "", &out, NULL));
	out.len = 0;
	temp_ok(t, show_revisions(t->reader.db, TREE_ROOT, &out, &t->why));
	has(&out, "\"kind\":\"restore\",\"status\":\"completed\"");
}

#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, temp_repo_setup, temp_repo_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_status_is_a_line_for_each_thing),
		TEST(test_status_of_an_empty_repository),
		TEST(test_revisions_are_lines_of_json),
		TEST(test_a_revision_in_full_says_what_it_changed),
		TEST(test_a_diff_is_named_by_snapshot_or_revision),
		TEST(test_the_manifest_is_in_the_order_of_a_walk),
		TEST(test_commands_do_what_they_say),
		TEST(test_a_snapshot_ends_the_batches_it_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
