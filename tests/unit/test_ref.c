/* The index of references says what the texts say, whatever happens to
 * them. */
#include "core/check.h"
#include "core/ref.h"
#include "core/kind.h"
#include "tests/unit/temp_store.h"
#include "tests/unit/temp_repo.h"
#include "tests/unit/temp_tree.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int add_line(struct buf *out, const struct ref *ref)
{
	buf_addf(out, "%s%s\n", ref->missing ? "! " : "", ref->target);
	return 0;
}

/* What @item refers to: a line each, "! " before those that are missing. */
static void refers(struct temp *t, int64_t item, const char *expected)
{
	struct ref_list list = {0};
	struct buf out = {0};

	temp_ok(t, ref_read(t->reader.db, item, &list, &t->why));
	for (size_t i = 0; i < list.len; i++) {
		struct ref ref = ref_list_get(&list, i);

		(void)add_line(&out, &ref);
	}
	buf_byte(&out, '\0');
	assert_string_equal(out.data, expected);
	buf_done(&out);
	ref_list_done(&list);
}

struct names {
	struct temp *t;
	struct buf out;
};

static int add_name(const struct ref *ref, void *arg)
{
	struct names *n = arg;

	temp_ok(n->t, tree_name(n->t->reader.db, MOMENT_NOW, ref->item, &n->out,
				&n->t->why));
	buf_text(&n->out, " ");
	return 0;
}

/* Who refers to @item, by name. */
static void referred(struct temp *t, int64_t item, const char *expected)
{
	struct names n = {.t = t};

	temp_ok(t, ref_to(t->reader.db, store_kinds(t->store), item, add_name,
			  &n, &t->why));
	buf_byte(&n.out, '\0');
	assert_string_equal(n.out.data, expected);
	buf_done(&n.out);
}

static int64_t missing_count(struct temp *t)
{
	int64_t item = 0, count = 0;
	int r;

	while ((r = ref_next_missing(t->reader.db, item, &item, &t->why)) > 0)
		count++;
	temp_ok(t, r);
	return count;
}

#define MAP(rule, action) \
	"{\"pairs\": [{\"rule\": \"" rule "\", \"action\": \"" action "\"}]}"
#define USE(rule)                                                    \
	"{\"attributes\": {\"template_id\": \"RULE://" rule "\", \"" \
	"template_name\": \"x\"}}"

struct shop {
	int64_t rules, maps, actions, a, b, map;
};

/* rules/A, rules/B that uses A, action_maps/M of A and the folder actions. */
static struct shop make_shop(struct temp *t)
{
	struct shop s;

	s.rules = temp_folder(t, TREE_ROOT, "rules");
	s.actions = temp_folder(t, TREE_ROOT, "actions");
	s.maps = temp_folder(t, TREE_ROOT, "action_maps");
	s.map = temp_item(t, s.maps, "M.json", MAP("/rules/A", "/actions/"));
	s.b = temp_item(t, s.rules, "B.json", USE("A"));
	s.a = temp_item(t, s.rules, "A.json", "{}");
	return s;
}

static void test_references_are_known_from_both_ends(void **state)
{
	struct temp *t = *state;
	struct shop s = make_shop(t);

	refers(t, s.map, "/actions\n/rules/A\n");
	refers(t, s.b, "/rules/A\n");
	refers(t, s.a, "");
	referred(t, s.a, "M.json B.json ");
	referred(t, s.actions, "M.json ");
	referred(t, s.b, "");
	assert_int_equal(missing_count(t), 0);
}

static void test_a_save_is_read(void **state)
{
	struct temp *t = *state;
	struct shop s = make_shop(t);

	temp_save(t, s.map, MAP("/rules/B", "/actions/no"));
	refers(t, s.map, "! /actions/no\n/rules/B\n");
	referred(t, s.a, "B.json ");
	assert_int_equal(missing_count(t), 1);
	temp_save(t, s.map, "{}");
	refers(t, s.map, "");
}

