/*
 * store_priv - the inside of a store, for store*.c and moment.c alone.
 *
 * Locks, each for the members named below it. Nobody takes the writer lock
 * while holding another; then amend_lock, then copy_lock, then any of the rest.
 */
#ifndef CORE_STORE_PRIV_H
#define CORE_STORE_PRIV_H

#include "core/db.h"
#include "core/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

enum {
	STORE_IDLE_READERS = 12,
	STORE_BALLAST = 1 << 20, /* bytes kept for the day the disk is full */
	STORE_LOG_STEP = 4096,	 /* pages of the log that are worth a copy */
};

struct store {
	char *path;
	const struct env *env;
	bool read_only;
	bool log_running; /* there is a log_thread */
	struct kinds *kinds;
	struct keyring *keys;
	int lock_fd; /* -1: none */
	_Atomic(uint64_t) generation;
	_Atomic(uint64_t) others; /* see store_others() */
	_Atomic(int64_t) next_id;
	_Atomic(int64_t) shown;
	atomic_bool poisoned; /* a sync failed: the log cannot be trusted */
	atomic_bool full;     /* the ballast is given up */
	atomic_bool tight;    /* room is scarce */

	pthread_mutex_t turn; /* held while waiting for write_lock: whoever has
				 it again and again does not pass others */
	atomic_int wanted;    /* by so many */
	pthread_mutex_t write_lock;
	struct db *writer; /* NULL: read only */
	struct txn txn;
	int64_t newest, newest_ns; /* the newest moment; 0: none */
	int64_t empty_after_ns;	   /* the log cannot make room before */
	bool amending; /* whoever has the lock has amend_lock, too */

	pthread_mutex_t amend_lock; /* see store_pin.c */
	int64_t easy_until_ns;	    /* the disk need not be asked before */

	pthread_mutex_t pool_lock;
	struct db *idle[STORE_IDLE_READERS];
	size_t idle_len;
	struct db **readers; /* all of them, idle or not */
	size_t readers_len, readers_cap;

	pthread_mutex_t sync_lock;
	struct db *syncer;
	_Atomic(uint64_t) synced; /* the generation that is on the disk */

	pthread_mutex_t log_lock;
	pthread_cond_t log_wake;
	pthread_t log_thread;
	struct db *log_db;
	pthread_mutex_t copy_lock; /* held while the log is copied */
	bool log_due, sync_due, log_stop;
	int log_fd; /* see store_sync.c; -1: none */
	_Atomic(int64_t) log_pages;
	/* Length when last woken to copy, to sync; under write_lock. */
	int64_t log_seen, sync_seen;
};

/* ---- store_pool.c: the readers ---- */

/* All readers let go of what they have seen: before the log is copied. */
void store_rest_readers(struct store *store);
void store_close_readers(struct store *store);

/* ---- store_file.c: what lies beside the repository ---- */

/* Be the one process that writes. -EBUSY, with who it is. */
int store_lock_file(struct store *store, const char *holder, struct why *why);
void store_unlock_file(struct store *store);

/* ---- store_room.c: the disk that is full ---- */

/* Set the ballast aside if there is room; give it up. */
void store_keep_ballast(struct store *store);
void store_drop_ballast(struct store *store);
/* See how much room there is, and make some. With the writer lock, before a
 * transaction. */
void store_watch_disk(struct store *store);
/* Is there room to copy the log? @db: of the thread that asks. */
bool store_can_copy(const struct store *store, struct db *db);

/* Is there room that nobody will miss? Any thread. */
bool store_has_plenty(const struct store *store);

/* ---- store_sync.c: the log on the disk ---- */

/* Sync what is committed, for nobody in particular. For the thread of the log:
 * others go on committing meanwhile. */
void store_sync_ahead(struct store *store);

/* The file of the log, to be made longer; there may be none. */
void store_open_log(struct store *store);
void store_close_log(struct store *store);
/* How long that file is; 0: not known. */
int64_t store_log_bytes(const struct store *store);
/* The log will soon have used up its file. */
bool store_log_is_tight(const struct store *store);
/* Make it longer by a piece, unless somebody writes. False: that will do, or it
 * cannot be done now. */
bool store_lengthen_log(struct store *store);

/* ---- store_log.c: the write-ahead log ---- */

int store_log_start(struct store *store, struct why *why);
void store_log_stop(struct store *store);
/* A commit may have made the log too long; with the writer lock. */
void store_log_grown(struct store *store);

/* ---- store_write.c: the writer; see moment.h ---- */

int store_begin(struct store *store, struct why *why);
int store_commit(struct store *store, struct why *why);
/* What an I/O error or a full disk means for the store. */
void store_failed(struct store *store, int code);
/* Roll back what is not committed; others may write. */
void store_end(struct store *store);

/* ---- store_pin.c: who amends, and who must not see it half ---- */

/* The moment that is under way has amended, if it did, and is over. */
void store_amended(struct store *store);

#endif
