/* What changed in a clone comes into the folder that was cloned. */
#include "core/pull.h"

#include "core/revert.h"
#include "core/revision.h"
#include "tests/unit/temp_repo.h"
#include "tests/unit/temp_tree.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>

/* A line to the folder of @path; what it says is in r->out. */
static int try_pull(struct temp_repo *r, const char *path, const char *line)
{
	const struct pull_request request = {
		.folder = temp_at(r->t, path),
		.line = line,
	};
	const struct who who = {.uid = 1000, .pid = 42, .program = "test"};
	DROP(revert_result_done) struct revert_result result = {0};
	int code;

	r->out.len = 0;
	code = pull_run(&r->repo, &who, &request, &r->out, &result, &r->t->why);
	buf_byte(&r->out, '\0');
	return code;
}

static void pull(struct temp_repo *r, const char *path, const char *line)
{
	temp_ok(r->t, try_pull(r, path, line));
}

static void says(const struct temp_repo *r, const char *words)
{
	if (!strstr(r->out.data, words))
		fail_msg("'%s' is not in: %s", words, r->out.data);
}

static void says_not(const struct temp_repo *r, const char *words)
{
	if (strstr(r->out.data, words))
		fail_msg("'%s' is in: %s", words, r->out.data);
}

static void edit(struct temp_repo *r, const char *path, const char *text)
{
	temp_save(r->t, temp_at(r->t, path), text);
}

static int64_t pulls(struct temp_repo *r, const char *status)
{
	return temp_ask(r->t,
			"SELECT count(*) FROM revision WHERE kind = 'pull' "
			"AND status = '%s'",
			status);
}

static const char *const files[] = {"x/A.json", "x/B.json", "y/C.json",
				    "D.json"};

/* "ours", and "theirs" with the same in it, each item in its own moment. */
static void clone(struct temp_repo *r)
{
	static const char *const tops[] = {"ours", "theirs"};
	char path[64], text[64];

	for (size_t top = 0; top < COUNT(tops); top++)
		for (size_t i = 0; i < COUNT(files); i++) {
			(void)snprintf(path, sizeof(path), "%s/%s", tops[top],
				       files[i]);
			(void)snprintf(text, sizeof(text),
				       "{\"n\": %zu, \"a\": 1, \"b\": 1}", i);
			temp_make(r->t, path, text);
		}
}

static void test_only_what_changed_there_comes(void **state)
{
	struct temp_repo *r = *state;

	clone(r);
	edit(r, "ours/x/A.json", "{\"n\": 0, \"a\": 2, \"b\": 1}");
	pull(r, "ours", "../theirs");
	says(r, "pull from /theirs: nothing to do\n");
	edit(r, "theirs/x/A.json", "{\"n\": 0, \"a\": 1, \"b\": 3}");
	pull(r, "ours", "/theirs/");
	says(r, "M x/A.json\n  /b: 1 -> 3\n");
	temp_says(r->t, "ours/x/A.json", "{\"n\": 0, \"a\": 2, \"b\": 3}");
	temp_says(r->t, "ours/x/B.json", "{\"n\": 1, \"a\": 1, \"b\": 1}");
	assert_int_equal(pulls(r, "completed"), 1);
	temp_sound(r->t);
}

static void test_a_dry_run_changes_nothing(void **state)
{
	struct temp_repo *r = *state;
	int64_t newest;

	clone(r);
	edit(r, "theirs/x/A.json", "{\"n\": 0, \"a\": 1, \"b\": 3}");
	temp_make(r->t, "theirs/z/New.json", "{}");
	newest = temp_newest(r->t);
	pull(r, "ours", "dry-run ../theirs");
	says(r, "+ z/\n");
	says(r, "+ z/New.json\n");
	says(r, "would pull from /theirs: 2 added, 1 changed, 0 moved, 0 "
		"removed\n");
	assert_int_equal(temp_newest(r->t), newest);
	assert_int_equal(temp_at(r->t, "ours/z"), 0);
	assert_int_equal(temp_ask(r->t, "SELECT count(*) FROM revision"), 0);
	temp_sound(r->t);
}

