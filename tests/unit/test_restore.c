/* An archive becomes items: into a folder, and in full. */
#include "core/report.h"
#include "core/restore.h"
#include "core/revision.h"
#include "core/scratch.h"
#include "core/work.h"
#include "tests/unit/temp_repo.h"
#include "tests/unit/temp_tree.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { OLD = 1500000000 };

struct member {
	const char *path;
	const char *text; /* NULL: a folder */
	mode_t mode;	  /* 0: as usual */
};

/* An archive that is no file. */
struct members {
	const struct member *list;
	size_t len;
	int times; /* it was read */
	int fault; /* an errno instead of the end, the second time */
};

static int give(void *file, const struct archive_limits *limits, archive_fn fn,
		void *arg, struct why *why)
{
	struct members *m = file;

	(void)limits;
	m->times++;
	for (size_t i = 0; i < m->len; i++) {
		const struct member *one = &m->list[i];
		const struct archive_entry entry = {
			.path = one->path,
			.folder = !one->text,
			.mode = one->mode   ? one->mode
				: one->text ? 0640
					    : 0750,
			.uid = 7,
			.gid = 8,
			.mtime_ns = OLD * INT64_C(1000000000),
			.size = one->text ? (int64_t)strlen(one->text) : 0,
		};
		int r = fn(&entry, one->text, arg);

		if (r != 0)
			return r;
	}
	if (m->fault && m->times > 1)
		return why_set(why, m->fault, "the archive has changed");
	return 0;
}

static const struct who user = {
	.uid = 1000, .gid = 1000, .pid = 42, .program = "test"};

/* The last result, without what the kernel must forget. */
static struct restore_result last;

static int run(struct temp_repo *r, struct restore_request *request,
	       struct members *members)
{
	DROP(restore_result_done) struct restore_result result = {0};
	int code;

	request->source = (struct restore_source){give, members};
	if (!request->folder)
		request->folder = TREE_ROOT;
	r->out.len = 0;
	code = restore_run(&r->repo, &user, request, &r->out, &result,
			   &r->t->why);
	buf_byte(&r->out, '\0');
	last = result;
	return code;
}

#define MEMBERS(list)                                        \
	{                                                    \
		list, sizeof(list) / sizeof((list)[0]), 0, 0 \
	}
#define RESTORE(r, list)                                         \
	do {                                                     \
		struct members members_ = MEMBERS(list);         \
		struct restore_request request_ = {0};           \
                                                                 \
		temp_ok((r)->t, run((r), &request_, &members_)); \
		temp_sound((r)->t);                              \
	} while (0)
#define RESTORE_FULL(r, list)                                     \
	do {                                                      \
		struct members members_ = MEMBERS(list);          \
		struct restore_request request_ = {.full = true}; \
                                                                  \
		temp_ok((r)->t, run((r), &request_, &members_));  \
		temp_sound((r)->t);                               \
	} while (0)

#define MAP(rule) "{\"pairs\": [{\"rule\": \"" rule "\", \"action\": \"\"}]}"

/* Nothing of the tree, the record and the report has changed since. */
struct before {
	struct buf tree;
	int64_t moment, lines, contents;
};

static void look(struct temp_repo *r, struct before *ret)
{
	temp_tree(r->t, MOMENT_NOW, TREE_ROOT, true, &ret->tree);
	ret->moment = temp_newest(r->t);
	ret->lines = temp_ask(r->t, "SELECT count(*) FROM report");
	ret->contents = temp_ask(r->t, "SELECT count(*) FROM content") +
			temp_ask(r->t, "SELECT count(*) FROM revision");
}

static void same(struct temp_repo *r, struct before *was)
{
	struct before now = {0};

	look(r, &now);
	assert_string_equal(now.tree.data, was->tree.data);
	assert_int_equal(now.moment, was->moment);
	assert_int_equal(now.lines, was->lines);
	assert_int_equal(now.contents, was->contents);
	buf_done(&now.tree);
	buf_done(&was->tree);
	temp_sound(r->t);
}

