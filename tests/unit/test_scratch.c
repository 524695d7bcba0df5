/* Files that are no items: stored, and forgotten when they go. */
#include "core/scratch.h"

#include "core/buf.h"
#include "tests/unit/temp_store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t add(struct temp *t, int64_t parent, const char *name,
		   enum scratch_type type)
{
	const struct scratch s = {
		.id = store_next_id(t->store),
		.parent = parent,
		.type = type,
		.attr = {.mode = 0600, .uid = 3, .gid = 4, .mtime_ns = 5},
	};

	temp_ok(t,
		scratch_add(temp_begin(t), &s, name,
			    type == SCRATCH_LINK ? "to here" : NULL, &t->why));
	temp_commit(t);
	return s.id;
}

static void put(struct temp *t, int64_t id, const char *bytes, size_t len)
{
	temp_ok(t, scratch_write(temp_begin(t), id, bytes, len, &t->why));
	temp_commit(t);
}

static void patch(struct temp *t, int64_t id, int64_t offset, const char *bytes,
		  size_t len)
{
	temp_ok(t,
		scratch_patch(temp_begin(t), id, offset, bytes, len, &t->why));
	temp_commit(t);
}

static struct scratch get(struct temp *t, int64_t id)
{
	struct scratch s;

	temp_ok(t, scratch_get(t->reader.db, id, &s, &t->why));
	assert_null(s.name);
	return s;
}

static void assert_bytes(struct temp *t, int64_t id, const char *bytes,
			 size_t len)
{
	DROP(buf_done) struct buf out = {0};

	buf_text(&out, "x");
	temp_ok(t, scratch_read(t->reader.db, id, &out, &t->why));
	assert_int_equal(out.len, len + 1);
	assert_memory_equal(out.data + 1, bytes, len);
	assert_int_equal(get(t, id).size, len);
}

/* ---- entries ---- */

static int list_one(const struct scratch *s, void *arg)
{
	struct buf *names = arg;

	buf_addf(names, "%s,", s->name);
	return strcmp(s->name, "last") == 0 ? 9 : 0;
}

static void test_entries_are_listed_and_found(void **state)
{
	DROP(buf_done) struct buf name = {0};
	DROP(buf_done) struct buf names = {0};
	struct temp *t = *state;
	struct db *db = t->reader.db;
	int64_t file = add(t, TREE_ROOT, "a.json~", SCRATCH_FILE);
	int64_t folder = add(t, TREE_ROOT, ".Trash", SCRATCH_FOLDER);
	int64_t link = add(t, TREE_ROOT, ".#a.json", SCRATCH_LINK);
	struct scratch s;

	(void)add(t, folder, "below", SCRATCH_FILE);
	(void)add(t, TREE_ROOT, "last", SCRATCH_FILE);
	(void)add(t, TREE_ROOT, "after the last", SCRATCH_FILE);
	assert_int_equal(
		scratch_list(db, TREE_ROOT, file, list_one, &names, &t->why),
		9);
	buf_byte(&names, '\0');
	assert_string_equal(names.data, ".Trash,.#a.json,last,");
	temp_ok(t, scratch_lookup(db, folder, "below", &s, &t->why));
	assert_int_equal(s.parent, folder);
	assert_int_equal(s.type, SCRATCH_FILE);
	assert_int_equal(s.attr.mode, 0600);
	assert_int_equal(s.attr.uid, 3);
	assert_int_equal(s.attr.gid, 4);
	assert_int_equal(s.attr.mtime_ns, 5);
	temp_fails(t, scratch_lookup(db, folder, "a.json~", &s, &t->why),
		   -ENOENT, "'a.json~' is not there");
	temp_fails(t, scratch_get(db, 4711, &s, &t->why), -ENOENT,
		   "no scratch file 4711");
	assert_int_equal(scratch_any(db, folder, &t->why), 1);
	assert_int_equal(scratch_any(db, file, &t->why), 0);
	temp_ok(t, scratch_name(db, link, &name, &t->why));
	temp_ok(t, scratch_link_target(db, link, &name, &t->why));
	assert_int_equal(name.len, strlen(".#a.jsonto here"));
	assert_memory_equal(name.data, ".#a.jsonto here", name.len);
	temp_fails(t, scratch_link_target(db, file, &name, &t->why), -EINVAL,
		   "is no link");
	/* None of this is a moment. */
	assert_int_equal(temp_newest(t), 0);
}

