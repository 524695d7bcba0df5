/*
 * What grows with what changed, and with nothing else: reverts among many
 * items, names and listings among many snapshots. Times are medians, compared
 * within one run.
 */
#include "core/revert.h"
#include "core/revision.h"
#include "core/snapshot_cover.h"
#include "tests/unit/temp_repo.h"
#include "tests/unit/temp_tree.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
	FEW = 1000,
	MANY = 100000,
	FOLDERS = 50,
	CHANGES = 100,
	RUNS = 9,
	TRIES = 10, /* the machine is shared: one quiet try is enough */
	MANY_SNAPSHOTS = 10000,
	FEW_SNAPSHOTS = 10,
	SNAPSHOT_BYTES = 400,
};

/* A sanitizer makes everything slow in its own way. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { TIMES_COUNT = 0 };
#else
enum { TIMES_COUNT = 1 };
#endif

static int64_t clock_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int64_t median(int64_t *times, size_t count)
{
	qsort(times, count, sizeof(*times), by_size);
	return times[count / 2];
}

/* ---- reverts among many items ---- */

struct large {
	struct temp_repo *r;
	int64_t *items;
	size_t count;
};

static void fill(struct large *l, size_t count)
{
	char path[64], text[64];

	l->items = calloc(count, sizeof(*l->items));
	assert_non_null(l->items);
	l->count = count;
	temp_begin(l->r->t);
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(path, sizeof(path), "f%zu/i%zu.json",
			       i % FOLDERS, i);
		(void)snprintf(text, sizeof(text), "{\"n\": %zu}", i);
		l->items[i] = temp_put(l->r->t, path, text, strlen(text));
	}
	temp_commit(l->r->t);
}

/* Changes all over it, and back. */
static int64_t one_revert(struct large *l, int turn)
{
	struct temp *t = l->r->t;
	int64_t id = temp_snap(t, TREE_ROOT), begin;
	char text[64], spec[32];

	temp_begin(t);
	for (size_t i = 0; i < CHANGES; i++) {
		const struct attr attr = {.mode = 0644, .mtime_ns = TEMP_NOW};
		size_t n = i * (l->count / CHANGES) + (size_t)turn;

		(void)snprintf(text, sizeof(text), "[%d, %zu]", turn, n);
		temp_ok(t, tree_save(&t->m, l->items[n], temp_content(t, text),
				     0, (int64_t)strlen(text), &attr, &t->why));
	}
	temp_commit(t);
	(void)snprintf(spec, sizeof(spec), "%" PRId64, id);
	begin = clock_ns();
	(void)temp_reverted(l->r, TREE_ROOT, spec);
	begin = clock_ns() - begin;
	assert_non_null(strstr(l->r->out.data, " 100 changed, "));
	return begin;
}

static void test_a_revert_among_many_takes_as_long_as_among_few(void **state)
{
	struct large few = {0}, many = {0};
	double ratio = 0;

	(void)state;
	assert_int_equal(temp_repo_setup((void **)&few.r), 0);
	assert_int_equal(temp_repo_setup((void **)&many.r), 0);
	fill(&few, FEW);
	fill(&many, MANY);
	for (int i = 0; i < TRIES && (i == 0 || ratio > 1.5); i++) {
		int64_t a[RUNS], b[RUNS];

		for (int turn = 0; turn < RUNS; turn++) {
			a[turn] = one_revert(&few, turn);
			b[turn] = one_revert(&many, turn);
		}
		ratio = (double)median(b, RUNS) / (double)median(a, RUNS);
		print_message("%" PRId64 " us of %d, %" PRId64 " us of %d\n",
			      median(a, RUNS) / 1000, FEW,
			      median(b, RUNS) / 1000, MANY);
	}
	assert_true(ratio < 1.5 || !TIMES_COUNT);
	free(few.items);
	free(many.items);
	assert_int_equal(temp_repo_teardown((void **)&few.r), 0);
	assert_int_equal(temp_repo_teardown((void **)&many.r), 0);
}

/* ---- many snapshots ---- */

/* A folder in a folder, which has moved; snapshots of all three. */
struct past {
	struct temp_repo *r;
	int64_t top, mid, low;
	int64_t first, last; /* of the snapshots */
	int64_t size;	     /* of the file before */
};

static int64_t file_size(struct temp *t)
{
	struct stat st = {0};

	temp_sql(t, "PRAGMA wal_checkpoint(TRUNCATE)");
	assert_int_equal(stat(t->path, &st), 0);
	return st.st_size;
}

