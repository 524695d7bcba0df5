/* Within a batch references follow the names that items got. */
#include "core/blob.h"
#include "core/problems.h"
#include "core/ref.h"
#include "core/report.h"
#include "core/revision.h"
#include "tests/unit/corpus.h"
#include "tests/unit/temp_repo.h"
#include "tests/unit/temp_tree.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct batch_key process = {100, 1};

static int64_t copy(struct temp_repo *r, const char *path, const char *text)
{
	return temp_copy(r, &process, path, text, strlen(text));
}

#define MAP(rule, action) \
	"{\"pairs\": [{\"rule\": \"" rule "\", \"action\": \"" action "\"}]}"
#define USE(rule, name)                                              \
	"{\"attributes\": {\"template_id\": \"RULE://" rule "\", \"" \
	"template_name\": \"" name "\"}}"

static void test_what_comes_first_is_rewritten_later(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t versions;
	size_t notes;
	struct entry e;

	temp_make(t, "rules/A.json", "{\"old\": 1}");
	temp_make(t, "action_maps/Old.json", MAP("/rules/A", ""));
	copy(r, "action_maps/M.json", MAP("/rules/A", ""));
	temp_says(t, "action_maps/M.json", MAP("/rules/A", ""));
	versions = temp_newest(t);
	copy(r, "rules/A.json", "{}");
	(void)moment_noted(&t->m, &notes);
	assert_true(notes > 0);
	temp_says(t, "rules/A 2.json", "{}");
	temp_says(t, "rules/A.json", "{\"old\": 1}");
	temp_says(t, "action_maps/M.json", MAP("/rules/A 2", ""));
	temp_says(t, "action_maps/Old.json", MAP("/rules/A", ""));
	/* As if it had come so: one version, and what was sent is known. */
	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW,
			    temp_at(t, "action_maps/M.json"), &e, &t->why));
	assert_int_equal(e.born, versions);
	assert_int_not_equal(e.arrived, 0);
}

static void test_what_comes_later_is_rewritten_at_once(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;

	temp_make(t, "rules/A.json", "{\"old\": 1}");
	temp_make(t, "action_maps/M.json", "{\"old\": 1}");
	copy(r, "rules/A.json", USE("A", "A"));
	copy(r, "action_maps/M.json", MAP("/rules/A", "/actions/no"));
	temp_says(t, "rules/A 2.json", USE("A 2", "A 2"));
	temp_says(t, "action_maps/M 2.json", MAP("/rules/A 2", "/actions/no"));
	temp_says(t, "action_maps/M.json", "{\"old\": 1}");
}

static void test_nothing_is_renamed_twice(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;

	temp_make(t, "rules/A.json", "{\"old\": 1}");
	copy(r, "action_maps/M.json", MAP("/rules/A", "/rules/A 2"));
	copy(r, "rules/A.json", "{}");
	copy(r, "rules/A 2.json", "{\"two\": 2}");
	copy(r, "action_maps/N.json",
	     "{\"pairs\": [{\"rule\": \"/rules/A\"},"
	     " {\"rule\": \"/rules/A 2\"}]}");
	temp_says(t, "rules/A 3.json", "{\"two\": 2}");
	temp_says(t, "action_maps/N.json",
		  "{\"pairs\": [{\"rule\": \"/rules/A 2\"},"
		  " {\"rule\": \"/rules/A 3\"}]}");
	temp_says(t, "action_maps/M.json", MAP("/rules/A 2", "/rules/A 3"));
}

static int64_t content_of(struct temp *t, const char *path)
{
	struct entry e;

	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW, temp_at(t, path), &e,
			    &t->why));
	return e.content;
}

/* Long enough to be stored as what differs. */
#define LONG                                                             \
	"\"abcdefghijklmnopqrstuvwxyz 0123456789 ABCDEFGHIJKLMNOPQRSTUV" \
	" the quick brown fox jumps over the lazy dog\""
#define LONG_MAP(a, b)                                                        \
	"{\"x\": [" LONG ", " LONG ", " LONG "], \"pairs\": [{\"rule\": \"" a \
	"\", \"action\": \"" b "\"}]}"

