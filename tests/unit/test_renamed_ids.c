/* Copies get ids of their own, and references within a batch follow. */
#include "core/problems.h"
#include "core/report.h"
#include "tests/unit/temp_repo.h"
#include "tests/unit/temp_tree.h"
#include "tests/unit/test.h"

#include <stdio.h>

static const struct batch_key process = {100, 1};

static int64_t copy(struct temp_repo *r, const char *path, const char *text)
{
	return temp_copy(r, &process, path, text, strlen(text));
}

#define FLOW(id, next, exp)                                             \
	"{\"_id\": \"" id "\", \"_runNextFlowIds\": [\"" next "\"], \"" \
	"_exportId\": \"" exp "\"}"

/* Twelve bytes of the clock's randomness, which are all 7 in a test. */
#define FRESH "070707070707070707070707"

static void test_a_copy_under_a_number_has_an_id_of_its_own(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;

	temp_make(t, "integrations/O/exports/E.json", "{\"_id\": \"e1\"}");
	copy(r, "integrations/O/flows/F.json", FLOW("f1", "f1", "e1"));
	copy(r, "integrations/O/exports/E.json", "{\"_id\": \"e1\"}");
	copy(r, "integrations/O/flows/G.json", FLOW("g1", "f1", "e1"));
	temp_says(t, "integrations/O/exports/E.json", "{\"_id\": \"e1\"}");
	temp_says(t, "integrations/O/exports/E 2.json",
		  "{\"_id\": \"" FRESH "\"}");
	temp_says(t, "integrations/O/flows/F.json", FLOW("f1", "f1", FRESH));
	temp_says(t, "integrations/O/flows/G.json", FLOW("g1", "f1", FRESH));
	copy(r, "integrations/O/flows/F.json", FLOW("f1", "f1", "x"));
	temp_says(t, "integrations/O/flows/F 2.json", FLOW(FRESH, FRESH, "x"));
}

static unsigned last_id;

/* Each id is made of one byte, which is one more than the last one's. */
static int count_up(void *arg, void *bytes, size_t len)
{
	(void)arg;
	memset(bytes, (int)++last_id, len);
	return 0;
}

static void number_ids(struct temp *t)
{
	last_id = 0;
	t->env.random = count_up;
}

#define ID(byte) byte byte byte byte byte byte byte byte byte byte byte byte
#define EXPORT(id) "{\"_id\": \"" id "\"}"

static void test_an_id_that_is_taken_is_no_name(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;

	temp_make(t, "integrations/O/exports/E.json", EXPORT("e1"));
	number_ids(t);
	copy(r, "integrations/O/exports/sub/D.json", EXPORT("e1"));
	copy(r, "integrations/P/exports/E.json", EXPORT("e1"));
	copy(r, "integrations/O/imports/E.json", EXPORT("e1"));
	temp_says(t, "integrations/O/exports/E.json", EXPORT("e1"));
	temp_says(t, "integrations/O/exports/sub/D.json", EXPORT(ID("01")));
	temp_says(t, "integrations/P/exports/E.json", EXPORT(ID("02")));
	temp_says(t, "integrations/O/imports/E.json", EXPORT("e1"));
	assert_int_equal(temp_ask(t,
				  "SELECT count(*) FROM copied WHERE "
				  "original = %d",
				  (int)temp_at(t, "integrations/O/exports/"
						  "E.json")),
			 2);
}

static void test_an_id_that_is_free_again_is_kept(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t item;

	item = temp_make(t, "integrations/O/exports/E.json", EXPORT("e1"));
	temp_remove(t, item);
	copy(r, "integrations/P/exports/E.json", EXPORT("e1"));
	temp_says(t, "integrations/P/exports/E.json", EXPORT("e1"));
}

static const char *const parts[] = {"flows/F.json", "exports/E.json",
				    "flows/G.json"};
static const char *const texts[] = {FLOW("f1", "01", "e1"), EXPORT("e1"),
				    FLOW("01", "f1", "e1")};

