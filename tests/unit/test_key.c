/* Key files, and what is sealed with a key. */
#include "core/buf.h"
#include "core/env.h"
#include "core/key.h"
#include "core/key_ring.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	char dir[64];
	char path[80];
	struct why why;
};

static const struct key_place HERE = {"secret", 7, "a.Password"};
static const char PLAIN[] = "\"hunter2\"";

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/repofs-key-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	(void)snprintf(p->path, sizeof(p->path), "%s/r.key", p->dir);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	(void)unlink(p->path);
	assert_int_equal(rmdir(p->dir), 0); /* nothing else was left */
	free(p);
	return 0;
}

static void make(struct place *p, struct key *ret)
{
	assert_done(key_create(p->path, &env_system, ret, &p->why), &p->why);
}

static void test_a_key_file_is_read_as_it_was_made(void **state)
{
	struct place *p = *state;
	struct key made, read;
	struct stat st;

	make(p, &made);
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_done(key_read(p->path, &env_system, &read, &p->why), &p->why);
	assert_memory_equal(&made, &read, sizeof(made));
	assert_memory_not_equal(made.seal, made.digest, KEY_BYTES);
}

static void test_a_key_file_is_never_replaced(void **state)
{
	struct place *p = *state;
	struct key made, other;

	make(p, &made);
	assert_refused(key_create(p->path, &env_system, &other, &p->why),
		       -EEXIST, &p->why, p->path);
	assert_done(key_read(p->path, &env_system, &other, &p->why), &p->why);
	assert_memory_equal(made.id, other.id, KEY_ID);
}

