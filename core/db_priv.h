/*
 * db_priv - what the files of db share.
 */
#ifndef CORE_DB_PRIV_H
#define CORE_DB_PRIV_H

#include "core/db.h"

#include <stdatomic.h>

struct sqlite3;

/* The statements of transactions: prepared once, like all others. */
enum txn_word { TXN_BEGIN, TXN_READ, TXN_COMMIT, TXN_ROLLBACK, TXN_WORDS };

struct db {
	struct sqlite3 *sql;
	struct keyring *keys; /* borrowed */
	struct {
		void *thing;
		void (*done)(void *thing);
	} kept[TXN_KINDS]; /* txn_keep() */
	bool in_txn;
	bool in_read;
	/* See db_hold(); NULL: each query is a transaction of its own. */
	const _Atomic(uint64_t) *generation;
	uint64_t seen;	   /* what it was when the transaction began */
	bool held;	   /* that transaction is open */
	int users;	   /* queries in use, and db_read_begin() */
	atomic_bool busy;  /* there are users, or it is put to rest */
	atomic_bool tired; /* to be put to rest as soon as it is not busy */
	struct sqlite3_stmt *words[TXN_WORDS];
	int64_t log_pages; /* of the write-ahead log, after the last commit */
	struct sqlite3_stmt *st[STMT_COUNT];
};

/* SQLite result code -> the errno a file-system caller understands. @sql may
 * be NULL. */
int db_errno(struct sqlite3 *sql, int rc);
/* The reason that SQLite gives for @rc, with what was being done. */
int db_fail(struct db *db, int rc, const char *doing, struct why *why);
/* Before the first query, and after the last: see to it that what is newest is
 * seen; db_hold(). */
void db_use(struct db *db);
void db_unuse(struct db *db);
/* The layer that writes a commit at once, as SQLite knows it; NULL: its own.
 * See db_gather.c. */
const char *db_layer(void);
/* Before the first connection: bound what all of them keep in memory. */
void db_limit_memory(void);
/* After the last query: give back what is more than there is room for. */
void db_spare_memory(struct db *db);
/* Keep db_log_pages() up to date. */
void db_watch_log(struct db *db);

#endif
