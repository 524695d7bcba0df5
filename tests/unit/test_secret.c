/* The secret store: values by item and member, and who may open them. */
#include "core/buf.h"
#include "core/check.h"
#include "core/db.h"
#include "core/examine.h"
#include "core/key.h"
#include "core/key_ring.h"
#include "core/kind.h"
#include "core/report.h"
#include "core/scratch.h"
#include "core/secret.h"
#include "core/secret_guard.h"
#include "core/secret_key.h"
#include "core/secret_text.h"
#include "tests/unit/temp_tree.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CREDENTIALS(members) "{\"importCredentials\": {" members "}}"

static const struct kind *kind_of_stores(struct temp *t)
{
	return kinds_by_folder(store_kinds(t->store), "datastores", 10);
}

/* ---- texts ---- */

static void find(struct temp *t, const char *text, struct secret_members *ret)
{
	struct examination found = {0};

	temp_ok(t, examine(kind_of_stores(t), text, strlen(text), &found,
			   &t->why));
	temp_ok(t, secret_members_find(text, strlen(text), &found.secrets, ret,
				       &t->why));
	examination_done(&found);
}

static void test_members_have_one_path_however_they_are_written(void **state)
{
	static const char *const texts[] = {
		CREDENTIALS("\"A Password\": null, \"b\": [{\"token\": 1}],"
			    " \"secret \\\"q\\\"\": \"\""),
		CREDENTIALS("\"A P\\u0061ssword\":null,\"b\":[{\"to\\u006ben\""
			    ":1}],\"secret \\u0022q\\u0022\":\"\""),
	};
	static const char *const paths[] = {
		"importCredentials.A Password",
		"importCredentials.b[0].token",
		"importCredentials[\"secret \\\"q\\\"\"]",
	};
	static const enum secret_says says[] = {SECRET_NULL, SECRET_VALUE,
						SECRET_EMPTY};
	struct temp *t = *state;
	struct secret_members m = {0};

	for (size_t i = 0; i < COUNT(texts); i++) {
		find(t, texts[i], &m);
		assert_int_equal(m.len, COUNT(paths));
		for (size_t k = 0; k < m.len; k++) {
			assert_string_equal(secret_path(&m, k), paths[k]);
			assert_int_equal(m.list[k].says, says[k]);
		}
	}
	secret_members_done(&m);
}

static int fill_one(const char *path, struct buf *out, void *arg)
{
	(void)arg;
	if (strstr(path, "Password"))
		buf_text(out, "\"p\"");
	return 0;
}

static void test_only_the_values_are_replaced(void **state)
{
	const char *text = "{ \"exportCredentials\" :{\"Password\":\t\"p\", "
			   "\"token\" : 12.50 , \"key phrase\":\"\", "
			   "\"user\":\"\\u0041\"} }\n";
	struct temp *t = *state;
	struct secret_members m = {0};
	struct buf out = {0}, back = {0};

	find(t, text, &m);
	assert_int_equal(secret_text_strip(text, strlen(text), &m, &out), 0);
	buf_byte(&out, '\0');
	assert_string_equal(out.data,
			    "{ \"exportCredentials\" :{\"Password\":\tnull, "
			    "\"token\" : null , \"key phrase\":\"\", "
			    "\"user\":\"\\u0041\"} }\n");
	find(t, out.data, &m);
	assert_int_equal(secret_text_fill(out.data, out.len - 1, &m, fill_one,
					  NULL, &back),
			 0);
	buf_byte(&back, '\0');
	assert_string_equal(back.data,
			    "{ \"exportCredentials\" :{\"Password\":\t\"p\", "
			    "\"token\" : null , \"key phrase\":\"\", "
			    "\"user\":\"\\u0041\"} }\n");
	secret_members_done(&m);
	buf_done(&out);
	buf_done(&back);
}

/* ---- rows ---- */

static void put(struct temp *t, int64_t item, const char *at, const char *value)
{
	struct key key;

	temp_begin(t);
	temp_ok(t, secret_key_to_seal(t->m.db, &key, &t->why));
	temp_ok(t, secret_put(t->m.db, &key, item, at, value, strlen(value),
			      &t->why));
	temp_commit(t);
}

/* As secret_get() with the key that there is. */
static int get(struct temp *t, int64_t item, const char *at, struct buf *out)
{
	struct key key;
	int r = secret_key(t->reader.db, &key, &t->why);

	buf_reset(out);
	return r < 0 ? r
		     : secret_get(t->reader.db, &key, item, at, out, &t->why);
}

static void has(struct temp *t, int64_t item, const char *at, const char *value)
{
	struct buf out = {0};
	int r = get(t, item, at, &out);

	temp_ok(t, r);
	assert_int_equal(r, value != NULL);
	if (value) {
		assert_int_equal(out.len, strlen(value));
		assert_memory_equal(out.data, value, out.len);
	}
	buf_done(&out);
}

