/* The one module that speaks SQLite: opening, queries, transactions, the log.
 * The statements are those of the engine; which ones does not matter. */
#include "tests/unit/test.h"

#include "core/db.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct files {
	char dir[64];
	char path[80];
	struct why why;
};

static int set_up(void **state)
{
	struct files *f = calloc(1, sizeof(*f));
	const char *base = getenv("TMPDIR");

	assert_non_null(f);
	(void)snprintf(f->dir, sizeof(f->dir), "%.40s/repofs-db-XXXXXX",
		       base ? base : "/tmp");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/a.repo", f->dir);
	*state = f;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	struct files *f = *state;

	(void)nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

static struct db *open_as(struct files *f, enum db_mode mode)
{
	struct db *db = NULL;

	assert_done(db_open(f->path, mode, &db, &f->why), &f->why);
	return db;
}

static int add_moment(struct db *db, int64_t id, const char *program,
		      struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_MOMENT_ADD);

	q_i64(&q, 1, id);
	q_i64(&q, 2, id * 1000);
	q_i64(&q, 3, 0);
	q_i64(&q, 4, 1);
	q_text(&q, 5, program);
	q_null(&q, 6);
	return q_run(&q, why);
}

static int64_t newest_moment(struct db *db)
{
	DROP(q_close) struct q q = q_open(db, STMT_MOMENT_NEWEST);
	struct why why = {0};
	int r = q_step(&q, &why);

	if (r < 0)
		fail_msg("%s", why.text);
	return r ? q_col_i64(&q, 0) : 0;
}

static void commit_moment(struct db *db, int64_t id)
{
	DROP(txn_end) struct txn tx = {0};
	struct why why = {0};

	assert_done(txn_begin(&tx, db, &why), &why);
	assert_done(add_moment(db, id, "test", &why), &why);
	assert_done(txn_commit(&tx, &why), &why);
}

/* ---- opening ---- */

static void test_what_is_created_can_be_opened(void **state)
{
	struct files *f = *state;
	struct db *db = open_as(f, DB_CREATE);

	commit_moment(db, 7);
	db_close(db);
	db = open_as(f, DB_WRITE);
	assert_int_equal(newest_moment(db), 7);
	db_close(db);
	db = open_as(f, DB_READ);
	assert_int_equal(newest_moment(db), 7);
	db_close(db);
}

static void test_create_leaves_what_is_there_alone(void **state)
{
	struct files *f = *state;
	struct db *db = NULL;
	struct stat st;
	FILE *file = fopen(f->path, "w");

	assert_non_null(file);
	assert_true(fputs("mine", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_refused(db_open(f->path, DB_CREATE, &db, &f->why), -EEXIST,
		       &f->why, f->path);
	assert_null(db);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_size, 4);
}

static void test_a_creation_that_fails_leaves_no_file(void **state)
{
	struct files *f = *state;
	struct db *db = NULL;
	char wal[100];

	(void)snprintf(wal, sizeof(wal), "%s-wal", f->path);
	assert_int_equal(mkdir(wal, 0755), 0); /* SQLite needs that name */
	assert_true(db_open(f->path, DB_CREATE, &db, &f->why) < 0);
	assert_null(db);
	assert_int_equal(access(f->path, F_OK), -1);
}

static void test_a_file_that_is_not_there_is_absent(void **state)
{
	struct files *f = *state;
	struct db *db = NULL;

	assert_refused(db_open(f->path, DB_WRITE, &db, &f->why), -ENOENT,
		       &f->why, f->path);
	assert_refused(db_open(f->path, DB_READ, &db, &f->why), -ENOENT,
		       &f->why, f->path);
	assert_null(db);
	assert_int_equal(access(f->path, F_OK), -1);
}

static void test_another_file_is_not_a_repository(void **state)
{
	static const char junk[] = "this is no database, but long enough to be "
				   "taken for one at first sight";
	struct files *f = *state;
	FILE *file = fopen(f->path, "w");

	assert_non_null(file);
	for (int i = 0; i < 200; i++)
		assert_true(fputs(junk, file) >= 0);
	assert_int_equal(fclose(file), 0);
	for (enum db_mode mode = DB_WRITE; mode <= DB_READ; mode++) {
		struct db *db = NULL;

		assert_refused(db_open(f->path, mode, &db, &f->why), -EBADMSG,
			       &f->why, "is not a repository");
		assert_null(db);
	}
}

static void test_an_empty_file_is_not_a_repository(void **state)
{
	struct files *f = *state;
	struct db *db = NULL;
	FILE *file = fopen(f->path, "w");

	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_refused(db_open(f->path, DB_WRITE, &db, &f->why), -EBADMSG,
		       &f->why, "is not a repository");
	assert_null(db);
}

/* Write a big-endian number into the header of the file. */
static void poke_header(const char *path, off_t at, uint32_t value)
{
	const unsigned char bytes[] = {
		(unsigned char)(value >> 24), (unsigned char)(value >> 16),
		(unsigned char)(value >> 8), (unsigned char)value};
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, sizeof(bytes), at), sizeof(bytes));
	assert_int_equal(close(fd), 0);
}