static void test_what_goes_is_missed_and_what_comes_is_found(void **state)
{
	struct temp *t = *state;
	struct shop s = make_shop(t);
	int64_t moment;

	temp_remove(t, s.a);
	moment = temp_newest(t);
	refers(t, s.map, "/actions\n! /rules/A\n");
	refers(t, s.b, "! /rules/A\n");
	assert_int_equal(missing_count(t), 2);

	temp_ok(t, tree_revive(temp_begin(t), s.a, moment, &t->why));
	temp_commit(t);
	refers(t, s.map, "/actions\n/rules/A\n");
	assert_int_equal(missing_count(t), 0);

	temp_move(t, s.a, s.rules, "C.json");
	refers(t, s.b, "! /rules/A\n");
	moment = temp_newest(t);
	temp_save(t, s.map, MAP("/rules/C", ""));
	refers(t, s.map, "/rules/C\n");
	temp_ok(t, tree_revive(temp_begin(t), s.a, moment, &t->why));
	temp_commit(t);
	refers(t, s.map, "! /rules/C\n");
	refers(t, s.b, "/rules/A\n");

	temp_remove(t, s.b);
	refers(t, s.b, "");
}

static void test_a_save_that_is_taken_back_is_forgotten(void **state)
{
	struct temp *t = *state;
	struct shop s = make_shop(t);

	temp_save(t, s.map, MAP("/rules/B", "/actions/no"));
	temp_ok(t, tree_unsave(temp_begin(t), s.map, temp_newest(t), &t->why));
	temp_commit(t);
	refers(t, s.map, "/actions\n/rules/A\n");
}

static void test_a_failed_moment_leaves_no_trace(void **state)
{
	struct temp *t = *state;
	struct shop s = make_shop(t);

	temp_ok(t, tree_remove(temp_begin(t), s.a, &t->why));
	temp_ok(t, ref_settle(&t->m, &t->why));
	moment_end(&t->m);
	refers(t, s.b, "/rules/A\n");
}

static void test_an_item_goes_before_a_folder_of_its_name(void **state)
{
	struct temp *t = *state;
	struct shop s = make_shop(t);
	int64_t folder = temp_folder(t, s.rules, "A");

	referred(t, s.a, "M.json B.json ");
	referred(t, folder, "");
	temp_remove(t, s.a);
	referred(t, folder, "M.json ");
	refers(t, s.map, "/actions\n/rules/A\n");
	refers(t, s.b, "! /rules/A\n"); /* a template is no folder */
}

static void test_another_kind_is_nothing(void **state)
{
	struct temp *t = *state;
	struct shop s = make_shop(t);
	int64_t plain = temp_folder(t, TREE_ROOT, "plain");
	int64_t p = temp_item(t, plain, "P.json", MAP("/rules/A", ""));

	refers(t, p, "");
	temp_save(t, s.map, MAP("/action_maps/M", "/plain/P"));
	refers(t, s.map, "! /action_maps/M\n/plain/P\n");
	referred(t, p, "M.json ");
}

static void test_a_folder_that_moves_takes_its_names_along(void **state)
{
	struct temp *t = *state;
	struct shop s = make_shop(t);
	int64_t sub = temp_folder(t, s.rules, "sub");
	int64_t moment;

	temp_item(t, sub, "D.json", "{}");
	temp_save(t, s.map, MAP("/rules/sub/D", "/actions"));
	temp_save(t, s.b, USE("new/D"));
	refers(t, s.b, "! /rules/new/D\n");
	temp_move(t, sub, s.rules, "new");
	moment = temp_newest(t);
	refers(t, s.map, "/actions\n! /rules/sub/D\n");
	refers(t, s.b, "/rules/new/D\n");
	temp_ok(t, tree_revive(temp_begin(t), sub, moment, &t->why));
	temp_commit(t);
	refers(t, s.map, "/actions\n/rules/sub/D\n");
	refers(t, s.b, "! /rules/new/D\n");
}