static void test_values_belong_to_item_and_member(void **state)
{
	struct temp *t = *state;
	struct buf at = {0};
	int64_t item = 0;
	size_t size = 0;

	put(t, 5, "b", "\"one\"");
	put(t, 5, "a", "2");
	put(t, 9, "b", "\"three\"");
	has(t, 5, "b", "\"one\"");
	has(t, 5, "a", "2");
	has(t, 9, "b", "\"three\"");
	has(t, 9, "a", NULL);
	assert_int_equal(secret_size(t->reader.db, 5, "b", &size, &t->why), 1);
	assert_int_equal(size, 5);
	assert_int_equal(secret_next(t->reader.db, 5, &at, &t->why), 1);
	assert_string_equal(at.data, "a");
	assert_int_equal(secret_next(t->reader.db, 5, &at, &t->why), 1);
	assert_string_equal(at.data, "b");
	assert_int_equal(secret_next(t->reader.db, 5, &at, &t->why), 0);
	assert_int_equal(secret_next_item(t->reader.db, 5, &item, &t->why), 1);
	assert_int_equal(item, 9);
	buf_done(&at);
}

/* Items 5 and 9 have each other's values. */
static void swap(struct temp *t)
{
	temp_sql(t, "UPDATE secret SET item = item + 100");
	temp_sql(t, "UPDATE secret SET item = 114 - item");
}

static void test_rows_that_are_swapped_or_damaged_do_not_open(void **state)
{
	struct temp *t = *state;
	struct buf out = {0};

	put(t, 5, "a", "\"one\"");
	put(t, 9, "a", "\"two\"");
	swap(t);
	temp_fails(t, get(t, 5, "a", &out), -EBADMSG, "a: ");
	temp_fails(t, get(t, 9, "a", &out), -EBADMSG, "damaged");
	swap(t);
	has(t, 5, "a", "\"one\"");
	temp_sql(t, "UPDATE secret SET at = 'b' WHERE item = 5");
	temp_fails(t, get(t, 5, "b", &out), -EBADMSG, "damaged");
	temp_sql(t, "UPDATE secret SET sealed = substr(sealed, 1, 20)");
	temp_fails(t, get(t, 9, "a", &out), -EBADMSG, "cut off");
	assert_int_equal(out.len, 0);
	buf_done(&out);
}

/* ---- the key ---- */

static void key_path(struct temp *t, char ret[100])
{
	(void)snprintf(ret, 100, "%s.key", t->path);
}

static int other_random(void *arg, void *bytes, size_t len)
{
	(void)arg;
	memset(bytes, 9, len);
	return 0;
}

/* The file of another repository in place of the right one. */
static void put_wrong_key(struct temp *t)
{
	static const struct env other = {.random = other_random};
	char path[100];
	struct key key;

	key_path(t, path);
	(void)unlink(path);
	temp_ok(t, key_create(path, &other, &key, &t->why));
}

static int try_to_seal(struct temp *t)
{
	struct key key;
	int r;

	temp_begin(t);
	r = secret_key_to_seal(t->m.db, &key, &t->why);
	if (r == 0)
		temp_commit(t);
	else
		moment_end(&t->m);
	return r;
}

static void has_lack(struct temp *t, int64_t item, const char *at)
{
	assert_int_equal(secret_lack_has(t->reader.db, item, SECRET_LACKS_VALUE,
					 at, &t->why),
			 1);
}

static void test_a_key_is_made_when_the_first_secret_needs_one(void **state)
{
	struct temp *t = *state;
	char path[100];

	key_path(t, path);
	assert_int_equal(access(path, F_OK), -1);
	temp_make(t, "datastores/A.json", CREDENTIALS("\"Password\": null"));
	assert_int_equal(access(path, F_OK), -1);
	put(t, 5, "a", "\"one\"");
	assert_int_equal(access(path, F_OK), 0);
	temp_reopen(t);
	has(t, 5, "a", "\"one\"");
}

static void test_without_its_key_nothing_opens_and_none_is_made(void **state)
{
	struct temp *t = *state;
	struct buf out = {0};
	char path[100];

	key_path(t, path);
	put(t, 5, "a", "\"one\"");
	assert_int_equal(unlink(path), 0);
	temp_reopen(t);
	temp_fails(t, get(t, 5, "a", &out), -ENOKEY, "not there");
	temp_fails(t, try_to_seal(t), -ENOKEY, "need it");
	assert_int_equal(access(path, F_OK), -1);
	/* As soon as nothing needs the old one. */
	temp_begin(t);
	temp_ok(t, secret_drop(t->m.db, 5, "a", &t->why));
	temp_commit(t);
	put(t, 5, "a", "\"two\"");
	assert_int_equal(access(path, F_OK), 0);
	has(t, 5, "a", "\"two\"");
	buf_done(&out);
}