/* Copy one of the parts into integrations/@name. */
static void copy_part(struct temp_repo *r, const char *name, size_t part)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "integrations/%s/%s", name,
		       parts[part]);
	copy(r, path, texts[part]);
}

static void has_no_problems(struct temp *t)
{
	struct buf problems = {0};

	temp_ok(t, problems_show(t->reader.db, store_kinds(t->store), TREE_ROOT,
				 &problems, &t->why));
	if (problems.len)
		fail_msg("%.*s", (int)problems.len, problems.data);
	buf_done(&problems);
}

static void test_a_clone_refers_to_itself(void **state)
{
	static const size_t orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}};
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	char name[2] = "P";

	for (size_t i = 0; i < COUNT(parts); i++)
		copy_part(r, "O", i);
	temp_end_batches(r);
	for (size_t i = 0; i < COUNT(parts); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "integrations/O/%s",
			       parts[i]);
		temp_says(t, path, texts[i]);
	}
	number_ids(t);
	for (size_t o = 0; o < COUNT(orders); o++) {
		name[0] = (char)('P' + o);
		for (size_t i = 0; i < COUNT(parts); i++)
			copy_part(r, name, orders[o][i]);
		temp_end_batches(r);
	}
	temp_says(t, "integrations/P/flows/F.json",
		  FLOW(ID("01"), ID("03"), ID("02")));
	temp_says(t, "integrations/P/exports/E.json", EXPORT(ID("02")));
	temp_says(t, "integrations/P/flows/G.json",
		  FLOW(ID("03"), ID("01"), ID("02")));
	temp_says(t, "integrations/Q/flows/F.json",
		  FLOW(ID("06"), ID("04"), ID("05")));
	temp_says(t, "integrations/Q/flows/G.json",
		  FLOW(ID("04"), ID("06"), ID("05")));
	temp_says(t, "integrations/R/flows/F.json",
		  FLOW(ID("08"), ID("09"), ID("07")));
	temp_says(t, "integrations/O/flows/F.json", texts[0]);
	has_no_problems(t);
}

/* Two clones in one batch, whatever the order in which their parts come. */
static void test_clones_of_one_batch_are_told_apart(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;

	for (size_t i = 0; i < COUNT(parts); i++)
		copy_part(r, "O", i);
	temp_end_batches(r);
	number_ids(t);
	copy_part(r, "P", 1); /* 01 */
	copy_part(r, "P", 0); /* 02 */
	copy_part(r, "Q", 0); /* 03 refers to P's export, until its own comes */
	temp_says(t, "integrations/Q/flows/F.json",
		  FLOW(ID("03"), "01", ID("01")));
	copy_part(r, "Q", 1); /* 04 */
	copy_part(r, "P", 2); /* 05 */
	copy_part(r, "Q", 2); /* 06 */
	temp_says(t, "integrations/P/flows/F.json",
		  FLOW(ID("02"), ID("05"), ID("01")));
	temp_says(t, "integrations/P/flows/G.json",
		  FLOW(ID("05"), ID("02"), ID("01")));
	temp_says(t, "integrations/Q/flows/F.json",
		  FLOW(ID("03"), ID("06"), ID("04")));
	temp_says(t, "integrations/Q/flows/G.json",
		  FLOW(ID("06"), ID("03"), ID("04")));
	has_no_problems(t);
}