static void test_a_folder_of_another_name_is_another_kind(void **state)
{
	struct temp *t = *state;
	struct shop s = make_shop(t);
	int64_t sub = temp_folder(t, s.rules, "sub");
	int64_t maps = temp_folder(t, sub, "action_maps");
	int64_t d = temp_item(t, sub, "D.json", USE("A"));
	int64_t n = temp_item(t, maps, "N.json", MAP("/rules/A", "/actions"));

	refers(t, d, "/rules/A\n");
	temp_move(t, s.rules, TREE_ROOT, "attic");
	refers(t, s.b, "");
	refers(t, d, "");
	refers(t, n, "/actions\n! /rules/A\n");
	temp_move(t, s.rules, TREE_ROOT, "rules");
	refers(t, s.b, "/rules/A\n");
	refers(t, d, "/rules/A\n");
	temp_move(t, d, maps, "D.json");
	refers(t, d, "");
}

static void test_what_comes_and_goes_in_one_moment_is_nothing(void **state)
{
	struct temp *t = *state;
	struct shop s = make_shop(t);
	struct new_item new = {.size = (int64_t)strlen(USE("A")),
			       .attr.mode = 0644};
	int64_t item;

	temp_begin(t);
	new.content = temp_content(t, USE("A"));
	temp_ok(t,
		tree_add_item(&t->m, s.rules, "X.json", &new, &item, &t->why));
	temp_ok(t, ref_settle(&t->m, &t->why));
	temp_ok(t, ref_settle(&t->m, &t->why));
	temp_commit(t);
	refers(t, item, "/rules/A\n");
	temp_begin(t);
	temp_ok(t,
		tree_add_item(&t->m, s.rules, "Y.json", &new, &item, &t->why));
	temp_ok(t, tree_remove(&t->m, item, &t->why));
	temp_commit(t);
	refers(t, item, "");
}

/* ---- ids ---- */

#define EXPORT(id) "{\"_id\": \"" id "\"}"
#define FLOW(id, exp) "{\"_id\": \"" id "\", \"_exportId\": \"" exp "\"}"

static int64_t path_item(struct temp *t, const char *path, const char *text)
{
	int64_t folder = TREE_ROOT;
	char part[64];

	for (const char *slash; (slash = strchr(path, '/')); path = slash + 1) {
		struct entry e;

		(void)snprintf(part, sizeof(part), "%.*s", (int)(slash - path),
			       path);
		if (tree_lookup(t->reader.db, MOMENT_NOW, folder, part, &e,
				NULL) == 0)
			folder = e.id;
		else
			folder = temp_folder(t, folder, part);
	}
	return temp_item(t, folder, path, text);
}

static void test_ids_are_found_by_kind(void **state)
{
	struct temp *t = *state;
	int64_t flow =
		path_item(t, "integrations/a/flows/F.json", FLOW("f1", "e1"));
	int64_t export, import;

	refers(t, flow, "! e1\n");
	import = path_item(t, "integrations/a/imports/I.json", EXPORT("e1"));
	refers(t, flow, "! e1\n");
	export = path_item(t, "integrations/a/exports/E.json", EXPORT("e1"));
	refers(t, flow, "e1\n");
	referred(t, export, "F.json ");
	referred(t, import, "");
	temp_save(t, export, EXPORT("e2"));
	refers(t, flow, "! e1\n");
	temp_save(t, flow, FLOW("f1", "e2"));
	refers(t, flow, "e2\n");
	temp_remove(t, export);
	refers(t, flow, "! e2\n");
}

static void test_of_several_with_an_id_the_nearest_is_meant(void **state)
{
	struct temp *t = *state;
	int64_t fa =
		path_item(t, "integrations/a/flows/F.json", FLOW("f", "e"));
	int64_t fb =
		path_item(t, "integrations/b/flows/G.json", FLOW("f", "e"));
	int64_t fc =
		path_item(t, "integrations/c/flows/H.json", FLOW("f", "e"));
	int64_t ea = path_item(t, "integrations/a/exports/E.json", EXPORT("e"));
	int64_t eb = path_item(t, "integrations/b/exports/E.json", EXPORT("e"));

	referred(t, ea, "F.json H.json ");
	referred(t, eb, "G.json ");
	temp_remove(t, ea);
	referred(t, eb, "F.json G.json H.json ");
	refers(t, fa, "e\n");
	refers(t, fb, "e\n");
	refers(t, fc, "e\n");
}