static void test_another_key_opens_nothing_and_seals_nothing(void **state)
{
	struct temp *t = *state;
	struct buf out = {0};

	put(t, 5, "a", "\"one\"");
	put_wrong_key(t);
	temp_reopen(t);
	temp_fails(t, get(t, 5, "a", &out), -ENOKEY, "is not the key");
	temp_fails(t, try_to_seal(t), -ENOKEY, "is not the key");
	temp_begin(t);
	temp_ok(t, secret_drop(t->m.db, 5, "a", &t->why));
	temp_commit(t);
	put(t, 5, "a", "\"two\"");
	has(t, 5, "a", "\"two\"");
	buf_done(&out);
}

static void test_the_right_key_helps_without_a_restart(void **state)
{
	struct temp *t = *state;
	struct buf out = {0};
	char path[100], aside[120];

	key_path(t, path);
	(void)snprintf(aside, sizeof(aside), "%s.aside", path);
	put(t, 5, "a", "\"one\"");
	assert_int_equal(rename(path, aside), 0);
	put_wrong_key(t);
	temp_reopen(t);
	temp_fails(t, get(t, 5, "a", &out), -ENOKEY, "is not the key");
	assert_int_equal(rename(aside, path), 0);
	has(t, 5, "a", "\"one\"");
	buf_done(&out);
}

static void test_what_needs_a_lost_key_can_be_given_up(void **state)
{
	struct temp *t = *state;
	int64_t count = 0;
	char path[100];

	key_path(t, path);
	put(t, 5, "a", "\"one\"");
	put(t, 7, "b", "\"one\"");
	temp_begin(t);
	temp_fails(t, secret_give_up(t->m.db, &count, &t->why), -EBUSY,
		   "is there");
	moment_end(&t->m);
	assert_int_equal(unlink(path), 0);
	temp_reopen(t);
	temp_begin(t);
	temp_ok(t, secret_give_up(t->m.db, &count, &t->why));
	temp_commit(t);
	assert_int_equal(count, 2);
	has_lack(t, 5, "a");
	has_lack(t, 7, "b");
	put(t, 5, "a", "\"two\"");
	has(t, 5, "a", "\"two\"");
	has(t, 7, "b", NULL);
}

/* ---- files that are no items ---- */

static void test_what_may_hold_a_secret_is_suspect(void **state)
{
	static const struct {
		const char *text;
		int inside, outside; /* of a folder of data stores */
	} cases[] = {
		{"", 0, 0},
		{"note", 1, 0},
		{"{}", 0, 0},
		{"{\"importCredentials\": {\"Pass", 1, 1},
		{CREDENTIALS("\"Password\": \"x\""), 1, 1},
		{CREDENTIALS("\"Password\": 5"), 1, 1},
		{CREDENTIALS("\"Password\": \"\""), 0, 0},
		{CREDENTIALS("\"Password\": null"), 0, 0},
		{CREDENTIALS("\"user\": \"x\""), 0, 0},
		{"{\"http\": {\"password\": \"x\"}}", 0, 1},
	};
	struct temp *t = *state;
	int64_t inside = temp_folder(t, TREE_ROOT, "datastores");
	int64_t below = temp_folder(t, inside, "x");
	int64_t rules = temp_folder(t, TREE_ROOT, "rules");
	const struct kinds *kinds = store_kinds(t->store);
	struct db *db = t->reader.db;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *text = cases[i].text;
		size_t len = strlen(text);

		assert_int_equal(secret_suspect_file(db, kinds, below, text,
						     len, &t->why),
				 cases[i].inside);
		assert_int_equal(secret_suspect_file(db, kinds, TREE_ROOT, text,
						     len, &t->why),
				 cases[i].outside);
		assert_int_equal(secret_suspect_file(db, kinds, rules, text,
						     len, &t->why),
				 0);
	}
}

static int64_t add_scratch(struct temp *t, int64_t parent, const char *name,
			   enum scratch_type type)
{
	const struct scratch s = {
		.id = store_next_id(t->store),
		.parent = parent,
		.type = type,
	};

	temp_begin(t);
	temp_ok(t, scratch_add(&t->m, &s, name, NULL, &t->why));
	temp_commit(t);
	return s.id;
}

static void holds(struct temp *t, int64_t id, const char *text, size_t len)
{
	struct buf out = {0};

	temp_ok(t, scratch_read(t->reader.db, id, &out, &t->why));
	assert_int_equal(out.len, len);
	assert_memory_equal(out.data, text, len);
	buf_done(&out);
}

