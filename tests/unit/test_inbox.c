/* What is acknowledged and not filed yet, and what a process that died left. */
#include "core/inbox.h"

#include "core/buf.h"
#include "core/repo.h"
#include "tests/unit/temp_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct inbox *inbox;

static int setup(void **state)
{
	struct temp *t;

	assert_int_equal(temp_setup(state), 0);
	t = *state;
	temp_ok(t, inbox_new(t->store, &inbox, &t->why));
	temp_begin(t);
	temp_ok(t, inbox_begin(inbox, &t->m, &t->why));
	temp_commit(t);
	return 0;
}

static int teardown(void **state)
{
	inbox_free(inbox);
	inbox = NULL;
	return temp_teardown(state);
}

static struct letter a_letter(int64_t folder, const char *name,
			      const char *text)
{
	return (struct letter){
		.folder = folder,
		.name = name,
		.bytes = text,
		.len = strlen(text),
		.attr = {.mode = 0640,
			 .uid = 7,
			 .gid = 8,
			 .mtime_ns = TEMP_NOW - 5},
		.who = {.uid = 7, .pid = 99, .program = "cp"},
		.key = {.pid = 99, .start = 1},
		.time_ns = TEMP_NOW,
	};
}

static int64_t put(struct temp *t, int64_t folder, const char *name,
		   const char *text)
{
	struct letter letter = a_letter(folder, name, text);

	temp_ok(t, inbox_put(inbox, &letter, &t->why));
	return letter.number;
}

/* Nothing is made of them: only what the inbox itself says is looked at. */
static void file_until(struct temp *t, int64_t number)
{
	temp_begin(t);
	temp_ok(t, inbox_file(inbox, &t->m, number, &t->why));
	temp_commit(t);
	inbox_filed(inbox, number);
}

static int add_name(const struct letter *letter, void *arg)
{
	char *names = arg;

	(void)strcat(names, letter->name);
	(void)strcat(names, " ");
	return 0;
}

static void inbox_path(const struct temp *t, char ret[128])
{
	(void)snprintf(ret, 128, "%s.inbox", t->path);
}

/* What another process finds, after this one has died. It takes a file away in
 * which it finds nothing; we go on with it. */
static void assert_left(struct temp *t, const char *expected)
{
	struct inbox *other;
	char names[2048] = "", path[128], kept[160];

	inbox_path(t, path);
	(void)snprintf(kept, sizeof(kept), "%s.kept", path);
	if (link(path, kept) < 0)
		assert_int_equal(errno, ENOENT);
	temp_ok(t, inbox_new(t->store, &other, &t->why));
	temp_ok(t, inbox_each(other, add_name, names, &t->why));
	inbox_free(other);
	(void)rename(kept, path);
	(void)unlink(kept); /* the same file: rename(2) did nothing */
	assert_string_equal(names, expected);
}

static int64_t inbox_size(const struct temp *t)
{
	char path[128];
	struct stat st;

	inbox_path(t, path);
	return stat(path, &st) < 0 ? -1 : st.st_size;
}

/* ---- letters ---- */

static void test_letters_wait_in_order_until_they_are_filed(void **state)
{
	struct temp *t = *state;
	int64_t second;

	assert_left(t, "");
	(void)put(t, TREE_ROOT, "a.json", "{}");
	second = put(t, TREE_ROOT, "b.json", "{\"b\": 1}");
	(void)put(t, TREE_ROOT, "c.json", "[]");
	assert_left(t, "a.json b.json c.json ");
	file_until(t, second);
	assert_left(t, "c.json ");
	file_until(t, second + 1);
	assert_left(t, "");
}

static int is_as_sent(const struct letter *found, void *arg)
{
	const struct letter sent =
		a_letter(TREE_ROOT, "all of it.json", "{\"x\": [1, 2]}");

	assert_int_equal(found->folder, sent.folder);
	assert_int_equal(found->item, 0);
	assert_string_equal(found->name, sent.name);
	assert_int_equal(found->len, sent.len);
	assert_memory_equal(found->bytes, sent.bytes, sent.len);
	assert_int_equal(found->attr.mode, sent.attr.mode);
	assert_int_equal(found->attr.uid, sent.attr.uid);
	assert_int_equal(found->attr.gid, sent.attr.gid);
	assert_int_equal(found->attr.mtime_ns, sent.attr.mtime_ns);
	assert_int_equal(found->who.uid, sent.who.uid);
	assert_int_equal(found->who.pid, sent.who.pid);
	assert_string_equal(found->who.program, sent.who.program);
	assert_int_equal(found->key.pid, sent.key.pid);
	assert_int_equal(found->key.start, sent.key.start);
	assert_int_equal(found->time_ns, sent.time_ns);
	++*(int *)arg;
	return 0;
}

