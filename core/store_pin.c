#include "core/store_priv.h"

#include "core/moment.h"

static int newest(struct store *store, int64_t *ret_moment, struct why *why)
{
	DROP(store_put) struct reader reader = {0};
	int r = store_read(store, &reader, why);

	return r < 0 ? r : moment_newest(reader.db, ret_moment, why);
}

/* Whoever amends has asked before what is looked at: with the writer lock
 * nobody is between the two. */
int store_pin(struct store *store, int64_t *ret_moment, struct why *why)
{
	if (store->read_only)
		return newest(store, ret_moment, why);
	pthread_mutex_lock(&store->write_lock);
	*ret_moment = store->newest;
	store_show(store, store->newest);
	pthread_mutex_unlock(&store->write_lock);
	return 0;
}
