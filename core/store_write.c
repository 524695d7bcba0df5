#include "core/store_priv.h"

#include "core/why.h"

#include <errno.h>

/* All that is committed into the repository, and the log begun anew. */
static int write_again(struct store *store, struct why *why)
{
	int64_t left;
	int r;

	store_rest_readers(store);
	pthread_mutex_lock(&store->copy_lock);
	/* Each open file tells once of a failure that is past: so twice. */
	r = db_mend(store->writer, why);
	if (r < 0)
		r = db_mend(store->writer, why);
	if (r == 0)
		r = db_checkpoint(store->writer, true, &left, why);
	if (r == -EIO)
		r = db_checkpoint(store->writer, true, &left, why);
	pthread_mutex_unlock(&store->copy_lock);
	return r;
}

/*
 * A sync that failed once has lost what it should have written, and the next
 * one says "done" of it all the same. So nothing is acknowledged any more
 * until everything, in the repository and in the log, has been written once
 * more. With the writer lock.
 */
static int recover(struct store *store, struct why *why)
{
	if (!atomic_load(&store->poisoned))
		return 0;
	if (write_again(store, NULL) < 0)
		return why_set(why, -EROFS,
			       "the disk has failed: '%s' may not be written "
			       "until it works again",
			       store->path);
	pthread_mutex_lock(&store->sync_lock);
	(void)db_sync(store->syncer, NULL); /* the failure that is past */
	atomic_store(&store->synced, atomic_load(&store->generation));
	pthread_mutex_unlock(&store->sync_lock);
	atomic_store(&store->poisoned, false);
	return 0;
}

static int check_mode(const struct store *store, struct why *why)
{
	if (store->read_only)
		return why_set(why, -EROFS, "'%s' is open for reading only",
			       store->path);
	return 0;
}

int store_writable(struct store *store, struct why *why)
{
	int r = check_mode(store, why);

	if (r < 0 || !atomic_load(&store->poisoned))
		return r;
	pthread_mutex_lock(&store->write_lock);
	r = recover(store, why);
	pthread_mutex_unlock(&store->write_lock);
	return r;
}

static void wait_for_turn(struct store *store)
{
	atomic_fetch_add(&store->wanted, 1);
	pthread_mutex_lock(&store->turn);
	pthread_mutex_lock(&store->write_lock);
	pthread_mutex_unlock(&store->turn);
	atomic_fetch_sub(&store->wanted, 1);
}

bool store_wanted(const struct store *store)
{
	return atomic_load(&store->wanted) > 0;
}

int store_begin(struct store *store, struct why *why)
{
	int r = check_mode(store, why);

	if (r < 0)
		return r;
	wait_for_turn(store);
	store_watch_disk(store);
	r = recover(store, why);
	if (r == 0)
		r = txn_begin(&store->txn, store->writer, why);
	if (r < 0)
		pthread_mutex_unlock(&store->write_lock);
	return r;
}

void store_failed(struct store *store, int code)
{
	if (code == -EIO)
		atomic_store(&store->poisoned, true);
	if (code == -ENOSPC && !atomic_load(&store->full))
		store_drop_ballast(store);
}

int store_commit(struct store *store, struct why *why)
{
	int r = txn_commit(&store->txn, why);

	if (r < 0) {
		store_failed(store, r);
		return r;
	}
	atomic_fetch_add(&store->generation, 1);
	return 0;
}

void store_end(struct store *store)
{
	txn_end(&store->txn);
	store_log_grown(store);
	store_amended(store);
	pthread_mutex_unlock(&store->write_lock);
}
