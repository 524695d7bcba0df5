/*
 * key_ring - the key of one repository: where its file is, and the key once it
 * has been read.
 *
 * Thread-safety: any thread; own lock.
 */
#ifndef CORE_KEY_RING_H
#define CORE_KEY_RING_H

#include "core/defer.h"

struct env;
struct key;
struct keyring;
struct why;

/* @path is copied; the file is not looked at yet. @env is borrowed for life. */
int keyring_new(const char *path, const struct env *env, struct keyring **ret,
		struct why *why);
/* Accepts NULL. */
void keyring_free(struct keyring *ring);
DEFINE_DROP(keyring, keyring_free);

const char *keyring_path(const struct keyring *ring);

/* The key, read from the file if need be. -ENOKEY: there is no file, it cannot
 * be read, or it is none. */
int keyring_get(struct keyring *ring, struct key *ret, struct why *why);

/* Make the file, which is not there. -ENOKEY, for whatever reason. */
int keyring_make(struct keyring *ring, struct key *ret, struct why *why);

/* It is not the right one: read the file again next time. */
void keyring_forget(struct keyring *ring);

#endif
