/* The versions of an item, and who has been in a folder. */
#include "core/history.h"
#include "core/revision.h"
#include "tests/unit/temp_repo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int add_version(const struct version *v, void *arg)
{
	buf_addf(arg, "%" PRId64 "@%" PRId64 "/%" PRId64 " ", v->number,
		 v->born, v->size);
	return 0;
}

static void versions(struct temp *t, int64_t item, const char *text)
{
	DROP(buf_done) struct buf out = {0};

	temp_ok(t, history_versions(t->reader.db, item, add_version, &out,
				    &t->why));
	buf_byte(&out, '\0');
	assert_string_equal(out.data, text);
}

static int add_former(int64_t item, const char *name, bool live, void *arg)
{
	buf_addf(arg, "%" PRId64 "=%s%s ", item, name, live ? "" : "!");
	return 0;
}

static void names(struct temp *t, int64_t folder, int64_t after,
		  const char *text)
{
	DROP(buf_done) struct buf out = {0};

	temp_ok(t, history_names(t->reader.db, folder, after, add_former, &out,
				 &t->why));
	buf_byte(&out, '\0');
	assert_string_equal(out.data, text);
}

/* ---- versions ---- */

static void test_a_version_is_a_content_that_comes(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_item(t, TREE_ROOT, "a.json", "{}");

	temp_set_mode(t, a, 0600);	      /* 2: none */
	temp_save(t, a, "[1]");		      /* 3 */
	temp_save(t, a, "[1]");		      /* 4: none */
	temp_move(t, a, TREE_ROOT, "b.json"); /* 5: none */
	temp_save(t, a, "{}");		      /* 6: again */
	temp_remove(t, a);
	versions(t, a, "1@1/2 2@3/3 3@6/2 ");
}

static void test_a_version_says_who_made_it_and_when(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_item(t, TREE_ROOT, "a.json", "{}");
	struct version v;

	t->now_ns += 5;
	temp_save(t, a, "[]");
	temp_ok(t, history_version(t->reader.db, a, 2, &v, &t->why));
	assert_int_equal(v.item, a);
	assert_int_equal(v.number, 2);
	assert_int_equal(v.born, 2);
	assert_int_equal(v.time_ns, TEMP_NOW + 5);
	assert_int_equal(v.who.uid, 1000);
	assert_string_equal(v.who.program, "test");
	assert_int_equal(v.attr.mode, 0644);
	temp_fails(t, history_version(t->reader.db, a, 3, &v, &t->why), -ENOENT,
		   "no version born at moment 3");
}

/* ---- names ---- */

static void test_all_that_ever_was_in_a_folder_is_named_once(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_item(t, a, "b.json", "{}");
	int64_t c = temp_item(t, a, "c.json", "{}");
	int64_t item;

	temp_move(t, b, a, "b2.json");
	temp_move(t, c, TREE_ROOT, "elsewhere.json");
	(void)temp_folder(t, a, "folder");
	names(t, a, 0, "3=b2.json 4=c.json! ");
	names(t, a, 3, "4=c.json! ");
	/* A second c.json hides the first, dead or alive. */
	item = temp_item(t, a, "c.json", "{}");
	names(t, a, 0, "3=b2.json 6=c.json ");
	temp_remove(t, item);
	names(t, a, 0, "3=b2.json 6=c.json! ");
	temp_ok(t, history_lookup(t->reader.db, a, "b.json", &item, &t->why));
	assert_int_equal(item, b);
	temp_ok(t, history_lookup(t->reader.db, a, "c.json", &item, &t->why));
	assert_int_equal(item, 6);
	temp_fails(t, history_lookup(t->reader.db, a, "folder", &item, &t->why),
		   -ENOENT, "ever called 'folder'");
}

/* ---- as text ---- */

/* Each line as "item version moment change size" and what follows. */
static void tells(struct temp *t, int64_t folder, const char *name,
		  const char *text)
{
	DROP(buf_done) struct buf out = {0};
	DROP(buf_done) struct buf brief = {0};
	const char *line;

	temp_ok(t, history_show(t->reader.db, folder, name, &out, &t->why));
	buf_byte(&out, '\0');
	for (line = out.data; *line; line = strchr(line, '\n') + 1) {
		char item[64], change[32], rest[128];
		int version, moment, size;

		assert_int_equal(sscanf(line,
					"{\"item\":\"%63[^\"]\",\"version\":%d,"
					"\"moment\":%d,\"time\":\"2023-11-14T22"
					":13:20Z\",\"user\":\"%*[^\"]\","
					"\"program\":\"test\",\"change\":\""
					"%31[^\"]\",\"size\":%d,\"sha256\":\""
					"%*64[0-9a-f]\"%127[^\n]",
					item, &version, &moment, change, &size,
					rest),
				 6);
		buf_addf(&brief, "%s %d %d %s %d%s\n", item, version, moment,
			 change, size, rest);
	}
	buf_byte(&brief, '\0');
	assert_string_equal(brief.data, text);
}