static void test_a_letter_comes_back_whole(void **state)
{
	struct temp *t = *state;
	int count = 0;

	(void)put(t, TREE_ROOT, "all of it.json", "{\"x\": [1, 2]}");
	temp_ok(t, inbox_each(inbox, is_as_sent, &count, &t->why));
	assert_int_equal(count, 1);
}

static void test_a_filed_inbox_begins_anew_and_stays_small(void **state)
{
	struct temp *t = *state;
	int64_t size;

	file_until(t, put(t, TREE_ROOT, "x.json", "{\"first\": true}"));
	size = inbox_size(t);
	for (int i = 0; i < 50; i++)
		file_until(t, put(t, TREE_ROOT, "y.json", "{\"n\": 1}"));
	assert_int_equal(inbox_size(t), size);
	(void)put(t, TREE_ROOT, "z.json", "{}");
	/* What stands behind it is older, and no letter. */
	assert_left(t, "z.json ");
}

static void test_it_is_full_until_all_is_filed(void **state)
{
	struct temp *t = *state;
	DROP(buf_done) struct buf text = {0};
	struct letter letter;
	int64_t last = 0;
	int r = 0;

	for (int i = 0; i < 200000; i++)
		buf_byte(&text, ' ');
	buf_text(&text, "[]");
	buf_byte(&text, '\0');
	for (int i = 0; i < 200 && r == 0; i++) {
		letter = a_letter(TREE_ROOT, "a.json", text.data);
		r = inbox_put(inbox, &letter, &t->why);
		last = r == 0 ? letter.number : last;
	}
	assert_int_equal(r, -EAGAIN);
	assert_in_range(inbox_size(t), 16 << 20, 17 << 20);
	file_until(t, last - 1);
	assert_int_equal(inbox_put(inbox, &letter, &t->why), -EAGAIN);
	file_until(t, last);
	assert_int_equal(put(t, TREE_ROOT, "b.json", "{}"), last + 1);
	assert_left(t, "b.json ");
}

static void test_the_file_goes_with_the_last_letter(void **state)
{
	struct temp *t = *state;

	file_until(t, put(t, TREE_ROOT, "x.json", "{}"));
	inbox_free(inbox);
	inbox = NULL;
	assert_int_equal(inbox_size(t), -1);
}

static void test_what_waits_keeps_the_file_and_its_place(void **state)
{
	struct temp *t = *state;

	(void)put(t, TREE_ROOT, "x.json", "{}");
	inbox_free(inbox);
	temp_ok(t, inbox_new(t->store, &inbox, &t->why));
	temp_begin(t);
	temp_fails(t, inbox_begin(inbox, &t->m, &t->why), -EBUSY, "1 file");
	moment_end(&t->m);
	assert_left(t, "x.json ");
}

/* ---- what is no letter ---- */

static void overwrite(struct temp *t, int64_t at, const char *bytes, size_t len)
{
	char path[128];
	int fd;

	inbox_path(t, path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, at), len);
	(void)close(fd);
}

static void test_a_torn_letter_ends_the_row(void **state)
{
	struct temp *t = *state;
	int64_t end;

	(void)put(t, TREE_ROOT, "a.json", "{\"a\": 1}");
	end = inbox_size(t);
	(void)put(t, TREE_ROOT, "b.json", "{\"b\": 2}");
	(void)put(t, TREE_ROOT, "c.json", "{\"c\": 3}");
	overwrite(t, inbox_size(t) - 2, "\0", 1);
	assert_left(t, "a.json b.json ");
	overwrite(t, 2 * end - 2, "\0", 1);
	assert_left(t, "a.json ");
	overwrite(t, 3, "\0", 1);
	assert_left(t, "");
}

