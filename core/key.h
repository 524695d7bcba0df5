/*
 * key - what secrets are sealed with: the key file, and sealing.
 *
 * A key file is one line of text with 32 random bytes and a check sum. Of
 * them two keys are derived: one for AES-256-GCM, one for digests (HMAC-SHA256)
 * of texts that hold secrets, since a plain SHA-256 of such a text would let
 * anybody try passwords.
 *
 * What is sealed is bound to its place: moved elsewhere it does not open.
 *
 * Thread-safety: no state.
 */
#ifndef CORE_KEY_H
#define CORE_KEY_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct env;
struct why;

enum {
	KEY_ID = 16,
	KEY_BYTES = 32,
	KEY_DIGEST = 32,
	KEY_OVERHEAD = 28, /* bytes by which what is sealed is longer */
};

struct key {
	unsigned char id[KEY_ID]; /* tells keys apart, and nothing else */
	unsigned char seal[KEY_BYTES];
	unsigned char digest[KEY_BYTES];
	const struct env *env; /* borrowed: where randomness comes from */
};

/* -ENOENT: there is no such file; -EBADMSG: it is no key file, or damaged. */
int key_read(const char *path, const struct env *env, struct key *ret,
	     struct why *why);

/*
 * Make the key file @path, mode 0600, with a new key. It is on the disk, whole
 * or not at all, when this returns. -EEXIST: the name is taken.
 */
int key_create(const char *path, const struct env *env, struct key *ret,
	       struct why *why);

/* Overwrite it in memory. For DROP(). */
void key_forget(struct key *key);

/* Where something sealed stands. */
struct key_place {
	const char *what; /* which table */
	int64_t id;
	const char *at; /* within that; NULL: nothing more */
};

/* Append the @len bytes at @plain, sealed for @place. */
int key_seal(const struct key *key, const struct key_place *place,
	     const void *plain, size_t len, struct buf *out, struct why *why);

/* Append what was sealed. -EBADMSG: it is damaged, was sealed for another
 * place, or with another key. */
int key_unseal(const struct key *key, const struct key_place *place,
	       const void *sealed, size_t len, struct buf *out,
	       struct why *why);

int key_digest(const struct key *key, const void *bytes, size_t len,
	       unsigned char ret[KEY_DIGEST], struct why *why);

#endif