static void test_a_folder_goes_with_what_was_in_it(void **state)
{
	struct temp_repo *r = *state;
	int64_t kept;

	clone(r);
	temp_remove(r->t, temp_at(r->t, "theirs/y/C.json"));
	temp_remove(r->t, temp_at(r->t, "theirs/y"));
	temp_remove(r->t, temp_at(r->t, "theirs/x/A.json"));
	temp_remove(r->t, temp_at(r->t, "theirs/x/B.json"));
	temp_remove(r->t, temp_at(r->t, "theirs/x"));
	kept = temp_make(r->t, "ours/x/Own.json", "{}");
	pull(r, "ours", "../theirs");
	says(r, "- x/A.json\n");
	says(r, "- y/\n");
	temp_is(r->t, temp_at(r->t, "ours"), "D.json x/ x/Own.json ");
	assert_int_equal(temp_at(r->t, "ours/x/Own.json"), kept);
	temp_sound(r->t);
}

static void test_what_moved_out_of_the_clone_is_gone_there(void **state)
{
	struct temp_repo *r = *state;

	clone(r);
	temp_move(r->t, temp_at(r->t, "theirs/x"), TREE_ROOT, "x");
	pull(r, "ours", "../theirs");
	temp_is(r->t, temp_at(r->t, "ours"), "D.json y/ y/C.json ");
	/* And what comes in is new. */
	temp_move(r->t, temp_at(r->t, "x"), temp_at(r->t, "theirs"), "w");
	pull(r, "ours", "../theirs");
	temp_is(r->t, temp_at(r->t, "ours"),
		"D.json w/ w/A.json w/B.json y/ y/C.json ");
	temp_sound(r->t);
}

static void test_names_are_exchanged(void **state)
{
	struct temp_repo *r = *state;
	int64_t a, b, x;

	clone(r);
	a = temp_at(r->t, "ours/x/A.json");
	b = temp_at(r->t, "ours/x/B.json");
	x = temp_at(r->t, "theirs/x");
	temp_move(r->t, temp_at(r->t, "theirs/x/A.json"), x, "T.json");
	temp_move(r->t, temp_at(r->t, "theirs/x/B.json"), x, "A.json");
	temp_move(r->t, temp_at(r->t, "theirs/x/T.json"), x, "B.json");
	pull(r, "ours", "../theirs");
	assert_int_equal(temp_at(r->t, "ours/x/A.json"), b);
	assert_int_equal(temp_at(r->t, "ours/x/B.json"), a);
	temp_sound(r->t);
}

static void test_both_moved_is_a_conflict(void **state)
{
	struct temp_repo *r = *state;

	clone(r);
	temp_move(r->t, temp_at(r->t, "ours/D.json"), temp_at(r->t, "ours/x"),
		  "D.json");
	temp_move(r->t, temp_at(r->t, "theirs/D.json"),
		  temp_at(r->t, "theirs/y"), "E.json");
	pull(r, "ours", "../theirs");
	says(r, "C x/D.json\n  base   D.json\n  ours   x/D.json\n  theirs "
		"y/E.json\n");
	pull(r, "ours", "theirs x/D.json");
	says(r, "R x/D.json -> y/E.json\n");
	temp_is(r->t, temp_at(r->t, "ours"),
		"x/ x/A.json x/B.json y/ y/C.json y/E.json ");
	temp_sound(r->t);
}

static void test_a_moved_folder_takes_references_along(void **state)
{
	struct temp_repo *r = *state;

	temp_make(r->t, "ours/rules/x/R.json", "{}");
	temp_make(r->t, "ours/action_maps/M.json",
		  "{\"pairs\": [{\"rule\": \"/ours/rules/x/R\"}]}");
	temp_make(r->t, "theirs/rules/x/R.json", "{}");
	temp_make(r->t, "theirs/action_maps/M.json",
		  "{\"pairs\": [{\"rule\": \"/ours/rules/x/R\"}]}");
	temp_move(r->t, temp_at(r->t, "theirs/rules/x"),
		  temp_at(r->t, "theirs/rules"), "z");
	temp_make(r->t, "theirs/action_maps/N.json",
		  "{\"pairs\": [{\"rule\": \"/theirs/rules/z/R\"}]}");
	pull(r, "ours", "../theirs");
	says(r, "R rules/x/ -> rules/z/\n");
	temp_says(r->t, "ours/action_maps/M.json",
		  "{\"pairs\": [{\"rule\": \"/ours/rules/z/R\"}]}");
	temp_says(r->t, "ours/action_maps/N.json",
		  "{\"pairs\": [{\"rule\": \"/ours/rules/z/R\"}]}");
	temp_sound(r->t);
}

