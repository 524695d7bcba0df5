/* An archive becomes items in a folder. */
#include "core/report.h"
#include "tests/unit/temp_restore.h"
#include "tests/unit/temp_tree.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAP(rule) "{\"pairs\": [{\"rule\": \"" rule "\", \"action\": \"\"}]}"

static void test_items_come_into_their_folders(void **state)
{
	static const struct member list[] = {
		{"rules/x/A.json", "{\"a\": 1}", 0},
		{"rules", NULL, 0700},
		{"rules/B.json", "[]", 0600},
		{"empty", NULL, 0},
	};
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	struct entry e;

	RESTORE(r, list);
	temp_is(t, TREE_ROOT,
		"empty/ rules/ rules/B.json rules/x/ "
		"rules/x/A.json ");
	temp_says(t, "rules/x/A.json", "{\"a\": 1}");
	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW, temp_at(t, "rules"), &e,
			    &t->why));
	assert_int_equal(e.attr.mode, 0700);
	assert_int_equal(e.attr.mtime_ns, OLD * INT64_C(1000000000));
	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW,
			    temp_at(t, "rules/B.json"), &e, &t->why));
	assert_int_equal(e.attr.mode, 0600);
	assert_int_equal(e.attr.uid, 1000);
	assert_int_equal(e.attr.mtime_ns, OLD * INT64_C(1000000000));
	assert_int_equal(temp_restored.created, 2);
	assert_int_equal(temp_restored.folders, 3);
	assert_string_equal(r->out.data,
			    "rules/x/A.json: created\n"
			    "rules/B.json: created\n"
			    "restore: 2 created, 3 new folders (revision 1)\n");
}

static void test_a_taken_name_gets_a_number(void **state)
{
	static const struct member list[] = {
		{"rules/A.json", "{\"a\": 1}", 0},
		{"rules/A 2.json", "{\"a\": 2}", 0},
	};
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t revision;

	temp_make(t, "rules/A.json", "{\"old\": 1}");
	RESTORE(r, list);
	temp_says(t, "rules/A.json", "{\"old\": 1}");
	temp_says(t, "rules/A 2.json", "{\"a\": 1}");
	temp_says(t, "rules/A 3.json", "{\"a\": 2}");
	assert_string_equal(r->out.data,
			    "rules/A.json -> rules/A 2.json\n"
			    "rules/A 2.json -> rules/A 3.json\n"
			    "restore: 0 created, 2 renamed (revision 1)\n");
	revision = temp_restored.revision;
	assert_int_equal(revision, 1);
	temp_reverted(r, TREE_ROOT, "before 1");
	temp_is(t, TREE_ROOT, "rules/ rules/A.json ");
	temp_sound(t);
}

/* The same bytes are numbered too, unless asked otherwise. */
static void test_the_same_may_be_skipped(void **state)
{
	static const struct member list[] = {
		{"rules/A.json", "{\"a\": 1}", 0},
		{"action_maps/M.json", MAP("/rules/A"), 0},
	};
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	struct members members = MEMBERS(list);
	struct restore_request once = {.once = true};

	temp_make(t, "rules/A.json", "{\"old\": 1}");
	RESTORE(r, list);
	temp_says(t, "rules/A 2.json", "{\"a\": 1}");
	temp_says(t, "action_maps/M.json", MAP("/rules/A 2"));
	temp_ok(t, temp_restore(r, &once, &members));
	assert_int_equal(temp_restored.skipped, 2);
	RESTORE(r, list);
	temp_is(t, TREE_ROOT,
		"action_maps/ action_maps/M 2.json action_maps/M.json rules/ "
		"rules/A 2.json rules/A 3.json rules/A.json ");
	temp_says(t, "action_maps/M 2.json", MAP("/rules/A 3"));
}

static void test_references_follow_what_came_before(void **state)
{
	static const struct member list[] = {
		{"rules/A.json", "{}", 0},
		{"action_maps/M.json", MAP("/rules/A"), 0},
		{"action_maps/N.json", MAP("/rules/A 2"), 0},
	};
	struct temp_repo *r = *state;
	struct member with[4] = {{"rules/A 2.json", "{}", 0}};
	struct members members = {with, 4, 0, 0};
	struct restore_request request = {0};

	temp_make(r->t, "rules/A.json", "{\"old\": 1}");
	temp_make(r->t, "action_maps/Out.json", MAP("/rules/A"));
	/* A comes first, and takes the number that another was called by. */
	with[1] = with[0];
	with[0] = list[0];
	with[2] = list[1];
	with[3] = list[2];
	temp_ok(r->t, temp_restore(r, &request, &members));
	temp_says(r->t, "action_maps/M.json", MAP("/rules/A 2"));
	temp_says(r->t, "action_maps/N.json", MAP("/rules/A 3"));
	temp_says(r->t, "action_maps/Out.json", MAP("/rules/A"));
	temp_sound(r->t);
}

