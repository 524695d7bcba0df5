#include "core/store_priv.h"

#include "core/why.h"

#include <errno.h>
#include <sys/statvfs.h>

enum {
	/* What removing may still use when saving is refused. */
	ROOM_RESERVE = 256 << 10,
	/* The ballast comes back when this much is free. */
	ROOM_PLENTY = 4 * STORE_BALLAST,
};

/*
 * A sync that failed once has lost what it should have written, and the next
 * one says "done" of it all the same. So nothing is acknowledged any more
 * until everything in the log has been copied into the repository and synced
 * there. With the writer lock.
 */
static int recover(struct store *store, struct why *why)
{
	int64_t left;
	int r;

	if (!atomic_load(&store->poisoned))
		return 0;
	r = db_checkpoint(store->writer, true, &left, NULL);
	if (r < 0 || left > 0)
		return why_set(why, -EROFS,
			       "the disk has failed: '%s' may not be written "
			       "until it works again",
			       store->path);
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

int store_room(struct store *store, struct why *why)
{
	struct statvfs fs;
	uint64_t room;

	if (!atomic_load(&store->full) || statvfs(store->path, &fs) < 0)
		return 0;
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (room < ROOM_RESERVE)
		return why_set(why, -ENOSPC, "the disk of '%s' is full",
			       store->path);
	if (room > ROOM_PLENTY)
		store_keep_ballast(store);
	return 0;
}

int store_begin(struct store *store, struct why *why)
{
	int r = check_mode(store, why);

	if (r < 0)
		return r;
	pthread_mutex_lock(&store->write_lock);
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
	if (code == -ENOSPC && !atomic_load(&store->full)) {
		store_drop_ballast(store);
		store_log_wake(store);
	}
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
	pthread_mutex_unlock(&store->write_lock);
}

/* The newest generation is on the disk already: nothing to do. Else whoever
 * comes first syncs for all that wait. */
int store_sync(struct store *store, struct why *why)
{
	uint64_t wanted = atomic_load(&store->generation), now;
	int r = check_mode(store, why);

	if (r < 0)
		return r;
	pthread_mutex_lock(&store->sync_lock);
	now = atomic_load(&store->generation);
	if (store->synced < wanted) {
		r = db_sync(store->syncer, why);
		if (r == 0)
			store->synced = now;
		else
			store_failed(store, -EIO);
	}
	pthread_mutex_unlock(&store->sync_lock);
	return r;
}