static void test_what_was_amended_is_swept(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t half, copied;

	temp_make(t, "rules/A.json", "{\"old\": 1}");
	temp_make(t, "rules/B.json", "{\"old\": 1}");
	copy(r, "action_maps/M.json", LONG_MAP("/rules/A", "/rules/B"));
	copy(r, "action_maps/N.json", LONG_MAP("/rules/B", "/rules/A"));
	copy(r, "rules/A.json", "{}");
	half = content_of(t, "action_maps/M.json");
	copied = content_of(t, "action_maps/N.json");
	temp_make(t, "action_maps/O.json", LONG_MAP("/rules/B", "/rules/A 2"));
	assert_int_equal(content_of(t, "action_maps/O.json"), copied);
	copy(r, "rules/B.json", "{}");
	assert_int_not_equal(content_of(t, "action_maps/M.json"), half);

	temp_ok(t, blob_stat(t->reader.db, half, NULL, NULL, &t->why));
	temp_reopen(t);
	r->repo.store = t->store;
	temp_fails(t, blob_stat(t->reader.db, half, NULL, NULL, &t->why),
		   -ENOENT, "content");
	temp_says(t, "action_maps/M.json",
		  LONG_MAP("/rules/A 2", "/rules/B 2"));
	temp_says(t, "action_maps/N.json",
		  LONG_MAP("/rules/B 2", "/rules/A 2"));
	temp_says(t, "action_maps/O.json", LONG_MAP("/rules/B", "/rules/A 2"));
}

static void test_another_process_is_another_batch(void **state)
{
	static const struct batch_key other = {101, 1};
	static const char map[] = MAP("/rules/A", "");
	struct temp_repo *r = *state;
	struct temp *t = r->t;

	temp_make(t, "rules/A.json", "{\"old\": 1}");
	temp_copy(r, &other, "action_maps/M.json", map, strlen(map));
	copy(r, "rules/A.json", "{}");
	temp_copy(r, &other, "action_maps/N.json", map, strlen(map));
	temp_says(t, "action_maps/M.json", MAP("/rules/A", ""));
	temp_says(t, "action_maps/N.json", MAP("/rules/A", ""));
	temp_end_batches(r);
	copy(r, "action_maps/O.json", map);
	temp_says(t, "action_maps/O.json", MAP("/rules/A", ""));
}

static void test_what_is_pasted_twice_are_two_copies(void **state)
{
	static const char *const order[] = {
		"action_maps/M.json",
		"rules/A.json",
	};
	struct temp_repo *r = *state;
	struct temp *t = r->t;

	/* Nothing is there at first; both orders. */
	for (size_t first = 0; first < 2; first++)
		for (int paste = 0; paste < 3; paste++)
			for (size_t i = 0; i < 2; i++) {
				const char *path = order[(i + first) % 2];

				copy(r, path,
				     path[0] == 'r' ? "{}"
						    : MAP("/rules/A", ""));
			}
	temp_says(t, "action_maps/M.json", MAP("/rules/A", ""));
	temp_says(t, "action_maps/M 2.json", MAP("/rules/A 2", ""));
	temp_says(t, "action_maps/M 3.json", MAP("/rules/A 3", ""));
	temp_says(t, "action_maps/M 4.json", MAP("/rules/A 4", ""));
	temp_says(t, "action_maps/M 5.json", MAP("/rules/A 5", ""));
	temp_says(t, "action_maps/M 6.json", MAP("/rules/A 6", ""));
}

static void test_a_copy_that_was_there_is_meant(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a2;

	temp_make(t, "rules/A.json", "{\"old\": 1}");
	a2 = copy(r, "rules/A.json", "{}");
	temp_end_batches(r);
	copy(r, "action_maps/M.json", MAP("/rules/A", ""));
	temp_skip_copy(r, &process, "rules", "A.json", a2);
	copy(r, "action_maps/N.json", MAP("/rules/A", ""));
	temp_says(t, "action_maps/M.json", MAP("/rules/A 2", ""));
	temp_says(t, "action_maps/N.json", MAP("/rules/A 2", ""));
}

static void test_what_moved_meanwhile_is_where_it_is(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a2;

	temp_make(t, "rules/A.json", "{\"old\": 1}");
	a2 = copy(r, "rules/A.json", "{}");
	temp_move(t, a2, temp_at(t, "rules"), "B.json");
	copy(r, "action_maps/M.json", MAP("/rules/A", ""));
	temp_says(t, "action_maps/M.json", MAP("/rules/B", ""));
	temp_remove(t, a2);
	copy(r, "action_maps/N.json", MAP("/rules/A", ""));
	temp_says(t, "action_maps/N.json", MAP("/rules/A", ""));
}

