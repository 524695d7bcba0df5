/*
 * Transactions of db, of writers and of readers.
 */
#include "core/db_priv.h"

#include "core/why.h"

#include <assert.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdatomic.h>

static const char *const words[TXN_WORDS] = {
	[TXN_BEGIN] = "BEGIN IMMEDIATE",
	[TXN_READ] = "BEGIN",
	[TXN_COMMIT] = "COMMIT",
	[TXN_ROLLBACK] = "ROLLBACK",
};

static int say(struct db *db, enum txn_word word, struct why *why)
{
	sqlite3_stmt **st = &db->words[word];
	int rc = SQLITE_OK;

	if (!*st)
		rc = sqlite3_prepare_v3(db->sql, words[word], -1,
					SQLITE_PREPARE_PERSISTENT, st, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(*st);
	if (rc == SQLITE_DONE) {
		(void)sqlite3_reset(*st); /* its result was that of the step */
		return 0;
	}
	rc = db_fail(db, rc, "database", why);
	(void)sqlite3_reset(*st);
	return rc;
}

/* ---- writers ---- */

int txn_begin(struct txn *tx, struct db *db, struct why *why)
{
	int r;

	assert(!db->in_txn);
	r = say(db, TXN_BEGIN, why);
	if (r < 0)
		return r;
	db->in_txn = true;
	tx->db = db;
	return 0;
}

void txn_keep(struct db *db, enum txn_kind kind, void *thing,
	      void (*done)(void *thing))
{
	assert(db->in_txn && !db->kept[kind].thing);
	db->kept[kind].thing = thing;
	db->kept[kind].done = done;
}

void *txn_kept(const struct db *db, enum txn_kind kind)
{
	return db->kept[kind].thing;
}

bool txn_is_open(const struct db *db)
{
	return db->in_txn;
}

/* The transaction @tx is over. */
static void done_with(struct txn *tx)
{
	struct db *db = tx->db;

	for (int kind = 0; kind < TXN_KINDS; kind++) {
		if (db->kept[kind].thing)
			db->kept[kind].done(db->kept[kind].thing);
		db->kept[kind].thing = NULL;
	}
	db->in_txn = false;
	tx->db = NULL;
}

int txn_commit(struct txn *tx, struct why *why)
{
	int r = say(tx->db, TXN_COMMIT, why);

	if (r < 0)
		return r; /* still open: txn_end() rolls it back */
	done_with(tx);
	return 0;
}

void txn_end(struct txn *tx)
{
	if (!tx->db)
		return;
	/* On a full disk or an I/O error SQLite has rolled back itself. */
	if (!sqlite3_get_autocommit(tx->db->sql))
		(void)say(tx->db, TXN_ROLLBACK, NULL);
	done_with(tx);
}

/* ---- readers ---- */

/* The end of a transaction that changed nothing. */
static void end_read(struct db *db)
{
	if (!sqlite3_get_autocommit(db->sql))
		(void)say(db, TXN_COMMIT, NULL);
}

void db_hold(struct db *db, const _Atomic(uint64_t) *generation)
{
	db->generation = generation;
}

bool db_is_current(struct db *db)
{
	bool current;

	if (!db->generation || atomic_exchange(&db->busy, true))
		return false;
	current = db->held && db->seen == atomic_load(db->generation);
	atomic_store(&db->busy, false);
	if (atomic_load(&db->tired))
		db_rest(db);
	return current;
}

/* With the flag "busy". */
static void let_go(struct db *db)
{
	if (db->held)
		end_read(db);
	db->held = false;
}

/*
 * Whoever wants it at rest says so first and looks then whether it is busy; who
 * stops being busy looks afterwards whether it is wanted. So one of them does
 * it.
 */
void db_rest(struct db *db)
{
	atomic_store(&db->tired, true);
	if (atomic_exchange(&db->busy, true))
		return;
	if (atomic_exchange(&db->tired, false))
		let_go(db);
	atomic_store(&db->busy, false);
}

void db_use(struct db *db)
{
	uint64_t now;

	if (db->users++ > 0 || !db->generation)
		return;
	while (atomic_exchange(&db->busy, true))
		(void)sched_yield(); /* the end of a transaction: soon */
	/* Looked at first: what is committed after this is seen too early at
	 * worst, and looked for once more. */
	now = atomic_load(db->generation);
	if (db->held && db->seen == now)
		return;
	let_go(db);
	/* Without it, each query is a transaction. */
	db->held = say(db, TXN_READ, NULL) == 0;
	db->seen = now;
}

void db_unuse(struct db *db)
{
	if (--db->users > 0)
		return;
	if (!db->in_txn)
		db_spare_memory(db);
	if (!db->generation)
		return;
	atomic_store(&db->busy, false);
	if (atomic_load(&db->tired))
		db_rest(db);
}

int db_read_begin(struct db *db, struct why *why)
{
	int r;

	assert(!db->in_read && !db->in_txn);
	db_use(db);
	r = db->held ? 0 : say(db, TXN_READ, why);
	if (r < 0)
		db_unuse(db);
	db->in_read = r == 0;
	return r;
}

void db_read_end(struct db *db)
{
	if (!db || !db->in_read)
		return;
	if (!db->held)
		end_read(db);
	db->in_read = false;
	db_unuse(db);
}
