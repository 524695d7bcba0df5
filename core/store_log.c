#include "core/store_priv.h"

#include "core/why.h"

#include <errno.h>
#include <string.h>

/* Everybody who writes waits for it. */
enum { PATIENCE_MS = 50 };

/* Lengths of the log, in pages of 4 KiB. */
enum {
	LOG_STEP = 4096,  /* worth a copy into the repository */
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

static void *log_main(void *arg)
{
	struct store *store = arg;
	int r;

	pthread_mutex_lock(&store->log_lock);
	while (!store->log_stop) {
		if (!store->log_due) {
			pthread_cond_wait(&store->log_wake, &store->log_lock);
			continue;
		}
		store->log_due = false;
		pthread_mutex_unlock(&store->log_lock);
		r = copy_log(store, NULL);
		if (r < 0) /* a reader in the way is no failure */
			store_failed(store, r);
		pthread_mutex_lock(&store->log_lock);
	}
	pthread_mutex_unlock(&store->log_lock);
	return NULL;
}

static void wake(struct store *store)
{
	pthread_mutex_lock(&store->log_lock);
	store->log_due = true;
	pthread_cond_signal(&store->log_wake);
	pthread_mutex_unlock(&store->log_lock);
}

void store_log_grown(struct store *store)
{
	int64_t step = atomic_load(&store->tight) ? LOG_TIGHT : LOG_STEP;
	int64_t pages = db_log_pages(store->writer);

	atomic_store(&store->log_pages, pages);
	if (pages < store->log_seen)
		store->log_seen = 0; /* it was begun anew */
	if (pages - store->log_seen < step)
		return;
	store->log_seen = pages;
	wake(store);
}

int store_log_start(struct store *store, struct why *why)
{
	int r = db_open(store->path, DB_WRITE, &store->log_db, why);

	if (r < 0)
		return r;
	db_patience(store->log_db, PATIENCE_MS);
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
	db_close(store->log_db);
	store->log_db = NULL;
}