static void test_a_moment_that_fails_has_renamed_nothing(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	struct report_line line = {
		.asked = "A.json",
		.went = "A 2.json",
		.outcome = OUTCOME_RENAMED,
	};

	temp_make(t, "rules/A.json", "{\"old\": 1}");
	line.folder = temp_at(t, "rules");
	copy(r, "action_maps/M.json", MAP("/rules/A", ""));
	temp_begin(t);
	line.item = temp_put(t, "rules/A 2.json", "{}", 2);
	temp_ok(t,
		batch_note(r->repo.batches, &t->m, &process, &line, &t->why));
	moment_end(&t->m);
	temp_says(t, "action_maps/M.json", MAP("/rules/A", ""));
	copy(r, "action_maps/N.json", MAP("/rules/A", ""));
	temp_says(t, "action_maps/N.json", MAP("/rules/A", ""));
}

/* ---- a real repository ---- */

struct item {
	char *path, *text;
	size_t len;
	int64_t copy;
};

struct all {
	struct item items[700];
	size_t len;
};

static void collect(const struct corpus_item *item, void *arg)
{
	struct all *all = arg;
	struct item *copy = &all->items[all->len++];

	copy->path = strdup(item->path);
	copy->text = malloc(item->len + 1);
	assert_non_null(copy->text);
	memcpy(copy->text, item->text, item->len + 1);
	copy->len = item->len;
}

static void shuffle(struct all *all, unsigned seed)
{
	srand(seed);
	for (size_t i = all->len; i > 1; i--) {
		size_t j = (size_t)rand() % i;
		struct item other = all->items[j];

		all->items[j] = all->items[i - 1];
		all->items[i - 1] = other;
	}
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Every reference of the copy leads to a copy. */
static void check_copy(struct temp *t, int64_t id, int64_t first)
{
	struct ref_list refs = {0};

	temp_ok(t, ref_read(t->reader.db, id, &refs, &t->why));
	for (size_t i = 0; i < refs.len; i++) {
		struct ref ref = ref_list_get(&refs, i);
		int64_t target;

		temp_ok(t, ref_resolve(t->reader.db, store_kinds(t->store),
				       &ref, &target, &t->why));
		if (target < first)
			fail_msg("item %d: %s", (int)id, ref.target);
	}
	ref_list_done(&refs);
}

static void test_a_real_repository_is_copied_over_itself(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	static struct all all;
	struct buf problems = {0};
	double start;

	all.len = 0;
	if (temp_load_corpus(t) == 0)
		return;
	(void)corpus_each(collect, &all);
	shuffle(&all, 1);
	start = seconds();
	for (size_t i = 0; i < all.len; i++)
		all.items[i].copy = temp_copy(r, &process, all.items[i].path,
					      all.items[i].text,
					      all.items[i].len);
	print_message("%zu items in %.0f ms\n", all.len,
		      (seconds() - start) * 1000);
	temp_is_corpus(t);
	for (size_t i = 0; i < all.len; i++)
		check_copy(t, all.items[i].copy, all.items[0].copy);
	temp_ok(t, problems_show(t->reader.db, store_kinds(t->store), TREE_ROOT,
				 &problems, &t->why));
	assert_int_equal(problems.len, 0);
	buf_done(&problems);
	for (size_t i = 0; i < all.len; i++) {
		free(all.items[i].path);
		free(all.items[i].text);
	}
}

static int tear_down(void **state)
{
	struct temp_repo *r = *state;

	temp_sound(r->t);
	return temp_repo_teardown(state);
}

int main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, temp_repo_setup, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_what_comes_first_is_rewritten_later),
		TEST(test_what_comes_later_is_rewritten_at_once),
		TEST(test_nothing_is_renamed_twice),
		TEST(test_what_was_amended_is_swept),
		TEST(test_another_process_is_another_batch),
		TEST(test_what_is_pasted_twice_are_two_copies),
		TEST(test_a_copy_that_was_there_is_meant),
		TEST(test_what_moved_meanwhile_is_where_it_is),
		TEST(test_a_moment_that_fails_has_renamed_nothing),
		TEST(test_a_real_repository_is_copied_over_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
