/*
 * json_key - the keys of all objects that a scan is inside of.
 *
 * One table for all of them: keys come and go as a stack, the innermost
 * object's last, and only one object is open at each depth. So the hash of a
 * key includes the depth, an object that ends takes its keys off the top, and
 * taking the newest entry off a table with linear probing leaves no gap in
 * another's chain. Some 50 keys fit into the struct itself; a hundred thousand
 * cost a hundred thousand steps.
 *
 * Thread-safety: one struct json_keys belongs to one thread.
 */
#ifndef CORE_JSON_KEY_H
#define CORE_JSON_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_key {
	size_t at; /* in the text, or in the decoded keys */
	size_t len;
	uint32_t hash;
	uint32_t slot;
	uint32_t depth;
	bool decoded;
};

enum {
	JSON_KEYS_INSIDE = 48,
	JSON_SLOTS_INSIDE = 128, /* a power of 2, never full */
};

struct json_keys {
	const char *text;
	struct json_key *keys; /* the stack: few, or allocated */
	size_t count, max;
	uint32_t *slots; /* index + 1 into keys; 0: empty */
	size_t mask;
	char *decoded; /* the bytes of keys that hold escapes */
	size_t decoded_len, decoded_max;
	uint64_t seed;
	struct json_key few[JSON_KEYS_INSIDE];
	uint32_t few_slots[JSON_SLOTS_INSIDE];
};

/* For keys of @text, which stays where it is. */
void json_key_start(struct json_keys *k, const char *text);
void json_key_end(struct json_keys *k);

/*
 * Add the key whose inside is the @len bytes at offset @at to the object at
 * @depth; every deeper object has ended. 1: the object has that key already,
 * as decoded; 0: it is new; -ENOMEM.
 */
int json_key_add(struct json_keys *k, size_t depth, size_t at, size_t len,
		 bool escaped);

/* The object at @depth ends. */
void json_key_drop(struct json_keys *k, size_t depth);

#endif
