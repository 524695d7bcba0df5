/* Every content once, small, and exactly as it was. */
#include "core/blob.h"
#include "core/buf.h"
#include "tests/unit/temp_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Text that compresses about as well as an item does. */
static void write_text(char *text, size_t len, unsigned seed)
{
	size_t at = 0;

	while (at < len) {
		char word[80];
		size_t n = (size_t)snprintf(word, sizeof(word),
					    "{\"name\": \"rule %x\", \"type\": "
					    "\"attribute %d\"}, ",
					    (unsigned)rand_r(&seed) & 0xffff,
					    rand_r(&seed) % 20);

		if (n > len - at)
			n = len - at;
		memcpy(text + at, word, n);
		at += n;
	}
}

/* Text that compresses badly. */
static void write_noise(char *text, size_t len)
{
	unsigned seed = 11;

	for (size_t i = 0; i < len; i++)
		text[i] = (char)(rand_r(&seed) % 90 + 32);
}

static int64_t put(struct temp *t, const char *bytes, size_t len, int64_t like)
{
	int64_t id;

	temp_begin(t);
	temp_ok(t, blob_put(t->m.db, bytes, len, like, &id, &t->why));
	temp_commit(t);
	return id;
}

static void assert_holds(struct temp *t, int64_t id, const char *bytes,
			 size_t len)
{
	DROP(buf_done) struct buf out = {0};
	unsigned char sha[BLOB_SHA256], own[BLOB_SHA256];
	int64_t size;

	buf_text(&out, "before ");
	temp_ok(t, blob_get(t->reader.db, id, true, &out, &t->why));
	assert_int_equal(out.len, 7 + len);
	assert_memory_equal(out.data, "before ", 7);
	assert_memory_equal(out.data + 7, bytes, len);
	temp_ok(t, blob_stat(t->reader.db, id, &size, sha, &t->why));
	temp_ok(t, blob_sha256(bytes, len, own, &t->why));
	assert_int_equal(size, len);
	assert_memory_equal(sha, own, sizeof(sha));
}

/* ---- storing ---- */

static void test_the_same_bytes_are_stored_once(void **state)
{
	struct temp *t = *state;
	int64_t a = put(t, "{\"a\": 1}", 8, 0);
	int64_t b = put(t, "{\"b\": 1}", 8, a);
	int64_t found;

	assert_int_not_equal(a, b);
	assert_int_equal(put(t, "{\"a\": 1}", 8, b), a);
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM content"), 2);
	temp_ok(t, blob_find(t->reader.db, "{\"b\": 1}", 8, &found, &t->why));
	assert_int_equal(found, b);
	temp_ok(t, blob_find(t->reader.db, "{\"c\": 1}", 8, &found, &t->why));
	assert_int_equal(found, 0);
}

static void test_bytes_of_every_size_come_back(void **state)
{
	static const size_t sizes[] = {
		0,     1,      2,	255,	 4096,
		65536, 300000, 1 << 20, 3 << 20, (16 << 20) + 1};
	struct temp *t = *state;
	char *text = malloc((16 << 20) + 1);

	assert_non_null(text);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int64_t id;

		write_text(text, sizes[i], (unsigned)i);
		if (sizes[i] > 2)
			text[1] = '\0'; /* bytes, not text */
		id = put(t, text, sizes[i], 0);
		assert_holds(t, id, text, sizes[i]);
	}
	free(text);
}

static void test_a_small_edit_costs_little(void **state)
{
	enum { LEN = 14000, EDITS = 200 };
	struct temp *t = *state;
	static char text[LEN];
	int64_t first, last, small;

	write_text(text, LEN, 1);
	first = last = put(t, text, LEN, 0);
	small = temp_ask(t, "SELECT max(length(bytes)) FROM content");
	for (int i = 0; i < EDITS; i++) {
		char number[16];

		(void)snprintf(number, sizeof(number), "%08d", i * 77);
		memcpy(text + 5000, number, 8);
		last = put(t, text, LEN, last);
		assert_holds(t, last, text, LEN);
	}
	/* All are made against the one that is whole: no chains. */
	assert_int_equal(
		temp_ask(t, "SELECT count(DISTINCT base) FROM content"), 1);
	assert_int_equal(temp_ask(t, "SELECT max(base) FROM content"), first);
	assert_true(temp_ask(t, "SELECT max(length(bytes)) FROM content"
				" WHERE base IS NOT NULL") < small / 8);
}

static void test_what_has_become_different_is_a_new_base(void **state)
{
	struct temp *t = *state;
	static char text[14000];
	int64_t first, other, next;

	write_text(text, sizeof(text), 1);
	first = put(t, text, sizeof(text), 0);
	write_noise(text, sizeof(text));
	other = put(t, text, sizeof(text), first);
	assert_int_equal(temp_ask(t, "SELECT count(base) FROM content"), 0);
	text[0]++;
	next = put(t, text, sizeof(text), other);
	assert_int_equal(
		temp_ask(t, "SELECT base FROM content ORDER BY id DESC"),
		other);
	assert_holds(t, next, text, sizeof(text));
}

static void test_large_contents_find_what_they_share(void **state)
{
	enum { LARGE = 6 << 20 };
	struct temp *t = *state;
	char *text = malloc(LARGE);
	int64_t first, second;

	assert_non_null(text);
	write_noise(text, LARGE);
	first = put(t, text, LARGE, 0);
	memmove(text + 1000, text, LARGE - 1000);
	second = put(t, text, LARGE, first);
	assert_holds(t, second, text, LARGE);
	assert_true(temp_ask(t, "SELECT min(length(bytes)) FROM content") <
		    20000);
	/* Little has a large base: reading it would cost the base. */
	(void)put(t, text, 1000, second);
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM content"
				     " WHERE base IS NOT NULL"),
			 1);
	free(text);
}

