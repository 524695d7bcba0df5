/*
 * db_priv - what the files of db share.
 */
#ifndef CORE_DB_PRIV_H
#define CORE_DB_PRIV_H

#include "core/db.h"

struct sqlite3;

struct db {
	struct sqlite3 *sql;
	bool in_txn;
	bool in_read;
	int64_t log_pages; /* of the write-ahead log, after the last commit */
	struct sqlite3_stmt *st[STMT_COUNT];
};

/* SQLite result code -> the errno a file-system caller understands. @sql may
 * be NULL. */
int db_errno(struct sqlite3 *sql, int rc);
/* The reason that SQLite gives for @rc, with what was being done. */
int db_fail(struct db *db, int rc, const char *doing, struct why *why);
/* The layer that writes a commit at once, as SQLite knows it; NULL: its own.
 * See db_gather.c. */
const char *db_layer(void);
/* Keep db_log_pages() up to date. */
void db_watch_log(struct db *db);

#endif
