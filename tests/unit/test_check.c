/* Each invariant is broken once, behind the back of the engine. */
#include "core/check.h"
#include "core/report.h"
#include "core/revision.h"
#include "tests/unit/temp_repo.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

/* Run @sql on the file itself. */
static void break_it(struct temp *t, const char *sql)
{
	sqlite3 *db;
	char *error = NULL;

	assert_int_equal(sqlite3_open(t->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int add_sentence(const char *sentence, void *arg)
{
	buf_addf(arg, "%s\n", sentence);
	return 0;
}

/*
 * A repository with something of everything:
 *
 *   moment 1 folder 2 "a", 2 item 3 "a/f.json" (content 1), 3 it is saved
 *   (content 2), 4 folder 4 "a/b", 5 item 5 "a/b/g.json", 6 it is removed;
 *   snapshot 1 of moment 6; scratch file 6 "a/notes"
 */
static void furnish(struct temp *t)
{
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t f = temp_item(t, a, "f.json", "{}");
	int64_t b, g;

	temp_save(t, f, "{\"some\": \"text\"}");
	b = temp_folder(t, a, "b");
	g = temp_item(t, b, "g.json", "[]");
	temp_remove(t, g);
	(void)temp_snap(t, TREE_ROOT);
	(void)temp_scratch(t, a, "notes");
}

static const struct fault {
	const char *sql, *sentence;
} faults[] = {
	{"INSERT INTO item (id, folder) VALUES (90, 0)",
	 "item 90 has no place"},
	{"DELETE FROM state WHERE item = 3 AND born = 2",
	 "item 3 has no state when its life begins"},
	{"UPDATE place SET parent = 0 WHERE item = 2",
	 "item 2 stands beside the root at moment 1"},
	{"UPDATE place SET died = 3 WHERE item = 1",
	 "the root folder is not there"},
	{"DELETE FROM item WHERE id = 5", "place of item 5, which does not"},
	{"DELETE FROM item WHERE id = 5", "state of item 5, which does not"},
	{"INSERT INTO place VALUES (3, 3, 4, 4, 'x.json')",
	 "item 3 is in two places at moment 3"},
	{"INSERT INTO place VALUES (5, 2, 4, 2, 'f.json')",
	 "items 3 and 5 are both 'f.json' in folder 2 at moment 2"},
	{"UPDATE scratch SET name = 'f.json'",
	 "item 3 and scratch file 6 are both 'f.json' in folder 2"},
	{"UPDATE item SET folder = 0 WHERE id = 4",
	 "item 5 is in 4, which is no folder"},
	{"UPDATE place SET born = 2 WHERE item = 4; "
	 "UPDATE place SET born = 1 WHERE item = 5",
	 "item 5 is in folder 4 at moment 1, when that is not there"},
	{"UPDATE place SET died = 6 WHERE item = 2",
	 "item 3 stays in folder 2, which goes at moment 6"},
	{"UPDATE place SET parent = 4 WHERE item = 2",
	 "folder 4 is inside itself at moment 4"},
	{"UPDATE place SET parent = 4 WHERE item = 2",
	 "item 3 is live, but not below the root"},
	{"UPDATE state SET content = 1 WHERE item = 2",
	 "item 2, moment 1: a folder with a content"},
	{"DELETE FROM content WHERE id = 1",
	 "item 3, moment 2: its content 1 is not there"},
	{"UPDATE state SET size = 77 WHERE item = 3 AND born = 3",
	 "item 3, moment 3: size 77, but its content has 16"},
	{"UPDATE state SET arrived = 99 WHERE item = 3 AND born = 3",
	 "content 99, as it arrived, is not there"},
	{"UPDATE content SET base = 99 WHERE id = 2",
	 "content 2: its base 99 is not there"},
	{"UPDATE content SET base = 1 WHERE id = 3; "
	 "UPDATE content SET base = 3 WHERE id = 2",
	 "content 2: its base 3 is not whole"},
	{"UPDATE content SET bytes = (SELECT bytes FROM content WHERE id = 3) "
	 "WHERE id = 1",
	 "content 1: "},
	{"UPDATE content SET bytes = x'00' WHERE id = 2", "content 2: "},
	{"UPDATE moment SET time = time - 1 WHERE id = 4",
	 "moment 4 is earlier than the one before it"},
	{"DELETE FROM change WHERE moment = 2",
	 "item 3: its place of moment 2 is not recorded"},
	{"DELETE FROM change WHERE moment = 6",
	 "item 5: the end of its place at moment 6 is not recorded"},
	{"DELETE FROM change WHERE moment = 3",
	 "item 3: its state of moment 3 is not recorded"},
	{"DELETE FROM moment WHERE id = 3",
	 "change of item 3 at moment 3, which does not exist"},
	{"INSERT INTO change VALUES (5, 3, 8)",
	 "change of item 3 at moment 5, but nothing changed"},
	{"DELETE FROM touch WHERE moment = 2",
	 "folder 2: a name that came at moment 2 is not marked"},
	{"DELETE FROM touch WHERE moment = 6",
	 "folder 4: a name that went at moment 6 is not marked"},
	{"UPDATE revision SET before = 99",
	 "revision 1: there is no moment 99"},
	{"UPDATE revision SET after = 99", "revision 1: there is no moment 99"},
	{"UPDATE revision SET after = 1", "revision 1 ends before it begins"},
	{"UPDATE revision SET after = NULL",
	 "revision 1 is completed, without an end"},
	{"UPDATE revision SET status = 'in progress'",
	 "revision 1 is in progress, with an end"},
	{"UPDATE revision SET kind = 'party'",
	 "revision 1 is a 'party' that is 'completed'"},
	{"UPDATE revision SET scope = 3",
	 "revision 1 is of 3, which is no folder"},
	{"UPDATE moment SET revision = 9 WHERE id = 2",
	 "moment 2 is part of revision 9, which does not exist"},
	{"UPDATE item SET node = 6 WHERE id = 3",
	 "item 3 and a scratch file are both node 6"},
	{"UPDATE scratch SET parent = 3",
	 "scratch file 6 is in 3, which is no folder"},
	{"UPDATE scratch SET content = 99",
	 "scratch file 6: its content 99 is not there"},
	{"INSERT INTO scratch_chunk VALUES (77, 0, x'00')",
	 "bytes of scratch file 77, which does not exist"},
	{"UPDATE place SET name = '.f.json' WHERE item = 3",
	 "item 3 is called '.f.json' at moment 2, which is a scratch"},
	{"UPDATE place SET name = 'f.txt' WHERE item = 3",
	 "item 3 is called 'f.txt'"},
	{"UPDATE place SET name = '.b' WHERE item = 4",
	 "item 4 is called '.b'"},
	{"UPDATE place SET name = 'a/b' WHERE item = 4", "item 4: "},
	{"PRAGMA writable_schema = ON; DELETE FROM sqlite_schema "
	 "WHERE name = 'place_list'; PRAGMA schema_version = 1000",
	 "database: "},
};

static void test_each_broken_invariant_is_named(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		DROP(buf_done) struct buf out = {0};
		void *state;
		struct temp *t;
		int found;

		assert_int_equal(temp_setup(&state), 0);
		t = state;
		furnish(t);
		break_it(t, faults[i].sql);
		found = check_run(t->reader.db, add_sentence, NULL, &out,
				  &t->why);
		buf_byte(&out, '\0');
		temp_ok(t, found);
		if (found == 0 || !strstr(out.data, faults[i].sentence))
			fail_msg("%s:\n'%s' is not in '%s'", faults[i].sql,
				 faults[i].sentence, out.data);
		(void)temp_teardown(&state);
	}
}

/* ---- what is sound ---- */

static void count_calls(int64_t done, int64_t total, void *arg)
{
	struct buf *out = arg;

	assert_true(done <= total);
	if (done == total)
		buf_text(out, "done");
}

static void test_a_sound_repository_yields_nothing(void **state)
{
	struct temp *t = *state;
	DROP(buf_done) struct buf out = {0};

	temp_sound(t);
	furnish(t);
	assert_int_equal(check_run(t->reader.db, add_sentence, count_calls,
				   &out, &t->why),
			 0);
	buf_byte(&out, '\0');
	assert_string_equal(out.data, "done");
}

static int give_up(const char *sentence, void *arg)
{
	(void)sentence;
	*(int *)arg += 1;
	return -ECANCELED;
}

static void test_the_callback_may_end_it(void **state)
{
	struct temp *t = *state;
	int calls = 0;

	furnish(t);
	break_it(t, "DELETE FROM touch");
	assert_int_equal(
		check_run(t->reader.db, give_up, NULL, &calls, &t->why),
		-ECANCELED);
	assert_int_equal(calls, 1);
	/* The connection is as good as before. */
	assert_int_equal(temp_newest(t), 6);
	(void)temp_item(t, TREE_ROOT, "x.json", "{}");
	assert_int_equal(temp_newest(t), 7);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_broken_invariant_is_named),
		TEST(test_a_sound_repository_yields_nothing),
		TEST(test_the_callback_may_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
