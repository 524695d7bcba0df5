/*
 * What is committed, on its way to the disk.
 *
 * Whoever is promised that it survives loss of power waits for one sync of the
 * log. How long that takes is decided before: by the pages that have not been
 * written yet, and by whether the file has grown since, which the disk's own
 * journal must be told. So the thread of the log syncs now and then what others
 * commit, a little at a time, and makes the file longer than the log is: then, a
 * little, and as far as is good while nobody writes.
 */
#include "core/store_priv.h"

#include "core/why.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FRAME = 4096 + 24, /* a page of the log, with its header */
	/* The file is longer than the log by so much, after more than half of
	 * that was used. */
	AHEAD = 4 << 20,
	/* Made longer by so much at once: whoever wants to write, or to sync,
	 * waits for no more. */
	PIECE = 256 << 10,
	LONGEST = 2 * STORE_LOG_STEP * FRAME,
};

/* ---- sync ---- */

/* With the lock for it. */
static int sync_newest(struct store *store, struct why *why)
{
	uint64_t newest = atomic_load(&store->generation);
	int r;

	if (atomic_load(&store->poisoned))
		return why_set(why, -EIO, "the disk has failed");
	r = db_sync(store->syncer, why);
	if (r < 0) {
		store_failed(store, -EIO);
		return r;
	}
	atomic_store(&store->synced, newest);
	return 0;
}

/* Whoever comes first syncs for all that wait; what is on the disk already does
 * not wait for the rest. */
static int sync_up_to(struct store *store, uint64_t wanted, struct why *why)
{
	int r = 0;

	if (atomic_load(&store->synced) >= wanted)
		return 0;
	pthread_mutex_lock(&store->sync_lock);
	if (atomic_load(&store->synced) < wanted)
		r = sync_newest(store, why);
	pthread_mutex_unlock(&store->sync_lock);
	return r;
}

int store_sync(struct store *store, struct why *why)
{
	int r = store_writable(store, why);

	if (r < 0)
		return r;
	return sync_up_to(store, atomic_load(&store->generation), why);
}

void store_sync_ahead(struct store *store)
{
	/* What fails is known from now on to all that write. */
	(void)sync_up_to(store, atomic_load(&store->generation), NULL);
}

/* ---- the length of the file ---- */

void store_open_log(struct store *store)
{
	char *name = store_beside(store->path, "-wal");

	/* Not by SQLite, which would take what is written for its own. There
	 * are no locks on this file that a close() could end. */
	store->log_fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
	free(name);
}

void store_close_log(struct store *store)
{
	if (store->log_fd >= 0)
		(void)close(store->log_fd);
	store->log_fd = -1;
}

int64_t store_log_bytes(const struct store *store)
{
	struct stat st;

	if (store->log_fd < 0 || fstat(store->log_fd, &st) < 0)
		return 0;
	return st.st_size;
}

/* What the log itself takes at most. */
static int64_t log_end(const struct store *store)
{
	return atomic_load(&store->log_pages) * FRAME;
}

/* How long the file should be. A log of more than twice STORE_LOG_STEP pages is
 * soon begun anew. */
static int64_t enough(const struct store *store)
{
	int64_t end = log_end(store);

	return (end < LONGEST ? end : LONGEST) + AHEAD;
}

bool store_log_is_tight(const struct store *store)
{
	return store->log_fd >= 0 &&
	       store_log_bytes(store) < enough(store) - AHEAD / 2;
}

/*
 * With the writer lock. Nothing is added to the log meanwhile, not even by
 * another process, since a transaction is open. Zeros are no page of a log, nor
 * a header of one: SQLite takes what lies before them for all there is.
 */
static bool add_zeros(struct store *store)
{
	static char zeros[PIECE];
	DROP(txn_end) struct txn tx = {0};
	int64_t at;

	if (txn_begin(&tx, store->writer, NULL) < 0)
		return false;
	at = store_log_bytes(store);
	if (at >= enough(store))
		return false;
	return pwrite(store->log_fd, zeros, PIECE, at) == PIECE;
}

bool store_lengthen_log(struct store *store)
{
	bool more;

	if (!store_has_plenty(store))
		return false;
	pthread_mutex_lock(&store->write_lock);
	more = !atomic_load(&store->poisoned) && add_zeros(store);
	pthread_mutex_unlock(&store->write_lock);
	if (more) {
		pthread_mutex_lock(&store->sync_lock);
		more = sync_newest(store, NULL) == 0;
		pthread_mutex_unlock(&store->sync_lock);
	}
	return more;
}
