#include "core/key_ring.h"

#include "core/key.h"
#include "core/why.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct keyring {
	char *path;
	const struct env *env;
	pthread_mutex_t lock;
	bool known;
	struct key key;
};

int keyring_new(const char *path, const struct env *env, struct keyring **ret,
		struct why *why)
{
	DROP(keyring_free_p) struct keyring *ring = calloc(1, sizeof(*ring));

	if (ring)
		pthread_mutex_init(&ring->lock, NULL);
	if (ring)
		ring->path = strdup(path);
	if (!ring || !ring->path)
		return why_set(why, -ENOMEM, "out of memory");
	ring->env = env;
	*ret = TAKE(ring);
	return 0;
}

void keyring_free(struct keyring *ring)
{
	if (!ring)
		return;
	key_forget(&ring->key);
	pthread_mutex_destroy(&ring->lock);
	free(ring->path);
	free(ring);
}

const char *keyring_path(const struct keyring *ring)
{
	return ring->path;
}

/* Whatever is wrong with the file, the key is not there. */
static int read_file(struct keyring *ring, struct why *why)
{
	struct why reason = {0};
	int r = key_read(ring->path, ring->env, &ring->key, &reason);

	ring->known = r == 0;
	if (r == -ENOENT)
		return why_set(why, -ENOKEY, "the key file '%s' is not there",
			       ring->path);
	return r < 0 ? why_set(why, -ENOKEY, "%s", reason.text) : 0;
}

int keyring_get(struct keyring *ring, struct key *ret, struct why *why)
{
	int r;

	pthread_mutex_lock(&ring->lock);
	r = ring->known ? 0 : read_file(ring, why);
	if (r == 0)
		*ret = ring->key;
	pthread_mutex_unlock(&ring->lock);
	return r;
}

int keyring_make(struct keyring *ring, struct key *ret, struct why *why)
{
	struct why reason = {0};
	int r;

	pthread_mutex_lock(&ring->lock);
	r = key_create(ring->path, ring->env, &ring->key, &reason);
	if (r < 0)
		r = why_set(why, -ENOKEY, "%s", reason.text);
	ring->known = r == 0;
	if (r == 0)
		*ret = ring->key;
	pthread_mutex_unlock(&ring->lock);
	return r;
}

void keyring_forget(struct keyring *ring)
{
	pthread_mutex_lock(&ring->lock);
	ring->known = false;
	key_forget(&ring->key);
	pthread_mutex_unlock(&ring->lock);
}
