/* The whole repository becomes what an archive is. */
#include "core/scratch.h"
#include "core/work.h"
#include "tests/unit/temp_restore.h"
#include "tests/unit/temp_tree.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAP(rule) "{\"pairs\": [{\"rule\": \"" rule "\", \"action\": \"\"}]}"

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
	assert_int_equal(temp_restored.created, 1);
	assert_int_equal(temp_restored.edited, 2); /* one in its time alone */
	assert_int_equal(temp_restored.removed, 2);
	assert_int_equal(temp_restored.guard, 1);
	assert_int_equal(temp_restored.revision, 2);
	/* A second time there is nothing to do, and nothing is recorded. */
	RESTORE_FULL(r, list);
	assert_int_equal(temp_restored.revision, 0);
	assert_int_equal(temp_restored.unchanged, 3);
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
	assert_int_equal(temp_restored.removed, 3);
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
	assert_int_equal(temp_restored.skipped, 1);
	temp_fails(t, temp_restore(r, &full, &members), -ENOTEMPTY,
		   "'gone.json' is an");
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
	temp_ok(t, temp_restore(r, &plain, &members));
	temp_ok(t, temp_restore(r, &plain, &members));
	assert_int_equal(temp_restored.renamed, COUNT);
	members.len = COUNT / 2;
	temp_ok(t, temp_restore(r, &full, &members));
	assert_int_equal(temp_restored.removed, COUNT + COUNT / 2);
	assert_int_equal(temp_restored.unchanged, COUNT / 2);
	temp_sound(t);
}

static void test_a_full_restore_is_alone(void **state)
{
	static const struct member list[] = {{"x.json", "{}", 0}};
	struct temp_repo *r = *state;
	struct members members = MEMBERS(list);
	struct restore_request full = {.full = true};
	struct work work = {.folder = TREE_ROOT,
			    .what = "a revert",
			    .who = {.uid = 1000, .pid = 42, .program = "test"}};

	temp_ok(r->t,
		work_begin(r->repo.works, r->t->reader.db, &work, &r->t->why));
	temp_fails(r->t, temp_restore(r, &full, &members), -EBUSY,
		   "a revert is under way");
	work_end(&work);
	RESTORE_FULL(r, list);
}

#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, temp_repo_setup, temp_repo_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_in_full_it_becomes_the_archive),
		TEST(test_in_full_folders_and_items_change_places),
		TEST(test_in_full_other_files_stay),
		TEST(test_in_full_references_stay_as_they_are),
		TEST(test_many_items_come_and_go),
		TEST(test_a_full_restore_is_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
