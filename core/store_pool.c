#include "core/store_priv.h"

#include "core/why.h"

#include <errno.h>
#include <stdlib.h>

/* Remember a new reader. With the pool's lock. */
static int add_reader(struct store *store, struct db *db)
{
	size_t cap = store->readers_cap ? 2 * store->readers_cap : 16;
	struct db **grown;

	if (store->readers_len == store->readers_cap) {
		grown = reallocarray(store->readers, cap, sizeof(struct db *));
		if (!grown)
			return -ENOMEM;
		store->readers = grown;
		store->readers_cap = cap;
	}
	store->readers[store->readers_len++] = db;
	return 0;
}

static void forget_reader(struct store *store, const struct db *db)
{
	size_t i = 0;

	while (i < store->readers_len && store->readers[i] != db)
		i++;
	if (i < store->readers_len)
		store->readers[i] = store->readers[--store->readers_len];
}

static int open_reader(struct store *store, struct db **ret_db, struct why *why)
{
	DROP(db_close_p) struct db *db = NULL;
	int r = db_open(store->path, DB_READ, &db, why);

	if (r < 0)
		return r;
	db_set_keys(db, store->keys);
	/* Else another process may write. */
	if (!store->read_only)
		db_hold(db, &store->generation);
	pthread_mutex_lock(&store->pool_lock);
	r = add_reader(store, db);
	pthread_mutex_unlock(&store->pool_lock);
	if (r < 0)
		return why_set(why, r, "out of memory for a reader");
	*ret_db = TAKE(db);
	return 0;
}

int store_read(struct store *store, struct reader *ret_reader, struct why *why)
{
	struct db *db = NULL;
	int r = 0;

	pthread_mutex_lock(&store->pool_lock);
	if (store->idle_len > 0)
		db = store->idle[--store->idle_len];
	pthread_mutex_unlock(&store->pool_lock);
	if (!db)
		r = open_reader(store, &db, why);
	if (r < 0)
		return r;
	*ret_reader = (struct reader){.store = store, .db = db};
	return 0;
}

/* The reader that would be next knows the newest commit. */
static bool is_warm(struct store *store)
{
	bool warm;

	pthread_mutex_lock(&store->pool_lock);
	warm = store->idle_len > 0 &&
	       db_is_current(store->idle[store->idle_len - 1]);
	pthread_mutex_unlock(&store->pool_lock);
	return warm;
}

int store_peek(struct store *store, struct reader *ret_reader, struct why *why)
{
	if (!store->writer || is_warm(store) ||
	    pthread_mutex_trylock(&store->write_lock) != 0)
		return store_read(store, ret_reader, why);
	*ret_reader = (struct reader){
		.store = store,
		.db = store->writer,
		.lent = true,
	};
	return 0;
}

void store_put(struct reader *reader)
{
	struct store *store = reader->store;
	struct db *surplus = reader->db;

	if (!store)
		return;
	if (reader->lent) {
		pthread_mutex_unlock(&store->write_lock);
		*reader = (struct reader){0};
		return;
	}
	pthread_mutex_lock(&store->pool_lock);
	if (store->idle_len < STORE_IDLE_READERS) {
		store->idle[store->idle_len++] = surplus;
		surplus = NULL;
	} else {
		forget_reader(store, surplus);
	}
	pthread_mutex_unlock(&store->pool_lock);
	db_close(surplus);
	*reader = (struct reader){0};
}

void store_rest_readers(struct store *store)
{
	pthread_mutex_lock(&store->pool_lock);
	for (size_t i = 0; i < store->readers_len; i++)
		db_rest(store->readers[i]);
	pthread_mutex_unlock(&store->pool_lock);
}

void store_close_readers(struct store *store)
{
	for (size_t i = 0; i < store->idle_len; i++)
		db_close(store->idle[i]);
	free(store->readers);
}