enum { USER_VERSION_AT = 60, APPLICATION_ID_AT = 68 };

static void test_a_newer_schema_is_refused(void **state)
{
	struct files *f = *state;
	struct db *db = open_as(f, DB_CREATE);

	db_close(db);
	poke_header(f->path, USER_VERSION_AT, 1000);
	for (enum db_mode mode = DB_WRITE; mode <= DB_READ; mode++) {
		db = NULL;
		assert_refused(db_open(f->path, mode, &db, &f->why), -EBADMSG,
			       &f->why, "newer repofs");
		assert_null(db);
	}
}

static void test_a_database_of_somebody_else_is_refused(void **state)
{
	struct files *f = *state;
	struct db *db = open_as(f, DB_CREATE);

	db_close(db);
	poke_header(f->path, APPLICATION_ID_AT, 0x12345678);
	db = NULL;
	assert_refused(db_open(f->path, DB_WRITE, &db, &f->why), -EBADMSG,
		       &f->why, "is not a repository");
	assert_null(db);
}

/* ---- queries ---- */

static int64_t add_content(struct db *db, const char *sha, const void *bytes,
			   size_t len)
{
	DROP(q_close) struct q q = q_open(db, STMT_CONTENT_ADD);
	struct why why = {0};

	q_blob(&q, 1, sha, strlen(sha));
	q_i64(&q, 2, (int64_t)len);
	q_null(&q, 3);
	q_blob(&q, 4, bytes, len);
	if (q_step(&q, &why) != 1)
		fail_msg("%s", why.text);
	return q_col_i64(&q, 0);
}

static void test_values_come_back_as_they_were(void **state)
{
	struct files *f = *state;
	DROP(db_close_p) struct db *db = open_as(f, DB_CREATE);
	int64_t id = add_content(db, "sha", "a\0b", 3);
	DROP(q_close) struct q q = q_open(db, STMT_CONTENT_GET);

	q_i64(&q, 1, id);
	assert_int_equal(q_step(&q, &f->why), 1);
	assert_int_equal(q_col_i64(&q, 0), 3);
	assert_true(q_is_null(&q, 1));
	assert_int_equal(q_col_i64(&q, 1), 0);
	assert_false(q_is_null(&q, 2));
	assert_int_equal(q_col_len(&q, 2), 3);
	assert_memory_equal(q_col_blob(&q, 2), "a\0b", 3);
	assert_int_equal(q_step(&q, &f->why), 0);
}

static void test_an_empty_blob_is_not_null(void **state)
{
	struct files *f = *state;
	DROP(db_close_p) struct db *db = open_as(f, DB_CREATE);
	int64_t id = add_content(db, "sha", "", 0);
	DROP(q_close) struct q q = q_open(db, STMT_CONTENT_GET);

	q_i64(&q, 1, id);
	assert_int_equal(q_step(&q, &f->why), 1);
	assert_false(q_is_null(&q, 2));
	assert_int_equal(q_col_len(&q, 2), 0);
}

static void test_text_may_have_a_length(void **state)
{
	struct files *f = *state;
	DROP(db_close_p) struct db *db = open_as(f, DB_CREATE);
	DROP(q_close) struct q get = {0};

	{
		DROP(q_close) struct q q = q_open(db, STMT_MOMENT_ADD);

		for (int slot = 1; slot <= 4; slot++)
			q_i64(&q, slot, INT64_MAX);
		q_textn(&q, 5, "program and more", 7);
		q_id(&q, 6, 0);
		assert_done(q_run(&q, &f->why), &f->why);
		assert_int_equal(db_changes(db), 1);
	}
	get = q_open(db, STMT_MOMENT_GET);
	q_i64(&get, 1, INT64_MAX);
	assert_int_equal(q_step(&get, &f->why), 1);
	assert_true(q_col_i64(&get, 0) == INT64_MAX);
	assert_string_equal(q_col_text(&get, 3), "program");
	assert_true(q_is_null(&get, 4));
}

