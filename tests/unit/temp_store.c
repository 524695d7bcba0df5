#include "tests/unit/temp_store.h"

#include "core/blob.h"
#include "core/revision.h"

#include <fts.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct who who = {
	.uid = 1000,
	.gid = 1000,
	.pid = 42,
	.program = "test",
};

static int64_t temp_clock(void *arg)
{
	const struct temp *t = arg;

	return t->now_ns;
}

static int temp_random(void *arg, void *bytes, size_t len)
{
	(void)arg;
	memset(bytes, 7, len);
	return 0;
}

static void temp_open(struct temp *t)
{
	const struct store_options options = {
		.env = &t->env,
		.holder = "in a test",
	};

	temp_ok(t, store_open(t->path, &options, &t->store, &t->why));
	temp_ok(t, store_read(t->store, &t->reader, &t->why));
}

int temp_setup(void **state)
{
	struct temp *t = calloc(1, sizeof(*t));
	const char *base = secure_getenv("TMPDIR");

	assert_non_null(t);
	(void)snprintf(t->dir, sizeof(t->dir), "%.40s/repofs-XXXXXX",
		       base ? base : "/tmp");
	assert_non_null(mkdtemp(t->dir));
	(void)snprintf(t->path, sizeof(t->path), "%s/repo", t->dir);
	t->now_ns = TEMP_NOW;
	t->env = (struct env){temp_clock, temp_random, t};
	temp_ok(t, store_create(t->path, &t->env, 0755, 1000, 1000, &t->why));
	temp_open(t);
	*state = t;
	return 0;
}

/* The directory and all in it. */
static void remove_all(char *dir)
{
	char *const roots[] = {dir, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL, NULL);
	const FTSENT *entry;

	while (fts && (entry = fts_read(fts)))
		if (entry->fts_info != FTS_D)
			(void)remove(entry->fts_accpath);
	if (fts)
		(void)fts_close(fts);
}

int temp_teardown(void **state)
{
	struct temp *t = *state;

	if (!t)
		return 0;
	moment_end(&t->m);
	store_put(&t->reader);
	store_close(t->store);
	remove_all(t->dir);
	free(t);
	return 0;
}

void temp_reopen(struct temp *t)
{
	moment_end(&t->m);
	store_put(&t->reader);
	store_close(t->store);
	t->store = NULL;
	temp_open(t);
}

void temp_check(struct temp *t, int r, const char *what, const char *file,
		int line)
{
	if (r < 0) {
		print_error("%s: %d, %s\n", what, r, t->why.text);
		_fail(file, line);
	}
}

void temp_fails(struct temp *t, int r, int code, const char *text)
{
	assert_int_equal(r, code);
	assert_int_equal(t->why.code, code);
	if (!strstr(t->why.text, text))
		fail_msg("'%s' does not say '%s'", t->why.text, text);
}

struct moment *temp_begin(struct temp *t)
{
	moment_end(&t->m); /* the notes of the one before */
	temp_ok(t, moment_begin(t->store, &who, &t->m, &t->why));
	return &t->m;
}

void temp_commit(struct temp *t)
{
	temp_ok(t, moment_commit(&t->m, &t->why));
}

int64_t temp_newest(struct temp *t)
{
	int64_t id;

	temp_ok(t, moment_newest(t->reader.db, &id, &t->why));
	return id;
}

int64_t temp_content(struct temp *t, const char *text)
{
	int64_t id;

	temp_ok(t, blob_put(t->m.db, text, strlen(text), 0, &id, &t->why));
	return id;
}

static struct attr temp_attr(const struct temp *t, mode_t mode)
{
	return (struct attr){
		.mode = mode,
		.uid = 1000,
		.gid = 1000,
		.mtime_ns = t->now_ns,
	};
}

int64_t temp_folder(struct temp *t, int64_t parent, const char *name)
{
	const struct attr attr = temp_attr(t, 0755);
	int64_t id;

	temp_ok(t, tree_add_folder(temp_begin(t), parent, name, &attr, &id,
				   &t->why));
	temp_commit(t);
	return id;
}

int64_t temp_item(struct temp *t, int64_t parent, const char *name,
		  const char *text)
{
	const struct attr attr = temp_attr(t, 0644);
	int64_t id, content;

	temp_begin(t);
	content = temp_content(t, text);
	temp_ok(t,
		tree_add_item(&t->m, parent, name,
			      &(struct new_item){.content = content,
						 .size = (int64_t)strlen(text),
						 .attr = attr},
			      &id, &t->why));
	temp_commit(t);
	return id;
}

void temp_save(struct temp *t, int64_t item, const char *text)
{
	const struct attr attr = temp_attr(t, 0644);
	int64_t content;

	temp_begin(t);
	content = temp_content(t, text);
	temp_ok(t, tree_save(&t->m, item, content, 0, (int64_t)strlen(text),
			     &attr, &t->why));
	temp_commit(t);
}

void temp_remove(struct temp *t, int64_t item)
{
	temp_ok(t, tree_remove(temp_begin(t), item, &t->why));
	temp_commit(t);
}

void temp_move(struct temp *t, int64_t item, int64_t parent, const char *name)
{
	temp_ok(t, tree_move(temp_begin(t), item, parent, name, &t->why));
	temp_commit(t);
}

void temp_snapshot(struct temp *t)
{
	int64_t id;

	temp_ok(t, snapshot_create(temp_begin(t), TREE_ROOT, NULL, "", &id,
				   &t->why));
	temp_commit(t);
}

void temp_sql(struct temp *t, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(t->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	/* Readers look anew after a commit of our own only. */
	temp_begin(t);
	temp_commit(t);
}

int64_t temp_ask(struct temp *t, const char *fmt, ...)
{
	sqlite3_stmt *st;
	sqlite3 *db;
	int64_t value;
	char sql[500];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(sql, sizeof(sql), fmt, ap);
	va_end(ap);
	assert_int_equal(sqlite3_open(t->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	value = sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int64(st, 0)
					       : -1;
	sqlite3_finalize(st);
	sqlite3_close(db);
	return value;
}
