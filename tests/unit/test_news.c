/* Which names came, went or changed at a moment. */
#include "core/news.h"
#include "core/revision.h"
#include "tests/unit/temp_repo.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void add_news(struct buf *out, const struct news *n)
{
	static const char letters[] = {
		[NEWS_CREATED] = '+',
		[NEWS_REMOVED] = '-',
		[NEWS_MOVED] = 'R',
		[NEWS_CHANGED] = 'M',
	};

	buf_byte(out, letters[n->what]);
	if (n->what == NEWS_MOVED)
		buf_addf(out, " %" PRId64 ":%s", n->from_parent, n->from_name);
	buf_addf(out, " %" PRId64 ":%s%s;", n->parent, n->name,
		 n->folder ? "/" : "");
}

/* All news of the newest moment, pages of two items. */
static void expect(struct temp *t, const char *want)
{
	struct news_item items[2];
	struct news news[NEWS_OF_ITEM];
	DROP(buf_done) struct buf got = {0};
	int64_t after = 0, moment = temp_newest(t);
	int count;

	do {
		count = news_items(t->reader.db, moment, after, items, 2,
				   &t->why);
		assert_true(count >= 0);
		for (int i = 0; i < count; i++) {
			int r = news_of_item(t->reader.db, moment, &items[i],
					     news, &t->why);

			assert_true(r >= 0);
			for (int k = 0; k < r; k++)
				add_news(&got, &news[k]);
			after = items[i].item;
		}
	} while (count == 2);
	buf_byte(&got, '\0');
	assert_string_equal(got.data, want);
}

static void test_what_happens_to_one_name(void **state)
{
	struct temp *t = ((struct temp_repo *)*state)->t;
	int64_t d = temp_folder(t, TREE_ROOT, "d");
	int64_t a;

	assert_int_equal(d, 2);
	expect(t, "+ 1:d/;");
	a = temp_item(t, d, "a.json", "{}");
	expect(t, "+ 2:a.json;");
	temp_save(t, a, "[]");
	expect(t, "M 2:a.json;");
	temp_set_mode(t, d, 0700);
	expect(t, "M 1:d/;");
	temp_move(t, a, TREE_ROOT, "b.json");
	expect(t, "R 2:a.json 1:b.json;");
	temp_remove(t, a);
	expect(t, "- 1:b.json;");
	temp_remove(t, d);
	expect(t, "- 1:d/;");
}

/* Names that somebody else has got neither come nor go. */
static void test_names_that_are_taken_over_have_changed(void **state)
{
	struct temp *t = ((struct temp_repo *)*state)->t;
	int64_t a = temp_item(t, TREE_ROOT, "a.json", "{}");
	int64_t b = temp_item(t, TREE_ROOT, "b.json", "[]");
	struct moment *m = temp_begin(t);

	temp_ok(t, tree_move(m, a, TREE_ROOT, "c.json", &t->why));
	temp_ok(t, tree_move(m, b, TREE_ROOT, "a.json", &t->why));
	temp_ok(t, tree_move(m, a, TREE_ROOT, "b.json", &t->why));
	temp_commit(t);
	expect(t, "M 1:b.json;M 1:a.json;");

	m = temp_begin(t);
	temp_ok(t, tree_remove(m, a, &t->why));
	temp_ok(t, tree_move(m, b, TREE_ROOT, "b.json", &t->why));
	temp_commit(t);
	expect(t, "- 1:a.json;M 1:b.json;");

	m = temp_begin(t);
	temp_ok(t, tree_move(m, b, TREE_ROOT, "c.json", &t->why));
	temp_commit(t);
	a = temp_item(t, TREE_ROOT, "a.json", "{}");
	m = temp_begin(t);
	temp_ok(t, tree_remove(m, b, &t->why));
	temp_ok(t, tree_move(m, a, TREE_ROOT, "c.json", &t->why));
	temp_commit(t);
	expect(t, "- 1:a.json;M 1:c.json;");
}

static void test_what_moved_and_changed_is_told_twice(void **state)
{
	struct temp *t = ((struct temp_repo *)*state)->t;
	int64_t a = temp_item(t, TREE_ROOT, "a.json", "{}");
	struct moment *m = temp_begin(t);
	struct attr attr = {.mode = 0600};

	temp_ok(t, tree_move(m, a, TREE_ROOT, "b.json", &t->why));
	temp_ok(t, tree_set_attr(m, a, &attr, false, &t->why));
	temp_commit(t);
	expect(t, "R 1:a.json 1:b.json;M 1:b.json;");
}

static void test_a_revision_names_the_moment_at_which_it_acted(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_item(t, TREE_ROOT, "a.json", "{}");
	int64_t snapshot = temp_snap(t, TREE_ROOT), revert, moment = -1;
	struct news_item item;

	assert_int_equal(news_moment(t->reader.db, snapshot, &moment, &t->why),
			 0);
	temp_save(t, a, "[]");
	revert = temp_reverted(r, TREE_ROOT, "before 1");
	assert_int_equal(news_moment(t->reader.db, revert, &moment, &t->why),
			 1);
	assert_int_equal(moment, temp_newest(t));
	expect(t, "M 1:a.json;");
	assert_int_equal(news_item(t->reader.db, moment, a, &item, &t->why), 1);
	assert_int_equal(item.item, a);
	assert_int_equal(news_item(t->reader.db, moment, 99, &item, &t->why),
			 0);
	assert_int_equal(news_moment(t->reader.db, 99, &moment, &t->why), 0);
	assert_int_equal(moment, temp_newest(t));
}

#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, temp_repo_setup, temp_repo_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_happens_to_one_name),
		TEST(test_names_that_are_taken_over_have_changed),
		TEST(test_what_moved_and_changed_is_told_twice),
		TEST(test_a_revision_names_the_moment_at_which_it_acted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
