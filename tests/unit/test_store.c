/* One file, one writer, many readers; what is committed stays. */
#include "core/blob.h"
#include "core/buf.h"
#include "core/check.h"
#include "core/revision.h"
#include "tests/unit/temp_store.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct who nobody = {.uid = 65534, .program = "nobody"};

/* ---- making and opening ---- */

static void test_a_new_repository_has_an_empty_root(void **state)
{
	struct temp *t = *state;
	struct entry root;

	temp_ok(t,
		tree_get(t->reader.db, MOMENT_NOW, TREE_ROOT, &root, &t->why));
	assert_true(root.folder);
	assert_int_equal(root.parent, 0);
	assert_int_equal(root.node, TREE_ROOT);
	assert_int_equal(root.born, 0);
	assert_int_equal(root.attr.mode, 0755);
	assert_int_equal(root.attr.uid, 1000);
	assert_int_equal(root.attr.mtime_ns, TEMP_NOW);
	assert_int_equal(temp_newest(t), 0);
	temp_ok(t, tree_get(t->reader.db, 0, TREE_ROOT, &root, &t->why));
}

static void test_what_has_the_name_already_is_left_alone(void **state)
{
	struct temp *t = *state;

	temp_fails(t, store_create(t->path, &t->env, 0755, 0, 0, &t->why),
		   -EEXIST, "repo");
	assert_int_equal(temp_newest(t), 0);
}

static void test_another_file_is_no_repository(void **state)
{
	struct temp *t = *state;
	const struct store_options options = {.env = &t->env};
	struct store *store = NULL;
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/other", t->dir);
	temp_fails(t, store_open(path, &options, &store, &t->why), -ENOENT,
		   "other");
	f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 1000; i++)
		(void)fputs("this is no database\n", f);
	assert_int_equal(fclose(f), 0);
	temp_fails(t, store_open(path, &options, &store, &t->why), -EBADMSG,
		   "not a repository");
	assert_null(store);
}

static void test_one_process_writes_and_is_named_to_others(void **state)
{
	struct temp *t = *state;
	const struct store_options options = {.env = &t->env};
	struct store *second = NULL;
	char text[64], name[128];

	temp_fails(t, store_open(t->path, &options, &second, &t->why), -EBUSY,
		   "in a test, process");
	assert_null(second);
	temp_ok(t, store_holder(t->path, text, sizeof(text), &t->why));
	assert_non_null(strstr(text, "in a test"));
	store_put(&t->reader);
	store_close(t->store);
	t->store = NULL;
	temp_fails(t, store_holder(t->path, text, sizeof(text), &t->why),
		   -ENOENT, "nobody");
	(void)snprintf(name, sizeof(name), "%s.lock", t->path);
	assert_int_equal(access(name, F_OK), -1);
	temp_ok(t, store_open(t->path, &options, &second, &t->why));
	store_close(second);
}

static void test_a_reader_of_the_file_never_writes(void **state)
{
	struct temp *t = *state;
	const struct store_options options = {
		.env = &t->env,
		.read_only = true,
	};
	struct store *other = NULL;
	struct reader reader = {0};
	struct moment m = {0};
	struct entry e;
	int64_t id = temp_folder(t, TREE_ROOT, "seen");

	temp_ok(t, store_open(t->path, &options, &other, &t->why));
	temp_ok(t, store_read(other, &reader, &t->why));
	temp_ok(t, tree_get(reader.db, MOMENT_NOW, id, &e, &t->why));
	temp_fails(t, store_writable(other, &t->why), -EROFS, "reading only");
	temp_fails(t, moment_begin(other, &nobody, &m, &t->why), -EROFS,
		   "reading only");
	temp_fails(t, store_sync(other, &t->why), -EROFS, "reading only");
	assert_null(m.store);
	store_put(&reader);
	store_close(other);
}

/* ---- commits ---- */

static void test_a_commit_is_seen_at_once_and_a_roll_back_never(void **state)
{
	struct temp *t = *state;
	const struct attr attr = {.mode = 0700};
	uint64_t before = store_generation(t->store);
	struct entry e;
	int64_t id;

	temp_ok(t, tree_add_folder(temp_begin(t), TREE_ROOT, "gone", &attr, &id,
				   &t->why));
	assert_int_equal(tree_get(t->reader.db, MOMENT_NOW, id, &e, NULL),
			 -ENOENT);
	moment_end(&t->m);
	assert_int_equal(tree_get(t->reader.db, MOMENT_NOW, id, &e, NULL),
			 -ENOENT);
	assert_int_equal(store_generation(t->store), before);
	id = temp_folder(t, TREE_ROOT, "kept");
	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW, id, &e, &t->why));
	assert_true(store_generation(t->store) > before);
}