/* As when a synchronizer was interrupted: each part is a batch. */
static void test_a_clone_comes_in_parts(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t newest;

	for (size_t i = 0; i < COUNT(parts); i++)
		copy_part(r, "O", i);
	temp_end_batches(r);
	number_ids(t);
	for (size_t i = 0; i < COUNT(parts); i++) {
		copy_part(r, "P", i);
		temp_end_batches(r);
	}
	temp_says(t, "integrations/P/flows/F.json",
		  FLOW(ID("01"), ID("03"), ID("02")));
	temp_says(t, "integrations/P/flows/G.json",
		  FLOW(ID("03"), ID("01"), ID("02")));
	temp_says(t, "integrations/O/flows/F.json", texts[0]);
	/* Deeper: the other clone is nearer than what it is a clone of, and is
	 * not meant all the same. */
	for (size_t i = 0; i < COUNT(parts); i++) {
		copy_part(r, "sub/Q", i);
		temp_end_batches(r);
	}
	for (size_t i = COUNT(parts); i-- > 0;) {
		copy_part(r, "sub/R", i);
		temp_end_batches(r);
	}
	temp_says(t, "integrations/sub/R/flows/F.json",
		  FLOW(ID("09"), ID("07"), ID("08")));
	temp_says(t, "integrations/sub/R/flows/G.json",
		  FLOW(ID("07"), ID("09"), ID("08")));
	/* What was changed by rewriting is a version of its own then. */
	newest = temp_newest(t);
	copy_part(r, "sub/S", 0);
	temp_end_batches(r);
	copy_part(r, "sub/S", 1);
	assert_int_equal(newest + 2, temp_newest(t));
	assert_int_equal(temp_ask(t,
				  "SELECT count(*) FROM state "
				  "WHERE item = %d",
				  (int)temp_at(t, "integrations/sub/S/flows/"
						  "F.json")),
			 2);
	has_no_problems(t);
}

static void test_what_was_edited_since_stays(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;

	for (size_t i = 0; i < COUNT(parts); i++)
		copy_part(r, "O", i);
	temp_end_batches(r);
	number_ids(t);
	copy_part(r, "P", 0);
	temp_end_batches(r);
	temp_save(t, temp_at(t, "integrations/P/flows/F.json"),
		  FLOW(ID("01"), "f1", "e1"));
	copy_part(r, "P", 1);
	temp_says(t, "integrations/P/flows/F.json", FLOW(ID("01"), "f1", "e1"));
	/* And what is no copy. */
	temp_make(t, "integrations/P/flows/H.json", FLOW("h", "01", "e1"));
	copy_part(r, "P", 2);
	temp_says(t, "integrations/P/flows/H.json", FLOW("h", "01", "e1"));
	temp_says(t, "integrations/P/flows/G.json",
		  FLOW(ID("03"), ID("01"), ID("02")));
}

/* What comes with one id and is new to the repository. */
static void test_one_id_in_one_batch(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;

	number_ids(t);
	for (size_t i = 0; i < COUNT(parts); i++) {
		copy_part(r, "O", i);
		copy_part(r, "P", i);
	}
	for (size_t i = 0; i < COUNT(parts); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "integrations/P/%s",
			       parts[i]);
		temp_says(t, path, texts[i]);
	}
	copy(r, "integrations/O/exports/Again.json", EXPORT("e1"));
	temp_says(t, "integrations/O/exports/Again.json", EXPORT(ID("01")));
	temp_says(t, "integrations/O/flows/F.json", texts[0]);
}

static void test_a_skipped_copy_is_known_by_its_id(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t e2;

	temp_make(t, "integrations/O/exports/E.json", "{\"_id\": \"e1\"}");
	e2 = copy(r, "integrations/O/exports/E.json", "{\"_id\": \"e1\"}");
	temp_end_batches(r);
	copy(r, "integrations/O/flows/F.json", FLOW("f1", "f1", "e1"));
	temp_skip_copy(r, &process, "integrations/O/exports", "E.json", e2);
	temp_says(t, "integrations/O/flows/F.json", FLOW("f1", "f1", FRESH));
}

static int tear_down(void **state)
{
	struct temp_repo *r = *state;

	temp_sound(r->t);
	return temp_repo_teardown(state);
}

int main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, temp_repo_setup, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_copy_under_a_number_has_an_id_of_its_own),
		TEST(test_an_id_that_is_taken_is_no_name),
		TEST(test_an_id_that_is_free_again_is_kept),
		TEST(test_a_clone_refers_to_itself),
		TEST(test_clones_of_one_batch_are_told_apart),
		TEST(test_a_clone_comes_in_parts),
		TEST(test_what_was_edited_since_stays),
		TEST(test_one_id_in_one_batch),
		TEST(test_a_skipped_copy_is_known_by_its_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
