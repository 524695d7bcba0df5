/* The log is on its way to the disk before anybody waits for it. */
#include "tests/unit/fault_disk.h"
#include "core/store_priv.h"
#include "tests/unit/temp_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Nobody waits for longer than that; a busy machine may take a while. */
enum { PATIENCE_MS = 20000 };

/* Fewer pages than are worth a sync; more than enough for one. */
enum { FEW = 4, MANY = 60 };

static const struct who who = {.uid = 1000, .program = "test"};
static const struct attr attr = {.mode = 0700};

static int try_folder(struct temp *t, int number)
{
	DROP(moment_end) struct moment m = {0};
	char name[32];
	int64_t id;
	int r = moment_begin(t->store, &who, &m, &t->why);

	(void)snprintf(name, sizeof(name), "folder %d", number);
	if (r == 0)
		r = tree_add_folder(&m, TREE_ROOT, name, &attr, &id, &t->why);
	return r < 0 ? r : moment_commit(&m, &t->why);
}

static void add(struct temp *t, int from, int count)
{
	for (int i = from; i < from + count; i++)
		temp_ok(t, try_folder(t, i));
}

static int64_t log_size(const struct temp *t)
{
	char name[128];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%s-wal", t->path);
	return stat(name, &st) == 0 ? st.st_size : -1;
}

static void rest(void)
{
	const struct timespec ms = {.tv_nsec = 1000000};

	(void)nanosleep(&ms, NULL);
}

/* What of that the log itself takes. */
static int64_t log_bytes(const struct temp *t)
{
	return atomic_load(&t->store->log_pages) * (4096 + 24);
}

static bool synced_something(struct temp *t)
{
	(void)t;
	return fault_seen(FAULT_SYNC) > 0;
}

static bool is_poisoned(struct temp *t)
{
	return try_folder(t, 1000) == -EROFS;
}

static bool is_long(struct temp *t)
{
	return log_size(t) > 4 << 20;
}

static bool comes_true(struct temp *t, bool (*condition)(struct temp *t))
{
	for (int i = 0; i < PATIENCE_MS; i++) {
		if (condition(t))
			return true;
		rest();
	}
	return false;
}

/* ---- sync ---- */

static void test_many_commits_are_synced_though_nobody_asks(void **state)
{
	struct temp *t = *state;

	add(t, 0, 1); /* who begins a log syncs its header */
	fault_after(FAULT_SYNC, 0, false, false);
	add(t, 1, FEW);
	assert_false(synced_something(t));
	add(t, 1 + FEW, MANY);
	assert_true(comes_true(t, synced_something));
}

static void test_what_is_synced_is_not_synced_again(void **state)
{
	struct temp *t = *state;

	add(t, 0, FEW);
	temp_ok(t, store_sync(t->store, &t->why));
	fault_after(FAULT_SYNC, 0, false, false);
	temp_ok(t, store_sync(t->store, &t->why));
	assert_int_equal(fault_clear(FAULT_SYNC), 0);
	add(t, FEW, 1);
	temp_ok(t, store_sync(t->store, &t->why));
	assert_int_equal(fault_clear(FAULT_SYNC), 1);
}

static void test_a_sync_that_fails_unasked_stops_all_that_write(void **state)
{
	struct temp *t = *state;
	struct entry e;

	add(t, 0, FEW);
	fault_after(FAULT_SYNC, 1, true, false);
	for (int i = FEW; i < FEW + MANY; i++)
		if (try_folder(t, i) < 0)
			break;
	assert_true(comes_true(t, is_poisoned));
	/* Nor is a sync believed that would say yes. */
	assert_true(store_sync(t->store, &t->why) < 0);
	temp_fails(t, store_writable(t->store, &t->why), -EROFS,
		   "the disk has failed");
	(void)fault_clear(FAULT_SYNC);
	temp_ok(t, store_writable(t->store, &t->why));
	temp_ok(t, try_folder(t, 2000));
	temp_ok(t, store_sync(t->store, &t->why));
	temp_reopen(t);
	for (int i = 0; i < FEW; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "folder %d", i);
		temp_ok(t, tree_lookup(t->reader.db, MOMENT_NOW, TREE_ROOT,
				       name, &e, &t->why));
	}
}

/* ---- the length of the file ---- */

static void copy_file(const struct temp *t, const char *end)
{
	char from[128], to[128];
	struct stat st;
	int in, out;

	(void)snprintf(from, sizeof(from), "%s%s", t->path, end);
	(void)snprintf(to, sizeof(to), "%s.copy%s", t->path, end);
	in = open(from, O_RDONLY | O_CLOEXEC);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(in >= 0 && out >= 0);
	assert_int_equal(fstat(in, &st), 0);
	assert_int_equal(sendfile(out, in, NULL, (size_t)st.st_size),
			 st.st_size);
	(void)close(in);
	(void)close(out);
}

/* What somebody finds there who comes after the process has died. */
static int64_t newest_of_copy(struct temp *t)
{
	const struct store_options options = {.env = &t->env};
	DROP(store_close_p) struct store *store = NULL;
	DROP(store_put) struct reader reader = {0};
	char path[128];
	int64_t id = 0;

	copy_file(t, "");
	copy_file(t, "-wal");
	(void)snprintf(path, sizeof(path), "%s.copy", t->path);
	temp_ok(t, store_open(path, &options, &store, &t->why));
	temp_ok(t, store_read(store, &reader, &t->why));
	temp_ok(t, moment_newest(reader.db, &id, &t->why));
	return id;
}

static void test_at_rest_the_file_of_the_log_is_made_longer(void **state)
{
	struct temp *t = *state;

	add(t, 0, MANY);
	assert_true(comes_true(t, is_long));
	/* What is added now lies before its end, and is found there. */
	add(t, MANY, FEW);
	temp_ok(t, store_sync(t->store, &t->why));
	assert_int_equal(newest_of_copy(t), MANY + FEW);
}

static void
test_it_is_made_longer_while_somebody_writes_without_a_pause(void **state)
{
	struct temp *t = *state;
	int count = 0;

	do
		add(t, count++, 1);
	while (count < 700 && log_size(t) < log_bytes(t) + (128 << 10));
	assert_true(count < 700);
}

static void test_a_file_that_was_longer_goes_with_the_store(void **state)
{
	struct temp *t = *state;

	add(t, 0, MANY);
	assert_true(comes_true(t, is_long));
	store_put(&t->reader);
	store_close(t->store);
	t->store = NULL;
	assert_int_equal(log_size(t), -1);
}

static void test_a_log_that_hardly_grew_is_left_as_it_is(void **state)
{
	struct temp *t = *state;

	add(t, 0, FEW);
	for (int i = 0; i < 300; i++)
		rest();
	assert_true(log_size(t) < 1 << 20);
}

static int install(void **state)
{
	(void)state;
	fault_install();
	return 0;
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_many_commits_are_synced_though_nobody_asks),
		TEST(test_what_is_synced_is_not_synced_again),
		TEST(test_a_sync_that_fails_unasked_stops_all_that_write),
		TEST(test_at_rest_the_file_of_the_log_is_made_longer),
		TEST(test_it_is_made_longer_while_somebody_writes_without_a_pause),
		TEST(test_a_file_that_was_longer_goes_with_the_store),
		TEST(test_a_log_that_hardly_grew_is_left_as_it_is),
	};

	return cmocka_run_group_tests_name("store sync", tests, install, NULL);
}