static void test_a_conflict_waits_also_when_closed(void **state)
{
	struct temp_repo *r = *state;
	int64_t newest;

	clone(r);
	edit(r, "ours/D.json", "{\"n\": 3, \"a\": 2, \"b\": 2}");
	edit(r, "theirs/D.json", "{\"n\": 3, \"a\": 3, \"b\": 3}");
	newest = temp_newest(r->t);
	pull(r, "ours", "../theirs");
	says(r, "C D.json#/a\n  base   1\n  ours   2\n  theirs 3\n");
	says(r, "2 conflicts, nothing is changed; revision 1 waits");
	assert_int_equal(temp_newest(r->t), newest);
	temp_reopen(r->t);
	r->repo.store = r->t->store;
	assert_int_equal(pulls(r, "in progress"), 1);
	temp_sound(r->t);
	temp_fails(r->t, try_pull(r, "ours", "../theirs"), -EBUSY,
		   "waits here since 20");
	temp_fails(r->t, try_pull(r, "ours", "ours D.json#/c"), -EINVAL,
		   "no conflict at 'D.json#/c'");
	pull(r, "ours", "ours D.json#/b");
	says(r, "1 conflict, ");
	pull(r, "ours", "theirs");
	temp_says(r->t, "ours/D.json", "{\"n\": 3, \"a\": 3, \"b\": 2}");
	assert_int_equal(pulls(r, "completed"), 1);
	temp_fails(r->t, try_pull(r, "ours", "ours"), -ENOENT,
		   "no pull waits here");
	temp_sound(r->t);
}

static void test_one_that_is_canceled_has_changed_nothing(void **state)
{
	struct temp_repo *r = *state;

	clone(r);
	edit(r, "ours/D.json", "{\"a\": 2}");
	edit(r, "theirs/D.json", "{\"a\": 3}");
	pull(r, "ours", "../theirs");
	pull(r, "ours", "cancel");
	says(r, "canceled");
	temp_says(r->t, "ours/D.json", "{\"a\": 2}");
	assert_int_equal(pulls(r, "canceled"), 1);
	assert_int_equal(temp_ask(r->t, "SELECT count(*) FROM pull_answer"), 0);
	temp_sound(r->t);
}

static int no_random(void *arg, void *bytes, size_t len)
{
	(void)arg;
	(void)bytes;
	(void)len;
	return -EIO;
}

static void test_one_that_fails_has_changed_nothing(void **state)
{
	struct temp_repo *r = *state;
	int64_t newest;

	temp_make(r->t, "ours/exports/A.json", "{\"_id\": \"a\"}");
	temp_make(r->t, "ours/exports/B.json", "{\"_id\": \"b\"}");
	temp_make(r->t, "theirs/exports/A.json", "{\"_id\": \"a\"}");
	temp_make(r->t, "theirs/exports/B.json", "{\"_id\": \"b\"}");
	temp_remove(r->t, temp_at(r->t, "theirs/exports/A.json"));
	edit(r, "theirs/exports/B.json", "{\"_id\": \"b\", \"n\": 1}");
	temp_make(r->t, "theirs/exports/sub/C.json", "{\"_id\": \"c\"}");
	newest = temp_newest(r->t);
	/* The last thing it needs, when folders are made and items gone. */
	r->t->env.random = no_random;
	temp_fails(r->t, try_pull(r, "ours", "../theirs"), -EIO,
		   "no random bytes");
	assert_int_equal(temp_newest(r->t), newest);
	assert_int_equal(temp_ask(r->t, "SELECT count(*) FROM revision"), 0);
	temp_is(r->t, temp_at(r->t, "ours"),
		"exports/ exports/A.json exports/B.json ");
	temp_says(r->t, "ours/exports/B.json", "{\"_id\": \"b\"}");
	temp_sound(r->t);
}

