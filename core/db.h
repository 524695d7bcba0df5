/*
 * db - the only module that speaks SQLite.
 *
 * A statement is named, never written: every SQL text lives in queries*.sql
 * and is known here by its STMT_ constant. Statements are prepared on first
 * use and cached until db_close().
 *
 * Thread-safety: one struct db belongs to one thread at a time. A file may be
 * open several times: one writer and any number of readers.
 */
#ifndef CORE_DB_H
#define CORE_DB_H

#include "core/defer.h"
#include "queries.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct keyring;
struct why;
struct sqlite3_stmt;

enum db_mode {
	DB_CREATE, /* make the file and the schema; -EEXIST: it is there */
	DB_WRITE,  /* bring an older schema up to date */
	DB_READ,
};

/*
 * Open @path; ":memory:" is for tests (DB_CREATE). -EBADMSG: not one of our
 * files, or made by a newer version.
 */
int db_open(const char *path, enum db_mode mode, struct db **ret_db,
	    struct why *why);
void db_close(struct db *db);
DEFINE_DROP(db, db_close);

/* What sealed rows are read and written with: borrowed; NULL: nothing is set.
 * It is only kept here, for core/secret. */
void db_set_keys(struct db *db, struct keyring *keys);
struct keyring *db_keys(const struct db *db);

/* A statement in use. Binding errors stick and surface at the first q_step(),
 * so a caller checks one result per query instead of one per argument. */
struct q {
	struct db *db;
	struct sqlite3_stmt *st;
	int err;
};

/* A statement that is in use already is our own mistake (assert): resetting it
 * would end the other loop unseen. */
struct q q_open(struct db *db, enum stmt id);
void q_close(struct q *q);
void q_i64(struct q *q, int slot, int64_t v);
void q_id(struct q *q, int slot, int64_t id);	   /* 0 binds SQL NULL */
void q_text(struct q *q, int slot, const char *v); /* NULL binds SQL NULL */
void q_textn(struct q *q, int slot, const char *v, size_t len);
void q_blob(struct q *q, int slot, const void *v, size_t len);
void q_null(struct q *q, int slot);

/* Text and blobs that are bound must stay as they are until q_close(). */

/* 1: a row is ready; 0: no more rows; negative errno: failed. */
int q_step(struct q *q, struct why *why);
/* The number that a statement yields at most one of: 1: *ret is it; 0: none, and
 * *ret stays as it was. */
int q_find(struct q *q, int64_t *ret, struct why *why);
/* Step in a walk upwards: the first column, a number, is above *last and becomes
 * it. -EBADMSG if it is not: a damaged index could lead in a circle for ever. */
int q_next(struct q *q, int64_t *last, struct why *why);
/* The same where the first column is text, without setting @last. */
int q_next_text(struct q *q, const char *last, struct why *why);
/* Run a statement that yields no rows. */
int q_run(struct q *q, struct why *why);
int64_t q_col_i64(const struct q *q, int col); /* SQL NULL is 0 */
/* Valid until the next q_step() or q_close(). */
const char *q_col_text(const struct q *q, int col);
const void *q_col_blob(const struct q *q, int col);
size_t q_col_len(const struct q *q, int col); /* bytes of text or blob */
bool q_is_null(const struct q *q, int col);

/* An open write transaction; rolled back unless txn_commit() succeeded. All
 * queries must be closed before either. */
struct txn {
	struct db *db;
};
int txn_begin(struct txn *tx, struct db *db, struct why *why);
int txn_commit(struct txn *tx, struct why *why);
void txn_end(struct txn *tx);
/* Keep @thing until the open transaction of this writer is over, when @done
 * takes it; nothing else has been kept as @kind. NULL: nothing is. */
enum txn_kind { TXN_TEXTS, TXN_FOLDERS, TXN_KINDS };
void txn_keep(struct db *db, enum txn_kind kind, void *thing,
	      void (*done)(void *thing));
void *txn_kept(const struct db *db, enum txn_kind kind);
bool txn_is_open(const struct db *db);

/*
 * Queries of this reader are one transaction for as long as *@generation stays
 * the same, so that most need no lock: a lock is system calls, which cost more
 * than a look-up. Whoever commits to the file counts it up afterwards, so each
 * query still sees the newest commit (those within another one see what that
 * one sees). Only if all that write are in this process.
 */
void db_hold(struct db *db, const _Atomic(uint64_t) *generation);
/* End that transaction until the next query, since it keeps the log from
 * beginning anew. From any thread; now, or when the queries in use are over. */
void db_rest(struct db *db);
/* Is what this reader has seen, and keeps in memory, still so? From any thread. */
bool db_is_current(struct db *db);

/* Several queries that see one state. db_read_end() accepts NULL. */
int db_read_begin(struct db *db, struct why *why);
void db_read_end(struct db *db);

/* The same for whoever may be called within a transaction or outside: it is
 * part of the one that is open, or has one of its own until it ends. A query
 * outside a transaction takes and drops the lock of the file each time. */
struct reading {
	struct db *db; /* NULL: somebody else's transaction */
};
int reading_begin(struct reading *reading, struct db *db, struct why *why);
void reading_end(struct reading *reading); /* accepts {0}; for DROP() */

/* Rows that the last statement changed. */
int64_t db_changes(const struct db *db);

/* Bring the write-ahead log to the disk. -EIO: see store_sync(). Nothing to do
 * in memory. */
int db_sync(struct db *db, struct why *why);

/* The length of the log after the last commit here, in pages. */
int64_t db_log_pages(const struct db *db);

/* How long this connection waits for others at the most; 5 s at first. */
void db_patience(struct db *db, int ms);

/*
 * Copy the log into the file, as far as readers let us; with @truncate wait
 * for them and empty the log. *ret_left: pages that are still only in the log.
 * -EBUSY: @truncate, and somebody reads.
 */
int db_checkpoint(struct db *db, bool truncate, int64_t *ret_left,
		  struct why *why);

/*
 * Write the whole file once more and sync it. After a sync that failed the
 * system believes that what it could not write is written; only what is
 * written again is tried again. Nobody may write or checkpoint meanwhile.
 */
int db_mend(struct db *db, struct why *why);

/* Called now and then with the bytes that are written, of about @total. */
typedef void (*db_copy_fn)(int64_t done, int64_t total, void *arg);

/*
 * Copy all of the file @from as it is now into @to, which is empty or not
 * there, and as small as can be. Others may read and write @from meanwhile.
 * Nothing is synced; no log stays beside @to. @progress may be NULL.
 */
int db_copy(const char *from, const char *to, db_copy_fn progress, void *arg,
	    struct why *why);

/* Text of a statement and what it does to reach its rows, for the test of the
 * plans: one line per step. NULL when @id is beyond the last. */
struct buf;
const char *db_stmt_name(enum stmt id);
const char *db_stmt_flags(enum stmt id);
int db_stmt_plan(struct db *db, enum stmt id, struct buf *out, struct why *why);

#endif
