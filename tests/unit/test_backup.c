/* A folder at a moment as the bytes of an archive, whole and in any order. */
#include "tests/unit/make_archive.h"
#include "tests/unit/temp_tree.h"
#include "tests/unit/test.h"

#include "core/backup.h"
#include "core/choice.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const enum archive_format formats[] = {ARCHIVE_TAR, ARCHIVE_ZIP};

static struct backup *open_backup(struct temp *t, struct backup_spec spec)
{
	struct backup *b;

	temp_ok(t, backup_open(t->reader.db, &spec, &b, &t->why));
	return b;
}

/* All of it, read in pieces of @piece bytes. */
static void read_all(struct temp *t, struct backup *b, size_t piece,
		     struct buf *out)
{
	size_t len = 1;

	buf_reset(out);
	while (len > 0) {
		assert_int_equal(buf_reserve(out, piece), 0);
		temp_ok(t, backup_read(b, t->reader.db, (int64_t)out->len,
				       out->data + out->len, piece, &len,
				       &t->why));
		out->len += len;
		assert_true(len == piece ||
			    (int64_t)out->len == backup_size(b));
	}
	assert_int_equal(out->len, backup_size(b));
}

static int add_line(const struct archive_entry *e, const char *bytes, void *arg)
{
	struct buf *out = arg;

	buf_addf(out, "%s%s %o %.*s|", e->path, e->folder ? "/" : "",
		 (unsigned)e->mode, (int)e->size, bytes ? bytes : "");
	return 0;
}

/* What the reader of archives finds in the bytes. */
static void list(const struct buf *bytes, struct buf *out)
{
	const struct archive_limits limits = {0};
	int fd = make_file(bytes->data, bytes->len);
	struct why why = {0};

	buf_reset(out);
	assert_done(archive_read(fd, &limits, add_line, out, &why), &why);
	buf_byte(out, '\0');
	assert_int_equal(close(fd), 0);
}

static void assert_holds(struct temp *t, const struct backup_spec *spec,
			 const char *lines)
{
	struct backup *b = open_backup(t, *spec);
	struct buf bytes = {0}, out = {0};

	read_all(t, b, 1000, &bytes);
	list(&bytes, &out);
	assert_string_equal(out.data, lines);
	buf_done(&bytes);
	buf_done(&out);
	backup_free(b);
}

static void make_tree(struct temp *t)
{
	temp_make(t, "rules/A.json", "{\"a\": 1}");
	temp_make(t, "rules/Sub/B.json", "{\"b\": 2}");
	temp_make(t, "sessions/C.json", "{}");
}

/* ---- tests ---- */

static void test_a_folder_is_an_archive_of_what_is_in_it(void **state)
{
	struct temp *t = *state;

	make_tree(t);
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct backup_spec spec = {.format = formats[i],
					   .moment = temp_newest(t),
					   .folder = TREE_ROOT};

		assert_holds(t, &spec,
			     "rules/ 755 |rules/A.json 644 {\"a\": 1}|"
			     "rules/Sub/ 755 |rules/Sub/B.json 644 "
			     "{\"b\": 2}|"
			     "sessions/ 755 |sessions/C.json 644 {}|");
		spec.folder = temp_at(t, "rules");
		assert_holds(t, &spec,
			     "A.json 644 {\"a\": 1}|Sub/ 755 |"
			     "Sub/B.json 644 {\"b\": 2}|");
	}
}

static void test_an_empty_folder_is_an_archive(void **state)
{
	struct temp *t = *state;

	for (size_t i = 0; i < COUNT(formats); i++) {
		const struct backup_spec spec = {.format = formats[i],
						 .folder = TREE_ROOT};

		assert_holds(t, &spec, "");
	}
}

static void test_the_moment_is_what_is_shown(void **state)
{
	struct temp *t = *state;
	struct backup_spec spec = {.format = ARCHIVE_TAR, .folder = TREE_ROOT};

	make_tree(t);
	spec.moment = temp_newest(t);
	temp_remove(t, temp_at(t, "rules/A.json"));
	temp_save(t, temp_at(t, "sessions/C.json"), "[1]");
	temp_make(t, "later.json", "{}");
	assert_holds(t, &spec,
		     "rules/ 755 |rules/A.json 644 {\"a\": 1}|"
		     "rules/Sub/ 755 |rules/Sub/B.json 644 {\"b\": 2}|"
		     "sessions/ 755 |sessions/C.json 644 {}|");
}

