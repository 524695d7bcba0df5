/*
 * A revert says first who outside refers to what goes.
 *
 * SEED=n replays the random histories, ROUNDS=n makes more of them.
 */
#include "core/ref.h"
#include "core/revert.h"
#include "tests/unit/temp_repo.h"
#include "tests/unit/temp_tree.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SESSION(rules) "{\"tasks\":[{\"rules\":[" rules "]}]}"

/* The answer begins with @lines; with "", it says nothing of references. */
static void begins(const struct temp_repo *r, const char *lines)
{
	if (*lines)
		assert_memory_equal(r->out.data, lines, strlen(lines));
	else
		assert_null(strstr(r->out.data, "refer"));
}

static void move(struct temp *t, const char *from, const char *folder,
		 const char *name)
{
	temp_move(t, temp_at(t, from), temp_at(t, folder), name);
}

static void test_who_refers_to_what_is_new_is_told(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t rules;

	(void)temp_make(t, "rules/A.json", "{}");
	rules = temp_at(t, "rules");
	(void)temp_snap(t, rules);
	(void)temp_make(t, "rules/New.json", "{}");
	(void)temp_make(t, "rules/d/In.json", "{}");
	(void)temp_make(t, "sessions/B.json", SESSION("\"/rules/New\""));
	(void)temp_make(t, "sessions/A.json",
			SESSION("\"/rules/A\",\"/rules/d/In\",\"/rules/d\""));
	(void)temp_reverted(r, rules, "1");
	begins(r, "! 2 items outside refer to what goes:\n"
		  "! /sessions/A.json refers to d\n"
		  "! /sessions/A.json refers to d/In.json\n"
		  "! /sessions/B.json refers to New.json\n"
		  "- New.json\n");
	temp_sound(t);
}

static void test_in_the_scope_nobody_is_told(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;

	(void)temp_make(t, "rules/A.json", "{}");
	(void)temp_make(t, "sessions/S.json", "{}");
	(void)temp_snap(t, TREE_ROOT);
	(void)temp_make(t, "rules/New.json", "{}");
	temp_save(t, temp_at(t, "sessions/S.json"), SESSION("\"/rules/New\""));
	(void)temp_reverted(r, TREE_ROOT, "1 \"rules\" \"sessions\"");
	begins(r, "");
	(void)temp_reverted(r, TREE_ROOT, "undo 3");
	(void)temp_reverted(r, TREE_ROOT, "1");
	begins(r, "");
}

static void test_a_name_that_goes_is_told_too(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t rules;

	(void)temp_make(t, "rules/A.json", "{}");
	(void)temp_make(t, "rules/d/B.json", "{}");
	(void)temp_make(t, "rules/e/C.json", "{}");
	rules = temp_at(t, "rules");
	(void)temp_snap(t, TREE_ROOT);
	move(t, "rules/A.json", "rules", "A2.json");
	move(t, "rules/d", "rules", "d2");
	(void)temp_make(t, "sessions/S.json",
			SESSION("\"/rules/A2\",\"/rules/d2/B\",\"/rules/d2/b\","
				"\"/rules/e/C\""));
	(void)temp_reverted(r, rules, "1");
	begins(r, "! 1 item outside refers to what goes:\n"
		  "! /sessions/S.json refers to A2.json\n"
		  "! /sessions/S.json refers to d2/B.json\n"
		  "R ");
}

static void test_who_finds_another_of_the_name_loses_nothing(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;

	(void)temp_make(t, "rules/A.json", "{}");
	(void)temp_snap(t, TREE_ROOT);
	move(t, "rules/A.json", "rules", "B.json");
	(void)temp_make(t, "rules/A.json", "[]");
	(void)temp_make(t, "sessions/S.json", SESSION("\"/rules/A\""));
	(void)temp_reverted(r, temp_at(t, "rules"), "1");
	begins(r, "");
}

static void test_ids_that_go_are_told(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t exports;

	(void)temp_make(t, "exports/A.json", "{\"_id\":\"a1\"}");
	exports = temp_at(t, "exports");
	(void)temp_snap(t, TREE_ROOT);
	temp_save(t, temp_at(t, "exports/A.json"), "{\"_id\":\"a2\"}");
	(void)temp_make(t, "exports/B.json", "{\"_id\":\"b1\"}");
	(void)temp_make(t, "flows/F.json",
			"{\"pageGenerators\":[{\"_exportId\":\"a2\"},"
			"{\"_exportId\":\"b1\"},{\"_exportId\":\"c1\"}]}");
	(void)temp_reverted(r, exports, "1");
	begins(r, "! 1 item outside refers to what goes:\n"
		  "! /flows/F.json refers to A.json\n"
		  "! /flows/F.json refers to B.json\n");
}

