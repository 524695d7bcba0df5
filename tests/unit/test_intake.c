/* What somebody sent becomes what is stored, and secrets go elsewhere. */
#include "core/blob.h"
#include "core/buf.h"
#include "core/intake.h"
#include "core/kind.h"
#include "core/number.h"
#include "core/problems.h"
#include "core/ref.h"
#include "core/report_detail.h"
#include "core/secret.h"
#include "tests/unit/temp_tree.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CREDENTIALS(members) "{\"importCredentials\": {" members "}}"
#define PASSWORD(value) CREDENTIALS("\"Password\": " value)
#define AT "importCredentials.Password"

static void take(struct temp *t, int64_t folder, const char *text,
		 struct intake *ret)
{
	const struct intake_text what = {
		.folder = folder,
		.bytes = text,
		.len = strlen(text),
	};

	temp_ok(t, intake_take(temp_begin(t), &what, ret, &t->why));
}

static struct attr attr_of(const struct temp *t)
{
	return (struct attr){.mode = 0644, .mtime_ns = t->now_ns};
}

static int64_t send_new(struct temp *t, int64_t folder, const char *name,
			const char *text)
{
	struct intake in = {0};
	struct new_item new = {.attr = attr_of(t)};
	int64_t item;

	take(t, folder, text, &in);
	new.content = in.content;
	new.size = in.size;
	temp_ok(t, tree_add_item(&t->m, folder, name, &new, &item, &t->why));
	temp_ok(t, intake_keep(&t->m, &in, item, &t->why));
	intake_done(&in);
	temp_commit(t);
	return item;
}

/* The moment of the save. */
static int64_t send_edit(struct temp *t, int64_t item, const char *text)
{
	struct intake in = {0};
	struct attr attr = attr_of(t);
	struct entry e;
	int64_t moment;

	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW, item, &e, &t->why));
	take(t, e.parent, text, &in);
	moment = t->m.id;
	if (in.content != e.content)
		temp_ok(t, tree_save(&t->m, item, in.content, in.arrived,
				     in.size, &attr, &t->why));
	temp_ok(t, intake_keep(&t->m, &in, item, &t->why));
	intake_done(&in);
	temp_commit(t);
	return moment;
}

static int64_t stores(struct temp *t)
{
	int64_t folder = temp_at(t, "datastores");

	return folder ? folder : temp_folder(t, TREE_ROOT, "datastores");
}

/* What the engine reads. */
static void shows(struct temp *t, int64_t item, const char *text)
{
	struct buf bytes = {0}, out = {0};
	const struct kind *kind = NULL;

	temp_read(t, item, &bytes);
	temp_ok(t, ref_kind(t->reader.db, store_kinds(t->store), item, &kind,
			    &t->why));
	temp_ok(t,
		secret_fill(t->reader.db, kind, item, &bytes, &out, &t->why));
	buf_byte(&out, '\0');
	assert_string_equal(out.data, text);
	buf_done(&bytes);
	buf_done(&out);
}

static void says(struct temp *t, int64_t item, const char *text)
{
	struct buf bytes = {0};

	temp_read(t, item, &bytes);
	assert_string_equal(bytes.data, text);
	buf_done(&bytes);
}

static void test_a_value_is_kept_apart_from_the_text(void **state)
{
	struct temp *t = *state;
	int64_t item = send_new(t, stores(t), "A.json", PASSWORD("\"one\""));

	says(t, item, PASSWORD("null"));
	shows(t, item, PASSWORD("\"one\""));
	/* null leaves it, another value replaces it, "" removes it. */
	send_edit(t, item, PASSWORD("null"));
	shows(t, item, PASSWORD("\"one\""));
	send_edit(t, item, PASSWORD("\"two\""));
	shows(t, item, PASSWORD("\"two\""));
	send_edit(t, item, PASSWORD("\"\""));
	says(t, item, PASSWORD("\"\""));
	shows(t, item, PASSWORD("\"\""));
	send_edit(t, item, PASSWORD("null"));
	shows(t, item, PASSWORD("null"));
}

static void test_other_kinds_are_stored_as_they_are(void **state)
{
	struct temp *t = *state;
	int64_t rules = temp_folder(t, TREE_ROOT, "rules");
	int64_t item = send_new(t, rules, "A.json", PASSWORD("\"one\""));
	int64_t plain = send_new(t, TREE_ROOT, "A.json", PASSWORD("\"one\""));

	says(t, item, PASSWORD("\"one\""));
	says(t, plain, PASSWORD("\"one\""));
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM secret"), 0);
}

