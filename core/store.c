#include "core/store_priv.h"

#include "core/env.h"
#include "core/key_ring.h"
#include "core/kind.h"
#include "core/moment.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- making a repository ---- */

static int add_root(struct db *db, const struct env *env, mode_t mode,
		    uid_t uid, gid_t gid, struct why *why)
{
	DROP(txn_end) struct txn tx = {0};
	int r = txn_begin(&tx, db, why);

	if (r == 0) {
		DROP(q_close) struct q q = q_open(db, STMT_STORE_ROOT_PLACE);

		r = q_run(&q, why);
	}
	if (r == 0) {
		DROP(q_close) struct q q = q_open(db, STMT_STORE_ROOT_STATE);

		q_i64(&q, 1, mode & 07777);
		q_i64(&q, 2, uid);
		q_i64(&q, 3, gid);
		q_i64(&q, 4, env_now_ns(env));
		r = q_run(&q, why);
	}
	return r < 0 ? r : txn_commit(&tx, why);
}

int store_create(const char *path, const struct env *env, mode_t mode,
		 uid_t uid, gid_t gid, struct why *why)
{
	struct db *db = NULL;
	int r = db_open(path, DB_CREATE, &db, why);

	if (r < 0)
		return r;
	r = add_root(db, env ? env : &env_system, mode, uid, gid, why);
	if (r == 0)
		r = kinds_install(db, NULL, 0, why);
	db_close(db); /* the last one out puts all into the file and syncs */
	if (r < 0)
		(void)unlink(path);
	return r;
}

int store_add_kinds(const char *path, const char *json, size_t len,
		    struct why *why)
{
	struct db *db = NULL;
	int r = db_open(path, DB_WRITE, &db, why);

	if (r == 0)
		r = kinds_install(db, json, len, why);
	db_close(db);
	return r;
}

/* ---- opening one ---- */

static void free_text(char **text)
{
	free(*text);
}

/* The one number that a statement without parameters yields; NULL is 0. */
static int get_number(struct db *db, enum stmt id, int64_t *ret,
		      struct why *why)
{
	DROP(q_close) struct q q = q_open(db, id);
	int r = q_step(&q, why);

	if (r < 0)
		return r;
	*ret = r > 0 ? q_col_i64(&q, 0) : 0;
	return 0;
}

static int load_next_id(struct store *store, struct why *why)
{
	const enum stmt tops[] = {STMT_STORE_TOP_ITEM, STMT_STORE_TOP_NODE,
				  STMT_STORE_TOP_SCRATCH,
				  STMT_STORE_TOP_REJECTED};
	int64_t top = 0;

	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++) {
		int64_t id;
		int r = get_number(store->writer, tops[i], &id, why);

		if (r < 0)
			return r;
		if (id > top)
			top = id;
	}
	atomic_store(&store->next_id, top + 1);
	return 0;
}

static int load_clock(struct store *store, struct why *why)
{
	struct moment_row row;
	int r = moment_newest(store->writer, &store->newest, why);

	if (r < 0 || store->newest == 0)
		return r;
	r = moment_get(store->writer, store->newest, &row, why);
	if (r == 0)
		store->newest_ns = row.time_ns;
	return r;
}

static int run_all(struct db *db, const enum stmt *all, size_t count,
		   struct why *why)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		DROP(q_close) struct q q = q_open(db, all[i]);

		r = q_run(&q, why);
	}
	return r;
}

/* Nobody has a content open yet, so those that nothing speaks of may go. */
static int sweep_garbage(struct db *db, struct why *why)
{
	const enum stmt sweep[] = {STMT_STORE_GARBAGE_KEEP,
				   STMT_STORE_GARBAGE_DROP,
				   STMT_STORE_GARBAGE_CLEAR};
	int64_t any;
	int r = get_number(db, STMT_STORE_GARBAGE, &any, why);

	if (r < 0 || !any)
		return r;
	return run_all(db, sweep, sizeof(sweep) / sizeof(sweep[0]), why);
}

/* What was under way when the file was last closed is over. Also makes sure
 * that the log exists before others open it, and that its name is on the disk:
 * only the connection that made it would sync that. */
static int end_what_was_open(struct store *store, struct why *why)
{
	const enum stmt over[] = {STMT_STORE_FAIL_OPEN, STMT_RENAMED_FORGET,
				  STMT_SECRET_FORMER_FORGET};
	DROP(txn_end) struct txn tx = {0};
	int r = txn_begin(&tx, store->writer, why);

	if (r == 0)
		r = run_all(store->writer, over, sizeof(over) / sizeof(over[0]),
			    why);
	if (r == 0)
		r = sweep_garbage(store->writer, why);
	if (r == 0)
		r = txn_commit(&tx, why);
	return r < 0 ? r : db_sync(store->writer, why);
}

