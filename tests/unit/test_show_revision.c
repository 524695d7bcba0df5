/* All that there is to say about one revision. */
#include "core/report.h"
#include "core/revision.h"
#include "core/show.h"
#include "core/work.h"
#include "tests/unit/temp_repo.h"
#include "tests/unit/temp_tree.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct batch_key process = {100, 1};

static int64_t copy(struct temp_repo *r, const char *path, const char *text)
{
	return temp_copy(r, &process, path, text, strlen(text));
}

/* Replace @out by what is shown of @spec in @folder, with a NUL that is not
 * counted. */
static void show(struct temp *t, int64_t folder, const char *spec,
		 enum diff_form form, struct buf *out)
{
	const struct show_ask ask = {folder, spec, form, store_kinds(t->store)};

	buf_reset(out);
	temp_ok(t, show_revision(t->reader.db, &ask, out, &t->why));
	buf_byte(out, '\0');
	out->len--;
}

static void has(const struct buf *out, const char *text)
{
	if (!strstr(out->data, text))
		fail_msg("'%s' does not have '%s'", out->data, text);
}

static void lacks(const struct buf *out, const char *text)
{
	if (strstr(out->data, text))
		fail_msg("'%s' has '%s'", out->data, text);
}

static int count(const struct buf *out, const char *text)
{
	int n = 0;

	for (const char *at = out->data; (at = strstr(at, text)); at++)
		n++;
	return n;
}

#define MAP(rule) "{\"pairs\": [{\"rule\": \"" rule "\"}]}"

static void test_what_a_batch_rewrote_and_what_leads_nowhere(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};

	temp_make(t, "rules/A.json", "{}");
	(void)copy(r, "rules/A.json", "{\"n\": 1}");
	(void)copy(r, "action_maps/M.json", MAP("/rules/A"));
	(void)copy(r, "action_maps/N.json", MAP("/rules/None"));
	/* Somebody else meanwhile. */
	temp_make(t, "rules/Other.json", "{}");
	temp_end_batches(r);
	show(t, TREE_ROOT, "1", DIFF_TEXT, &out);
	has(&out, "\n+ rules/A 2.json [rule]\n");
	has(&out, "\n+ action_maps/M.json [action map]\n");
	has(&out, "\nreferences changed:\n"
		  "  /action_maps/M.json  pairs[0].rule: /rules/A -> "
		  "/rules/A 2\n");
	has(&out, "\nreferences to nothing:\n"
		  "  /action_maps/N.json  pairs[0].rule: /rules/None\n");
	lacks(&out, "Other");
	lacks(&out, "references to what changed");
	/* In a folder that has none of the maps. */
	show(t, temp_at(t, "rules"), "1", DIFF_JSON, &out);
	has(&out, "{\"change\":\"created\",\"path\":\"A 2.json\","
		  "\"kind\":\"rule\"}\n");
	has(&out, "{\"reference\":\"rewritten\",\"path\":\"/action_maps/"
		  "M.json\",\"at\":\"pairs[0].rule\",\"was\":\"/rules/A\","
		  "\"now\":\"/rules/A 2\"}\n");
}

static void test_what_a_revert_left_behind(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};
	int64_t a = temp_make(t, "rules/A.json", "{\"template\": true}");
	int64_t rules = temp_at(t, "rules");

	(void)temp_snap(t, rules);
	temp_save(t, a, "{\"template\": true, \"n\": 1}");
	temp_make(t, "rules/sub/B.json", "{}");
	temp_make(t, "action_maps/M.json", MAP("/rules/sub/B"));
	temp_make(t, "action_maps/N.json", MAP("/rules/A"));
	temp_make(t, "action_maps/O.json", MAP("/rules/sub"));
	assert_int_equal(temp_reverted(r, rules, "1"), 3);
	show(t, TREE_ROOT, "3", DIFF_TEXT, &out);
	has(&out, "\nM rules/A.json [rule template]\n  - /n: 1\n");
	has(&out, "\n- rules/sub/\n");
	has(&out, "\nreferences to nothing:\n");
	has(&out, "\n  /action_maps/M.json  pairs[0].rule: /rules/sub/B\n");
	has(&out, "\n  /action_maps/O.json  pairs[0].rule: /rules/sub\n");
	has(&out, "\nreferences to what changed:\n"
		  "  /action_maps/N.json  pairs[0].rule: /rules/A\n");
	/* The folder and the item: each reference once all the same. */
	assert_int_equal(count(&out, "M.json"), 1);
	(void)temp_reverted(r, rules, "undo 3");
	show(t, TREE_ROOT, "3", DIFF_TEXT, &out);
	lacks(&out, "references to nothing");
}

static void test_ids_are_references_too(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};
	int64_t at;

	temp_make(t, "integrations/O/x.json", "{}");
	at = temp_at(t, "integrations/O");
	(void)temp_snap(t, at);
	temp_make(t, "integrations/O/exports/E.json", "{\"_id\": \"e1\"}");
	temp_make(t, "integrations/P/flows/F.json", "{\"_exportId\": \"e1\"}");
	(void)temp_reverted(r, at, "1");
	show(t, TREE_ROOT, "3", DIFF_JSON, &out);
	has(&out, "{\"reference\":\"dangling\",\"path\":\"/integrations/P/"
		  "flows/F.json\",\"at\":\"_exportId\",\"target\":\"e1\"}\n");
}