static void test_values_stay_with_the_item(void **state)
{
	struct temp *t = *state;
	int64_t folder = stores(t);
	int64_t item = send_new(t, folder, "A.json", PASSWORD("\"one\""));
	int64_t copy = send_new(t, folder, "A 2.json", PASSWORD("null"));

	shows(t, copy, PASSWORD("null"));
	temp_move(t, item, folder, "B.json");
	shows(t, item, PASSWORD("\"one\""));
	temp_remove(t, item);
	temp_move(t, item, folder, "C.json"); /* it comes back */
	shows(t, item, PASSWORD("\"one\""));
}

static void test_members_are_matched_by_path_alone(void **state)
{
	struct temp *t = *state;
	int64_t item = send_new(t, stores(t), "A.json",
				CREDENTIALS("\"list\": [{\"token\": \"a\"}, "
					    "{\"token\": \"b\"}]"));

	send_edit(t, item,
		  CREDENTIALS("\"list\": [{\"n\": 2, \"token\": null}, "
			      "{\"token\": null}, {\"token\": \"c\"}]"));
	shows(t, item,
	      CREDENTIALS("\"list\": [{\"n\": 2, \"token\": \"a\"}, "
			  "{\"token\": \"b\"}, {\"token\": \"c\"}]"));
}

static int differs(struct temp *t, int64_t item, const char *text)
{
	struct intake in = {0};
	int r;

	take(t, stores(t), text, &in);
	r = intake_differs(&t->m, &in, item, &t->why);
	intake_done(&in);
	moment_end(&t->m);
	return r;
}

static void test_it_is_known_whether_values_are_others(void **state)
{
	struct temp *t = *state;
	int64_t item = send_new(t, stores(t), "A.json", PASSWORD("\"one\""));

	assert_int_equal(differs(t, item, PASSWORD("\"one\"")), 0);
	assert_int_equal(differs(t, item, PASSWORD("null")), 0);
	assert_int_equal(differs(t, item, PASSWORD("\"two\"")), 1);
	assert_int_equal(differs(t, item, PASSWORD("\"\"")), 1);
	send_edit(t, item, PASSWORD("\"\""));
	assert_int_equal(differs(t, item, PASSWORD("\"\"")), 0);
	assert_int_equal(differs(t, item, PASSWORD("\"one\"")), 1);
}

/* 0 and the item that was sent with the same text, or -ENOENT. */
static int same(struct temp *t, const char *text, int64_t *ret)
{
	struct intake in = {0};
	struct number_sent sent;
	int r;

	take(t, stores(t), text, &in);
	sent = intake_sent(&in);
	r = number_find_sent(&t->m, stores(t), "A.json", &sent, ret, &t->why);
	intake_done(&in);
	moment_end(&t->m);
	return r;
}

static void test_what_was_sent_twice_is_known_again(void **state)
{
	struct temp *t = *state;
	int64_t folder = stores(t), found = 0;
	int64_t item = send_new(t, folder, "A.json", PASSWORD("\"one\""));
	int64_t copy = send_new(t, folder, "A 2.json", PASSWORD("\"two\""));

	temp_ok(t, same(t, PASSWORD("\"one\""), &found));
	assert_int_equal(found, item);
	temp_ok(t, same(t, PASSWORD("\"two\""), &found));
	assert_int_equal(found, copy);
	assert_int_equal(same(t, PASSWORD("\"three\""), &found), -ENOENT);
	assert_int_equal(same(t, PASSWORD("null"), &found), -ENOENT);
	copy = send_new(t, folder, "A 3.json", PASSWORD("null"));
	temp_ok(t, same(t, PASSWORD("null"), &found));
	assert_int_equal(found, copy);
	/* An edit was sent otherwise. */
	send_edit(t, item, PASSWORD("\"one\"") "\n");
	assert_int_equal(same(t, PASSWORD("\"one\""), &found), -ENOENT);
}

static void test_a_save_that_was_a_copy_gives_back_what_was(void **state)
{
	const char *two = CREDENTIALS("\"Password\": \"two\", \"token\": 7");
	struct temp *t = *state;
	int64_t folder = stores(t), copy, moment;
	int64_t item = send_new(t, folder, "A.json", PASSWORD("\"one\""));
	struct intake in = {0};
	struct new_item new = {.attr = attr_of(t)};

	moment = send_edit(t, item, two);
	take(t, folder, CREDENTIALS("\"Password\": null, \"token\": null"),
	     &in);
	new.content = in.content;
	new.size = in.size;
	temp_ok(t, tree_unsave(&t->m, item, moment, &t->why));
	temp_ok(t,
		tree_add_item(&t->m, folder, "A 2.json", &new, &copy, &t->why));
	temp_ok(t, intake_keep(&t->m, &in, copy, &t->why));
	temp_ok(t, intake_refile(&t->m, item, moment, copy, &t->why));
	intake_done(&in);
	temp_commit(t);
	shows(t, item, PASSWORD("\"one\""));
	shows(t, copy, two);
	assert_int_equal(secret_has(t->reader.db, item,
				    "importCredentials.token", &t->why),
			 0);
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM secret_former"), 0);
	temp_ok(t, same(t, two, &item));
	assert_int_equal(item, copy);
}