static void test_numbers_are_never_given_twice(void **state)
{
	struct temp *t = *state;
	int64_t a = temp_folder(t, TREE_ROOT, "a");
	int64_t b = store_next_id(t->store);
	int64_t c = temp_folder(t, TREE_ROOT, "c");

	assert_true(a > TREE_ROOT && b > a && c > b);
	temp_ok(t, tree_set_node(temp_begin(t), c, c + 1000, &t->why));
	temp_commit(t);
	temp_reopen(t);
	assert_int_equal(store_next_id(t->store), c + 1001);
}

enum { WRITERS = 4, EACH = 50 };

static void *add_folders(void *arg)
{
	struct store *store = arg;
	const struct attr attr = {.mode = 0700};

	for (int i = 0; i < EACH; i++) {
		DROP(moment_end) struct moment m = {0};
		char name[64];
		int64_t id;

		if (moment_begin(store, &nobody, &m, NULL) < 0)
			return arg;
		(void)snprintf(name, sizeof(name), "folder %" PRId64, m.id);
		if (tree_add_folder(&m, TREE_ROOT, name, &attr, &id, NULL) < 0)
			return arg;
		/* Every other one also waits for the disk. */
		if (moment_commit(&m, NULL) < 0 ||
		    (i % 2 && store_sync(store, NULL) < 0))
			return arg;
	}
	return NULL;
}

static int count(const struct entry *entry, void *arg)
{
	(void)entry;
	++*(int *)arg;
	return 0;
}

static void *list_root(void *arg)
{
	struct store *store = arg;
	int before = 0;

	while (before < WRITERS * EACH) {
		struct reader reader = {0};
		int now = 0;

		if (store_read(store, &reader, NULL) < 0 ||
		    tree_list(reader.db, MOMENT_NOW, TREE_ROOT, 0, count, &now,
			      NULL) < 0 ||
		    now < before)
			return arg;
		store_put(&reader);
		before = now;
	}
	return NULL;
}