static void test_a_statement_can_be_used_again(void **state)
{
	struct files *f = *state;
	DROP(db_close_p) struct db *db = open_as(f, DB_CREATE);

	for (int64_t id = 1; id <= 100; id++)
		assert_done(add_moment(db, id, "test", &f->why), &f->why);
	assert_int_equal(newest_moment(db), 100);
}

static void test_a_forgotten_value_is_null_not_the_last_one(void **state)
{
	struct files *f = *state;
	DROP(db_close_p) struct db *db = open_as(f, DB_CREATE);
	DROP(q_close) struct q q = {0};

	assert_done(add_moment(db, 1, "test", &f->why), &f->why);
	q = q_open(db, STMT_MOMENT_GET);
	assert_int_equal(q_step(&q, &f->why), 0);
}

static void test_a_bad_slot_surfaces_at_the_step(void **state)
{
	struct files *f = *state;
	DROP(db_close_p) struct db *db = open_as(f, DB_CREATE);
	DROP(q_close) struct q q = q_open(db, STMT_MOMENT_GET);

	q_i64(&q, 99, 1);
	q_i64(&q, 1, 1);
	assert_int_equal(q_step(&q, &f->why), -EIO);
}

static void test_a_taken_key_is_eexist(void **state)
{
	struct files *f = *state;
	DROP(db_close_p) struct db *db = open_as(f, DB_CREATE);

	assert_done(add_moment(db, 1, "test", &f->why), &f->why);
	assert_refused(add_moment(db, 1, "test", &f->why), -EEXIST, &f->why,
		       "moment.id");
	assert_done(add_moment(db, 2, "test", &f->why), &f->why);
}

static int die_of_reentry(struct db *db)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct q outer = q_open(db, STMT_MOMENT_NEWEST);

		(void)close(STDERR_FILENO); /* it complains there */
		(void)q_step(&outer, NULL);
		(void)q_open(db, STMT_MOMENT_NEWEST);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_a_statement_in_use_cannot_be_taken_twice(void **state)
{
	struct files *f = *state;
	DROP(db_close_p) struct db *db = open_as(f, DB_CREATE);

	assert_done(add_moment(db, 1, "test", &f->why), &f->why);
	assert_int_equal(die_of_reentry(db), SIGABRT);
}

/* ---- transactions ---- */

static void test_what_is_not_committed_is_undone(void **state)
{
	struct files *f = *state;
	DROP(db_close_p) struct db *db = open_as(f, DB_CREATE);

	commit_moment(db, 1);
	{
		DROP(txn_end) struct txn tx = {0};

		assert_done(txn_begin(&tx, db, &f->why), &f->why);
		assert_done(add_moment(db, 2, "test", &f->why), &f->why);
		assert_int_equal(newest_moment(db), 2);
	}
	assert_int_equal(newest_moment(db), 1);
	commit_moment(db, 3);
	assert_int_equal(newest_moment(db), 3);
}

static void test_a_second_writer_is_told_to_wait(void **state)
{
	struct files *f = *state;
	DROP(db_close_p) struct db *a = open_as(f, DB_CREATE);
	DROP(db_close_p) struct db *b = open_as(f, DB_WRITE);
	DROP(txn_end) struct txn held = {0};
	DROP(txn_end) struct txn tx = {0};

	assert_done(txn_begin(&held, a, &f->why), &f->why);
	assert_refused(txn_begin(&tx, b, &f->why), -EBUSY, &f->why, "locked");
	txn_end(&held);
	assert_done(txn_begin(&tx, b, &f->why), &f->why);
}

static void test_a_reader_sees_one_state_until_it_ends(void **state)
{
	struct files *f = *state;
	DROP(db_close_p) struct db *writer = open_as(f, DB_CREATE);
	DROP(db_close_p) struct db *reader = open_as(f, DB_READ);

	commit_moment(writer, 1);
	assert_done(db_read_begin(reader, &f->why), &f->why);
	assert_int_equal(newest_moment(reader), 1);
	commit_moment(writer, 2);
	assert_int_equal(newest_moment(reader), 1);
	db_read_end(reader);
	assert_int_equal(newest_moment(reader), 2);
	db_read_end(reader); /* nothing is open: nothing happens */
	db_read_end(NULL);
}

static void test_a_reader_cannot_write(void **state)
{
	struct files *f = *state;
	DROP(db_close_p) struct db *writer = open_as(f, DB_CREATE);
	DROP(db_close_p) struct db *reader = open_as(f, DB_READ);

	assert_refused(add_moment(reader, 1, "test", &f->why), -EROFS, &f->why,
		       "readonly");
	assert_int_equal(newest_moment(writer), 0);
}