static void test_a_former_version_that_is_lost_stops_nobody(void **state)
{
	struct temp *t = *state;
	static char text[4000];
	int64_t first, next;

	write_text(text, sizeof(text), 1);
	first = put(t, text, sizeof(text), 0);
	temp_sql(t, "UPDATE content SET bytes = zeroblob(50)");
	text[9] = 'x';
	next = put(t, text, sizeof(text), first);
	assert_holds(t, next, text, sizeof(text));
	text[9] = 'y';
	next = put(t, text, sizeof(text), 4711);
	assert_holds(t, next, text, sizeof(text));
}

/* ---- what is damaged ---- */

static int get(struct temp *t, int64_t id, bool verify)
{
	DROP(buf_done) struct buf out = {0};
	int r = blob_get(t->reader.db, id, verify, &out, &t->why);

	if (r < 0)
		assert_int_equal(out.len, 0);
	return r;
}

static void test_damage_is_found(void **state)
{
	struct temp *t = *state;
	static char text[4000];
	int64_t first, next;

	write_text(text, sizeof(text), 1);
	first = put(t, text, sizeof(text), 0);
	text[9] = 'x';
	next = put(t, text, sizeof(text), first);
	temp_fails(t, get(t, 4711, false), -ENOENT, "no content 4711");
	temp_sql(t, "UPDATE content SET sha256 = zeroblob(32) WHERE id = 2");
	temp_ok(t, get(t, next, false));
	temp_fails(t, get(t, next, true), -EBADMSG, "not what was stored");
	temp_sql(t, "UPDATE content SET size = size + 1 WHERE id = 1");
	temp_fails(t, get(t, first, false), -EBADMSG, "does not hold 4001");
	temp_fails(t, get(t, next, false), -EBADMSG, "does not hold 4001");
	temp_sql(t, "UPDATE content SET size = size - 1, bytes ="
		    " CAST(substr(bytes, 1, 60) || x'2a'"
		    " || substr(bytes, 62) AS BLOB) WHERE id = 1");
	temp_fails(t, get(t, first, false), -EBADMSG, "damaged");
	temp_sql(t, "DELETE FROM content WHERE id = 1");
	temp_fails(t, get(t, next, false), -EBADMSG, "has lost its base");
}

static void test_other_bytes_are_packed_the_same_way(void **state)
{
	DROP(buf_done) struct buf frame = {0};
	DROP(buf_done) struct buf out = {0};
	struct temp *t = *state;
	char text[1000];

	write_text(text, sizeof(text), 3);
	temp_ok(t, blob_pack(text, sizeof(text), &frame, &t->why));
	assert_true(frame.len < sizeof(text));
	temp_ok(t, blob_unpack(frame.data, frame.len, sizeof(text), &out,
			       &t->why));
	assert_int_equal(out.len, sizeof(text));
	assert_memory_equal(out.data, text, sizeof(text));
	temp_fails(t, blob_unpack("nonsense", 8, 5, &out, &t->why), -EBADMSG,
		   "does not hold 5");
}

/* ---- size ---- */

static void save_like(struct temp *t, int64_t item, const char *text,
		      size_t len)
{
	struct entry e;
	int64_t content;

	temp_ok(t, tree_get(t->m.db, MOMENT_NOW, item, &e, &t->why));
	temp_ok(t, blob_put(t->m.db, text, len, e.content, &content, &t->why));
	temp_ok(t, tree_save(&t->m, item, content, 0, (int64_t)len, &e.attr,
			     &t->why));
}

static off_t file_size(struct temp *t)
{
	struct stat st;

	temp_reopen(t); /* all of the log is in the file then */
	assert_int_equal(stat(t->path, &st), 0);
	return st.st_size;
}

static void test_a_thousand_edits_and_100_snapshots_fit_in_2_mb(void **state)
{
	enum { LEN = 14000, ITEMS = 100, SNAPSHOTS = 100, EACH = 10 };
	static char text[ITEMS][LEN];
	int64_t items[ITEMS];
	struct temp *t = *state;
	unsigned seed = 5;
	off_t before;

	for (int i = 0; i < ITEMS; i++) {
		char name[32], end = text[i][LEN - 1];

		write_text(text[i], LEN, (unsigned)i);
		(void)snprintf(name, sizeof(name), "Item %d.json", i);
		text[i][LEN - 1] = '\0';
		items[i] = temp_item(t, TREE_ROOT, name, text[i]);
		text[i][LEN - 1] = end;
	}
	before = file_size(t);
	for (int i = 0; i < SNAPSHOTS; i++) {
		for (int k = 0; k < EACH; k++) {
			int n = rand_r(&seed) % ITEMS;
			size_t at = (size_t)rand_r(&seed) % (LEN - 20);

			(void)snprintf(text[n] + at, 20, "edit %d %d", i, k);
			temp_begin(t);
			save_like(t, items[n], text[n], LEN);
			temp_commit(t);
		}
		temp_snapshot(t);
	}
	assert_true(file_size(t) - before < 1 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_the_same_bytes_are_stored_once, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_bytes_of_every_size_come_back, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(test_a_small_edit_costs_little,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_what_has_become_different_is_a_new_base,
			temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_large_contents_find_what_they_share, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_former_version_that_is_lost_stops_nobody,
			temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(test_damage_is_found,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_other_bytes_are_packed_the_same_way, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_thousand_edits_and_100_snapshots_fit_in_2_mb,
			temp_setup, temp_teardown),
	};

	return cmocka_run_group_tests_name("blob", tests, NULL, NULL);
}