static void remove_key(struct temp *t)
{
	char path[100];

	(void)snprintf(path, sizeof(path), "%s.key", t->path);
	assert_int_equal(unlink(path), 0);
	temp_reopen(t);
}

static void test_without_the_key_nothing_is_stored_in_plain(void **state)
{
	const struct intake_text secret = {
		.folder = stores(*state),
		.bytes = PASSWORD("\"three\""),
		.len = strlen(PASSWORD("\"three\"")),
	};
	const struct intake_text none = {
		.folder = secret.folder,
		.bytes = PASSWORD("null"),
		.len = strlen(PASSWORD("null")),
	};
	struct temp *t = *state;
	struct intake in = {0};
	int64_t item =
		send_new(t, secret.folder, "A.json", PASSWORD("\"one\""));
	int64_t before = temp_ask(t, "SELECT count(*) FROM content");

	remove_key(t);
	temp_begin(t);
	temp_fails(t, intake_check(&t->m, &secret, &t->why), -ENOKEY,
		   "cannot be sealed");
	temp_fails(t, intake_take(&t->m, &secret, &in, &t->why), -ENOKEY,
		   "not there");
	intake_done(&in);
	temp_ok(t, intake_check(&t->m, &none, &t->why));
	temp_commit(t);
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM content"), before);
	/* The rest goes on. */
	send_edit(t, item, PASSWORD("null") "\n");
	says(t, item, PASSWORD("null") "\n");
}

/* ---- what is missing ---- */

static void problems_are(struct temp *t, const char *text)
{
	struct buf out = {0};

	temp_ok(t, problems_show(t->reader.db, store_kinds(t->store), TREE_ROOT,
				 &out, &t->why));
	buf_byte(&out, '\0');
	assert_string_equal(out.data, text);
	buf_done(&out);
}

#define MISSING                                                             \
	"{\"path\":\"datastores/A.json\",\"problem\":\"password missing\"," \
	"\"at\":\"" AT "\"}\n"

static void test_what_is_missing_is_a_problem_until_it_is_there(void **state)
{
	struct temp *t = *state;
	int64_t item;

	problems_are(t, "");
	item = send_new(t, stores(t), "A.json", PASSWORD("null"));
	problems_are(t, MISSING);
	send_edit(t, item, PASSWORD("\"one\""));
	problems_are(t, "");
	send_edit(t, item, PASSWORD("\"\""));
	problems_are(t, "");
	send_edit(t, item, PASSWORD("null"));
	problems_are(t, MISSING);
	temp_remove(t, item);
	problems_are(t, "");
	temp_move(t, item, stores(t), "A.json");
	problems_are(t, MISSING);
	/* Where nothing is secret. */
	temp_move(t, item, temp_folder(t, TREE_ROOT, "rules"), "A.json");
	problems_are(t, "");
}

static void test_a_folder_that_moves_changes_what_is_secret(void **state)
{
	struct temp *t = *state;
	int64_t folder = temp_folder(t, TREE_ROOT, "x");
	int64_t item = send_new(t, folder, "A.json", PASSWORD("\"one\""));

	says(t, item, PASSWORD("\"one\""));
	temp_move(t, folder, TREE_ROOT, "datastores");
	says(t, item, PASSWORD("null"));
	shows(t, item, PASSWORD("\"one\""));
	problems_are(t, "");
	/* It was in no snapshot: no version says it any more. */
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM state "
				     "WHERE content IS NOT NULL"),
			 1);
}

static void test_what_has_been_recorded_stays_in_the_past(void **state)
{
	struct temp *t = *state;
	int64_t item = send_new(t, TREE_ROOT, "A.json", PASSWORD("\"one\""));

	temp_snapshot(t);
	temp_move(t, item, stores(t), "A.json");
	says(t, item, PASSWORD("null"));
	/* Passwords stay as they are now. */
	send_edit(t, item, PASSWORD("\"two\""));
	temp_save(t, item, PASSWORD("\"one\""));
	says(t, item, PASSWORD("null"));
	shows(t, item, PASSWORD("\"two\""));
}

static void test_files_are_missing_until_the_item_is_saved(void **state)
{
	const char *text = CREDENTIALS("\"Source Files (.csv)\": \"x.csv\"");
	struct temp *t = *state;
	int64_t item = send_new(t, stores(t), "A.json", text);

	problems_are(t, "{\"path\":\"datastores/A.json\",\"problem\":\"file to "
			"upload\",\"at\":\"importCredentials[\\\"Source Files "
			"(.csv)\\\"]\"}\n");
	send_edit(t, item, text);
	problems_are(t, "");
}