static void test_letters_cut_off_are_none(void **state)
{
	struct temp *t = *state;
	char path[128];
	int64_t size, first;

	(void)put(t, TREE_ROOT, "a.json", "{\"a\": 1}");
	first = inbox_size(t);
	(void)put(t, TREE_ROOT, "b.json", "{\"b\": 2}");
	inbox_path(t, path);
	for (size = inbox_size(t) - 1; size > 0; size--) {
		assert_int_equal(truncate(path, size), 0);
		assert_left(t, size < first ? "" : "a.json ");
	}
}

static void test_letters_of_another_key_or_after_a_gap_are_none(void **state)
{
	struct temp *t = *state;

	(void)put(t, TREE_ROOT, "a.json", "{}");
	temp_sql(t, "UPDATE meta SET value = '0707070707070707:1' "
		    "WHERE key = 'inbox'");
	assert_left(t, "");
	temp_sql(t, "UPDATE meta SET value = '0707070707070708:0' "
		    "WHERE key = 'inbox'");
	assert_left(t, "");
	/* The power has failed: number 1 is first, but 0 is not filed. */
	temp_sql(t, "UPDATE meta SET value = '0707070707070707:-1' "
		    "WHERE key = 'inbox'");
	assert_left(t, "");
	temp_sql(t, "UPDATE meta SET value = '0707070707070707:0' "
		    "WHERE key = 'inbox'");
	assert_left(t, "a.json ");
}

/* ---- the next one that opens ---- */

/* The process dies, and another opens the repository. */
static void die_and_open(struct temp *t)
{
	const struct store_options options = {.env = &t->env};
	DROP(repo_close_p) struct repo *repo = NULL;

	inbox_free(inbox);
	inbox = NULL;
	store_put(&t->reader);
	store_close(t->store);
	t->store = NULL;
	temp_ok(t, repo_open(t->path, &options, &repo, &t->why));
	repo_close(TAKE(repo));
	temp_ok(t, store_open(t->path, &options, &t->store, &t->why));
	temp_ok(t, store_read(t->store, &t->reader, &t->why));
}

static void test_who_opens_next_files_what_is_left(void **state)
{
	struct temp *t = *state;
	int64_t folder = temp_folder(t, TREE_ROOT, "rules");
	struct entry e;

	(void)put(t, folder, "A.json", "{\"a\": 1}");
	(void)put(t, folder, "B.json", "{\"b\": 2}");
	(void)put(t, TREE_ROOT, "C.json", "{\"c\": 3}");
	die_and_open(t);
	temp_says(t, "rules/A.json", "{\"a\": 1}");
	temp_says(t, "rules/B.json", "{\"b\": 2}");
	temp_says(t, "C.json", "{\"c\": 3}");
	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW,
			    temp_at(t, "rules/A.json"), &e, &t->why));
	assert_int_equal(e.attr.mode, 0640);
	assert_int_equal(e.attr.uid, 7);
	assert_int_equal(e.attr.mtime_ns, TEMP_NOW - 5);
	/* They are one batch, that can be undone. */
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM revision "
				     "WHERE kind = 'restore' AND "
				     "status = 'completed'"),
			 1);
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM report"), 3);
	assert_int_equal(inbox_size(t), -1);
}

static void test_it_is_filed_once(void **state)
{
	struct temp *t = *state;

	(void)put(t, TREE_ROOT, "A.json", "{\"a\": 1}");
	die_and_open(t);
	die_and_open(t);
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM item "
				     "WHERE folder = 0"),
			 1);
}

static void test_a_name_that_was_taken_meanwhile_gets_a_number(void **state)
{
	struct temp *t = *state;

	(void)put(t, TREE_ROOT, "A.json", "{\"late\": true}");
	(void)temp_item(t, TREE_ROOT, "A.json", "{\"early\": true}");
	die_and_open(t);
	temp_says(t, "A.json", "{\"early\": true}");
	temp_says(t, "A 2.json", "{\"late\": true}");
}

static void test_what_has_lost_its_folder_comes_to_the_root(void **state)
{
	struct temp *t = *state;
	int64_t folder = temp_folder(t, TREE_ROOT, "rules");

	(void)put(t, folder, "A.json", "{\"a\": 1}");
	temp_remove(t, folder);
	die_and_open(t);
	temp_says(t, "A.json", "{\"a\": 1}");
}

/* ---- edits ---- */