static void test_names_are_taken_once(void **state)
{
	struct temp *t = *state;
	int64_t a = add(t, TREE_ROOT, "a", SCRATCH_FILE);
	int64_t b = add(t, TREE_ROOT, "b", SCRATCH_FILE);
	int64_t folder = add(t, TREE_ROOT, "f", SCRATCH_FOLDER);
	const struct scratch again = {
		.id = 5000,
		.parent = TREE_ROOT,
		.type = SCRATCH_FILE,
	};
	struct scratch s;

	temp_begin(t);
	temp_fails(t, scratch_add(&t->m, &again, "a", NULL, &t->why), -EEXIST,
		   "'a' is there already");
	temp_fails(t, scratch_move(&t->m, a, TREE_ROOT, "b", &t->why), -EEXIST,
		   "'b' is there already");
	temp_ok(t, scratch_move(&t->m, a, folder, "b", &t->why));
	temp_fails(t, scratch_remove(&t->m, folder, &t->why), -ENOTEMPTY,
		   "not empty");
	temp_ok(t, scratch_remove(&t->m, b, &t->why));
	temp_commit(t);
	temp_ok(t, scratch_lookup(t->reader.db, folder, "b", &s, &t->why));
	assert_int_equal(s.id, a);
	assert_int_equal(scratch_lookup(t->reader.db, TREE_ROOT, "b", &s, NULL),
			 -ENOENT);
}

static void test_only_folders_that_are_there_hold_files(void **state)
{
	struct temp *t = *state;
	int64_t gone = temp_folder(t, TREE_ROOT, "gone");
	int64_t file = add(t, TREE_ROOT, "file", SCRATCH_FILE);
	int64_t folder = add(t, TREE_ROOT, ".folder", SCRATCH_FOLDER);
	struct scratch s = get(t, file);

	temp_remove(t, gone);
	s.id = store_next_id(t->store);
	s.parent = gone;
	temp_fails(t, scratch_add(temp_begin(t), &s, "x", NULL, &t->why),
		   -ENOENT, "not there any more");
	temp_fails(t, scratch_move(&t->m, file, gone, "x", &t->why), -ENOENT,
		   "not there any more");
	assert_int_equal(scratch_move(&t->m, folder, file, "x", &t->why),
			 -ENOTDIR);
	temp_ok(t, scratch_move(&t->m, file, folder, "x", &t->why));
}

static void test_attributes_are_set(void **state)
{
	struct temp *t = *state;
	const struct attr attr = {.mode = 0755, .uid = 9, .mtime_ns = 8};
	int64_t id = add(t, TREE_ROOT, "a", SCRATCH_FILE);
	struct scratch s;

	t->now_ns = TEMP_NOW + 3;
	temp_ok(t, scratch_set_attr(temp_begin(t), id, &attr, &t->why));
	temp_commit(t);
	s = get(t, id);
	assert_int_equal(s.attr.mode, 0755);
	assert_int_equal(s.attr.uid, 9);
	assert_int_equal(s.attr.mtime_ns, 8);
	assert_int_equal(s.attr.ctime_ns, TEMP_NOW + 3);
}

/* ---- bytes ---- */

static void test_bytes_of_every_size_come_back(void **state)
{
	static const size_t sizes[] = {0,     1,      65535,   65536,
				       65537, 131072, 1 << 20, 5};
	struct temp *t = *state;
	int64_t id = add(t, TREE_ROOT, "a", SCRATCH_FILE);
	char *bytes = malloc(1 << 20);

	assert_non_null(bytes);
	for (size_t i = 0; i < 1 << 20; i++)
		bytes[i] = (char)(i * 7 + i / 1000);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		put(t, id, bytes, sizes[i]);
		assert_bytes(t, id, bytes, sizes[i]);
		assert_int_equal(temp_ask(t, "SELECT count(*) FROM"
					     " scratch_chunk"),
				 (sizes[i] + 65535) / 65536);
	}
	free(bytes);
	temp_ok(t, scratch_remove(temp_begin(t), id, &t->why));
	temp_commit(t);
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM scratch_chunk"), 0);
}

static void test_random_patches_add_up(void **state)
{
	enum { ROOM = 400000 };
	struct temp *t = *state;
	int64_t id = add(t, TREE_ROOT, "a", SCRATCH_FILE);
	char *model = calloc(1, ROOM);
	unsigned seed = 3;
	size_t size = 0;

	assert_non_null(model);
	for (int i = 0; i < 60; i++) {
		size_t at = (size_t)rand_r(&seed) % (ROOM - 150000);
		size_t len = (size_t)rand_r(&seed) % 150000;

		memset(model + at, 'a' + i % 26, len);
		size = at + len > size ? at + len : size;
		patch(t, id, (int64_t)at, model + at, len);
		assert_bytes(t, id, model, size);
	}
	free(model);
}

