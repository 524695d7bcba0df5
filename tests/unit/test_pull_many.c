/* A pull of 500 changed items among 10,000, of which 20 are in conflict. */
#include "core/pull.h"

#include "core/revert.h"
#include "tests/unit/temp_repo.h"
#include "tests/unit/temp_tree.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <time.h>

static double seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

enum { MANY = 10000, CHANGED = 500, BOTH = 20 };

static void put_many(struct temp_repo *r, const char *top, unsigned step,
		     unsigned count, int value)
{
	char path[64], text[128];

	temp_begin(r->t);
	for (unsigned i = 0; i < count; i++) {
		unsigned n = i * step;

		(void)snprintf(path, sizeof(path), "%s/%u/R%u.json", top,
			       n / 100, n);
		(void)snprintf(text, sizeof(text),
			       "{\"name\": \"R%u\", \"on\": true, \"v\": %d}",
			       n, value);
		if (value) {
			struct entry e;
			int64_t content = temp_content(r->t, text);

			temp_ok(r->t,
				tree_resolve(r->t->m.db, MOMENT_NOW, TREE_ROOT,
					     path, &e, &r->t->why));
			temp_ok(r->t, tree_save(&r->t->m, e.id, content, 0,
						(int64_t)strlen(text), &e.attr,
						&r->t->why));
		} else {
			(void)temp_put(r->t, path, text, strlen(text));
		}
	}
	temp_commit(r->t);
}

static void pull(struct temp_repo *r, const char *line)
{
	const struct pull_request request = {
		.folder = temp_at(r->t, "ours"),
		.line = line,
	};
	const struct who who = {.uid = 1000, .pid = 42, .program = "test"};
	DROP(revert_result_done) struct revert_result result = {0};

	r->out.len = 0;
	temp_ok(r->t, pull_run(&r->repo, &who, &request, &r->out, &result,
			       &r->t->why));
	buf_byte(&r->out, '\0');
}

static size_t count(const struct temp_repo *r, const char *line)
{
	size_t found = 0;

	for (const char *at = r->out.data; (at = strstr(at, line)); at++)
		found += at == r->out.data || at[-1] == '\n';
	return found;
}

static void look(struct temp_repo *r, struct buf *out)
{
	temp_tree(r->t, MOMENT_NOW, temp_at(r->t, "ours"), true, out);
}

static void is_recorded(struct temp_repo *r, int edited)
{
	struct temp *t = r->t;

	assert_int_equal(
		temp_ask(t, "SELECT counts ->> '$.edited' FROM revision "
			    "WHERE kind = 'pull' AND status = 'completed'"),
		edited);
	assert_int_equal(temp_ask(t, "SELECT counts ->> '$.created' + "
				     "(counts ->> '$.removed') + "
				     "(counts ->> '$.moved') + "
				     "(counts ->> '$.skipped') + "
				     "(counts ->> '$.conflicts') FROM revision "
				     "WHERE kind = 'pull'"),
			 0);
	assert_int_equal(
		temp_ask(t, "SELECT count(*) FROM revision s, revision p "
			    "WHERE s.kind = 'snapshot' AND p.kind = 'pull' "
			    "AND s.scope = p.scope "
			    "AND s.before IN (p.before, p.after)"),
		2);
}

/* A pull, the answer, and its undoing. */
static void pull_answer_and_undo(struct temp_repo *r, const char *answer,
				 int edited)
{
	DROP(buf_done) struct buf before = {0};
	DROP(buf_done) struct buf after = {0};
	struct temp *t = r->t;
	double start, first, second;
	char spec[32];

	put_many(r, "ours", 1, MANY, 0);
	put_many(r, "theirs", 1, MANY, 0);
	put_many(r, "theirs", 20, CHANGED, 1);
	put_many(r, "ours", 20, BOTH, 2);
	look(r, &before);
	start = seconds();
	pull(r, "../theirs");
	first = seconds() - start;
	assert_int_equal(count(r, "C "), BOTH);
	assert_int_equal(count(r, "M "), 0);
	look(r, &after);
	assert_string_equal(after.data, before.data);
	start = seconds();
	pull(r, answer);
	second = seconds() - start;
	print_message("conflicts after %.2f s, done after %.2f s\n", first,
		      second);
	assert_int_equal(count(r, "M "), edited);
	assert_int_equal(count(r, "+ ") + count(r, "- ") + count(r, "R "), 0);
	is_recorded(r, edited);
	temp_sound(t);
	(void)snprintf(spec, sizeof(spec), "undo %d",
		       (int)temp_ask(t, "SELECT id FROM revision "
					"WHERE kind = 'pull'"));
	temp_reverted(r, temp_at(t, "ours"), spec);
	buf_reset(&after);
	look(r, &after);
	assert_string_equal(after.data, before.data);
	temp_sound(t);
}

static void test_theirs(void **state)
{
	pull_answer_and_undo(*state, "theirs", CHANGED);
}

static void test_ours(void **state)
{
	pull_answer_and_undo(*state, "ours", CHANGED - BOTH);
}

#define TEST(name)                                             \
	cmocka_unit_test_setup_teardown(name, temp_repo_setup, \
					temp_repo_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_theirs),
		TEST(test_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