static void test_a_preview_says_the_same(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	struct revert_request request = {.spec = "1", .dry_run = true};
	const struct who who = {.uid = 1, .pid = 2, .program = "sh"};
	struct revert_result result = {0};

	(void)temp_make(t, "rules/A.json", "{}");
	(void)temp_snap(t, TREE_ROOT);
	(void)temp_make(t, "rules/New.json", "{}");
	(void)temp_make(t, "sessions/S.json", SESSION("\"/rules/New\""));
	request.folder = temp_at(t, "rules");
	r->out.len = 0;
	temp_ok(t, revert_run(&r->repo, &who, &request, &r->out, &result,
			      &t->why));
	begins(r, "! 1 item outside refers to what goes:\n"
		  "! /sessions/S.json refers to New.json\n"
		  "- New.json\n"
		  "would revert to snapshot 1: ");
	assert_int_not_equal(temp_at(t, "rules/New.json"), 0);
	temp_sound(t);
}

static void test_an_undo_says_who_came_to_refer_since(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t id;

	(void)temp_make(t, "rules/A.json", "{}");
	(void)temp_snap(t, TREE_ROOT);
	temp_remove(t, temp_at(t, "rules/A.json"));
	id = temp_reverted(r, TREE_ROOT, "1");
	(void)temp_make(t, "sessions/S.json", SESSION("\"/rules/A\""));
	assert_int_equal(id, 3);
	(void)temp_reverted(r, TREE_ROOT, "undo 3");
	begins(r, "! 1 item besides refers to what goes:\n"
		  "! sessions/S.json refers to rules/A.json\n");
}

static void test_names_are_within_a_line(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;

	(void)temp_make(t, "rules/A.json", "{}");
	(void)temp_snap(t, TREE_ROOT);
	(void)temp_make(t, "rules/x\ny.json", "{}");
	(void)temp_make(t, "sessions/a\nb.json", SESSION("\"/rules/x\\ny\""));
	(void)temp_reverted(r, temp_at(t, "rules"), "1");
	begins(r, "! 1 item outside refers to what goes:\n"
		  "! /sessions/a\\nb.json refers to x\\ny.json\n");
}

/* ---- random histories ---- */

enum { ROUNDS = 150, ROWS = 512, SESSIONS = 8 };

/* A reference of a session that finds something. */
struct row {
	int64_t item;
	unsigned session;
	enum ref_form form;
	uint64_t leads;
	char target[40];
};

struct random {
	struct temp_repo *r;
	struct temp *t;
	unsigned seed;
	struct row rows[ROWS];
	size_t row_count;
	unsigned losers; /* of all rounds */
};

static unsigned pick(struct random *w, unsigned n)
{
	return (unsigned)rand_r(&w->seed) % n;
}

static const char *any_folder(struct random *w)
{
	static const char *const folders[] = {
		"rules", "rules/d", "actions", "exports", "exports/d", "x",
	};

	return folders[pick(w, COUNT(folders))];
}

static const char *any_path(struct random *w, char *path, size_t size)
{
	static const char *const names[] = {"A.json", "B.json", "d"};

	(void)snprintf(path, size, "%s/%s", any_folder(w),
		       names[pick(w, COUNT(names))]);
	return path;
}

/* Refers to anything, by any kind of reference. */
static void make_text(struct random *w, char *text, size_t size)
{
	char a[64], b[64];

	(void)any_path(w, a, sizeof(a));
	(void)any_path(w, b, sizeof(b));
	(void)snprintf(text, size,
		       "{\"_id\":\"i%u\",\"_exportId\":\"i%u\",\"tasks\":[{"
		       "\"rules\":[\"/%.*s\"],\"actions\":[\"/%.*s\"]}]}",
		       pick(w, 6), pick(w, 6), (int)strcspn(a, "."), a,
		       (int)strcspn(b, "."), b);
}

static void change(struct random *w)
{
	char path[64], text[300];
	int64_t item = temp_at(w->t, any_path(w, path, sizeof(path)));
	int64_t folder = temp_at(w->t, any_folder(w));
	const char *name = strrchr(path, '/') + 1;
	int r = 0;

	make_text(w, text, sizeof(text));
	if (!item && strchr(path, '.')) {
		(void)temp_make(w->t, path, text);
		return;
	}
	if (!item || pick(w, 4) == 0)
		return;
	if (strchr(path, '.') && pick(w, 3) == 0) {
		temp_save(w->t, item, text);
		return;
	}
	if (pick(w, 3) == 0 || !folder)
		r = tree_remove(temp_begin(w->t), item, NULL);
	else
		r = tree_move(temp_begin(w->t), item, folder, name, NULL);
	if (r == 0)
		temp_commit(w->t);
	else
		moment_end(&w->t->m);
}