static void test_a_line_break_in_a_name_breaks_no_line(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};

	(void)copy(r, "rules/A.json", "{}");
	(void)copy(r, "action_maps/M\nN.json", MAP("/rules/a\\nb"));
	temp_end_batches(r);
	show(t, TREE_ROOT, "1", DIFF_TEXT, &out);
	has(&out, "\n+ action_maps/M\\nN.json [action map]\n");
	has(&out, "\n  /action_maps/M\\nN.json  pairs[0].rule: "
		  "/rules/a\\nb\n");
}

static void test_references_are_told_up_to_a_number(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};
	DROP(buf_done) struct buf map = {0};
	int64_t a = temp_make(t, "rules/A.json", "{}");

	buf_text(&map, "{\"pairs\": [");
	for (int i = 0; i < SHOW_REFERENCES_MAX + 1; i++)
		buf_addf(&map, "%s{\"rule\": \"/rules/A\"}", i ? "," : "");
	buf_add(&map, "]}", 3);
	(void)temp_snap(t, TREE_ROOT);
	temp_save(t, a, "[]");
	(void)temp_reverted(r, temp_at(t, "rules"), "1");
	temp_make(t, "action_maps/M.json", map.data);
	show(t, TREE_ROOT, "3", DIFF_JSON, &out);
	assert_int_equal(count(&out, "\"reference\":\"leads\",\"path\""),
			 SHOW_REFERENCES_MAX);
	has(&out, "{\"reference\":\"leads\",\"more\":true}\n");
	show(t, TREE_ROOT, "3", DIFF_TEXT, &out);
	has(&out, "\n  (and more)\n");
}

static void test_secrets_are_null_in_whatever_is_told(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};
	int64_t item = temp_make(
		t, "plain/P.json",
		"{\"importCredentials\": {\"Password\": \"hunter2\"}}");

	(void)temp_snap(t, TREE_ROOT);
	temp_make(t, "datastores/x.json", "{}");
	temp_move(t, item, temp_at(t, "datastores"), "P.json");
	show(t, TREE_ROOT, "1", DIFF_TEXT, &out);
	has(&out, "R plain/P.json -> datastores/P.json [data store]\n");
	lacks(&out, "hunter2");
	temp_save(t, item,
		  "{\"importCredentials\": {\"Password\": null, \"u\": 1}}");
	for (int form = DIFF_PATHS; form <= DIFF_JSON; form++) {
		show(t, TREE_ROOT, "1", (enum diff_form)form, &out);
		lacks(&out, "hunter2");
		lacks(&out, "Password");
	}
	has(&out, "{\"pointer\":\"/importCredentials/u\",\"new\":1}");
}

static void test_what_a_snapshot_covers_is_counted_up_to_a_number(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};
	char path[64];

	temp_begin(t);
	for (int i = 0; i < 10001; i++) {
		(void)snprintf(path, sizeof(path), "d%d/%d.json", i % 10, i);
		(void)temp_put(t, path, "{}", 2);
	}
	temp_commit(t);
	(void)temp_snap(t, TREE_ROOT);
	(void)temp_snap(t, temp_at(t, "d1"));
	show(t, TREE_ROOT, "1", DIFF_JSON, &out);
	has(&out, ",\"covers\":{\"items\":9990,\"folders\":10,\"bytes\":19980,"
		  "\"more\":true}}\n");
	show(t, TREE_ROOT, "2", DIFF_TEXT, &out);
	has(&out, "folder       /d1\n");
	has(&out, "covers       1000 items and 0 folders, 2000 bytes\n");
	temp_make(t, "d1/new.json", "{}");
	show(t, TREE_ROOT, "2", DIFF_TEXT, &out);
	has(&out, "\nchanged since:\n+ new.json\n");
}

static void test_what_is_under_way_is_told_where_it_concerns(void **state)
{
	static const struct who somebody = {
		.uid = 123456, .pid = 7, .program = "sh"};
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};
	struct show_ask ask = {.form = DIFF_JSON};
	struct work work = {.what = "a pull", .who = somebody};

	temp_make(t, "a/b/x.json", "{}");
	temp_make(t, "c/x.json", "{}");
	work.folder = temp_at(t, "a");
	temp_ok(t, work_begin(r->repo.works, t->reader.db, &work, &t->why));
	ask.folder = temp_at(t, "c");
	temp_ok(t,
		show_running(t->reader.db, r->repo.works, &ask, &out, &t->why));
	assert_int_equal(out.len, 0);
	ask.folder = temp_at(t, "a/b");
	work.done = 3;
	work.total = 10;
	temp_ok(t,
		show_running(t->reader.db, r->repo.works, &ask, &out, &t->why));
	buf_byte(&out, '\0');
	assert_string_equal(
		out.data,
		"{\"running\":\"a pull\",\"scope\":\"/a\",\"user\":"
		"\"123456\",\"uid\":123456,\"pid\":7,\"program\":"
		"\"sh\",\"since\":\"2023-11-14T22:13:20Z\",\"done\":3,"
		"\"total\":10}\n");
	work_end(&work);
}

#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, temp_repo_setup, temp_repo_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_a_batch_rewrote_and_what_leads_nowhere),
		TEST(test_what_a_revert_left_behind),
		TEST(test_ids_are_references_too),
		TEST(test_a_line_break_in_a_name_breaks_no_line),
		TEST(test_references_are_told_up_to_a_number),
		TEST(test_secrets_are_null_in_whatever_is_told),
		TEST(test_what_a_snapshot_covers_is_counted_up_to_a_number),
		TEST(test_what_is_under_way_is_told_where_it_concerns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