static void test_many_threads_write_one_after_the_other(void **state)
{
	struct temp *t = *state;
	pthread_t writers[WRITERS], readers[2];
	void *failed;

	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&writers[i], NULL, add_folders,
						t->store),
				 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			pthread_create(&readers[i], NULL, list_root, t->store),
			0);
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(writers[i], &failed);
		assert_null(failed);
	}
	for (int i = 0; i < 2; i++) {
		pthread_join(readers[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(temp_newest(t), WRITERS * EACH);
}

/* ---- the end of the process ---- */

/* A process that dies in the middle of the next moment. */
static void child_writes_and_dies(const char *path)
{
	const struct store_options options = {.holder = "dying"};
	const struct attr attr = {.mode = 0700};
	struct store *store;
	struct moment m;
	int64_t id;

	if (store_open(path, &options, &store, NULL) < 0 ||
	    moment_begin(store, &nobody, &m, NULL) < 0 ||
	    tree_add_folder(&m, TREE_ROOT, "kept", &attr, &id, NULL) < 0 ||
	    revision_begin(&m, "restore", TREE_ROOT, 0, "", &m.revision, NULL) <
		    0 ||
	    moment_commit(&m, NULL) < 0 ||
	    moment_begin(store, &nobody, &m, NULL) < 0 ||
	    tree_add_folder(&m, TREE_ROOT, "lost", &attr, &id, NULL) < 0)
		_exit(1);
	(void)kill(getpid(), SIGKILL);
	_exit(2);
}

static void test_a_commit_survives_kill_9(void **state)
{
	struct temp *t = *state;
	const struct store_options options = {.env = &t->env};
	DROP(buf_done) struct buf text = {0};
	struct revision revision;
	struct entry e;
	int status;
	pid_t child;

	store_put(&t->reader);
	store_close(t->store);
	t->store = NULL;
	child = fork();
	if (child == 0)
		child_writes_and_dies(t->path);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	temp_ok(t, store_open(t->path, &options, &t->store, &t->why));
	temp_ok(t, store_read(t->store, &t->reader, &t->why));
	temp_ok(t, tree_lookup(t->reader.db, MOMENT_NOW, TREE_ROOT, "kept", &e,
			       &t->why));
	assert_int_equal(tree_lookup(t->reader.db, MOMENT_NOW, TREE_ROOT,
				     "lost", &e, NULL),
			 -ENOENT);
	/* Its revision was cut short, and ended with its last moment. */
	temp_ok(t, revision_get(t->reader.db, 1, &text, &revision, &t->why));
	assert_string_equal(revision.status, "failed");
	assert_int_equal(revision.after, 1);
}

/* ---- the log ---- */

static void test_the_log_does_not_grow_without_bound(void **state)
{
	struct temp *t = *state;
	char name[128];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%s-wal", t->path);
	for (int i = 0; i < 6000; i++) {
		char folder[32];

		(void)snprintf(folder, sizeof(folder), "folder %d", i);
		(void)temp_folder(t, TREE_ROOT, folder);
	}
	/* The copying thread may have to wait for a processor, or the disk. */
	for (int i = 0; i < 300; i++) {
		assert_int_equal(stat(name, &st), 0);
		if (st.st_size < 128 << 20)
			break;
		(void)usleep(100000);
	}
	assert_true(st.st_size < 128 << 20);
	temp_ok(t, store_sync(t->store, &t->why));
	temp_reopen(t);
	assert_int_equal(temp_newest(t), 6000);
}

/* More than fits into memory goes to the log before the commit. */
static void add_much(struct temp *t, int round)
{
	enum { CONTENTS = 40, LEN = 1 << 20 };
	const struct attr attr = {.mode = 0644};
	char *noise = malloc(LEN);
	unsigned seed = 1;

	assert_non_null(noise);
	for (size_t i = 0; i < LEN; i++)
		noise[i] = (char)rand_r(&seed);
	temp_begin(t);
	for (int i = 0; i < CONTENTS; i++) {
		struct new_item new = {.size = LEN, .attr = attr};
		int number = round * CONTENTS + i;
		char name[32];
		int64_t id;

		memcpy(noise, &number, sizeof(number));
		(void)snprintf(name, sizeof(name), "%d.json", number);
		temp_ok(t, blob_put(t->m.db, noise, LEN, 0, &new.content,
				    &t->why));
		temp_ok(t, tree_add_item(&t->m, TREE_ROOT, name, &new, &id,
					 &t->why));
		/* What is in the log only is read from there. */
		temp_ok(t, tree_get(t->m.db, MOMENT_NOW, id, &(struct entry){0},
				    &t->why));
	}
	free(noise);
}

static int no_violation(const char *sentence, void *arg)
{
	print_error("%s\n", sentence);
	return (void)arg, 0;
}

static void test_a_change_larger_than_memory_is_one_too(void **state)
{
	struct temp *t = *state;

	add_much(t, 0);
	moment_end(&t->m);
	assert_int_equal(temp_newest(t), 0);
	add_much(t, 0);
	temp_commit(t);
	(void)temp_folder(t, TREE_ROOT, "after");
	assert_int_equal(temp_newest(t), 2);
	assert_int_equal(
		check_run(t->reader.db, no_violation, NULL, NULL, &t->why), 0);
	temp_reopen(t);
	assert_int_equal(
		check_run(t->reader.db, no_violation, NULL, NULL, &t->why), 0);
}

struct looker {
	struct store *store;
	atomic_bool over;
};

static void *look_on_and_on(void *arg)
{
	struct looker *l = arg;

	while (!atomic_load(&l->over)) {
		DROP(store_put) struct reader reader = {0};
		struct entry e;

		if (store_read(l->store, &reader, NULL) < 0 ||
		    tree_get(reader.db, MOMENT_NOW, TREE_ROOT, &e, NULL) < 0)
			return l;
	}
	return NULL;
}

/* Those who read hold on to what they have seen: while the log is emptied they
 * must not keep those who write waiting. */
static void test_who_reads_does_not_keep_writers_waiting(void **state)
{
	struct temp *t = *state;
	struct looker looker = {.store = t->store};
	struct timespec start, end;
	pthread_t thread;
	char name[32];
	void *failed;

	assert_int_equal(pthread_create(&thread, NULL, look_on_and_on, &looker),
			 0);
	for (int round = 0; round < 4; round++) {
		add_much(t, round);
		temp_commit(t);
		(void)clock_gettime(CLOCK_MONOTONIC, &start);
		for (int i = 0; i < 50; i++) {
			(void)snprintf(name, sizeof(name), "%d %d", round, i);
			(void)temp_folder(t, TREE_ROOT, name);
		}
		(void)clock_gettime(CLOCK_MONOTONIC, &end);
		/* Waiting for a reader in vain takes five seconds. */
		assert_true(end.tv_sec - start.tv_sec < 4);
	}
	atomic_store(&looker.over, true);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_a_new_repository_has_an_empty_root, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_what_has_the_name_already_is_left_alone,
			temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_another_file_is_no_repository, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_one_process_writes_and_is_named_to_others,
			temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_reader_of_the_file_never_writes, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_commit_is_seen_at_once_and_a_roll_back_never,
			temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_numbers_are_never_given_twice, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_many_threads_write_one_after_the_other, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(test_a_commit_survives_kill_9,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_the_log_does_not_grow_without_bound, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_a_change_larger_than_memory_is_one_too, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(
			test_who_reads_does_not_keep_writers_waiting,
			temp_setup, temp_teardown),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