static void write_file(struct place *p, const char *text, size_t len)
{
	FILE *f = fopen(p->path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static size_t read_file(struct place *p, char *text, size_t size)
{
	FILE *f = fopen(p->path, "r");
	size_t len;

	assert_non_null(f);
	len = fread(text, 1, size, f);
	assert_int_equal(fclose(f), 0);
	return len;
}

static void test_any_damage_to_the_file_is_found(void **state)
{
	struct place *p = *state;
	char text[200];
	struct key key;
	size_t len;

	assert_refused(key_read(p->path, &env_system, &key, &p->why), -ENOENT,
		       &p->why, p->path);
	make(p, &key);
	len = read_file(p, text, sizeof(text));
	for (size_t i = 0; i < len; i++) {
		text[i] ^= 1;
		write_file(p, text, len);
		assert_refused(key_read(p->path, &env_system, &key, &p->why),
			       -EBADMSG, &p->why, "damaged");
		text[i] ^= 1;
	}
	for (size_t cut = 0; cut < len - 1; cut++) {
		write_file(p, text, cut);
		assert_refused(key_read(p->path, &env_system, &key, &p->why),
			       -EBADMSG, &p->why, "damaged");
	}
	/* Editors may take the last newline away. */
	write_file(p, text, len - 1);
	assert_done(key_read(p->path, &env_system, &key, &p->why), &p->why);
}

static void seal(struct place *p, const struct key *key, struct buf *out)
{
	buf_reset(out);
	assert_done(key_seal(key, &HERE, PLAIN, sizeof(PLAIN), out, &p->why),
		    &p->why);
	assert_int_equal(out->len, sizeof(PLAIN) + KEY_OVERHEAD);
}

static int unseal(struct place *p, const struct key *key,
		  const struct key_place *place, const struct buf *sealed)
{
	struct buf out = {0};
	int r = key_unseal(key, place, sealed->data, sealed->len, &out,
			   &p->why);

	if (r == 0) {
		assert_int_equal(out.len, sizeof(PLAIN));
		assert_memory_equal(out.data, PLAIN, sizeof(PLAIN));
	} else {
		assert_int_equal(out.len, 0);
	}
	buf_done(&out);
	return r;
}

static void test_what_is_sealed_opens_and_shows_nothing(void **state)
{
	struct place *p = *state;
	struct buf once = {0}, again = {0};
	struct key key;

	make(p, &key);
	seal(p, &key, &once);
	seal(p, &key, &again);
	assert_done(unseal(p, &key, &HERE, &once), &p->why);
	assert_null(memmem(once.data, once.len, "hunter2", 7));
	/* The same value twice cannot be told. */
	assert_memory_not_equal(once.data, again.data, once.len);
	buf_done(&once);
	buf_done(&again);
}

static void test_damage_and_other_places_do_not_open(void **state)
{
	static const struct key_place elsewhere[] = {
		{"secret", 8, "a.Password"}, {"secret", 7, "a.Token"},
		{"secret", 7, NULL},	     {"scratch", 7, "a.Password"},
		{"secret", 77, ".Password"},
	};
	struct place *p = *state;
	struct buf sealed = {0};
	struct key key;

	make(p, &key);
	seal(p, &key, &sealed);
	for (size_t i = 0; i < COUNT(elsewhere); i++)
		assert_refused(unseal(p, &key, &elsewhere[i], &sealed),
			       -EBADMSG, &p->why, "damaged");
	for (size_t i = 0; i < sealed.len; i++) {
		sealed.data[i] ^= 0x40;
		assert_refused(unseal(p, &key, &HERE, &sealed), -EBADMSG,
			       &p->why, "damaged");
		sealed.data[i] ^= 0x40;
	}
	sealed.len = KEY_OVERHEAD - 1;
	assert_refused(unseal(p, &key, &HERE, &sealed), -EBADMSG, &p->why,
		       "cut off");
	buf_done(&sealed);
}

static void test_another_key_does_not_open(void **state)
{
	struct place *p = *state;
	struct buf sealed = {0};
	struct key key, other;

	make(p, &key);
	seal(p, &key, &sealed);
	assert_int_equal(unlink(p->path), 0);
	make(p, &other);
	assert_memory_not_equal(key.id, other.id, KEY_ID);
	assert_refused(unseal(p, &other, &HERE, &sealed), -EBADMSG, &p->why,
		       "damaged");
	buf_done(&sealed);
}

static void test_a_digest_needs_the_key(void **state)
{
	unsigned char one[KEY_DIGEST], same[KEY_DIGEST], other[KEY_DIGEST];
	struct place *p = *state;
	struct key key, second;

	make(p, &key);
	assert_done(key_digest(&key, "text", 4, one, &p->why), &p->why);
	assert_done(key_digest(&key, "text", 4, same, &p->why), &p->why);
	assert_memory_equal(one, same, KEY_DIGEST);
	assert_int_equal(unlink(p->path), 0);
	make(p, &second);
	assert_done(key_digest(&second, "text", 4, other, &p->why), &p->why);
	assert_memory_not_equal(one, other, KEY_DIGEST);
}

static void test_a_ring_reads_once_and_makes_when_told(void **state)
{
	struct place *p = *state;
	struct keyring *ring = NULL;
	struct key key, made;

	assert_done(keyring_new(p->path, &env_system, &ring, &p->why), &p->why);
	assert_string_equal(keyring_path(ring), p->path);
	assert_refused(keyring_get(ring, &key, &p->why), -ENOKEY, &p->why,
		       "not there");
	write_file(p, "x", 1);
	assert_refused(keyring_get(ring, &key, &p->why), -ENOKEY, &p->why,
		       "no key file");
	assert_refused(keyring_make(ring, &key, &p->why), -ENOKEY, &p->why,
		       p->path);
	assert_int_equal(unlink(p->path), 0);
	assert_done(keyring_make(ring, &made, &p->why), &p->why);
	assert_int_equal(unlink(p->path), 0);
	assert_done(keyring_get(ring, &key, &p->why), &p->why);
	assert_memory_equal(&key, &made, sizeof(key));
	keyring_forget(ring);
	assert_int_equal(keyring_get(ring, &key, &p->why), -ENOKEY);
	keyring_free(ring);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_a_key_file_is_read_as_it_was_made),
		TEST(test_a_key_file_is_never_replaced),
		TEST(test_any_damage_to_the_file_is_found),
		TEST(test_what_is_sealed_opens_and_shows_nothing),
		TEST(test_damage_and_other_places_do_not_open),
		TEST(test_another_key_does_not_open),
		TEST(test_a_digest_needs_the_key),
		TEST(test_a_ring_reads_once_and_makes_when_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