static void make_large(struct temp *t)
{
	for (int i = 0; i < 300; i++) {
		char path[40], text[6000];

		(void)snprintf(path, sizeof(path), "f%d/Ä %d.json", i / 150, i);
		(void)snprintf(text, sizeof(text), "{\"n\": %*d}",
			       3000 + i * 13 % 2000, i);
		temp_make(t, path, text);
	}
}

/* Whatever is read, forward, back, in between: always the same bytes. */
static void test_reads_at_any_place_agree(void **state)
{
	struct temp *t = *state;

	make_large(t);
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct backup *b = open_backup(
			t, (struct backup_spec){.format = formats[i],
						.moment = temp_newest(t),
						.folder = TREE_ROOT});
		struct buf all = {0}, again = {0};
		unsigned seed = 7;
		char bytes[9000];

		assert_int_equal(backup_count(b), 302);
		read_all(t, b, 7001, &all);
		for (int n = 0; n < 300; n++) {
			size_t at = (size_t)rand_r(&seed) % all.len, len;
			size_t size = (size_t)rand_r(&seed) % sizeof(bytes);

			temp_ok(t, backup_read(b, t->reader.db, (int64_t)at,
					       bytes, size, &len, &t->why));
			assert_int_equal(
				len, size < all.len - at ? size : all.len - at);
			assert_memory_equal(bytes, all.data + at, len);
		}
		read_all(t, b, 1 << 20, &again);
		assert_memory_equal(again.data, all.data, all.len);
		backup_free(b);
		/* The end first, when nothing is known yet. */
		b = open_backup(t,
				(struct backup_spec){.format = formats[i],
						     .moment = temp_newest(t),
						     .folder = TREE_ROOT});
		for (size_t at = all.len; at > 0;) {
			size_t len, step = at < 8191 ? at : 8191;

			at -= step;
			temp_ok(t, backup_read(b, t->reader.db, (int64_t)at,
					       bytes, step, &len, &t->why));
			assert_memory_equal(bytes, all.data + at, len);
		}
		backup_free(b);
		buf_done(&all);
		buf_done(&again);
	}
}

static void test_a_choice_is_in_an_archive_alone(void **state)
{
	struct temp *t = *state;
	struct choice choice = {0};
	struct backup_spec spec = {.filter = choice_filter,
				   .filter_arg = &choice};

	make_tree(t);
	temp_make(t, "rules/Sub/D.json", "[]");
	spec.moment = temp_newest(t);
	temp_ok(t, choice_add(&choice, t->reader.db, spec.moment,
			      temp_at(t, "rules/Sub/B.json"), &t->why));
	assert_int_equal(choice.common, temp_at(t, "rules/Sub"));
	temp_ok(t, choice_add(&choice, t->reader.db, spec.moment,
			      temp_at(t, "rules/A.json"), &t->why));
	assert_int_equal(choice.common, temp_at(t, "rules"));
	spec.folder = choice.common;
	assert_holds(t, &spec,
		     "A.json 644 {\"a\": 1}|Sub/ 755 |"
		     "Sub/B.json 644 {\"b\": 2}|");
	temp_ok(t, choice_add(&choice, t->reader.db, spec.moment,
			      temp_at(t, "sessions"), &t->why));
	assert_int_equal(choice.common, TREE_ROOT);
	spec.folder = choice.common;
	assert_holds(t, &spec,
		     "rules/ 755 |rules/A.json 644 {\"a\": 1}|"
		     "rules/Sub/ 755 |rules/Sub/B.json 644 {\"b\": 2}|"
		     "sessions/ 755 |sessions/C.json 644 {}|");
	choice_done(&choice);
}

static void test_a_closure_is_at_its_places(void **state)
{
	struct temp *t = *state;
	struct choice choice = {0};
	struct backup_spec spec = {.filter = choice_filter,
				   .filter_arg = &choice};

	temp_make(t, "rules/T.json", "{\"template\": true}");
	temp_make(t, "rules/Other.json", "{}");
	temp_make(t, "rules/R.json",
		  "{\"attributes\": {\"template_id\": \"RULE://T\"}}");
	spec.moment = temp_newest(t);
	temp_ok(t,
		choice_add_closure(&choice, t->reader.db, store_kinds(t->store),
				   temp_at(t, "rules/R.json"), &t->why));
	spec.folder = choice.common;
	assert_holds(t, &spec,
		     "rules/ 755 |rules/T.json 644 {\"template\": true}|"
		     "rules/R.json 644 {\"attributes\": {\"template_id\": "
		     "\"RULE://T\"}}|");
	choice_done(&choice);
}

