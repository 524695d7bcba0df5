/* The layer that writes commits at once, under a cache of a few pages: what is
 * gathered is read back, written over, rolled back, and seen by others. */
#include "tests/unit/temp_store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 400, ROW_LEN = 700, ROUNDS = 40, STEPS = 300 };

struct model {
	const struct temp *t;
	sqlite3 *ours, *other; /* through the layer, and without it */
	unsigned seed;
	int value[ROWS]; /* 0: no row */
};

static void run(sqlite3 *db, const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
}

__attribute__((format(printf, 2, 3))) static int64_t ask(sqlite3 *db,
							 const char *fmt, ...)
{
	sqlite3_stmt *st;
	int64_t value;
	va_list ap;
	char *sql;

	va_start(ap, fmt);
	sql = sqlite3_vmprintf(fmt, ap);
	va_end(ap);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	value = sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int64(st, 0)
					       : 0;
	assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
	sqlite3_free(sql);
	return value;
}

/* Write one row, and read another. */
static void step(struct model *m, int *value)
{
	char sql[200];
	int i = rand_r(&m->seed) % ROWS, k = rand_r(&m->seed) % ROWS;

	value[i] = 1 + rand_r(&m->seed) % 1000;
	(void)snprintf(sql, sizeof(sql),
		       "INSERT OR REPLACE INTO t VALUES (%d, %d,"
		       " randomblob(%d))",
		       i, value[i], ROW_LEN);
	run(m->ours, sql);
	assert_int_equal(ask(m->ours, "SELECT value FROM t WHERE id = %d", k),
			 value[k]);
}

static int64_t sum(const int *value)
{
	int64_t total = 0;

	for (int i = 0; i < ROWS; i++)
		total += value[i];
	return total;
}

static void copy_file(const char *from, const char *to)
{
	char bytes[4096];
	FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	size_t len;

	assert_true(in && out);
	while ((len = fread(bytes, 1, sizeof(bytes), in)) > 0)
		assert_int_equal(fwrite(bytes, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
	(void)fclose(in);
}

static sqlite3 *open_through(const char *path, const char *layer)
{
	sqlite3 *db;

	assert_int_equal(
		sqlite3_open_v2(path, &db,
				SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
				layer),
		SQLITE_OK);
	return db;
}

/* What would be there if the process died now. */
static void check_after_death(const struct model *m)
{
	char from[128], to[128];
	sqlite3 *db;

	(void)snprintf(from, sizeof(from), "%s/plain", m->t->dir);
	(void)snprintf(to, sizeof(to), "%s/dead", m->t->dir);
	copy_file(from, to);
	(void)snprintf(from, sizeof(from), "%s/plain-wal", m->t->dir);
	(void)snprintf(to, sizeof(to), "%s/dead-wal", m->t->dir);
	copy_file(from, to);
	(void)snprintf(to, sizeof(to), "%s/dead", m->t->dir);
	db = open_through(to, NULL);
	assert_int_equal(ask(db, "SELECT total(value) FROM t"), sum(m->value));
	sqlite3_close(db);
}

/* A transaction, of which a part may be taken back, or all. */
static void round_of(struct model *m)
{
	int now[ROWS], kept[ROWS], n = rand_r(&m->seed) % STEPS;

	memcpy(now, m->value, sizeof(now));
	run(m->ours, "BEGIN IMMEDIATE");
	for (int i = 0; i < n; i++)
		step(m, now);
	if (rand_r(&m->seed) % 2) {
		memcpy(kept, now, sizeof(kept));
		run(m->ours, "SAVEPOINT part");
		for (int i = 0; i < n; i++)
			step(m, now);
		run(m->ours, "ROLLBACK TO part");
		memcpy(now, kept, sizeof(now));
		for (int i = 0; i < n; i++)
			step(m, now);
	}
	assert_int_equal(ask(m->other, "SELECT total(value) FROM t"),
			 sum(m->value));
	if (rand_r(&m->seed) % 4 == 0) {
		run(m->ours, "ROLLBACK");
	} else {
		run(m->ours, "COMMIT");
		memcpy(m->value, now, sizeof(now));
	}
	assert_int_equal(ask(m->other, "SELECT total(value) FROM t"),
			 sum(m->value));
	if (rand_r(&m->seed) % 3 == 0)
		check_after_death(m);
	if (rand_r(&m->seed) % 5 == 0)
		(void)ask(m->other, "PRAGMA wal_checkpoint(PASSIVE)");
}

static void test_random_transactions_are_what_they_were(void **state)
{
	struct temp *t = *state;
	char path[128];
	struct model m = {.t = t, .seed = 5};

	(void)snprintf(path, sizeof(path), "%s/plain", t->dir);
	m.ours = open_through(path, "repofs");
	run(m.ours, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
		    "PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = 5;"
		    "CREATE TABLE t (id INTEGER PRIMARY KEY, value, bytes)");
	m.other = open_through(path, NULL);
	for (int i = 0; i < ROUNDS; i++)
		round_of(&m);
	assert_int_equal(ask(m.other, "SELECT count(*) FROM"
				      " pragma_integrity_check"
				      " WHERE integrity_check = 'ok'"),
			 1);
	sqlite3_close(m.ours);
	assert_int_equal(ask(m.other, "SELECT total(value) FROM t"),
			 sum(m.value));
	sqlite3_close(m.other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_random_transactions_are_what_they_were, temp_setup,
			temp_teardown),
	};

	return cmocka_run_group_tests_name("db gather", tests, NULL, NULL);
}