/* The newest text of @path is edited; the item. */
static int64_t put_edit(struct temp *t, const char *path, const char *name,
			const char *text)
{
	struct letter letter = a_letter(TREE_ROOT, name, text);
	struct entry e;

	letter.item = temp_at(t, path);
	temp_ok(t,
		tree_get(t->reader.db, MOMENT_NOW, letter.item, &e, &t->why));
	letter.seen = e.content;
	temp_ok(t, inbox_put(inbox, &letter, &t->why));
	return letter.item;
}

static int64_t states_of(struct temp *t, int64_t item)
{
	return temp_ask(t, "SELECT count(*) FROM state WHERE item = %lld",
			(long long)item);
}

static void test_an_edit_is_a_version_of_its_item(void **state)
{
	struct temp *t = *state;
	struct entry e;
	int64_t item;

	(void)temp_item(t, TREE_ROOT, "A.json", "{\"a\": 1}");
	(void)temp_item(t, TREE_ROOT, "B.json", "{\"b\": 1}");
	item = put_edit(t, "A.json", "A.json", "{\"a\": 2}");
	(void)put_edit(t, "B.json", "B.json", "{\"b\": 1}");
	die_and_open(t);
	temp_says(t, "A.json", "{\"a\": 2}");
	assert_int_equal(temp_at(t, "A.json"), item);
	assert_int_equal(states_of(t, item), 2);
	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW, item, &e, &t->why));
	assert_int_equal(e.attr.mode, 0640);
	assert_int_equal(e.attr.mtime_ns, TEMP_NOW - 5);
	/* What says the same is no version. */
	assert_int_equal(states_of(t, temp_at(t, "B.json")), 1);
	assert_int_equal(temp_ask(t, "SELECT count(*) FROM item "
				     "WHERE folder = 0"),
			 2);
}

static void test_an_edit_follows_its_item(void **state)
{
	struct temp *t = *state;
	int64_t folder = temp_folder(t, TREE_ROOT, "rules");

	(void)temp_item(t, TREE_ROOT, "A.json", "{\"a\": 1}");
	(void)put_edit(t, "A.json", "A.json", "{\"a\": 2}");
	temp_move(t, temp_at(t, "A.json"), folder, "Z.json");
	die_and_open(t);
	temp_says(t, "rules/Z.json", "{\"a\": 2}");
}

static void test_an_edit_of_what_has_changed_is_put_beside(void **state)
{
	struct temp *t = *state;
	int64_t item = temp_item(t, TREE_ROOT, "A.json", "{\"a\": 1}");

	(void)put_edit(t, "A.json", "A.json", "{\"late\": 1}");
	temp_save(t, item, "{\"early\": 1}");
	die_and_open(t);
	temp_says(t, "A.json", "{\"early\": 1}");
	temp_says(t, "A 2.json", "{\"late\": 1}");
}

static void test_an_edit_of_what_has_gone_is_kept(void **state)
{
	struct temp *t = *state;
	int64_t item = temp_item(t, TREE_ROOT, "A.json", "{\"a\": 1}");

	(void)put_edit(t, "A.json", "A.json", "{\"a\": 2}");
	temp_remove(t, item);
	die_and_open(t);
	temp_says(t, "A.json", "{\"a\": 2}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_letters_wait_in_order_until_they_are_filed),
		TEST(test_a_letter_comes_back_whole),
		TEST(test_a_filed_inbox_begins_anew_and_stays_small),
		TEST(test_it_is_full_until_all_is_filed),
		TEST(test_the_file_goes_with_the_last_letter),
		TEST(test_what_waits_keeps_the_file_and_its_place),
		TEST(test_a_torn_letter_ends_the_row),
		TEST(test_letters_cut_off_are_none),
		TEST(test_letters_of_another_key_or_after_a_gap_are_none),
		TEST(test_who_opens_next_files_what_is_left),
		TEST(test_it_is_filed_once),
		TEST(test_a_name_that_was_taken_meanwhile_gets_a_number),
		TEST(test_what_has_lost_its_folder_comes_to_the_root),
		TEST(test_an_edit_is_a_version_of_its_item),
		TEST(test_an_edit_follows_its_item),
		TEST(test_an_edit_of_what_has_changed_is_put_beside),
		TEST(test_an_edit_of_what_has_gone_is_kept),
	};

	return cmocka_run_group_tests_name("inbox", tests, NULL, NULL);
}