/* A connection whose log is open, which it is after the first read. */
static int open_syncer(struct store *store, struct why *why)
{
	int64_t ignored;
	int r = db_open(store->path, DB_READ, &store->syncer, why);

	return r < 0 ? r : moment_newest(store->syncer, &ignored, why);
}

static int open_writer(struct store *store, const char *holder, struct why *why)
{
	int r = store_lock_file(store, holder, why);

	if (r == 0)
		r = db_open(store->path, DB_WRITE, &store->writer, why);
	if (r == 0)
		db_set_keys(store->writer, store->keys);
	if (r == 0)
		r = end_what_was_open(store, why);
	if (r == 0)
		r = load_next_id(store, why);
	if (r == 0)
		r = load_clock(store, why);
	if (r == 0)
		r = open_syncer(store, why);
	if (r == 0)
		r = store_log_start(store, why);
	if (r == 0)
		store_keep_ballast(store);
	return r;
}

/* Fails early on what is no repository. */
static int open_reader(struct store *store, struct why *why)
{
	DROP(store_put) struct reader reader = {0};
	int r = store_read(store, &reader, why);

	return r < 0 ? r : kinds_load(reader.db, &store->kinds, why);
}

/* Nothing is looked at before a secret needs it. */
static int open_keys(struct store *store, const char *named, struct why *why)
{
	DROP(free_text) char *beside = NULL;

	if (!named)
		named = beside = store_beside(store->path, ".key");
	if (!named)
		return why_set(why, -ENOMEM, "out of memory");
	return keyring_new(named, store->env, &store->keys, why);
}

/* Waiting for a while has nothing to do with what time it is. */
static void init_wake(pthread_cond_t *wake)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(wake, &attr);
	pthread_condattr_destroy(&attr);
}

int store_open(const char *path, const struct store_options *options,
	       struct store **ret_store, struct why *why)
{
	DROP(store_close_p) struct store *store = calloc(1, sizeof(*store));
	int r;

	if (!store)
		return why_set(why, -ENOMEM, "out of memory opening '%s'",
			       path);
	store->env = options->env ? options->env : &env_system;
	store->read_only = options->read_only;
	store->lock_fd = store->log_fd = -1;
	pthread_mutex_init(&store->turn, NULL);
	pthread_mutex_init(&store->write_lock, NULL);
	pthread_mutex_init(&store->amend_lock, NULL);
	pthread_mutex_init(&store->pool_lock, NULL);
	pthread_mutex_init(&store->sync_lock, NULL);
	pthread_mutex_init(&store->copy_lock, NULL);
	pthread_mutex_init(&store->log_lock, NULL);
	init_wake(&store->log_wake);
	store->path = strdup(path);
	if (!store->path)
		return why_set(why, -ENOMEM, "out of memory opening '%s'",
			       path);
	if (access(path, F_OK) < 0)
		return why_set(why, -errno, "'%s': %s", path,
			       strerrordesc_np(errno));
	r = open_keys(store, options->key, why);
	if (r == 0 && !store->read_only)
		r = open_writer(store, options->holder, why);
	if (r == 0)
		r = open_reader(store, why);
	if (r < 0)
		return r;
	*ret_store = TAKE(store);
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store_log_stop(store);
	store_close_readers(store);
	db_close(store->syncer);
	db_close(store->writer);
	store_unlock_file(store);
	pthread_cond_destroy(&store->log_wake);
	pthread_mutex_destroy(&store->log_lock);
	pthread_mutex_destroy(&store->copy_lock);
	pthread_mutex_destroy(&store->sync_lock);
	pthread_mutex_destroy(&store->pool_lock);
	pthread_mutex_destroy(&store->amend_lock);
	pthread_mutex_destroy(&store->write_lock);
	pthread_mutex_destroy(&store->turn);
	kinds_free(store->kinds);
	keyring_free(store->keys);
	free(store->path);
	free(store);
}

const char *store_path(const struct store *store)
{
	return store->path;
}

const struct env *store_env(const struct store *store)
{
	return store->env;
}

void store_show(struct store *store, int64_t moment)
{
	int64_t shown = atomic_load(&store->shown);

	while (shown < moment &&
	       !atomic_compare_exchange_weak(&store->shown, &shown, moment))
		;
}

int64_t store_shown(const struct store *store)
{
	return atomic_load(&store->shown);
}

void store_disturb(struct store *store)
{
	atomic_fetch_add(&store->others, 1);
}

const struct kinds *store_kinds(const struct store *store)
{
	return store->kinds;
}

struct keyring *store_keys(const struct store *store)
{
	return store->keys;
}

uint64_t store_generation(const struct store *store)
{
	return atomic_load(&store->generation);
}

uint64_t store_others(const struct store *store)
{
	return atomic_load(&store->others);
}

int64_t store_next_id(struct store *store)
{
	return atomic_fetch_add(&store->next_id, 1);
}
