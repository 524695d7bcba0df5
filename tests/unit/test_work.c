/* One at a time in a folder; side by side elsewhere. */
#include "core/work.h"
#include "tests/unit/temp_repo.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* What the clock says. */
#define SINCE "2023-11-14T22:13:20Z"

static const struct who somebody = {.uid = 123456, .pid = 7, .program = "sh"};
static const struct who another = {.uid = 123457, .pid = 8, .program = "cp"};

static int begin(struct temp_repo *r, struct work *work)
{
	return work_begin(r->repo.works, r->t->reader.db, work, &r->t->why);
}

static void test_a_second_one_is_told_who_where_and_since_when(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t sub = temp_folder(t, a, "sub");
	struct work first = {.folder = a, .what = "a pull", .who = somebody};
	struct work same = {.folder = a, .what = "a revert", .who = another};
	struct work below = {.folder = sub, .what = "a revert", .who = another};
	struct work above = {
		.folder = TREE_ROOT, .what = "a revert", .who = another};

	temp_ok(t, begin(r, &first));
	t->now_ns += INT64_C(3600000000000);
	temp_fails(t, begin(r, &same), -EBUSY,
		   "a pull is under way since " SINCE
		   ", by 123456 (sh, process "
		   "7), in /a");
	temp_fails(t, begin(r, &below), -EBUSY, "by 123456");
	temp_fails(t, begin(r, &above), -EBUSY, "by 123456");
	work_end(&above); /* never began: nothing */
	work_end(&first);
	temp_ok(t, begin(r, &above));
	temp_fails(t, begin(r, &below), -EBUSY,
		   "a revert is under way since 2023-11-14T23:13:20Z, by "
		   "123457 (cp, process 8), in /");
	work_end(&above);
}

static void test_neighbours_go_side_by_side(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	struct work a = {.folder = temp_folder(t, TREE_ROOT, "a"),
			 .what = "a pull",
			 .who = somebody};
	struct work b = {.folder = temp_folder(t, TREE_ROOT, "b"),
			 .what = "a revert",
			 .who = somebody};

	temp_ok(t, begin(r, &a));
	temp_ok(t, begin(r, &b));
	work_end(&a);
	temp_ok(t, begin(r, &a));
	work_end(&b);
	work_end(&a);
}

static int note_what(const struct work *work, void *arg)
{
	struct buf *out = arg;

	buf_addf(out, "%s;", work->what);
	return 0;
}

static int stop_at_once(const struct work *work, void *arg)
{
	return note_what(work, arg) + 3;
}

static void test_who_is_at_work_is_told_in_turn(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};
	struct work a = {.folder = temp_folder(t, TREE_ROOT, "a"),
			 .what = "one",
			 .who = somebody};
	struct work b = {.folder = temp_folder(t, TREE_ROOT, "b"),
			 .what = "two",
			 .who = somebody};
	struct work c = {.folder = temp_folder(t, TREE_ROOT, "c"),
			 .what = "three",
			 .who = somebody};

	assert_int_equal(works_each(r->repo.works, note_what, &out), 0);
	temp_ok(t, begin(r, &a));
	temp_ok(t, begin(r, &b));
	temp_ok(t, begin(r, &c));
	assert_int_equal(works_each(r->repo.works, stop_at_once, &out), 3);
	work_end(&c);
	work_end(&a);
	temp_ok(t, begin(r, &a));
	assert_int_equal(works_each(r->repo.works, note_what, &out), 0);
	buf_byte(&out, '\0');
	assert_string_equal(out.data, "one;two;one;");
	work_end(&a);
	work_end(&b);
}

static void test_a_folder_shows_what_concerns_it(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, TREE_ROOT, "b");
	struct work work = {
		.folder = a, .what = "a restore", .who = {.uid = 123456}};

	temp_ok(t, begin(r, &work));
	work.done = 300;
	temp_ok(t, works_show(r->repo.works, t->reader.db, b, &out, &t->why));
	assert_int_equal(out.len, 0);
	temp_ok(t, works_show(r->repo.works, t->reader.db, TREE_ROOT, &out,
			      &t->why));
	work.total = 1000;
	temp_ok(t, works_show(r->repo.works, t->reader.db, a, &out, &t->why));
	buf_byte(&out, '\0');
	assert_string_equal(out.data,
			    "working a restore is under way since " SINCE
			    ", by 123456 (?, process 0), in /a: 300\n"
			    "working a restore is under way since " SINCE
			    ", by 123456 (?, process 0), in /a: 300 of 1000\n");
	work_end(&work);
}

#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, temp_repo_setup, temp_repo_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_second_one_is_told_who_where_and_since_when),
		TEST(test_neighbours_go_side_by_side),
		TEST(test_who_is_at_work_is_told_in_turn),
		TEST(test_a_folder_shows_what_concerns_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
