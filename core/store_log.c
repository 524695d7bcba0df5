#include "core/store_priv.h"

#include "core/env.h"
#include "core/why.h"

#include <errno.h>
#include <string.h>

/* Everybody who writes waits for it. */
enum { PATIENCE_MS = 50 };

/* Without a commit for so long nobody is writing. */
enum { QUIET_MS = 100 };

/* Lengths of the log, in pages of 4 KiB; see STORE_LOG_STEP, too. */
enum {
	SYNC_STEP = 64,	  /* worth a sync */
	LOG_LONG = 8192,  /* worth a pause of the writer */
	LOG_HUGE = 16384, /* worth a wait for readers, of PATIENCE_MS */
	LOG_TIGHT = 128,  /* the step while room is scarce: see store_room.c */
};

/* Readers that hold what they have seen keep the log from being copied; those
 * that took hold of it meanwhile keep it from beginning anew. */
static int copy(struct store *store, struct why *why)
{
	int64_t left;
	int r;

	pthread_mutex_lock(&store->copy_lock);
	store_rest_readers(store);
	r = db_checkpoint(store->log_db, false, &left, why);
	store_rest_readers(store);
	pthread_mutex_unlock(&store->copy_lock);
	return r;
}

static int truncate_log(struct store *store, struct why *why)
{
	int64_t left;
	int r;

	pthread_mutex_lock(&store->copy_lock);
	r = db_checkpoint(store->log_db, true, &left, why);
	if (r == 0)
		atomic_store(&store->log_pages, 0);
	pthread_mutex_unlock(&store->copy_lock);
	return r;
}

/*
 * Copying the log while others write never ends the log: new pages have come
 * meanwhile. With the writer lock the few that are left are copied too, and
 * the next writer begins the log anew.
 */
static int catch_up(struct store *store, bool truncate, struct why *why)
{
	int r;

	pthread_mutex_lock(&store->write_lock);
	r = copy(store, why);
	if (r == 0 && truncate)
		r = truncate_log(store, why);
	pthread_mutex_unlock(&store->write_lock);
	return r;
}

static int copy_log(struct store *store, struct why *why)
{
	int64_t pages = atomic_load(&store->log_pages);
	int r;

	if (!store_can_copy(store, store->log_db))
		return 0;
	r = copy(store, why);
	if (r < 0 || pages <= LOG_LONG)
		return r;
	return catch_up(store, pages > LOG_HUGE, why);
}

static void copy_unasked(struct store *store)
{
	int r = copy_log(store, NULL);

	if (r < 0) /* a reader in the way is no failure */
		store_failed(store, r);
}

/* ---- the thread ---- */

static bool has_work(const struct store *store)
{
	return store->log_stop || store->log_due || store->sync_due;
}

/* Wait for work; with the lock. False: nobody has written for QUIET_MS. */
static bool wait_awhile(struct store *store)
{
	const struct timespec until = env_soon(QUIET_MS * 1000000L);
	uint64_t before = store_generation(store);
	int r = 0;

	while (r == 0 && !has_work(store))
		r = pthread_cond_timedwait(&store->log_wake, &store->log_lock,
					   &until);
	return has_work(store) || store_generation(store) != before;
}

/*
 * While nobody writes, and there is no other work: sync what was not worth it
 * before, and make room for what is to come. With the lock, but not meanwhile.
 */
static void settle(struct store *store)
{
	uint64_t before = store_generation(store);
	bool more;

	pthread_mutex_unlock(&store->log_lock);
	store_sync_ahead(store);
	more = store_log_is_tight(store);
	pthread_mutex_lock(&store->log_lock);
	while (more && !has_work(store) && store_generation(store) == before) {
		pthread_mutex_unlock(&store->log_lock);
		more = store_lengthen_log(store);
		pthread_mutex_lock(&store->log_lock);
	}
}

/* By more than the log grows until it is worth a sync, of which each piece has
 * one. False: there is none. */
static bool lengthen(struct store *store)
{
	return store_lengthen_log(store) &&
	       (!store_log_is_tight(store) || store_lengthen_log(store));
}

/* What is to be done now; likewise. A copy syncs the log, too. The file grows
 * faster than the log of who writes without a pause. */
static void work(struct store *store)
{
	bool copies = store->log_due;

	store->log_due = store->sync_due = false;
	pthread_mutex_unlock(&store->log_lock);
	if (copies)
		copy_unasked(store);
	else if (!store_log_is_tight(store) || !lengthen(store))
		store_sync_ahead(store);
	pthread_mutex_lock(&store->log_lock);
}

static void *log_main(void *arg)
{
	struct store *store = arg;
	bool settled = true;

	pthread_mutex_lock(&store->log_lock);
	while (!store->log_stop) {
		if (has_work(store)) {
			work(store);
			settled = false;
		} else if (settled) {
			pthread_cond_wait(&store->log_wake, &store->log_lock);
		} else if (!wait_awhile(store)) {
			settle(store);
			settled = true;
		}
	}
	pthread_mutex_unlock(&store->log_lock);
	return NULL;
}

static void wake(struct store *store, bool *due)
{
	pthread_mutex_lock(&store->log_lock);
	*due = true;
	pthread_cond_signal(&store->log_wake);
	pthread_mutex_unlock(&store->log_lock);
}

/* The log has grown by @step pages since. */
static bool has_grown(int64_t *seen, int64_t pages, int64_t step)
{
	if (pages < *seen)
		*seen = 0; /* it was begun anew */
	if (pages - *seen < step)
		return false;
	*seen = pages;
	return true;
}

void store_log_grown(struct store *store)
{
	int64_t step = atomic_load(&store->tight) ? LOG_TIGHT : STORE_LOG_STEP;
	int64_t pages = db_log_pages(store->writer);

	atomic_store(&store->log_pages, pages);
	if (has_grown(&store->sync_seen, pages, SYNC_STEP))
		wake(store, &store->sync_due);
	if (has_grown(&store->log_seen, pages, step))
		wake(store, &store->log_due);
}

int store_log_start(struct store *store, struct why *why)
{
	int r = db_open(store->path, DB_WRITE, &store->log_db, why);

	if (r < 0)
		return r;
	db_patience(store->log_db, PATIENCE_MS);
	store_open_log(store);
	r = pthread_create(&store->log_thread, NULL, log_main, store);
	if (r != 0)
		return why_set(why, -r, "cannot start a thread: %s",
			       strerrordesc_np(r));
	store->log_running = true;
	return 0;
}

void store_log_stop(struct store *store)
{
	if (store->log_running) {
		pthread_mutex_lock(&store->log_lock);
		store->log_stop = true;
		pthread_cond_signal(&store->log_wake);
		pthread_mutex_unlock(&store->log_lock);
		(void)pthread_join(store->log_thread, NULL);
		store->log_running = false;
	}
	store_close_log(store);
	db_close(store->log_db);
	store->log_db = NULL;
}