static void test_a_gap_is_zeros_and_costs_nothing(void **state)
{
	enum { FAR = 20 << 20 };
	struct temp *t = *state;
	int64_t id = add(t, TREE_ROOT, "a", SCRATCH_FILE);
	char *model = calloc(1, FAR + 3);

	assert_non_null(model);
	memcpy(model + FAR, (const char[]){'e', 'n', 'd'}, 3);
	patch(t, id, FAR, "end", 3);
	assert_bytes(t, id, model, FAR + 3);
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM scratch_chunk"), 1);
	free(model);
}

static void test_a_patch_writes_only_what_it_touches(void **state)
{
	struct temp *t = *state;
	int64_t id = add(t, TREE_ROOT, "a", SCRATCH_FILE);
	char *bytes = calloc(10, SCRATCH_CHUNK);

	assert_non_null(bytes);
	put(t, id, bytes, (size_t)10 * SCRATCH_CHUNK);
	temp_sql(t, "UPDATE scratch_chunk SET bytes = x'00' WHERE seq <> 4");
	patch(t, id, 4 * SCRATCH_CHUNK + 7, "x", 1);
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM scratch_chunk"
				     " WHERE bytes = x'00'"),
			 9);
	free(bytes);
}

static void test_a_file_that_is_too_large_is_refused(void **state)
{
	struct temp *t = *state;
	int64_t id = add(t, TREE_ROOT, "a", SCRATCH_FILE);
	int64_t folder = add(t, TREE_ROOT, "f", SCRATCH_FOLDER);

	put(t, id, "kept", 4);
	temp_begin(t);
	temp_fails(t,
		   scratch_patch(&t->m, id, SCRATCH_MAX_FILE, "x", 1, &t->why),
		   -ENOSPC, "holds at most 67108864 bytes");
	temp_fails(t, scratch_patch(&t->m, id, INT64_MAX, "x", 1, &t->why),
		   -ENOSPC, "holds at most");
	temp_fails(t,
		   scratch_write(&t->m, id, "x", SCRATCH_MAX_FILE + 1, &t->why),
		   -ENOSPC, "holds at most");
	temp_fails(t, scratch_write(&t->m, folder, "x", 1, &t->why), -EINVAL,
		   "is no file");
	temp_ok(t, scratch_patch(&t->m, id, SCRATCH_MAX_FILE - 1, "x", 1,
				 &t->why));
	moment_end(&t->m);
	assert_bytes(t, id, "kept", 4);
}

static void test_an_item_set_aside_shares_its_bytes(void **state)
{
	struct temp *t = *state;
	int64_t item = temp_item(t, TREE_ROOT, "a.json", "{\"a\": 1}");
	struct scratch s = {
		.parent = TREE_ROOT,
		.type = SCRATCH_FILE,
		.size = 8,
		.was = item,
	};
	struct entry e;

	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW, item, &e, &t->why));
	s.content = e.content;
	s.id = e.node;
	temp_begin(t);
	temp_ok(t, tree_remove(&t->m, item, &t->why));
	temp_ok(t, scratch_add(&t->m, &s, "a.json~", NULL, &t->why));
	temp_commit(t);
	assert_bytes(t, s.id, "{\"a\": 1}", 8);
	assert_int_equal(get(t, s.id).was, item);
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM scratch_chunk"), 0);
	/* Its own bytes, as soon as they differ. */
	patch(t, s.id, 6, "2", 1);
	assert_bytes(t, s.id, "{\"a\": 2}", 8);
	assert_int_equal(get(t, s.id).content, 0);
	assert_int_equal(get(t, s.id).was, item);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_entries_are_listed_and_found),
		TEST(test_names_are_taken_once),
		TEST(test_only_folders_that_are_there_hold_files),
		TEST(test_attributes_are_set),
		TEST(test_bytes_of_every_size_come_back),
		TEST(test_random_patches_add_up),
		TEST(test_a_gap_is_zeros_and_costs_nothing),
		TEST(test_a_patch_writes_only_what_it_touches),
		TEST(test_a_file_that_is_too_large_is_refused),
		TEST(test_an_item_set_aside_shares_its_bytes),
	};

	return cmocka_run_group_tests_name("scratch", tests, NULL, NULL);
}