/* What the sessions find, which no revert is about. */
static void look(struct random *w)
{
	struct ref_list list = {0};
	char path[64];

	w->row_count = 0;
	for (unsigned i = 0; i < SESSIONS; i++) {
		int64_t item;

		(void)snprintf(path, sizeof(path), "sessions/S%u.json", i);
		item = temp_at(w->t, path);
		temp_ok(w->t,
			ref_read(w->t->reader.db, item, &list, &w->t->why));
		for (size_t n = 0; n < list.len; n++) {
			struct ref ref = ref_list_get(&list, n);
			struct row *row = &w->rows[w->row_count];

			*row = (struct row){item, i, ref.form, ref.leads, ""};
			(void)snprintf(row->target, sizeof(row->target), "%s",
				       ref.target);
			w->row_count += !ref.missing;
		}
	}
	ref_list_done(&list);
}

static bool finds(const struct random *w, const struct row *row)
{
	for (size_t i = 0; i < w->row_count; i++) {
		const struct row *now = &w->rows[i];

		if (now->item == row->item && now->form == row->form &&
		    now->leads == row->leads &&
		    strcmp(now->target, row->target) == 0)
			return true;
	}
	return false;
}

/* Bits: the sessions that have lost something since they were looked at. */
static unsigned find_losers(struct random *w)
{
	struct row before[ROWS];
	size_t count = w->row_count;
	unsigned losers = 0;

	memcpy(before, w->rows, sizeof(before));
	look(w);
	for (size_t i = 0; i < count; i++)
		if (!finds(w, &before[i]))
			losers |= 1U << before[i].session;
	return losers;
}

static void check_revert(struct random *w, int64_t snapshot)
{
	char spec[300], path[64];
	unsigned told = 0, lost;
	int r;

	(void)any_path(w, path, sizeof(path));
	(void)snprintf(spec, sizeof(spec),
		       pick(w, 2) ? "%" PRId64 " \"%s\" \"%s\""
				  : "%" PRId64 " \"%s\"",
		       snapshot, any_folder(w), path);
	look(w);
	r = temp_revert(w->r, TREE_ROOT, spec);
	if (r == -ENOENT || r == -ELOOP)
		return;
	temp_ok(w->t, r);
	lost = find_losers(w);
	for (unsigned i = 0; i < SESSIONS; i++) {
		(void)snprintf(path, sizeof(path), "! sessions/S%u.json refers",
			       i);
		if (strstr(w->r->out.data, path))
			told |= 1U << i;
	}
	if (told != lost)
		print_error("%s\n%s", spec, w->r->out.data);
	assert_int_equal(told, lost);
	w->losers += lost != 0;
}

static void one_history(struct random *w)
{
	char path[64], text[300];
	int64_t snapshot = 0;

	for (unsigned i = 0; i < 30; i++)
		change(w);
	snapshot = temp_snap(w->t, TREE_ROOT);
	for (unsigned i = 0; i < 15; i++)
		change(w);
	for (unsigned i = 0; i < SESSIONS; i++) {
		int64_t item;

		(void)snprintf(path, sizeof(path), "sessions/S%u.json", i);
		item = temp_at(w->t, path);
		make_text(w, text, sizeof(text));
		if (item)
			temp_save(w->t, item, text);
		else
			(void)temp_make(w->t, path, text);
	}
	check_revert(w, snapshot);
}

static unsigned number_from(const char *variable, unsigned otherwise)
{
	const char *text = getenv(variable);

	return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void test_who_loses_something_is_told_and_nobody_else(void **state)
{
	struct temp_repo *r = *state;
	struct random w = {
		.r = r,
		.t = r->t,
		.seed = number_from("SEED", (unsigned)time(NULL)),
	};
	unsigned rounds = number_from("ROUNDS", ROUNDS);

	print_message("SEED=%u\n", w.seed);
	for (unsigned i = 0; i < rounds; i++)
		one_history(&w);
	temp_sound(w.t);
	print_message("%u of %u took something away\n", w.losers, rounds);
}

#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, temp_repo_setup, temp_repo_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_who_refers_to_what_is_new_is_told),
		TEST(test_in_the_scope_nobody_is_told),
		TEST(test_a_name_that_goes_is_told_too),
		TEST(test_who_finds_another_of_the_name_loses_nothing),
		TEST(test_ids_that_go_are_told),
		TEST(test_a_preview_says_the_same),
		TEST(test_an_undo_says_who_came_to_refer_since),
		TEST(test_names_are_within_a_line),
		TEST(test_who_loses_something_is_told_and_nobody_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
