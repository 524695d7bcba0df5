/*
 * What the test of the plans asks of db: the statements themselves.
 */
#include "core/db_priv.h"

#include "core/buf.h"
#include "core/why.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

const char *db_stmt_name(enum stmt id)
{
	return id < STMT_COUNT ? stmt_text[id].name : NULL;
}

const char *db_stmt_flags(enum stmt id)
{
	return stmt_text[id].flags;
}

int db_stmt_plan(struct db *db, enum stmt id, struct buf *out, struct why *why)
{
	sqlite3_stmt *st = NULL;
	const char *tail = NULL;
	char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", stmt_text[id].sql);
	int rc = sql ? sqlite3_prepare_v2(db->sql, sql, -1, &st, &tail)
		     : SQLITE_NOMEM;
	int r = 0;

	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		buf_text(out, (const char *)sqlite3_column_text(st, 3));
		buf_byte(out, '\n');
		rc = SQLITE_OK;
	}
	if (rc != SQLITE_DONE)
		r = db_fail(db, rc, stmt_text[id].name, why);
	else if (tail && strspn(tail, " \n\t;") != strlen(tail))
		r = why_set(why, -EINVAL, "%s is more than one statement",
			    stmt_text[id].name);
	(void)sqlite3_finalize(st);
	sqlite3_free(sql);
	return r;
}