static void test_each_change_is_a_line(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = temp_folder(t, a, "b");
	int64_t f = temp_item(t, a, "f.json", "{}");

	(void)temp_item(t, b, "below.json", "{}");
	temp_save(t, f, "[1]");
	temp_set_mode(t, f, 0600);
	temp_move(t, f, a, "g.json");
	temp_move(t, f, TREE_ROOT, "g.json");
	temp_save(t, f, "[2, 3]"); /* while it is elsewhere */
	temp_move(t, f, b, "h.json");
	temp_move(t, f, a, "h.json");
	temp_remove(t, f);
	tells(t, a, NULL,
	      "f.json 1 3 created 2}\n"
	      "f.json 2 5 edited 3}\n"
	      "f.json 2 6 attributes 3}\n"
	      "g.json 2 7 moved 3,\"from\":\"f.json\",\"to\":\"g.json\"}\n"
	      "g.json 2 8 moved 3,\"from\":\"g.json\",\"to\":\"/g.json\"}\n"
	      "h.json 3 11 moved 6,\"from\":\"/a/b/h.json\",\"to\":\"h.json\"}"
	      "\n"
	      "h.json 3 12 deleted 6}\n");
	tells(t, a, "g.json",
	      "f.json 1 3 created 2}\n"
	      "f.json 2 5 edited 3}\n"
	      "f.json 2 6 attributes 3}\n"
	      "g.json 2 7 moved 3,\"from\":\"f.json\",\"to\":\"g.json\"}\n"
	      "g.json 2 8 moved 3,\"from\":\"g.json\",\"to\":\"/g.json\"}\n"
	      "g.json 3 9 edited 6}\n"
	      "h.json 3 10 moved 6,\"from\":\"/g.json\",\"to\":\"/a/b/h.json\"}"
	      "\n"
	      "h.json 3 11 moved 6,\"from\":\"/a/b/h.json\",\"to\":\"h.json\"}"
	      "\n"
	      "h.json 3 12 deleted 6}\n");
}

static void test_a_revert_is_part_of_the_history(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	int64_t f = temp_item(t, TREE_ROOT, "f.json", "{}");
	int64_t g = temp_item(t, TREE_ROOT, "g.json", "[]");

	(void)temp_snap(t, TREE_ROOT);
	temp_save(t, f, "[1]");
	temp_move(t, f, TREE_ROOT, "h.json");
	temp_remove(t, g);
	(void)temp_reverted(r, TREE_ROOT, "1");
	tells(t, TREE_ROOT, NULL,
	      "f.json 1 1 created 2}\n"
	      "g.json 1 2 created 2}\n"
	      "f.json 2 3 edited 3}\n"
	      "h.json 2 4 moved 3,\"from\":\"f.json\",\"to\":\"h.json\"}\n"
	      "g.json 1 5 deleted 2}\n"
	      "f.json 3 6 moved 2,\"from\":\"h.json\",\"to\":\"f.json\"}\n"
	      "f.json 3 6 edited 2}\n"
	      "g.json 1 6 created 2}\n");
}

static void test_of_a_long_history_the_newest_is_shown(void **state)
{
	struct temp_repo *r = *state;
	struct temp *t = r->t;
	DROP(buf_done) struct buf out = {0};
	int64_t f = temp_item(t, TREE_ROOT, "f.json", "{}");
	size_t lines = 0;

	for (int i = 0; i < 10004; i++)
		temp_save(t, f, i % 2 ? "[1]" : "[2]");
	temp_ok(t, history_show(t->reader.db, TREE_ROOT, NULL, &out, &t->why));
	buf_byte(&out, '\0');
	for (size_t i = 0; i < out.len; i++)
		lines += out.data[i] == '\n';
	assert_int_equal(lines, 10001);
	assert_int_equal(strncmp(out.data, "{\"omitted\":5}\n", 14), 0);
	assert_non_null(strstr(out.data, "\"version\":10005,\"moment\":10005"));
}

#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, temp_repo_setup, temp_repo_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_version_is_a_content_that_comes),
		TEST(test_a_version_says_who_made_it_and_when),
		TEST(test_all_that_ever_was_in_a_folder_is_named_once),
		TEST(test_each_change_is_a_line),
		TEST(test_a_revert_is_part_of_the_history),
		TEST(test_of_a_long_history_the_newest_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