static void take_snapshots(struct past *p, int count)
{
	const int64_t scopes[] = {p->low, p->top, p->mid, TREE_ROOT};
	struct temp *t = p->r->t;

	for (int i = 0; i < count; i++) {
		int64_t id;

		t->now_ns += 1000;
		temp_ok(t,
			snapshot_create(temp_begin(t), scopes[i % 4],
					!p->first ? "first" : NULL,
					"a description of it", &id, &t->why));
		temp_commit(t);
		p->last = id;
		if (!p->first)
			p->first = id;
	}
}

static void make_past(struct past *p, int snapshots)
{
	struct temp *t;

	assert_int_equal(temp_repo_setup((void **)&p->r), 0);
	t = p->r->t;
	p->top = temp_folder(t, TREE_ROOT, "top");
	p->mid = temp_folder(t, TREE_ROOT, "mid");
	p->low = temp_folder(t, p->mid, "low");
	p->size = file_size(t);
	take_snapshots(p, snapshots / 2);
	temp_move(t, p->mid, p->top, "moved");
	take_snapshots(p, snapshots / 2);
}

static void past_done(struct past *p)
{
	assert_int_equal(temp_repo_teardown((void **)&p->r), 0);
}

/* Some snapshots from the middle on: a page of a listing. */
struct page {
	int left;
	int64_t last;
};

static int count_down(const struct revision *row, void *arg)
{
	struct page *page = arg;

	page->last = row->id;
	return --page->left == 0;
}

static void look_up(struct past *p, const char *name)
{
	struct snapshot_ref ref;
	struct temp *t = p->r->t;

	temp_ok(t, snapshot_resolve(t->reader.db, p->low, name, &ref, &t->why));
}

static void look_up_latest(struct past *p)
{
	look_up(p, "latest");
}

static void look_up_number(struct past *p)
{
	char name[32];
	/* The last one is of the root, and covers all. */
	(void)snprintf(name, sizeof(name), "%" PRId64, p->last);
	look_up(p, name);
}

static void look_up_name(struct past *p)
{
	look_up(p, "first");
}

static void look_up_nothing(struct past *p)
{
	struct snapshot_ref ref;
	struct temp *t = p->r->t;

	assert_int_equal(
		snapshot_resolve(t->reader.db, p->low, "none", &ref, NULL),
		-ENOENT);
}

static void list_some(struct past *p)
{
	struct page page = {.left = 2};
	struct temp *t = p->r->t;

	assert_int_equal(snapshot_list(t->reader.db, p->low,
				       (p->first + p->last) / 2, count_down,
				       &page, &t->why),
			 1);
	assert_true(page.last > (p->first + p->last) / 2);
}

static int64_t time_of(void (*fn)(struct past *p), struct past *p)
{
	int64_t times[41];

	for (size_t i = 0; i < COUNT(times); i++) {
		int64_t begin = clock_ns();

		for (int n = 0; n < 10; n++)
			fn(p);
		times[i] = clock_ns() - begin;
	}
	return median(times, COUNT(times));
}

static void as_quick(const char *what, void (*fn)(struct past *p),
		     struct past *few, struct past *many)
{
	double ratio = 0;

	for (int i = 0; i < TRIES && (i == 0 || ratio > 2); i++)
		ratio = (double)time_of(fn, many) / (double)time_of(fn, few);
	print_message("%s: %.2f times\n", what, ratio);
	assert_true(ratio <= 2 || !TIMES_COUNT);
}

static int count_all(const struct revision *row, void *arg)
{
	int *count = arg;

	(void)row;
	++*count;
	return 0;
}

static void test_ten_thousand_snapshots_are_as_quick_as_ten(void **state)
{
	struct past few = {0}, many = {0};
	struct temp *t;
	int count = 0;

	(void)state;
	make_past(&few, 2 * FEW_SNAPSHOTS);
	make_past(&many, MANY_SNAPSHOTS);
	t = many.r->t;
	as_quick("latest", look_up_latest, &few, &many);
	as_quick("by number", look_up_number, &few, &many);
	as_quick("by name", look_up_name, &few, &many);
	as_quick("by no name", look_up_nothing, &few, &many);
	as_quick("a page of a listing", list_some, &few, &many);
	temp_ok(t, snapshot_list(t->reader.db, many.low, 0, count_all, &count,
				 &t->why));
	/* All but those of the top folder before it came there. */
	assert_int_equal(count, MANY_SNAPSHOTS - MANY_SNAPSHOTS / 8);
	count = (int)((file_size(t) - many.size) / MANY_SNAPSHOTS);
	print_message("%d bytes a snapshot\n", count);
	assert_true(count < SNAPSHOT_BYTES);
	past_done(&few);
	past_done(&many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_a_revert_among_many_takes_as_long_as_among_few),
		cmocka_unit_test(
			test_ten_thousand_snapshots_are_as_quick_as_ten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