/* ---- into a folder ---- */

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
	assert_int_equal(last.created, 2);
	assert_int_equal(last.folders, 3);
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
	revision = last.revision;
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
	temp_ok(t, run(r, &once, &members));
	assert_int_equal(last.skipped, 2);
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
	temp_ok(r->t, run(r, &request, &members));
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
	assert_int_equal(last.skipped, 4);
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
	look(r, &was);
	temp_fails(r->t, run(r, &request, &members), -EINVAL,
		   "rules/B.json, line 2, column ");
	assert_int_equal(members.times, 1);
	same(r, &was);
	look(r, &was_full);
	temp_fails(r->t, run(r, &full, &members), -EINVAL, "rules/B.json");
	same(r, &was_full);
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
	look(r, &was);
	temp_fails(r->t, run(r, &request, &members), -EBADMSG, "has changed");
	same(r, &was);
	look(r, &was_full);
	temp_fails(r->t, run(r, &full, &members), -EBADMSG, "has changed");
	same(r, &was_full);
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
	look(r, &was);
	temp_fails(r->t, run(r, &request, &members), -EEXIST,
		   "'rules/A.json' is a folder in the archive, and an item");
	same(r, &was);
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
	look(r, &was);
	temp_ok(r->t, run(r, &request, &members));
	assert_string_equal(
		r->out.data,
		"action_maps/M.json: created\n"
		"rules/A.json -> rules/A 2.json\n"
		"action_maps/M.json: pairs[0].rule: "
		"\"/rules/A\" -> \"/rules/A 2\"\n"
		"would restore: 1 created, 1 renamed, 1 new folder, "
		"1 reference rewritten\n");
	same(r, &was);
	request.json = true;
	temp_ok(r->t, run(r, &request, &members));
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
	look(r, &was);
	temp_fails(r->t, run(r, &request, &members), -EINVAL, "nothing is in");
	temp_fails(r->t, run(r, &full, &members), -EINVAL, "nothing is in");
	same(r, &was);
}

/* ---- in full ---- */

static void test_in_full_it_becomes_the_archive(void **state)
{
	static const struct member list[] = {
		{"rules", NULL, 0755},
		{"rules/A.json", "{\"new\": 1}", 0644},
		{"rules/Same.json", "{}", 0640},
		{"more/sub/C.json", "[]", 0},
	};
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	struct buf was = {0}, now = {0};
	int64_t a, b;

	a = temp_make(t, "rules/A.json", "{\"old\": 1}");
	temp_make(t, "rules/Same.json", "{}");
	b = temp_make(t, "rules/gone/B.json", "{}");
	temp_make(t, "gone.json", "{}");
	temp_tree(t, MOMENT_NOW, TREE_ROOT, true, &was);
	RESTORE_FULL(r, list);
	temp_is(t, TREE_ROOT,
		"more/ more/sub/ more/sub/C.json rules/ "
		"rules/A.json rules/Same.json ");
	assert_int_equal(temp_at(t, "rules/A.json"), a);
	temp_says(t, "rules/A.json", "{\"new\": 1}");
	assert_int_equal(last.created, 1);
	assert_int_equal(last.edited, 2); /* one in its time alone */
	assert_int_equal(last.removed, 2);
	assert_int_equal(last.guard, 1);
	assert_int_equal(last.revision, 2);
	/* A second time there is nothing to do, and nothing is recorded. */
	RESTORE_FULL(r, list);
	assert_int_equal(last.revision, 0);
	assert_int_equal(last.unchanged, 3);
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM revision"), 2);
	temp_reverted(r, TREE_ROOT, "before 2");
	assert_int_equal(temp_at(t, "rules/gone/B.json"), b);
	temp_tree(t, MOMENT_NOW, TREE_ROOT, true, &now);
	assert_string_equal(now.data, was.data);
	temp_sound(t);
	buf_done(&was);
	buf_done(&now);
}

static void test_in_full_folders_and_items_change_places(void **state)
{
	static const struct member list[] = {
		{"a.json", "{\"now\": \"an item\"}", 0},
		{"b.json/c/d.json", "{\"deep\": 1}", 0},
	};
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	struct buf was = {0}, now = {0};

	temp_make(t, "a.json/x/y.json", "{}");
	temp_make(t, "a.json/z.json", "{}");
	temp_make(t, "b.json", "{}");
	temp_tree(t, MOMENT_NOW, TREE_ROOT, true, &was);
	RESTORE_FULL(r, list);
	temp_is(t, TREE_ROOT, "a.json b.json/ b.json/c/ b.json/c/d.json ");
	temp_says(t, "a.json", list[0].text);
	assert_int_equal(last.removed, 3);
	temp_reverted(r, TREE_ROOT, "1");
	temp_tree(t, MOMENT_NOW, TREE_ROOT, true, &now);
	assert_string_equal(now.data, was.data);
	temp_sound(t);
	buf_done(&was);
	buf_done(&now);
}