static void test_references_follow_what_comes_after(void **state)
{
	static const struct member list[] = {
		{"action_maps/M.json", MAP("/rules/A"), 0},
		{"rules/A.json", "{}", 0},
		{"action_maps/N.json", MAP("/rules/A"), 0},
	};
	struct temp_repo *r = *state;
	struct temp *t = r->t;

	temp_make(t, "rules/A.json", "{\"old\": 1}");
	temp_make(t, "action_maps/Out.json", MAP("/rules/A"));
	RESTORE(r, list);
	temp_says(t, "action_maps/M.json", MAP("/rules/A 2"));
	temp_says(t, "action_maps/N.json", MAP("/rules/A 2"));
	temp_says(t, "action_maps/Out.json", MAP("/rules/A"));
	assert_string_equal(
		r->out.data,
		"action_maps/M.json: created\n"
		"rules/A.json -> rules/A 2.json\n"
		"action_maps/N.json: created\n"
		"action_maps/M.json: pairs[0].rule: "
		"\"/rules/A\" -> \"/rules/A 2\"\n"
		"action_maps/N.json: pairs[0].rule: "
		"\"/rules/A\" -> \"/rules/A 2\"\n"
		"restore: 2 created, 1 renamed, 2 references rewritten "
		"(revision 1)\n");
}

static void test_the_report_says_what_was_rewritten(void **state)
{
	static const struct member list[] = {
		{"action_maps/M.json", MAP("/rules/A"), 0},
		{"rules/A.json", "{}", 0},
	};
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf report = {0};

	temp_make(t, "rules/A.json", "{\"old\": 1}");
	RESTORE(r, list);
	t->now_ns++;
	/* What it is later does not matter. */
	temp_save(t, temp_at(t, "action_maps/M.json"), MAP("/rules/B"));
	temp_ok(t, report_show(t->reader.db, store_kinds(t->store), TREE_ROOT,
			       &report, &t->why));
	buf_byte(&report, '\0');
	assert_non_null(strstr(
		report.data, "\"revision\":1,\"references\":[{\"at\":\"pairs[0]"
			     ".rule\",\"sent\":\"/rules/A\",\"now\":"
			     "\"/rules/A 2\"}]"));
	assert_non_null(strstr(report.data,
			       "\"went\":\"rules/A 2.json\",\"reason\":\"\""));
}

static void test_a_copy_gets_an_id_of_its_own(void **state)
{
	static const struct member list[] = {
		{"integrations/O/flows/F.json",
		 "{\"_id\": \"f1\", \"_exportId\": \"e1\"}", 0},
		{"integrations/O/exports/E.json", "{\"_id\": \"e1\"}", 0},
	};
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	struct buf flow = {0}, export = {0};

	RESTORE(r, list);
	temp_says(t, "integrations/O/flows/F.json", list[0].text);
	RESTORE(r, list);
	temp_says(t, "integrations/O/flows/F.json", list[0].text);
	temp_read(t, temp_at(t, "integrations/O/flows/F 2.json"), &flow);
	temp_read(t, temp_at(t, "integrations/O/exports/E 2.json"), &export);
	assert_null(strstr(flow.data, "\"f1\""));
	assert_null(strstr(flow.data, "\"e1\""));
	/* {"_id": "0123...", ...: the flow says the id that the export has. */
	assert_non_null(strstr(flow.data, "\"_exportId\": \""));
	assert_memory_equal(strstr(flow.data, "\"_exportId\": ") + 13,
			    export.data + 8, 26);
	buf_done(&flow);
	buf_done(&export);
}

static void test_what_is_no_item_is_skipped(void **state)
{
	static const struct member list[] = {
		{"notes.txt", "hello", 0},  {"a/.git", NULL, 0},
		{"a/.git/X.json", "{}", 0}, {"a/X.json", "{}", 0},
		{"a/._X.json", "\1\2", 0},
	};
	struct temp_repo *r = *state;
	DROP(buf_done) struct buf report = {0};

	RESTORE(r, list);
	temp_is(r->t, TREE_ROOT, "a/ a/X.json ");
	assert_int_equal(temp_restored.skipped, 4);
	temp_ok(r->t, report_show(r->t->reader.db, NULL, TREE_ROOT, &report,
				  &r->t->why));
	buf_byte(&report, '\0');
	assert_non_null(strstr(report.data, "{\"path\":\"notes.txt\","
					    "\"outcome\":\"skipped\""));
	assert_non_null(strstr(report.data, "{\"path\":\"a/X.json\","
					    "\"outcome\":\"created\""));
}

