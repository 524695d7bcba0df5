/* Versions that nobody wrote, and what is saved over them. */
#include "core/follow.h"
#include "core/lineage.h"
#include "tests/unit/temp_tree.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>

#define MAP(rule, action) \
	"{\"pairs\": [{\"rule\": \"" rule "\", \"action\": \"" action "\"}]}"

static void rename_rule(struct temp *t, const char *path, const char *name)
{
	struct follow f = {.m = temp_begin(t)};
	int64_t item = temp_at(t, path);

	temp_ok(t, follow_watch(&f, item, &t->why));
	temp_ok(t, tree_move(&t->m, item, temp_at(t, "rules"), name, &t->why));
	temp_ok(t, follow_run(&f, NULL, &t->why));
	temp_commit(t);
	follow_done(&f);
}

static int64_t content_of(struct temp *t, int64_t item)
{
	struct entry e;

	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW, item, &e, &t->why));
	return e.content;
}

struct looking {
	int64_t wanted;
	int count;
};

static int look(int64_t content, void *arg)
{
	struct looking *l = arg;

	l->count++;
	return content == l->wanted;
}

static bool in_lineage(struct temp *t, int64_t item, int64_t content)
{
	struct looking l = {.wanted = content};
	int r = lineage_walk(t->reader.db, item, look, &l, &t->why);

	temp_ok(t, r);
	return r == 1;
}

static void test_what_was_seen_before_a_move_is_seen_still(void **state)
{
	struct temp *t = *state;
	int64_t map, saved, moved;

	temp_make(t, "rules/A.json", "{}");
	map = temp_make(t, "action_maps/M.json", "{}");
	assert_true(in_lineage(t, map, content_of(t, map)));
	saved = content_of(t, map);
	temp_save(t, map, MAP("/rules/A", ""));
	assert_false(in_lineage(t, map, saved));
	saved = content_of(t, map);
	rename_rule(t, "rules/A.json", "B.json");
	moved = content_of(t, map);
	rename_rule(t, "rules/B.json", "C.json");
	assert_true(in_lineage(t, map, saved));
	assert_true(in_lineage(t, map, moved));
	assert_true(in_lineage(t, map, content_of(t, map)));
	temp_save(t, map, MAP("/rules/C", "/actions/x"));
	assert_false(in_lineage(t, map, saved));
	assert_false(in_lineage(t, map, moved));
}

static void rebased(struct temp *t, int64_t item, int64_t seen,
		    const char *text, const char *expected)
{
	const struct lineage_save save = {
		.item = item,
		.seen = seen,
		.bytes = text,
		.len = strlen(text),
	};
	struct buf out = {0};
	int r = lineage_rebase(t->reader.db, store_kinds(t->store), &save, &out,
			       &t->why);

	temp_ok(t, r);
	assert_int_equal(r, expected != NULL);
	buf_byte(&out, '\0');
	assert_string_equal(out.data, expected ? expected : "");
	buf_done(&out);
}

static void test_what_is_saved_again_is_rewritten_again(void **state)
{
	struct temp *t = *state;
	int64_t map, first, second;

	temp_make(t, "rules/A.json", "{}");
	temp_make(t, "rules/X.json", "{}");
	map = temp_make(t, "action_maps/M.json", MAP("/rules/A", "/actions/x"));
	first = content_of(t, map);
	rename_rule(t, "rules/A.json", "B.json");
	second = content_of(t, map);
	rename_rule(t, "rules/B.json", "C.json");
	rebased(t, map, first,
		"{\"new\": 1, "
		"\"pairs\": [{\"rule\": "
		"\"/rules/A\"}, {\"rule\": \"/rules/X\"}]}",
		"{\"new\": 1, \"pairs\": [{\"rule\": \"/rules/C\"},"
		" {\"rule\": \"/rules/X\"}]}");
	rebased(t, map, second, MAP("/rules/B", ""), MAP("/rules/C", ""));
	/* Who saw B means another by A. */
	rebased(t, map, second, MAP("/rules/A", ""), NULL);
	rebased(t, map, first, "{}", NULL);
	rebased(t, map, content_of(t, map), MAP("/rules/A", ""), NULL);
}

static int note(const struct lineage_change *c, void *arg)
{
	struct buf *out = arg;

	buf_addf(out, "%s: %s -> %s\n", c->at, c->sent, c->now);
	return 0;
}

static void changed(struct temp *t, int64_t at, int64_t item,
		    const char *expected)
{
	struct buf out = {0};

	temp_ok(t, lineage_changes(t->reader.db, store_kinds(t->store), at,
				   item, note, &out, &t->why));
	buf_byte(&out, '\0');
	assert_string_equal(out.data, expected);
	buf_done(&out);
}

static void test_what_was_rewritten_can_be_told(void **state)
{
	struct temp *t = *state;
	int64_t map, then;

	temp_make(t, "rules/A.json", "{}");
	map = temp_make(t, "action_maps/M.json", MAP("/rules/A", "/actions/x"));
	then = temp_newest(t);
	changed(t, MOMENT_NOW, map, "");
	rename_rule(t, "rules/A.json", "B.json");
	changed(t, MOMENT_NOW, map, "pairs[0].rule: /rules/A -> /rules/B\n");
	changed(t, then, map, "");
}

int main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_what_was_seen_before_a_move_is_seen_still),
		TEST(test_what_is_saved_again_is_rewritten_again),
		TEST(test_what_was_rewritten_can_be_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
