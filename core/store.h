/*
 * store - one repository file, open.
 *
 * Holds the single writer connection behind a lock, a pool of reader
 * connections, the thread that checkpoints the write-ahead log, and the
 * answer to the question whether the disk can still be trusted.
 *
 * Thread-safety: every function may be called from any thread.
 *
 * Lock order, for the whole program: the writer lock (moment_begin), then any
 * lock of fs/, then the pool's own. Nobody waits for the writer while holding
 * another lock, and no lock is held across a reply or a notice to the kernel.
 */
#ifndef CORE_STORE_H
#define CORE_STORE_H

#include "core/defer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct db;
struct env;
struct keyring;
struct kinds;
struct store;
struct why;

struct store_options {
	const struct env *env; /* NULL: env_system; borrowed for life */
	bool read_only;	       /* no lock file, no writer */
	const char *holder;    /* for the lock file: "mounted on /mnt/x" */
	const char *key;       /* the key file; NULL: PATH.key */
};

/*
 * Make the file @path with an empty root folder of mode @mode, owner
 * @uid:@gid. -EEXIST: something has that name.
 */
int store_create(const char *path, const struct env *env, mode_t mode,
		 uid_t uid, gid_t gid, struct why *why);

/* The new repository @path has the kinds of the set @json too (core/kind).
 * -EINVAL: with what is wrong with it; -EBUSY: there are items already. */
int store_add_kinds(const char *path, const char *json, size_t len,
		    struct why *why);

/*
 * Open @path. Writing is for one process at a time: -EBUSY names who has it
 * (store_holder()). -EBADMSG: not a repository. Revisions that a crash left
 * "in progress" become "failed" here.
 */
int store_open(const char *path, const struct store_options *options,
	       struct store **ret_store, struct why *why);
/* Ends the threads, checkpoints and closes; accepts NULL. */
void store_close(struct store *store);
DEFINE_DROP(store, store_close);

/* What the lock file of @path says of the process that has it open for
 * writing ("mounted on /mnt/x"); -ENOENT: nobody has. @size bytes at @text. */
int store_holder(const char *path, char *text, size_t size, struct why *why);

const char *store_path(const struct store *store);
/* What lies beside a repository: @path and @suffix, to be freed; NULL: out of
 * memory. */
char *store_beside(const char *path, const char *suffix);
const struct env *store_env(const struct store *store);

/* What the repository knows of the texts of its items. */
const struct kinds *store_kinds(const struct store *store);

/* The key that its secrets are sealed with (core/key_ring). */
struct keyring *store_keys(const struct store *store);

/* A number that changes with every commit; what was read under the same
 * number is still so. One atomic load. */
uint64_t store_generation(const struct store *store);

/*
 * A number that changes with every commit but the narrow ones (core/moment):
 * what was found of folders under the same number is still so, and of items of
 * which nothing else was told. One atomic load.
 */
uint64_t store_others(const struct store *store);
/* It changes now: a narrow commit was not. */
void store_disturb(struct store *store);

/* Somebody looks at the tree as it was at @moment, though no revision speaks of
 * it: what was done until then stays in its rows as it is, see tree_recorded().
 * Any thread. */
void store_show(struct store *store, int64_t moment);
int64_t store_shown(const struct store *store); /* the newest such moment */

/*
 * A reader connection, from the pool or new; each query sees the newest
 * commit. Give it back with store_put() on the same thread. NULL: out of
 * memory or descriptors.
 */
struct reader {
	struct store *store;
	struct db *db;
	bool lent; /* it is the writer's */
};
int store_read(struct store *store, struct reader *ret_reader, struct why *why);

/*
 * The same for a query or two, by who holds no lock and begins no moment until
 * it is given back. After a commit it is the connection of the writer if that
 * is free: all others have to read again what they knew.
 */
int store_peek(struct store *store, struct reader *ret_reader, struct why *why);
void store_put(struct reader *reader); /* accepts {0}; for DROP() */

/* A number from the sequence of items, nodes, scratch files and refused bytes;
 * never given twice while the file is open, nor of what is in it. */
int64_t store_next_id(struct store *store);

/*
 * Fix the tree as it is now, as store_show() does, with nobody in the middle of
 * changing it otherwise: *ret_moment is its moment, which stays as it is. In a
 * store that is open for reading only others may change that all the same.
 *
 * Waits for who is amending, not for the writer otherwise.
 */
int store_pin(struct store *store, int64_t *ret_moment, struct why *why);

/* Within a moment: what a former one left may be changed in its rows, if
 * store_shown() says, from now on, that nobody has been shown it. */
void store_amends(struct store *store);

/*
 * Make all that is committed survive loss of power. -EIO: it may not have
 * reached the disk; the store then refuses to write (-EROFS with the reason)
 * until a checkpoint has succeeded, since the log of a file whose sync failed
 * once says "done" of what is not on the disk.
 */
int store_sync(struct store *store, struct why *why);

/* 0, or -EROFS with the reason why nothing may be written. */
int store_writable(struct store *store, struct why *why);

/* Somebody waits for the writer lock: who works for nobody in particular makes an
 * end. One atomic load. */
bool store_wanted(const struct store *store);

/* The disk has room, and has not failed: what is promised can be kept. */
bool store_calm(const struct store *store);

/* 0, or -ENOSPC: the disk is full but for what removing needs. Whoever stores
 * bytes asks first. */
int store_room(struct store *store, struct why *why);

#endif