static void test_in_full_other_files_stay(void **state)
{
	static const struct member list[] = {{"x.json", "{}", 0}};
	static const struct member other[] = {{"gone", "{}", 0},
					      {"x.json", "{\"a\": 1}", 0}};
	static const struct member in_the_way[] = {{"gone.json", "{}", 0}};
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	struct members members = MEMBERS(in_the_way);
	struct restore_request full = {.full = true};
	struct scratch s;
	int64_t folder, note;

	temp_make(t, "gone.json/deep/A.json", "{}");
	folder = temp_at(t, "gone.json/deep");
	note = temp_scratch(t, folder, "note.txt");
	temp_scratch(t, TREE_ROOT, "x.json");
	RESTORE_FULL(r, list);
	temp_is(t, TREE_ROOT, "gone.json/ gone.json/deep/ x.json ");
	assert_int_equal(temp_at(t, "gone.json/deep"), folder);
	temp_ok(t, scratch_get(t->reader.db, note, &s, &t->why));
	temp_ok(t, scratch_lookup(t->reader.db, TREE_ROOT, "x.json.scratch", &s,
				  &t->why));
	assert_non_null(strstr(r->out.data, "gone.json/deep: left: "));
	/* Its name is no item's, so it does not count. */
	RESTORE_FULL(r, other);
	assert_int_equal(last.skipped, 1);
	temp_fails(t, run(r, &full, &members), -ENOTEMPTY, "'gone.json' is an");
	temp_sound(t);
}

static void test_in_full_references_stay_as_they_are(void **state)
{
	static const struct member list[] = {
		{"action_maps/M.json", MAP("/rules/A"), 0},
		{"rules/A.json", "{\"new\": 1}", 0},
	};
	struct temp_repo *r = *state;
	struct temp *t = r->t;

	temp_make(t, "rules/A.json", "{\"old\": 1}");
	temp_make(t, "rules/B.json", "{\"old\": 1}");
	temp_make(t, "action_maps/Old.json", MAP("/rules/B"));
	RESTORE_FULL(r, list);
	temp_is(t, TREE_ROOT,
		"action_maps/ action_maps/M.json rules/ rules/A.json ");
	temp_says(t, "action_maps/M.json", MAP("/rules/A"));
}

static void test_many_items_come_and_go(void **state)
{
	enum { COUNT = 3000 };
	static char paths[COUNT][32];
	static struct member list[COUNT];
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	struct members members = {list, COUNT, 0, 0};
	struct restore_request plain = {0}, full = {.full = true};

	for (int i = 0; i < COUNT; i++) {
		(void)snprintf(paths[i], sizeof(paths[i]), "%c/%d/I.json",
			       'a' + i % 26, i);
		list[i] = (struct member){paths[i], "{\"n\": 1}", 0};
	}
	temp_ok(t, run(r, &plain, &members));
	temp_ok(t, run(r, &plain, &members));
	assert_int_equal(last.renamed, COUNT);
	members.len = COUNT / 2;
	temp_ok(t, run(r, &full, &members));
	assert_int_equal(last.removed, COUNT + COUNT / 2);
	assert_int_equal(last.unchanged, COUNT / 2);
	temp_sound(t);
}

/* ---- */

static void test_a_full_restore_is_alone(void **state)
{
	static const struct member list[] = {{"x.json", "{}", 0}};
	struct temp_repo *r = *state;
	struct members members = MEMBERS(list);
	struct restore_request full = {.full = true};
	struct work work = {
		.folder = TREE_ROOT, .what = "a revert", .who = user};

	temp_ok(r->t,
		work_begin(r->repo.works, r->t->reader.db, &work, &r->t->why));
	temp_fails(r->t, run(r, &full, &members), -EBUSY, "a revert of");
	work_end(&work);
	RESTORE_FULL(r, list);
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
		TEST(test_a_copy_gets_an_id_of_its_own),
		TEST(test_what_is_no_item_is_skipped),
		TEST(test_one_invalid_item_refuses_all),
		TEST(test_a_late_fault_changes_nothing),
		TEST(test_a_folder_cannot_be_where_an_item_is),
		TEST(test_a_preview_is_what_happens),
		TEST(test_an_empty_archive_is_refused),
		TEST(test_in_full_it_becomes_the_archive),
		TEST(test_in_full_folders_and_items_change_places),
		TEST(test_in_full_other_files_stay),
		TEST(test_in_full_references_stay_as_they_are),
		TEST(test_many_items_come_and_go),
		TEST(test_a_full_restore_is_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