/* After each test the index is what the texts say. */
static int tear_down(void **state)
{
	temp_sound(*state);
	return temp_teardown(state);
}

/* ---- kinds of a repository's own ---- */

static void test_own_kinds_are_followed(void **state)
{
	static const char shop[] =
		"{\"name\": \"shop\", \"kinds\": ["
		"{\"name\": \"order\", \"folder\": \"orders\","
		" \"references\": [{\"at\": \"**.clerk\", \"form\":"
		" \"path\", \"to\": [\"clerk\"]}]},"
		"{\"name\": \"clerk\", \"folder\": \"clerks\"}]}";
	struct temp *t = *state;
	int64_t order, clerk;

	store_put(&t->reader);
	store_close(t->store);
	temp_fails(t, store_add_kinds(t->path, "{}", 2, &t->why), -EINVAL,
		   "'name'");
	temp_ok(t, store_add_kinds(t->path, shop, strlen(shop), &t->why));
	t->store = NULL;
	temp_reopen(t);
	order = temp_make(t, "orders/O.json", "{\"clerk\": \"/clerks/C\"}");
	refers(t, order, "! /clerks/C\n");
	clerk = temp_make(t, "clerks/C.json", "{}");
	refers(t, order, "/clerks/C\n");
	referred(t, clerk, "O.json ");
	temp_fails(t, store_add_kinds(t->path, shop, strlen(shop), &t->why),
		   -EBUSY, "items already");
}

/* ---- the check of it ---- */

static int note_sentence(const char *sentence, void *arg)
{
	struct buf *out = arg;

	buf_text(out, sentence);
	buf_byte(out, '\n');
	return 0;
}

/* What the check says after @sql did something to the file. */
static void spoils(struct temp *t, const char *sql, const char *words)
{
	struct buf out = {0};

	temp_sql(t, sql);
	assert_int_equal(
		check_run(t->reader.db, note_sentence, NULL, &out, &t->why), 1);
	buf_byte(&out, '\0');
	if (!strstr(out.data, words))
		fail_msg("'%s' does not say '%s'", out.data, words);
	buf_done(&out);
}

static void test_the_check_finds_what_is_wrong(void **state)
{
	struct temp *t = *state;
	struct shop s = make_shop(t);

	(void)s;
	spoils(t, "UPDATE ref SET missing = 1 WHERE target = '/actions'",
	       "'/actions' is there");
	spoils(t,
	       "UPDATE ref SET missing = 0;"
	       "INSERT INTO ref VALUES (2, 0, '/x', 1, 1)",
	       "references of item 2: the index has some");
	spoils(t, "DELETE FROM ref WHERE item = 2 OR target = '/actions'",
	       "the index has 1, its text 2");
	spoils(t,
	       "INSERT INTO ref SELECT item, form, '/actions', 1, 0 FROM ref"
	       " WHERE item = (SELECT max(item) FROM ref WHERE leads > 9)",
	       "the index has");
	temp_save(t, s.map, "{}");
	spoils(t, "INSERT INTO own_id VALUES (5, 1, 'x')", "the id 'x'");
	temp_save(t, s.map, "{ }");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_references_are_known_from_both_ends),
		TEST(test_a_save_is_read),
		TEST(test_what_goes_is_missed_and_what_comes_is_found),
		TEST(test_a_save_that_is_taken_back_is_forgotten),
		TEST(test_a_failed_moment_leaves_no_trace),
		TEST(test_an_item_goes_before_a_folder_of_its_name),
		TEST(test_another_kind_is_nothing),
		TEST(test_a_folder_that_moves_takes_its_names_along),
		TEST(test_a_folder_of_another_name_is_another_kind),
		TEST(test_what_comes_and_goes_in_one_moment_is_nothing),
		TEST(test_ids_are_found_by_kind),
		TEST(test_own_kinds_are_followed),
		TEST(test_the_check_finds_what_is_wrong),
		TEST(test_of_several_with_an_id_the_nearest_is_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