static void test_one_invalid_item_refuses_all(void **state)
{
	static const struct member list[] = {
		{"rules/A.json", "{}", 0},
		{"rules/B.json", "{\n  \"a\": tru }", 0},
		{"rules/C.json", "{}", 0},
	};
	struct temp_repo *r = *state;
	struct members members = MEMBERS(list);
	struct restore_request request = {0}, full = {.full = true};
	struct before was = {0}, was_full = {0};

	temp_make(r->t, "rules/A.json", "{\"old\": 1}");
	temp_before(r, &was);
	temp_fails(r->t, temp_restore(r, &request, &members), -EINVAL,
		   "rules/B.json, line 2, column ");
	assert_int_equal(members.times, 1);
	temp_same(r, &was);
	temp_before(r, &was_full);
	temp_fails(r->t, temp_restore(r, &full, &members), -EINVAL,
		   "rules/B.json");
	temp_same(r, &was_full);
}

/* It was right when it was looked at, and is not when it is taken. */
static void test_a_late_fault_changes_nothing(void **state)
{
	static const struct member list[] = {
		{"rules/A.json", "{}", 0},
		{"rules/B.json", "{}", 0},
	};
	struct temp_repo *r = *state;
	struct members members = MEMBERS(list);
	struct restore_request request = {0}, full = {.full = true};
	struct before was = {0}, was_full = {0};

	members.fault = -EBADMSG;
	temp_make(r->t, "rules/A.json", "{\"old\": 1}");
	temp_before(r, &was);
	temp_fails(r->t, temp_restore(r, &request, &members), -EBADMSG,
		   "has changed");
	temp_same(r, &was);
	temp_before(r, &was_full);
	temp_fails(r->t, temp_restore(r, &full, &members), -EBADMSG,
		   "has changed");
	temp_same(r, &was_full);
}

static void test_a_folder_cannot_be_where_an_item_is(void **state)
{
	static const struct member list[] = {
		{"rules/B.json", "{}", 0},
		{"rules/A.json/C.json", "{}", 0},
	};
	struct temp_repo *r = *state;
	struct members members = MEMBERS(list);
	struct restore_request request = {0};
	struct before was = {0};

	temp_make(r->t, "rules/A.json", "{\"old\": 1}");
	temp_before(r, &was);
	temp_fails(r->t, temp_restore(r, &request, &members), -EEXIST,
		   "'rules/A.json' is a folder in the archive, and an item");
	temp_same(r, &was);
}

static void test_a_preview_is_what_happens(void **state)
{
	static const struct member list[] = {
		{"action_maps/M.json", MAP("/rules/A"), 0},
		{"rules/A.json", "{}", 0},
	};
	struct temp_repo *r = *state;
	struct members members = MEMBERS(list);
	struct restore_request request = {.dry_run = true};
	struct before was = {0};

	temp_make(r->t, "rules/A.json", "{\"old\": 1}");
	temp_before(r, &was);
	temp_ok(r->t, temp_restore(r, &request, &members));
	assert_string_equal(
		r->out.data,
		"action_maps/M.json: created\n"
		"rules/A.json -> rules/A 2.json\n"
		"action_maps/M.json: pairs[0].rule: "
		"\"/rules/A\" -> \"/rules/A 2\"\n"
		"would restore: 1 created, 1 renamed, 1 new folder, "
		"1 reference rewritten\n");
	temp_same(r, &was);
	request.json = true;
	temp_ok(r->t, temp_restore(r, &request, &members));
	assert_non_null(strstr(r->out.data,
			       "{\"path\":\"rules/A.json\",\"outcome\":"
			       "\"renamed\",\"went\":\"rules/A 2.json\"}\n"));
	assert_non_null(strstr(r->out.data, "\"at\":\"pairs[0].rule\""));
}

static void test_an_empty_archive_is_refused(void **state)
{
	struct temp_repo *r = *state;
	struct members members = {NULL, 0, 0, 0};
	struct restore_request request = {0}, full = {.full = true};
	struct before was = {0};

	temp_make(r->t, "rules/A.json", "{}");
	temp_before(r, &was);
	temp_fails(r->t, temp_restore(r, &request, &members), -EINVAL,
		   "nothing is in");
	temp_fails(r->t, temp_restore(r, &full, &members), -EINVAL,
		   "nothing is in");
	temp_same(r, &was);
}

#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, temp_repo_setup, temp_repo_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_items_come_into_their_folders),
		TEST(test_a_taken_name_gets_a_number),
		TEST(test_the_same_may_be_skipped),
		TEST(test_references_follow_what_came_before),
		TEST(test_references_follow_what_comes_after),
		TEST(test_the_report_says_what_was_rewritten),
		TEST(test_a_copy_gets_an_id_of_its_own),
		TEST(test_what_is_no_item_is_skipped),
		TEST(test_one_invalid_item_refuses_all),
		TEST(test_a_late_fault_changes_nothing),
		TEST(test_a_folder_cannot_be_where_an_item_is),
		TEST(test_a_preview_is_what_happens),
		TEST(test_an_empty_archive_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
