#include "fs/views.h"

#include "core/bits.h"
#include "fs/inum.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { IDLE_MAX = 64, SLOTS_FIRST = 64 };

#define NUMBER_MAX ((INT64_C(1) << (INUM_PAYLOAD_BITS - INUM_VIEW_BITS)) - 1)

struct kept {
	struct view view;
	int64_t count; /* lookups that the kernel has not forgotten */
	struct kept *next_by_number, *next_by_key;
	struct kept *older, *newer; /* among the idle, while count is 0 */
	uint64_t hash;
	struct bits only; /* view.part */
	char name[];
};

struct slot {
	struct kept *by_number, *by_key;
};

struct views {
	pthread_mutex_t lock;
	struct slot *slots;
	size_t mask; /* of the number of slots, a power of 2 */
	size_t len;
	int64_t last; /* number given */
	struct kept *newest, *oldest;
	size_t idle;
};

int views_new(struct views **ret)
{
	struct views *views = calloc(1, sizeof(*views));
	struct slot *slots = calloc(SLOTS_FIRST, sizeof(*slots));

	if (!views || !slots || pthread_mutex_init(&views->lock, NULL) != 0) {
		free(views);
		free(slots);
		return -ENOMEM;
	}
	views->slots = slots;
	views->mask = SLOTS_FIRST - 1;
	*ret = views;
	return 0;
}

static void free_kept(struct kept *k)
{
	bits_done(&k->only);
	free(k);
}

void views_free(struct views *views)
{
	if (!views)
		return;
	for (size_t i = 0; i <= views->mask; i++) {
		struct kept *next;

		for (struct kept *k = views->slots[i].by_number; k; k = next) {
			next = k->next_by_number;
			free_kept(k);
		}
	}
	free(views->slots);
	(void)pthread_mutex_destroy(&views->lock);
	free(views);
}

/* ---- the table ---- */

/* FNV-1a: names are a few bytes. */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t hash_key(const char *name, const struct view *view)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	hash = hash_bytes(hash, &view->root, sizeof(view->root));
	hash = hash_bytes(hash, &view->moment, sizeof(view->moment));
	hash = hash_bytes(hash, name, strlen(name));
	return hash ^ hash >> 32;
}

static struct kept **slot_by_number(struct views *views, int64_t number)
{
	return &views->slots[(uint64_t)number & views->mask].by_number;
}

static struct kept **slot_by_key(struct views *views, uint64_t hash)
{
	return &views->slots[hash & views->mask].by_key;
}

static struct kept *by_number(struct views *views, int64_t number)
{
	struct kept *k = *slot_by_number(views, number);

	while (k && k->view.number != number)
		k = k->next_by_number;
	return k;
}

static struct kept *by_key(struct views *views, uint64_t hash, const char *name,
			   const struct view *view)
{
	struct kept *k = *slot_by_key(views, hash);

	while (k &&
	       (k->hash != hash || k->view.root != view->root ||
		k->view.moment != view->moment || strcmp(k->name, name) != 0))
		k = k->next_by_key;
	return k;
}

static void link_kept(struct views *views, struct kept *k)
{
	struct kept **number = slot_by_number(views, k->view.number);
	struct kept **key = slot_by_key(views, k->hash);

	k->next_by_number = *number;
	*number = k;
	k->next_by_key = *key;
	*key = k;
}

static void unlink_kept(struct views *views, struct kept *k)
{
	struct kept **at = slot_by_number(views, k->view.number);

	while (*at != k)
		at = &(*at)->next_by_number;
	*at = k->next_by_number;
	at = slot_by_key(views, k->hash);
	while (*at != k)
		at = &(*at)->next_by_key;
	*at = k->next_by_key;
}

/* Twice the slots; a table that cannot grow is only slower. */
static void grow(struct views *views)
{
	size_t count = 2 * (views->mask + 1);
	struct slot *old = views->slots, *slots = calloc(count, sizeof(*slots));
	size_t old_count = views->mask + 1;

	if (!slots)
		return;
	views->slots = slots;
	views->mask = count - 1;
	for (size_t i = 0; i < old_count; i++) {
		struct kept *next;

		for (struct kept *k = old[i].by_number; k; k = next) {
			next = k->next_by_number;
			link_kept(views, k);
		}
	}
	free(old);
}