static void test_what_was_committed_survives_a_kill(void **state)
{
	struct files *f = *state;
	DROP(db_close_p) struct db *db = NULL;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		db = open_as(f, DB_CREATE);
		commit_moment(db, 1);
		(void)add_moment(db, 2, "kept: it is a commit", NULL);
		(void)kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	db = open_as(f, DB_WRITE);
	assert_int_equal(newest_moment(db), 2);
}

/* ---- the log ---- */

static off_t size_of(const char *path, const char *suffix)
{
	char name[120];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) == 0 ? st.st_size : -1;
}

static void test_the_log_grows_until_it_is_emptied(void **state)
{
	struct files *f = *state;
	DROP(db_close_p) struct db *db = open_as(f, DB_CREATE);
	int64_t left = -1;

	for (int64_t id = 1; id <= 2000; id++)
		commit_moment(db, id);
	assert_true(size_of(f->path, "-wal") > 2000 * 4096);
	assert_done(db_sync(db, &f->why), &f->why);
	assert_done(db_checkpoint(db, false, &left, &f->why), &f->why);
	assert_int_equal(left, 0);
	assert_true(size_of(f->path, "-wal") > 0);
	assert_done(db_checkpoint(db, true, &left, &f->why), &f->why);
	assert_int_equal(left, 0);
	assert_int_equal(size_of(f->path, "-wal"), 0);
	assert_int_equal(newest_moment(db), 2000);
}

static void test_a_reader_holds_the_log(void **state)
{
	struct files *f = *state;
	DROP(db_close_p) struct db *writer = open_as(f, DB_CREATE);
	DROP(db_close_p) struct db *reader = open_as(f, DB_READ);
	int64_t left = -1;

	commit_moment(writer, 1);
	assert_done(db_checkpoint(writer, true, &left, &f->why), &f->why);
	commit_moment(writer, 2);
	assert_done(db_read_begin(reader, &f->why), &f->why);
	assert_int_equal(newest_moment(reader), 2);
	commit_moment(writer, 3);
	assert_done(db_checkpoint(writer, false, &left, &f->why), &f->why);
	assert_true(left > 0);
	db_read_end(reader);
	assert_done(db_checkpoint(writer, false, &left, &f->why), &f->why);
	assert_int_equal(left, 0);
}

static void test_a_log_that_is_not_there_needs_no_sync(void **state)
{
	struct files *f = *state;
	DROP(db_close_p) struct db *memory = NULL;
	DROP(db_close_p) struct db *db = open_as(f, DB_CREATE);

	db_close(TAKE(db));
	db = open_as(f, DB_WRITE);
	assert_done(db_sync(db, &f->why), &f->why);
	assert_done(db_open(":memory:", DB_CREATE, &memory, &f->why), &f->why);
	commit_moment(memory, 1);
	assert_done(db_sync(memory, &f->why), &f->why);
}

#define DB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DB_TEST(test_what_is_created_can_be_opened),
		DB_TEST(test_create_leaves_what_is_there_alone),
		DB_TEST(test_a_creation_that_fails_leaves_no_file),
		DB_TEST(test_a_file_that_is_not_there_is_absent),
		DB_TEST(test_another_file_is_not_a_repository),
		DB_TEST(test_an_empty_file_is_not_a_repository),
		DB_TEST(test_a_newer_schema_is_refused),
		DB_TEST(test_a_database_of_somebody_else_is_refused),
		DB_TEST(test_values_come_back_as_they_were),
		DB_TEST(test_an_empty_blob_is_not_null),
		DB_TEST(test_text_may_have_a_length),
		DB_TEST(test_a_statement_can_be_used_again),
		DB_TEST(test_a_forgotten_value_is_null_not_the_last_one),
		DB_TEST(test_a_bad_slot_surfaces_at_the_step),
		DB_TEST(test_a_taken_key_is_eexist),
		DB_TEST(test_a_statement_in_use_cannot_be_taken_twice),
		DB_TEST(test_what_is_not_committed_is_undone),
		DB_TEST(test_a_second_writer_is_told_to_wait),
		DB_TEST(test_a_reader_sees_one_state_until_it_ends),
		DB_TEST(test_a_reader_cannot_write),
		DB_TEST(test_what_was_committed_survives_a_kill),
		DB_TEST(test_the_log_grows_until_it_is_emptied),
		DB_TEST(test_a_reader_holds_the_log),
		DB_TEST(test_a_log_that_is_not_there_needs_no_sync),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
