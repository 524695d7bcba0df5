/*
 * What is done when the disk is full, or nearly.
 *
 * In a write-ahead log even removing takes room, and the log does not shrink
 * before all of it has been copied into the repository, which takes room too.
 * So a ballast is kept beside the repository for the day when the last room is
 * gone; then the log is emptied with what it gave, and saving is refused before
 * removing must be.
 */
#include "core/store_priv.h"

#include "core/env.h"
#include "core/why.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
	/* Less than that free is a full disk: the ballast goes. */
	ROOM_RESERVE = 256 << 10,
	/* What removing may still use when saving is refused. */
	ROOM_TO_REMOVE = STORE_BALLAST,
	/* The ballast comes back when this much is free; with less, the log is
	 * kept short. */
	ROOM_PLENTY = 4 * STORE_BALLAST,
	/* With less, the log is copied in small steps. */
	ROOM_EASY = 64 * STORE_BALLAST,
	/* With less, the file of the log is not made longer than it must be. */
	ROOM_AMPLE = 128 * STORE_BALLAST,
	/* Left over after a copy. */
	ROOM_SPARE = 64 << 10,
	/* Pages of the log. */
	LOG_SHORT = 256,
	LOG_LEAST = 64,
};

#define EMPTY_PAUSE_NS INT64_C(2000000000)
/* With room enough the disk is asked no more often than that. */
#define EASY_PAUSE_NS INT64_C(20000000)

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static void free_text(char **text)
{
	free(*text);
}

/* ---- the ballast ---- */

static int fill(int fd, const char *name)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_size == STORE_BALLAST)
		return 0;
	/* Really allocated, or it would not give anything back. */
	if (posix_fallocate(fd, 0, STORE_BALLAST) == 0)
		return 0;
	(void)unlink(name);
	return -ENOSPC;
}

void store_keep_ballast(struct store *store)
{
	DROP(free_text) char *name = store_beside(store->path, ".ballast");
	DROP(close_fd) int fd = -1;

	if (name)
		fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	atomic_store(&store->full, fd < 0 || fill(fd, name) < 0);
}

void store_drop_ballast(struct store *store)
{
	DROP(free_text) char *name = store_beside(store->path, ".ballast");

	if (name)
		(void)unlink(name);
	atomic_store(&store->full, true);
}

/* ---- room ---- */

/* Bytes free on the disk; a disk that does not say is not full. */
static int64_t free_bytes(const struct store *store)
{
	struct statvfs fs;

	if (statvfs(store->path, &fs) < 0)
		return INT64_MAX;
	return (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
}

int store_room(struct store *store, struct why *why)
{
	if (atomic_load(&store->full) && free_bytes(store) < ROOM_TO_REMOVE)
		return why_set(why, -ENOSPC, "the disk of '%s' is full",
			       store->path);
	return 0;
}

bool store_calm(const struct store *store)
{
	return !atomic_load(&store->poisoned) && !atomic_load(&store->full) &&
	       !atomic_load(&store->tight);
}

/* What the file grows by when all of the log is in it. */
static int64_t growth(const struct store *store, struct db *db)
{
	DROP(q_close) struct q q = q_open(db, STMT_STORE_SIZE);
	struct stat st;

	if (q_step(&q, NULL) <= 0 || stat(store->path, &st) < 0)
		return 0;
	return q_col_i64(&q, 0) - st.st_size;
}

bool store_can_copy(const struct store *store, struct db *db)
{
	int64_t room = free_bytes(store);

	return room > ROOM_EASY || room > growth(store, db) + ROOM_SPARE;
}

bool store_has_plenty(const struct store *store)
{
	return store_calm(store) && free_bytes(store) > ROOM_AMPLE;
}

/* The room that the log takes. If that fails then not again and again: somebody
 * may be reading for long, and we would wait for him each time. */
static void empty_log(struct store *store)
{
	int64_t now_ns = env_now_ns(store->env), left;

	if (now_ns < store->empty_after_ns ||
	    !store_can_copy(store, store->writer))
		return;
	store_rest_readers(store);
	pthread_mutex_lock(&store->copy_lock);
	if (db_checkpoint(store->writer, true, &left, NULL) < 0)
		store->empty_after_ns = now_ns + EMPTY_PAUSE_NS;
	pthread_mutex_unlock(&store->copy_lock);
}

/* While there is room to copy what is in it, and often at the end. Its file may
 * be much longer than the log. */
static bool log_is_long(const struct store *store)
{
	int64_t pages = db_log_pages(store->writer);

	return pages >= (atomic_load(&store->full) ? LOG_LEAST : LOG_SHORT) ||
	       store_log_bytes(store) >= STORE_BALLAST;
}

void store_watch_disk(struct store *store)
{
	int64_t now_ns = env_now_ns(store->env), room;

	if (now_ns < store->easy_until_ns && !atomic_load(&store->full))
		return;
	room = free_bytes(store);
	atomic_store(&store->tight, room < ROOM_EASY);
	if (room >= ROOM_EASY && !atomic_load(&store->full))
		store->easy_until_ns = now_ns + EASY_PAUSE_NS;
	if (room < ROOM_RESERVE && !atomic_load(&store->full))
		store_drop_ballast(store);
	if (room < ROOM_PLENTY && log_is_long(store)) {
		empty_log(store);
		room = free_bytes(store);
	}
	if (room > ROOM_PLENTY && atomic_load(&store->full))
		store_keep_ballast(store);
}
