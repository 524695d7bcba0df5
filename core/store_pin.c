#include "core/store_priv.h"

#include "core/moment.h"

static int newest(struct store *store, int64_t *ret_moment, struct why *why)
{
	DROP(store_put) struct reader reader = {0};
	int r = store_read(store, &reader, why);

	return r < 0 ? r : moment_newest(reader.db, ret_moment, why);
}

/* Whoever amends has asked before for what is pinned: with the writer lock
 * nobody is between the two. */
int store_pin(struct store *store, int64_t *ret_moment, struct why *why)
{
	if (store->read_only)
		return newest(store, ret_moment, why);
	pthread_mutex_lock(&store->write_lock);
	pthread_mutex_lock(&store->pool_lock);
	store->pins++;
	/* Of several the newest: to fix too much does no harm. */
	store->pinned = store->newest;
	pthread_mutex_unlock(&store->pool_lock);
	*ret_moment = store->newest;
	pthread_mutex_unlock(&store->write_lock);
	return 0;
}

void store_unpin(struct store *store)
{
	if (store->read_only)
		return;
	pthread_mutex_lock(&store->pool_lock);
	store->pins--;
	pthread_mutex_unlock(&store->pool_lock);
}

bool store_pinned(struct store *store, int64_t born)
{
	bool pinned;

	pthread_mutex_lock(&store->pool_lock);
	pinned = store->pins > 0 && store->pinned >= born;
	pthread_mutex_unlock(&store->pool_lock);
	return pinned;
}
