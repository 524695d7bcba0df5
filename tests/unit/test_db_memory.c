/*
 * What is kept of the file in memory: all that the listing of a folder with a
 * long history needs, which is a page for each item; not that for each of many
 * readers.
 */
#include "tests/unit/temp_store.h"
#include "tests/unit/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ITEMS = 1000, VERSIONS = 200, MIDDLE = 60, READERS = 16 };

#define MEMORY (INT64_C(48) << 20)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SIZES_COUNT = 0 };
#else
enum { SIZES_COUNT = 1 };
#endif

struct folder {
	struct temp *t;
	int64_t id, middle;
	int64_t items[ITEMS];
};

static void save_all(struct folder *f, int version)
{
	struct temp *t = f->t;
	const struct attr attr = {.mode = 0644, .mtime_ns = version};
	char text[32];

	(void)snprintf(text, sizeof(text), "[%d]", version);
	temp_begin(t);
	for (int i = 0; i < ITEMS; i++)
		temp_ok(t, tree_save(&t->m, f->items[i], temp_content(t, text),
				     0, (int64_t)strlen(text), &attr, &t->why));
	temp_commit(t);
}

static void make_items(struct folder *f)
{
	struct temp *t = f->t;
	struct new_item item = {.size = 3, .attr = {.mode = 0644}};
	char name[32];

	temp_begin(t);
	item.content = temp_content(t, "[0]");
	for (int i = 0; i < ITEMS; i++) {
		(void)snprintf(name, sizeof(name), "%d.json", i);
		temp_ok(t, tree_add_item(&t->m, f->id, name, &item,
					 &f->items[i], &t->why));
	}
	temp_commit(t);
}

static struct folder make_folder(struct temp *t)
{
	struct folder f = {.t = t, .id = temp_folder(t, TREE_ROOT, "old")};

	make_items(&f);
	for (int version = 1; version < VERSIONS; version++) {
		save_all(&f, version);
		if (version == MIDDLE)
			f.middle = temp_newest(t);
	}
	temp_reopen(t); /* all is in the file, nothing in memory */
	return f;
}

static int count_one(const struct entry *e, void *arg)
{
	int *count = arg;

	*count += e->size >= 3;
	return 0;
}

static void list(struct folder *f, struct db *db, int64_t at)
{
	int count = 0;

	temp_ok(f->t,
		tree_list(db, at, f->id, 0, count_one, &count, &f->t->why));
	assert_int_equal(count, ITEMS);
}

/* The number after @key in a file of /proc. */
static int64_t proc_number(const char *path, const char *key)
{
	FILE *file = fopen(path, "re");
	char line[128];
	int64_t number = -1;

	assert_non_null(file);
	while (number < 0 && fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, strlen(key)) == 0)
			assert_int_equal(
				sscanf(line + strlen(key), "%" SCNd64, &number),
				1);
	}
	(void)fclose(file);
	assert_true(number >= 0);
	return number;
}

/* Of this thread, each of them a page or less. */
static int64_t reads(void)
{
	return proc_number("/proc/thread-self/io", "syscr:");
}

static int64_t reads_of_list(struct folder *f, struct db *db, int64_t at)
{
	int64_t before = reads();

	list(f, db, at);
	return reads() - before;
}

static void test_a_long_history_is_read_once(void **state)
{
	struct temp *t = *state;
	struct folder f = make_folder(t);
	const int64_t times[] = {MOMENT_NOW, f.middle};

	for (size_t i = 0; i < 2; i++) {
		struct reader reader = {0};

		temp_ok(t, store_read(t->store, &reader, &t->why));
		assert_true(reads_of_list(&f, reader.db, times[i]) >= ITEMS);
		assert_true(reads_of_list(&f, reader.db, times[i]) < 20);
		store_put(&reader);
		temp_reopen(t);
	}
}

static int64_t resident(void)
{
	return proc_number("/proc/self/status", "VmRSS:") << 10;
}

static int64_t reads_of_some(struct folder *f, struct db *db)
{
	struct entry e;
	int64_t before = reads();

	for (int i = 0; i < ITEMS; i += ITEMS / 50)
		temp_ok(f->t,
			tree_get(db, MOMENT_NOW, f->items[i], &e, &f->t->why));
	return reads() - before;
}

static void test_many_readers_have_room_for_few(void **state)
{
	struct temp *t = *state;
	struct folder f = make_folder(t);
	struct reader readers[READERS] = {0};
	int64_t before = resident();

	for (size_t i = 0; i < READERS; i++) {
		struct db *db;

		temp_ok(t, store_read(t->store, &readers[i], &t->why));
		db = readers[i].db;
		list(&f, db, f.middle);
		list(&f, db, MOMENT_NOW);
		/* The last one has what it needs, too. */
		(void)reads_of_some(&f, db);
		assert_true(reads_of_some(&f, db) < 5);
	}
	if (SIZES_COUNT)
		assert_true(resident() - before < MEMORY);
	for (size_t i = 0; i < READERS; i++)
		store_put(&readers[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_a_long_history_is_read_once, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_many_readers_have_room_for_few, temp_setup,
			temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
