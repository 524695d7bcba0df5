#include "core/store_priv.h"

#include "core/moment.h"

enum { PIN_TRIES = 8 };

static int newest(struct store *store, int64_t *ret_moment, struct why *why)
{
	DROP(store_put) struct reader reader = {0};
	int r = store_read(store, &reader, why);

	return r < 0 ? r : moment_newest(reader.db, ret_moment, why);
}

/*
 * Who amends asks first whether anybody has been shown what he changes, and
 * holds the lock for it from before that until he has committed. So who shows a
 * moment, and then gets the lock, knows that those who had not heard of it are
 * done, and waits for them alone: not for a restore that takes minutes.
 */
void store_amends(struct store *store)
{
	if (store->amending)
		return;
	pthread_mutex_lock(&store->amend_lock);
	store->amending = true;
}

void store_amended(struct store *store)
{
	if (!store->amending)
		return;
	store->amending = false;
	pthread_mutex_unlock(&store->amend_lock);
}

/* Show the newest moment; if there is a newer one then, it has not been shown
 * to those who amend that: 0, else 1. */
static int show_newest(struct store *store, int64_t *ret_moment,
		       struct why *why)
{
	int64_t now = 0;
	int r = newest(store, ret_moment, why);

	if (r < 0 || store->read_only)
		return r < 0 ? r : 1;
	store_show(store, *ret_moment);
	pthread_mutex_lock(&store->amend_lock);
	pthread_mutex_unlock(&store->amend_lock);
	r = newest(store, &now, why);
	return r < 0 ? r : now == *ret_moment;
}

int store_pin(struct store *store, int64_t *ret_moment, struct why *why)
{
	int r = 0;

	for (int i = 0; i < PIN_TRIES && r == 0; i++)
		r = show_newest(store, ret_moment, why);
	if (r != 0)
		return r < 0 ? r : 0;
	/* Others commit without a pause. */
	pthread_mutex_lock(&store->write_lock);
	*ret_moment = store->newest;
	store_show(store, store->newest);
	pthread_mutex_unlock(&store->write_lock);
	return 0;
}
