/*
 * Queries: statements by their names, what is bound to them, and what they
 * yield.
 */
#define WANT_STMT_TEXT
#include "core/db_priv.h"

#include "core/why.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <string.h>

struct q q_open(struct db *db, enum stmt id)
{
	struct q q = {.db = db};

	db_use(db);
	if (!db->st[id])
		q.err = sqlite3_prepare_v3(db->sql, stmt_text[id].sql, -1,
					   SQLITE_PREPARE_PERSISTENT,
					   &db->st[id], NULL);
	q.st = db->st[id];
	assert(!q.st || !sqlite3_stmt_busy(q.st)); /* not reentrant */
	if (!q.st)
		db_unuse(db);
	return q;
}

void q_close(struct q *q)
{
	if (!q->st)
		return;
	(void)sqlite3_reset(q->st); /* its error was reported by q_step() */
	(void)sqlite3_clear_bindings(q->st);
	q->st = NULL;
	db_unuse(q->db);
}

void q_i64(struct q *q, int slot, int64_t v)
{
	if (!q->err)
		q->err = sqlite3_bind_int64(q->st, slot, v);
}

void q_id(struct q *q, int slot, int64_t id)
{
	if (id)
		q_i64(q, slot, id);
	else
		q_null(q, slot);
}

void q_text(struct q *q, int slot, const char *v)
{
	if (!q->err)
		q->err = sqlite3_bind_text(q->st, slot, v, -1, SQLITE_STATIC);
}

void q_textn(struct q *q, int slot, const char *v, size_t len)
{
	if (!q->err)
		q->err = sqlite3_bind_text64(q->st, slot, v, len, SQLITE_STATIC,
					     SQLITE_UTF8);
}

void q_blob(struct q *q, int slot, const void *v, size_t len)
{
	if (q->err)
		return;
	if (len)
		q->err =
			sqlite3_bind_blob64(q->st, slot, v, len, SQLITE_STATIC);
	else
		q->err = sqlite3_bind_zeroblob(q->st, slot, 0);
}

void q_null(struct q *q, int slot)
{
	if (!q->err)
		q->err = sqlite3_bind_null(q->st, slot);
}

int q_step(struct q *q, struct why *why)
{
	int rc = q->err ? q->err : sqlite3_step(q->st);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	q->err = rc;
	return db_fail(q->db, rc, "database", why);
}

int q_run(struct q *q, struct why *why)
{
	int r = q_step(q, why);

	assert(r <= 0); /* a statement without rows */
	return r;
}

int q_find(struct q *q, int64_t *ret, struct why *why)
{
	int r = q_step(q, why);

	if (r > 0)
		*ret = q_col_i64(q, 0);
	return r;
}

int q_next(struct q *q, int64_t *last, struct why *why)
{
	int64_t before = *last;
	int r = q_find(q, last, why);

	if (r > 0 && *last <= before)
		return why_set(why, -EBADMSG,
			       "database: %" PRId64 " comes after %" PRId64
			       ": an index is damaged",
			       *last, before);
	return r;
}

int q_next_text(struct q *q, const char *last, struct why *why)
{
	int r = q_step(q, why);

	if (r > 0 && (q_is_null(q, 0) || strcmp(q_col_text(q, 0), last) <= 0))
		return why_set(why, -EBADMSG,
			       "database: an index is damaged after '%s'",
			       last);
	return r;
}

int64_t q_col_i64(const struct q *q, int col)
{
	return sqlite3_column_int64(q->st, col);
}

const char *q_col_text(const struct q *q, int col)
{
	return (const char *)sqlite3_column_text(q->st, col);
}

const void *q_col_blob(const struct q *q, int col)
{
	return sqlite3_column_blob(q->st, col);
}

size_t q_col_len(const struct q *q, int col)
{
	return (size_t)sqlite3_column_bytes(q->st, col);
}

bool q_is_null(const struct q *q, int col)
{
	return sqlite3_column_type(q->st, col) == SQLITE_NULL;
}