/* ---- the idle ---- */

static void idle_remove(struct views *views, struct kept *k)
{
	*(k->older ? &k->older->newer : &views->oldest) = k->newer;
	*(k->newer ? &k->newer->older : &views->newest) = k->older;
	k->older = k->newer = NULL;
	views->idle--;
}

static void idle_add(struct views *views, struct kept *k)
{
	k->older = views->newest;
	k->newer = NULL;
	*(k->older ? &k->older->newer : &views->oldest) = k;
	views->newest = k;
	views->idle++;
	if (views->idle <= IDLE_MAX)
		return;
	k = views->oldest;
	idle_remove(views, k);
	unlink_kept(views, k);
	views->len--;
	free_kept(k);
}

/* ---- numbers ---- */

static int64_t next_number(struct views *views)
{
	do
		views->last = views->last < NUMBER_MAX ? views->last + 1 : 1;
	while (by_number(views, views->last));
	return views->last;
}

static struct kept *add(struct views *views, uint64_t hash, const char *name,
			const struct view *view)
{
	size_t len = strlen(name) + 1;
	struct kept *k;

	if (views->len > views->mask)
		grow(views);
	k = calloc(1, sizeof(*k) + len);
	if (!k)
		return NULL;
	k->view = *view;
	k->view.number = next_number(views);
	k->hash = hash;
	memcpy(k->name, name, len);
	link_kept(views, k);
	views->len++;
	return k;
}

/* It was asked for just now. */
static void touch(struct views *views, struct kept *k)
{
	if (k->count == 0) {
		idle_remove(views, k);
		idle_add(views, k);
	}
}

int views_find(struct views *views, const char *name, struct view *view)
{
	struct kept *k;

	pthread_mutex_lock(&views->lock);
	k = by_key(views, hash_key(name, view), name, view);
	if (k) {
		*view = k->view;
		touch(views, k);
	}
	pthread_mutex_unlock(&views->lock);
	return k ? 0 : -ENOENT;
}

static struct kept *add_idle(struct views *views, const char *name,
			     struct bits *only, const struct view *view)
{
	struct kept *k = add(views, hash_key(name, view), name, view);

	if (!k)
		return NULL;
	if (only) {
		k->view.part = true;
		k->only = *only;
		*only = (struct bits){0};
	}
	idle_add(views, k);
	return k;
}

int views_give(struct views *views, const char *name, struct bits *only,
	       struct view *view)
{
	struct kept *k;

	pthread_mutex_lock(&views->lock);
	k = by_key(views, hash_key(name, view), name, view);
	if (k)
		touch(views, k);
	else
		k = add_idle(views, name, only, view);
	if (k)
		*view = k->view;
	pthread_mutex_unlock(&views->lock);
	return k ? 0 : -ENOMEM;
}

bool views_shows(struct views *views, const struct view *view, int64_t item)
{
	const struct kept *k;
	bool shows;

	if (!view->part)
		return true;
	pthread_mutex_lock(&views->lock);
	k = by_number(views, view->number);
	shows = k && bits_has(&k->only, item);
	pthread_mutex_unlock(&views->lock);
	return shows;
}

int views_get(struct views *views, int64_t number, struct view *ret)
{
	const struct kept *k;

	pthread_mutex_lock(&views->lock);
	k = by_number(views, number);
	if (k)
		*ret = k->view;
	pthread_mutex_unlock(&views->lock);
	return k ? 0 : -ESTALE;
}

void views_count(struct views *views, int64_t number, int64_t n)
{
	struct kept *k;

	pthread_mutex_lock(&views->lock);
	k = by_number(views, number);
	if (k) {
		if (k->count == 0)
			idle_remove(views, k);
		k->count += n;
		if (k->count < 0) /* more was forgotten than was known */
			k->count = 0;
		if (k->count == 0)
			idle_add(views, k);
	}
	pthread_mutex_unlock(&views->lock);
}

size_t views_kept(struct views *views)
{
	size_t len;

	pthread_mutex_lock(&views->lock);
	len = views->len;
	pthread_mutex_unlock(&views->lock);
	return len;
}
