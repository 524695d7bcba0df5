#include "core/json_key.h"

#include "core/json_token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

/* A number that who writes the text cannot know, so that no text can be made
 * whose keys all meet in one slot. The kernel leaves 16 random bytes. */
static uint64_t process_seed(void)
{
	const void *random = (const void *)(uintptr_t)getauxval(AT_RANDOM);
	uint64_t seed = 0;

	if (random)
		memcpy(&seed, random, sizeof(seed));
	return seed;
}

void json_key_start(struct json_keys *k, const char *text)
{
	k->text = text;
	k->keys = k->few;
	k->count = 0;
	k->max = JSON_KEYS_INSIDE;
	k->slots = k->few_slots;
	k->mask = JSON_SLOTS_INSIDE - 1;
	k->decoded = NULL;
	k->decoded_len = 0;
	k->decoded_max = 0;
	k->seed = process_seed();
	memset(k->few_slots, 0, sizeof(k->few_slots));
}

void json_key_end(struct json_keys *k)
{
	if (k->keys != k->few)
		free(k->keys);
	if (k->slots != k->few_slots)
		free(k->slots);
	free(k->decoded);
}

/* Every bit of the result depends on every bit of @h. */
static uint64_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return h ^ h >> 32;
}

/* The first @len bytes, at most 8, as a number. */
static uint64_t load_few(const char *at, size_t len)
{
	uint64_t word = 0;
	uint32_t low, high;

	if (len >= 8) {
		memcpy(&word, at, 8);
		return word;
	}
	if (len >= 4) {
		memcpy(&low, at, 4);
		memcpy(&high, at + len - 4, 4);
		return low | (uint64_t)high << 32;
	}
	while (len > 0)
		word = word << 8 | (unsigned char)at[--len];
	return word;
}

static uint32_t hash_key(uint64_t seed, size_t depth, const char *at,
			 size_t len)
{
	uint64_t h = seed ^ (uint64_t)depth << 40 ^ len;

	for (; len > 8; at += 8, len -= 8)
		h = mix(h ^ load_few(at, 8));
	return (uint32_t)mix(h ^ load_few(at, len));
}

static const char *key_bytes(const struct json_keys *k,
			     const struct json_key *key)
{
	return (key->decoded ? k->decoded : k->text) + key->at;
}

/* Where @key is, or the empty slot where it belongs. */
static size_t find_slot(const struct json_keys *k, const struct json_key *key)
{
	size_t i = key->hash & k->mask;

	for (; k->slots[i]; i = (i + 1) & k->mask) {
		const struct json_key *other = &k->keys[k->slots[i] - 1];

		if (other->hash == key->hash && other->len == key->len &&
		    other->depth == key->depth &&
		    memcmp(key_bytes(k, other), key_bytes(k, key), key->len) ==
			    0)
			break;
	}
	return i;
}

/* Slots are filled in the order of the stack, so that its top is always last
 * in its chain. */
static void fill_slots(struct json_keys *k)
{
	size_t n;

	for (n = 0; n < k->count; n++) {
		size_t i = k->keys[n].hash & k->mask;

		while (k->slots[i])
			i = (i + 1) & k->mask;
		k->slots[i] = (uint32_t)n + 1;
		k->keys[n].slot = (uint32_t)i;
	}
}

/* Twice as many keys, and more than twice as many slots as keys. */
static int grow(struct json_keys *k)
{
	size_t max = k->max * 2, slots = (k->mask + 1) * 2;
	struct json_key *keys;
	uint32_t *table;

	if (slots > UINT32_MAX)
		return -ENOMEM;
	keys = malloc(max * sizeof(*keys));
	table = calloc(slots, sizeof(*table));
	if (!keys || !table) {
		free(keys);
		free(table);
		return -ENOMEM;
	}
	memcpy(keys, k->keys, k->count * sizeof(*keys));
	if (k->keys != k->few) {
		free(k->keys);
		free(k->slots);
	}
	k->keys = keys;
	k->max = max;
	k->slots = table;
	k->mask = slots - 1;
	fill_slots(k);
	return 0;
}

/* Append the decoded bytes of @key to those of the others. */
static int decode(struct json_keys *k, struct json_key *key)
{
	if (k->decoded_max - k->decoded_len < key->len) {
		size_t max = 2 * (k->decoded_len + key->len);
		char *decoded = realloc(k->decoded, max);

		if (!decoded)
			return -ENOMEM;
		k->decoded = decoded;
		k->decoded_max = max;
	}
	key->len = json_token_unescape(k->text + key->at, key->len,
				       k->decoded + k->decoded_len);
	key->at = k->decoded_len;
	key->decoded = true;
	k->decoded_len += key->len;
	return 0;
}

int json_key_add(struct json_keys *k, size_t depth, size_t at, size_t len,
		 bool escaped)
{
	struct json_key key = {.at = at, .len = len, .depth = (uint32_t)depth};
	int r;

	if (k->count == k->max) {
		r = grow(k);
		if (r < 0)
			return r;
	}
	if (escaped) {
		r = decode(k, &key);
		if (r < 0)
			return r;
	}
	key.hash = hash_key(k->seed, depth, key_bytes(k, &key), key.len);
	key.slot = (uint32_t)find_slot(k, &key);
	if (k->slots[key.slot])
		return 1;
	k->keys[k->count++] = key;
	k->slots[key.slot] = (uint32_t)k->count;
	return 0;
}

void json_key_drop(struct json_keys *k, size_t depth)
{
	while (k->count > 0 && k->keys[k->count - 1].depth == depth) {
		const struct json_key *key = &k->keys[--k->count];

		k->slots[key->slot] = 0;
		if (key->decoded)
			k->decoded_len = key->at;
	}
}