static void test_scratch_files_are_sealed_when_they_must_be(void **state)
{
	struct temp *t = *state;
	int64_t stores = temp_folder(t, TREE_ROOT, "datastores");
	int64_t dir = add_scratch(t, stores, ".tmp", SCRATCH_FOLDER);
	int64_t id = add_scratch(t, dir, "x", SCRATCH_FILE);
	size_t len = 3 * SCRATCH_CHUNK + 100;
	char *text = malloc(len);
	struct scratch s;
	struct buf out = {0};

	assert_non_null(text);
	memset(text, ' ', len);
	memcpy(text, "{}", 2);
	temp_begin(t);
	temp_ok(t, scratch_save(&t->m, id, text, len, 0, len, &t->why));
	temp_commit(t);
	temp_ok(t, scratch_get(t->reader.db, id, &s, &t->why));
	assert_false(s.sealed);
	/* A part of it that is no JSON: all of it is sealed. */
	memcpy(text + SCRATCH_CHUNK, "hunter2", 7);
	temp_begin(t);
	temp_ok(t, scratch_save(&t->m, id, text, len, SCRATCH_CHUNK,
				SCRATCH_CHUNK + 7, &t->why));
	temp_commit(t);
	temp_ok(t, scratch_get(t->reader.db, id, &s, &t->why));
	assert_true(s.sealed);
	holds(t, id, text, len);
	/* A part of what is sealed. */
	memcpy(text + 2 * SCRATCH_CHUNK - 3, "hunter3", 7);
	temp_begin(t);
	temp_ok(t, scratch_save(&t->m, id, text, len, 2 * SCRATCH_CHUNK - 3,
				2 * SCRATCH_CHUNK + 4, &t->why));
	temp_commit(t);
	holds(t, id, text, len);
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM scratch_chunk"), 4);
	/* Pieces that change places do not open. */
	temp_sql(t, "UPDATE scratch_chunk SET seq = 11 - seq WHERE seq > 0");
	temp_fails(t, scratch_read(t->reader.db, id, &out, &t->why), -EBADMSG,
		   "damaged");
	buf_done(&out);
	free(text);
}

/* ---- the check ---- */

static int add_sentence(const char *sentence, void *arg)
{
	struct buf *out = arg;

	buf_text(out, sentence);
	buf_byte(out, '\n');
	return 0;
}

static void finds(struct temp *t, int count, const char *words)
{
	struct buf out = {0};

	assert_int_equal(
		check_run(t->reader.db, add_sentence, NULL, &out, &t->why),
		count);
	buf_byte(&out, '\0');
	assert_non_null(strstr(out.data, words));
	buf_done(&out);
}

static void test_the_check_opens_what_is_sealed(void **state)
{
	struct temp *t = *state;
	int64_t stores = temp_folder(t, TREE_ROOT, "datastores");
	int64_t file = add_scratch(t, stores, "x~", SCRATCH_FILE), id;
	const struct rejected what = {
		.folder = stores,
		.size = 3,
		.name = "A.json",
		.reason = "because",
	};
	char path[100];

	put(t, stores, "a", "1");
	temp_begin(t);
	temp_ok(t, scratch_write(&t->m, file, "abc", 3, &t->why));
	temp_ok(t, rejected_keep(&t->m, &what, "abc", &id, &t->why));
	temp_commit(t);
	finds(t, 0, "");
	temp_sql(t, "UPDATE secret SET sealed = zeroblob(40)");
	finds(t, 1, "secret of item");
	temp_sql(t, "UPDATE scratch_chunk SET bytes = zeroblob(60)");
	finds(t, 2, "sealed file");
	temp_sql(t, "UPDATE rejected SET id = id + 1");
	finds(t, 3, "refused bytes");
	/* Nobody can tell without the key. */
	key_path(t, path);
	assert_int_equal(unlink(path), 0);
	temp_reopen(t);
	finds(t, 0, "");
}

int main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_members_have_one_path_however_they_are_written),
		TEST(test_only_the_values_are_replaced),
		TEST(test_values_belong_to_item_and_member),
		TEST(test_rows_that_are_swapped_or_damaged_do_not_open),
		TEST(test_a_key_is_made_when_the_first_secret_needs_one),
		TEST(test_without_its_key_nothing_opens_and_none_is_made),
		TEST(test_another_key_opens_nothing_and_seals_nothing),
		TEST(test_the_right_key_helps_without_a_restart),
		TEST(test_what_needs_a_lost_key_can_be_given_up),
		TEST(test_what_may_hold_a_secret_is_suspect),
		TEST(test_scratch_files_are_sealed_when_they_must_be),
		TEST(test_the_check_opens_what_is_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