static void test_what_cannot_be_read_is_a_problem(void **state)
{
	struct temp *t = *state;
	struct buf out = {0};

	send_new(t, stores(t), "A.json", PASSWORD("\"one\""));
	problems_are(t, "");
	temp_sql(t, "UPDATE secret SET sealed = zeroblob(40)");
	temp_ok(t, problems_show(t->reader.db, store_kinds(t->store), TREE_ROOT,
				 &out, &t->why));
	buf_byte(&out, '\0');
	assert_non_null(strstr(out.data, "\"problem\":\"password cannot be "
					 "read\",\"at\":\"" AT "\""));
	assert_non_null(strstr(out.data, "damaged"));
	remove_key(t);
	buf_reset(&out);
	temp_ok(t, problems_show(t->reader.db, store_kinds(t->store), TREE_ROOT,
				 &out, &t->why));
	buf_byte(&out, '\0');
	assert_non_null(strstr(out.data, "not there"));
	buf_done(&out);
}

static void test_the_report_lists_what_to_supply(void **state)
{
	const char *text =
		CREDENTIALS("\"Password\": null, \"token\": \"t\", "
			    "\"secret\": \"\", \"Source Files\": \"x\"");
	struct temp *t = *state;
	struct report_detail detail = {0};
	struct intake in = {0};
	struct buf out = {0};
	int64_t item = send_new(t, stores(t), "A.json", text);

	assert_int_equal(report_detail_show(&detail, &out), 0);
	assert_int_equal(out.len, 0);
	take(t, stores(t), text, &in);
	temp_ok(t, intake_detail(&t->m, &in, item, &detail, &t->why));
	report_detail_json(&detail.references, "{\"at\":\"x\"}");
	assert_int_equal(report_detail_show(&detail, &out), 1);
	assert_string_equal(out.data, "{\"secrets\":[\"" AT "\"],\"files\":["
				      "\"importCredentials.Source Files\"],"
				      "\"references\":[{\"at\":\"x\"}]}");
	intake_done(&in);
	report_detail_done(&detail);
	buf_done(&out);
}

/* ---- nowhere in the file ---- */

static int find_in(const char *path, const char *needle)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), found = 0;
	struct buf bytes = {0};
	char part[4096];
	ssize_t len = 0;

	while (fd >= 0 && (len = read(fd, part, sizeof(part))) > 0)
		buf_add(&bytes, part, (size_t)len);
	assert_int_equal(len, 0);
	assert_int_equal(buf_error(&bytes), 0);
	if (bytes.len)
		found = memmem(bytes.data, bytes.len, needle, strlen(needle)) !=
			NULL;
	buf_done(&bytes);
	if (fd >= 0)
		(void)close(fd);
	return found;
}

static int in_repository(struct temp *t, const char *needle)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char path[100];
	int found = 0;

	for (size_t i = 0; i < COUNT(ends); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", t->path, ends[i]);
		found += find_in(path, needle);
	}
	return found;
}

static void test_the_file_does_not_hold_it(void **state)
{
	/* Short texts are not compressed, so that a look is enough. */
	const char *needle = "zUq8#vR2";
	struct temp *t = *state;
	int64_t item;

	send_new(t, temp_folder(t, TREE_ROOT, "rules"), "A.json",
		 PASSWORD("\"yUq8#vR2\""));
	item = send_new(t, stores(t), "A.json", PASSWORD("\"zUq8#vR2\""));
	send_edit(t, item, CREDENTIALS("\"Password\": \"zUq8#vR2\", \"n\":1"));
	assert_int_equal(in_repository(t, needle), 0);
	assert_true(in_repository(t, "yUq8#vR2") > 0);
	temp_reopen(t);
	assert_int_equal(in_repository(t, needle), 0);
	assert_true(in_repository(t, "yUq8#vR2") > 0);
}

int main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_a_value_is_kept_apart_from_the_text),
		TEST(test_other_kinds_are_stored_as_they_are),
		TEST(test_values_stay_with_the_item),
		TEST(test_members_are_matched_by_path_alone),
		TEST(test_it_is_known_whether_values_are_others),
		TEST(test_what_was_sent_twice_is_known_again),
		TEST(test_a_save_that_was_a_copy_gives_back_what_was),
		TEST(test_without_the_key_nothing_is_stored_in_plain),
		TEST(test_what_is_missing_is_a_problem_until_it_is_there),
		TEST(test_a_folder_that_moves_changes_what_is_secret),
		TEST(test_what_has_been_recorded_stays_in_the_past),
		TEST(test_files_are_missing_until_the_item_is_saved),
		TEST(test_what_cannot_be_read_is_a_problem),
		TEST(test_the_report_lists_what_to_supply),
		TEST(test_the_file_does_not_hold_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
