/* A disk that fails, or is full: nobody is told "done" of what is not. */
#include "tests/unit/fault_disk.h"
#include "tests/unit/temp_store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct who who = {.uid = 1000, .program = "test"};
static const struct attr attr = {.mode = 0700};

static int try_folder(struct temp *t, const char *name)
{
	DROP(moment_end) struct moment m = {0};
	int64_t id;
	int r = moment_begin(t->store, &who, &m, &t->why);

	if (r == 0)
		r = tree_add_folder(&m, TREE_ROOT, name, &attr, &id, &t->why);
	return r < 0 ? r : moment_commit(&m, &t->why);
}

static bool is_there(struct temp *t, const char *name)
{
	struct entry e;

	return tree_lookup(t->reader.db, MOMENT_NOW, TREE_ROOT, name, &e,
			   NULL) == 0;
}

static void test_a_commit_that_failed_changed_nothing(void **state)
{
	struct temp *t = *state;

	fault_after(FAULT_WRITE, 1, false, false);
	assert_int_equal(try_folder(t, "lost"), -EIO);
	assert_int_equal(fault_clear(FAULT_WRITE), 1);
	assert_false(is_there(t, "lost"));
	assert_int_equal(temp_newest(t), 0);
	temp_ok(t, try_folder(t, "kept"));
	assert_true(is_there(t, "kept"));
	assert_int_equal(temp_newest(t), 1);
}

static void test_after_a_failed_sync_nothing_is_acknowledged(void **state)
{
	struct temp *t = *state;

	temp_ok(t, try_folder(t, "first"));
	fault_after(FAULT_SYNC, 1, true, false);
	assert_int_equal(store_sync(t->store, &t->why), -EIO);
	/* The disk is still broken: what is there can be read, no more. */
	temp_fails(t, store_writable(t->store, &t->why), -EROFS,
		   "the disk has failed");
	temp_fails(t, try_folder(t, "second"), -EROFS, "the disk has failed");
	assert_true(store_sync(t->store, &t->why) < 0);
	assert_true(is_there(t, "first"));
	(void)fault_clear(FAULT_SYNC);
	temp_ok(t, store_writable(t->store, &t->why));
	temp_ok(t, try_folder(t, "second"));
	temp_ok(t, store_sync(t->store, &t->why));
	temp_reopen(t);
	assert_true(is_there(t, "first") && is_there(t, "second"));
}

static void test_the_log_is_given_up_after_one_failed_sync(void **state)
{
	struct temp *t = *state;
	char name[128];

	temp_ok(t, try_folder(t, "first"));
	fault_after(FAULT_SYNC, 1, false, false);
	assert_int_equal(store_sync(t->store, &t->why), -EIO);
	/* The next sync of the same log would say yes: it is not asked. */
	temp_ok(t, store_writable(t->store, &t->why));
	(void)snprintf(name, sizeof(name), "%s-wal", t->path);
	assert_int_equal(truncate(name, 0), 0);
	temp_ok(t, try_folder(t, "second"));
	assert_true(is_there(t, "first") && is_there(t, "second"));
	(void)fault_clear(FAULT_SYNC);
}

static void test_every_write_may_fail_and_all_or_nothing_is_there(void **state)
{
	struct temp *t = *state;
	int nth = 0, r;

	do {
		fault_after(FAULT_WRITE, ++nth, true, false);
		r = try_folder(t, "folder");
		(void)fault_clear(FAULT_WRITE);
		temp_reopen(t);
		assert_int_equal(is_there(t, "folder"), r == 0);
		assert_int_equal(temp_newest(t), r == 0);
	} while (r < 0);
	assert_true(nth > 2);
}

static void test_a_full_disk_gives_the_ballast_for_cleaning_up(void **state)
{
	struct temp *t = *state;
	char ballast[128];

	(void)snprintf(ballast, sizeof(ballast), "%s.ballast", t->path);
	temp_ok(t, try_folder(t, "folder"));
	assert_int_equal(access(ballast, F_OK), 0);
	fault_after(FAULT_WRITE, 1, true, true);
	assert_int_equal(try_folder(t, "more"), -ENOSPC);
	assert_int_equal(access(ballast, F_OK), -1);
	(void)fault_clear(FAULT_WRITE);
	/* No failed disk: writing goes on, and the ballast comes back. */
	temp_ok(t, store_writable(t->store, &t->why));
	temp_ok(t, try_folder(t, "more"));
	temp_ok(t, try_folder(t, "still more"));
	assert_int_equal(access(ballast, F_OK), 0);
}

static int install(void **state)
{
	(void)state;
	fault_install();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_a_commit_that_failed_changed_nothing, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_after_a_failed_sync_nothing_is_acknowledged,
			temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_the_log_is_given_up_after_one_failed_sync,
			temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_every_write_may_fail_and_all_or_nothing_is_there,
			temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_full_disk_gives_the_ballast_for_cleaning_up,
			temp_setup, temp_teardown),
	};

	return cmocka_run_group_tests_name("store fault", tests, install, NULL);
}