static void test_a_pull_is_the_base_of_the_next(void **state)
{
	struct temp_repo *r = *state;

	clone(r);
	edit(r, "theirs/D.json", "{\"n\": 3, \"a\": 2, \"b\": 1}");
	pull(r, "ours", "../theirs");
	edit(r, "ours/D.json", "{\"n\": 3, \"a\": 5, \"b\": 1}");
	edit(r, "theirs/D.json", "{\"n\": 3, \"a\": 2, \"b\": 2}");
	pull(r, "ours", "../theirs");
	says_not(r, "C ");
	temp_says(r->t, "ours/D.json", "{\"n\": 3, \"a\": 5, \"b\": 2}");
	/* The other way round, and again. */
	pull(r, "theirs", "../ours");
	temp_says(r->t, "theirs/D.json", "{\"n\": 3, \"a\": 5, \"b\": 2}");
	edit(r, "ours/D.json", "{\"n\": 3, \"a\": 6, \"b\": 2}");
	edit(r, "theirs/D.json", "{\"n\": 3, \"a\": 5, \"b\": 7}");
	pull(r, "ours", "../theirs");
	temp_says(r->t, "ours/D.json", "{\"n\": 3, \"a\": 6, \"b\": 7}");
	temp_sound(r->t);
}

static void test_one_that_was_taken_back_may_be_pulled_again(void **state)
{
	struct temp_repo *r = *state;
	char spec[40];

	clone(r);
	edit(r, "theirs/D.json", "{\"n\": 3, \"a\": 2, \"b\": 1}");
	temp_make(r->t, "theirs/New.json", "{\"new\": 1}");
	pull(r, "ours", "../theirs");
	(void)snprintf(spec, sizeof(spec), "undo %d",
		       (int)temp_ask(r->t, "SELECT max(id) FROM revision "
					   "WHERE kind = 'pull'"));
	temp_reverted(r, temp_at(r->t, "ours"), spec);
	temp_says(r->t, "ours/D.json", "{\"n\": 3, \"a\": 1, \"b\": 1}");
	assert_int_equal(temp_at(r->t, "ours/New.json"), 0);
	pull(r, "ours", "../theirs");
	temp_says(r->t, "ours/D.json", "{\"n\": 3, \"a\": 2, \"b\": 1}");
	temp_says(r->t, "ours/New.json", "{\"new\": 1}");
	temp_sound(r->t);
}

static void test_the_clone_may_be_the_one_that_pulls(void **state)
{
	struct temp_repo *r = *state;

	clone(r);
	edit(r, "ours/x/A.json", "{\"n\": 0, \"a\": 2, \"b\": 1}");
	edit(r, "theirs/x/A.json", "{\"n\": 0, \"a\": 1, \"b\": 2}");
	temp_remove(r->t, temp_at(r->t, "ours/D.json"));
	pull(r, "theirs", "../ours");
	says_not(r, "C ");
	temp_says(r->t, "theirs/x/A.json", "{\"n\": 0, \"a\": 2, \"b\": 2}");
	assert_int_equal(temp_at(r->t, "theirs/D.json"), 0);
	temp_sound(r->t);
}

static void test_what_cannot_be_pulled_is_said(void **state)
{
	struct temp_repo *r = *state;

	clone(r);
	temp_fails(r->t, try_pull(r, "ours", ""), -EINVAL, "which folder");
	temp_fails(r->t, try_pull(r, "ours", "../nothing"), -ENOENT,
		   "no folder '../nothing'");
	temp_fails(r->t, try_pull(r, "ours", "D.json"), -ENOTDIR,
		   "is no folder");
	temp_fails(r->t, try_pull(r, "ours", ".."), -EINVAL, "into itself");
	temp_fails(r->t, try_pull(r, "ours", "x"), -EINVAL, "into itself");
	temp_fails(r->t, try_pull(r, "ours", "cancel"), -ENOENT,
		   "no pull waits");
	temp_sound(r->t);
}

#define TEST(name)                                             \
	cmocka_unit_test_setup_teardown(name, temp_repo_setup, \
					temp_repo_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_only_what_changed_there_comes),
		TEST(test_a_dry_run_changes_nothing),
		TEST(test_a_folder_goes_with_what_was_in_it),
		TEST(test_what_moved_out_of_the_clone_is_gone_there),
		TEST(test_names_are_exchanged),
		TEST(test_both_moved_is_a_conflict),
		TEST(test_a_moved_folder_takes_references_along),
		TEST(test_a_conflict_waits_also_when_closed),
		TEST(test_one_that_is_canceled_has_changed_nothing),
		TEST(test_one_that_fails_has_changed_nothing),
		TEST(test_a_pull_is_the_base_of_the_next),
		TEST(test_one_that_was_taken_back_may_be_pulled_again),
		TEST(test_the_clone_may_be_the_one_that_pulls),
		TEST(test_what_cannot_be_pulled_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