static bool not_b(const struct archive_entry *e, void *arg)
{
	(void)arg;
	return strcmp(e->path, "rules/Sub/B.json") != 0;
}

static void test_what_may_not_be_read_is_named(void **state)
{
	struct temp *t = *state;
	struct backup_spec spec = {.folder = TREE_ROOT, .allow = not_b};
	struct backup *b;

	make_tree(t);
	spec.moment = temp_newest(t);
	temp_fails(t, backup_open(t->reader.db, &spec, &b, &t->why), -EACCES,
		   "'rules/Sub/B.json' may not be read by you");
}

static void test_a_pinned_moment_is_not_amended(void **state)
{
	struct temp *t = *state;
	struct attr attr = {0600, 1, 1, 5, 0};
	int64_t item = temp_make(t, "a.json", "{}"), pin;
	struct entry e;

	temp_ok(t, tree_set_attr(temp_begin(t), item, &attr, true, &t->why));
	temp_commit(t);
	temp_ok(t, store_pin(t->store, &pin, &t->why));
	assert_int_equal(pin, temp_newest(t));
	attr.mode = 0640;
	temp_ok(t, tree_set_attr(temp_begin(t), item, &attr, true, &t->why));
	temp_commit(t);
	temp_ok(t, tree_get(t->reader.db, pin, item, &e, &t->why));
	assert_int_equal(e.attr.mode, 0600);
	assert_true(temp_newest(t) > pin);
}

struct pinning {
	struct temp *t;
	int64_t moment;
	atomic_bool done;
};

static void *pin_it(void *arg)
{
	struct pinning *p = arg;

	temp_ok(p->t, store_pin(p->t->store, &p->moment, NULL));
	atomic_store(&p->done, true);
	return NULL;
}

/* Who has asked before it was pinned is waited for, nobody else. */
static void test_a_pin_waits_for_who_amends_alone(void **state)
{
	struct temp *t = *state;
	struct attr attr = {0600, 1, 1, 5, 0};
	int64_t item = temp_make(t, "a.json", "{}");
	struct pinning p = {.t = t};
	struct entry e;
	pthread_t thread;

	temp_ok(t, tree_set_attr(temp_begin(t), item, &attr, true, &t->why));
	assert_int_equal(pthread_create(&thread, NULL, pin_it, &p), 0);
	(void)usleep(50000);
	assert_false(atomic_load(&p.done));
	temp_commit(t);
	(void)pthread_join(thread, NULL);
	temp_ok(t, tree_get(t->reader.db, p.moment, item, &e, &t->why));
	assert_int_equal(e.attr.mode, 0600);
	/* What was pinned is not amended: this waits for nobody. */
	attr.mode = 0640;
	temp_ok(t, tree_save(temp_begin(t), item, e.content, 0, e.size, &attr,
			     &t->why));
	assert_int_equal(pthread_create(&thread, NULL, pin_it, &p), 0);
	(void)pthread_join(thread, NULL);
	temp_commit(t);
	assert_true(temp_newest(t) > p.moment);
}

/* What nobody pinned may change: it is found out. */
static void test_a_moment_that_changes_is_noticed(void **state)
{
	struct temp *t = *state;
	struct backup_spec spec = {.folder = TREE_ROOT};
	struct buf bytes = {0};
	struct backup *b;
	size_t len;

	temp_make(t, "a.json", "{}");
	spec.moment = temp_newest(t);
	b = open_backup(t, spec);
	temp_sql(t, "UPDATE state SET size = 3 WHERE content IS NOT NULL");
	assert_int_equal(buf_reserve(&bytes, 4096), 0);
	temp_fails(t,
		   backup_read(b, t->reader.db, 0, bytes.data, 4096, &len,
			       &t->why),
		   -ESTALE, "changed by somebody else");
	buf_done(&bytes);
	backup_free(b);
}

int main(void)
{
#define TEST(test) \
	cmocka_unit_test_setup_teardown(test, temp_setup, temp_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_a_folder_is_an_archive_of_what_is_in_it),
		TEST(test_an_empty_folder_is_an_archive),
		TEST(test_the_moment_is_what_is_shown),
		TEST(test_reads_at_any_place_agree),
		TEST(test_a_choice_is_in_an_archive_alone),
		TEST(test_a_closure_is_at_its_places),
		TEST(test_what_may_not_be_read_is_named),
		TEST(test_a_pinned_moment_is_not_amended),
		TEST(test_a_pin_waits_for_who_amends_alone),
		TEST(test_a_moment_that_changes_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
