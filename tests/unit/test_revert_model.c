/*
 * Random histories: what a revert leaves is compared with what the tree was,
 * as it was written down at the time.
 *
 * SEED=n replays a run, STEPS=n sets how long it is.
 */
#include "core/report.h"
#include "core/revert.h"
#include "core/revision.h"
#include "core/scratch.h"
#include "tests/unit/temp_repo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	STEPS = 600,
	MOMENTS = 1 << 16,
	ENTRIES = 256,
	CROWDED = 40, /* entries; past it more leave than come */
};

struct thing {
	int64_t id, parent;
	bool folder;
};

struct model {
	struct temp_repo *r;
	struct temp *t;
	uint64_t random;
	char *trees[MOMENTS]; /* all of it, at each moment */
	struct thing live[ENTRIES];
	size_t len;
	int64_t amended; /* the past from here on has changed; 0: it has not */
};

static uint64_t dice(struct model *m, uint64_t sides)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return (m->random >> 16) % sides;
}

static const struct thing *any(struct model *m)
{
	return &m->live[dice(m, m->len)];
}

static int64_t any_folder(struct model *m)
{
	const struct thing *e;

	do {
		e = any(m);
	} while (!e->folder);
	return e->id;
}

static const char *any_name(struct model *m, bool folder)
{
	static const char *const names[] = {"A", "B", "C", "D"};
	static const char *const items[] = {"a.json", "b.json", "c.json",
					    "d.json", "a 2.json"};

	return folder ? names[dice(m, 4)] : items[dice(m, 5)];
}

static int note_live(const struct entry *e, void *arg)
{
	struct model *m = arg;

	assert_true(m->len < ENTRIES);
	m->live[m->len++] = (struct thing){e->id, e->parent, e->folder};
	return 0;
}

static void look(struct model *m)
{
	m->live[0] = (struct thing){.id = TREE_ROOT, .folder = true};
	m->len = 1;
	for (size_t i = 0; i < m->len; i++)
		if (m->live[i].folder)
			temp_ok(m->t, tree_list(m->t->reader.db, MOMENT_NOW,
						m->live[i].id, 0, note_live, m,
						&m->t->why));
}

static char *tree_now(struct model *m, int64_t folder)
{
	struct buf out = {0};

	temp_tree(m->t, MOMENT_NOW, folder, true, &out);
	return out.data;
}

/* Write down what is there, after whatever changed. */
static void remember(struct model *m)
{
	int64_t newest = temp_newest(m->t);

	assert_true(newest < MOMENTS);
	/* A change that nobody can have seen otherwise changes the past. */
	for (int64_t at = m->amended; at && at <= newest; at++) {
		struct buf past = {0};

		temp_tree(m->t, at, TREE_ROOT, true, &past);
		free(m->trees[at]);
		m->trees[at] = past.data;
	}
	m->amended = 0;
	if (!m->trees[newest])
		m->trees[newest] = tree_now(m, TREE_ROOT);
	look(m);
}

/* ---- what happens in a history ---- */

static bool scratch_has(struct model *m, int64_t parent, const char *name)
{
	struct scratch s;

	return scratch_lookup(m->t->reader.db, parent, name, &s, NULL) == 0;
}

static int do_add(struct model *m)
{
	const struct attr attr = {.mode = 0644, .mtime_ns = TEMP_NOW};
	const struct batch_key key = {.pid = (pid_t)dice(m, 3) + 1};
	int64_t parent = any_folder(m);
	struct report_line line = {.folder = parent};
	bool folder = dice(m, 3) == 0;
	struct moment *moment;
	char text[32];
	int r;

	line.asked = any_name(m, folder);
	if (scratch_has(m, parent, line.asked))
		return -EEXIST;
	moment = temp_begin(m->t);
	(void)snprintf(text, sizeof(text), "[%d]", (int)dice(m, 20));
	if (folder)
		r = tree_add_folder(moment, parent, line.asked, &attr,
				    &line.item, NULL);
	else
		r = tree_add_item(
			moment, parent, line.asked,
			&(struct new_item){.content = temp_content(m->t, text),
					   .size = (int64_t)strlen(text),
					   .attr = attr},
			&line.item, NULL);
	if (r == 0 && !folder && dice(m, 2))
		r = batch_note(m->r->repo.batches, moment, &key, &line, NULL);
	else if (r == 0 && dice(m, 2))
		r = batch_part(m->r->repo.batches, moment, &key, parent, NULL);
	return r;
}

static int do_save(struct model *m)
{
	const struct attr attr = {.mode = 0644,
				  .mtime_ns = TEMP_NOW + (int64_t)dice(m, 3)};
	const struct thing *e = any(m);
	struct moment *moment = temp_begin(m->t);
	char text[32];

	(void)snprintf(text, sizeof(text), "[%d]", (int)dice(m, 20));
	if (e->folder)
		return -EISDIR;
	return tree_save(moment, e->id, temp_content(m->t, text), 0,
			 (int64_t)strlen(text), &attr, NULL);
}

static int do_attr(struct model *m)
{
	const struct thing *e = any(m);
	struct entry entry;

	temp_ok(m->t, tree_get(m->t->reader.db, MOMENT_NOW, e->id, &entry,
			       &m->t->why));
	entry.attr.mode = 0600 + (mode_t)dice(m, 3);
	if (dice(m, 2))
		m->amended = entry.born;
	return tree_set_attr(temp_begin(m->t), e->id, &entry.attr,
			     m->amended != 0, NULL);
}

static int do_move(struct model *m)
{
	const struct thing *e = any(m);
	const char *name = any_name(m, e->folder);
	int64_t parent = any_folder(m);

	if (scratch_has(m, parent, name))
		return -EEXIST;
	return tree_move(temp_begin(m->t), e->id, parent, name, NULL);
}

static int do_exchange(struct model *m)
{
	const struct thing *a = any(m), *b = any(m);

	if (a->folder != b->folder || a == b || a->id == TREE_ROOT ||
	    b->id == TREE_ROOT)
		return -EINVAL;
	return tree_exchange(temp_begin(m->t), a->id, b->id, NULL);
}

static int do_remove(struct model *m)
{
	const struct thing *e = any(m);

	if (scratch_any(m->t->reader.db, e->id, NULL) > 0)
		return -ENOTEMPTY;
	return tree_remove(temp_begin(m->t), e->id, NULL);
}

/* One change, or none if chance asked for what cannot be. */
static void change(struct model *m)
{
	static int (*const deeds[])(struct model * m) = {
		do_add,	     do_add,  do_add,  do_save, do_save,   do_attr,
		do_exchange, do_move, do_move, do_move, do_remove, do_remove,
	};
	bool crowded = m->len > CROWDED;

	m->t->now_ns += (int64_t)dice(m, 3) * INT64_C(4000000000);
	if ((crowded ? do_remove : deeds[dice(m, 12)])(m) == 0)
		temp_commit(m->t);
	else
		moment_end(&m->t->m);
	remember(m);
}

/* ---- what must hold ---- */

static void equal(struct model *m, int64_t folder, const char *tree)
{
	char *now = tree_now(m, folder);

	if (strcmp(now, tree) != 0)
		print_error("%s", m->r->out.data);
	assert_string_equal(now, tree);
	free(now);
}

/* The past stays what it was. */
static void check_past(struct model *m)
{
	DROP(buf_done) struct buf past = {0};
	int64_t at = (int64_t)dice(m, (uint64_t)temp_newest(m->t) + 1);

	if (!m->trees[at])
		return;
	temp_tree(m->t, at, TREE_ROOT, true, &past);
	assert_string_equal(past.data, m->trees[at]);
}

/* A revision that began and ended at that moment, as if it had been made
 * then. */
static int64_t name_moment(struct model *m, int64_t at)
{
	int64_t id;

	temp_begin(m->t);
	temp_ok(m->t, revision_begin(&m->t->m, "restore", TREE_ROOT, at, "",
				     &id, &m->t->why));
	temp_ok(m->t,
		revision_end(&m->t->m, id, "completed", at, "{}", &m->t->why));
	temp_commit(m->t);
	return id;
}

/* Back to some moment, there and back again. */
static void check_root(struct model *m)
{
	int64_t at = (int64_t)dice(m, (uint64_t)temp_newest(m->t) + 1);
	char *before = tree_now(m, TREE_ROOT);
	char spec[64];
	int64_t id, snapshot = name_moment(m, at);

	(void)snprintf(spec, sizeof(spec), "before %" PRId64, snapshot);
	id = temp_reverted(m->r, TREE_ROOT, spec);
	remember(m);
	if (m->trees[at])
		equal(m, TREE_ROOT, m->trees[at]);
	if (id) {
		(void)snprintf(spec, sizeof(spec), "before %" PRId64, id);
		(void)temp_reverted(m->r, TREE_ROOT, spec);
		equal(m, TREE_ROOT, before);
		remember(m);
		(void)snprintf(spec, sizeof(spec), "after %" PRId64, id);
		(void)temp_reverted(m->r, TREE_ROOT, spec);
		if (m->trees[at])
			equal(m, TREE_ROOT, m->trees[at]);
		remember(m);
	}
	free(before);
}

/* A folder goes back alone; then that is undone, border and all. */
static void check_folder(struct model *m)
{
	int64_t folder = any_folder(m), newest = temp_newest(m->t), id;
	int64_t at = newest - (int64_t)dice(m, (uint64_t)newest + 1) / 8;
	DROP(buf_done) struct buf then = {0};
	char *before = tree_now(m, TREE_ROOT);
	struct entry e;
	char spec[64];
	int r;

	if (tree_get(m->t->reader.db, at, folder, &e, NULL) == 0) {
		id = name_moment(m, at);
		(void)snprintf(spec, sizeof(spec), "after %" PRId64, id);
		temp_tree(m->t, at, folder, true, &then);
		r = temp_revert(m->r, folder, spec);
		if (r == -ELOOP) {
			equal(m, TREE_ROOT, before);
		} else {
			temp_ok(m->t, r);
			equal(m, folder, then.data);
		}
		if (temp_newest(m->t) > newest) {
			remember(m);
			/* The snapshot and the revert came after it. */
			(void)snprintf(spec, sizeof(spec), "undo %" PRId64,
				       id + 2);
			(void)temp_reverted(m->r, TREE_ROOT, spec);
			equal(m, TREE_ROOT, before);
		}
	}
	remember(m);
	free(before);
}

/* ---- several paths ---- */

enum { LISTED = 3 };

/* Entries of one moment that go back together. */
struct listed {
	int64_t at;
	int64_t items[LISTED];
	char *trees[LISTED]; /* below each, and its name */
	size_t len;
	struct buf spec;
};

static void listed_done(struct listed *l)
{
	for (size_t i = 0; i < l->len; i++)
		free(l->trees[i]);
	buf_done(&l->spec);
}

/* The item's name and attributes, and all that is below it; NULL: it is not
 * there. */
static char *tree_of(struct model *m, int64_t at, int64_t item)
{
	struct buf out = {0};
	struct entry e;

	if (tree_get(m->t->reader.db, at, item, &e, NULL) < 0)
		return NULL;
	temp_ok(m->t, tree_name(m->t->reader.db, at, item, &out, &m->t->why));
	buf_addf(&out, ": %o %" PRId64 "\n", e.attr.mode, e.content);
	temp_tree(m->t, at, item, true, &out);
	return out.data;
}

/* Some of what is there now was there then, too. */
static void pick_listed(struct model *m, struct listed *l)
{
	for (size_t tries = 0; tries < 20 && l->len < LISTED; tries++) {
		DROP(buf_done) struct buf path = {0};
		int64_t item = any(m)->id;
		char *tree = item == TREE_ROOT ? NULL : tree_of(m, l->at, item);

		if (!tree)
			continue;
		temp_ok(m->t, tree_path(m->t->reader.db, l->at, TREE_ROOT, item,
					&path, &m->t->why));
		buf_byte(&path, '\0');
		buf_byte(&l->spec, ' ');
		buf_json_string(&l->spec, path.data);
		l->items[l->len] = item;
		l->trees[l->len++] = tree;
	}
	buf_byte(&l->spec, '\0');
}

static void check_listed(struct model *m, const struct listed *l)
{
	for (size_t i = 0; i < l->len; i++) {
		char *now = tree_of(m, MOMENT_NOW, l->items[i]);

		if (!now || strcmp(now, l->trees[i]) != 0)
			print_error("%s\n%s", l->spec.data, m->r->out.data);
		assert_non_null(now);
		assert_string_equal(now, l->trees[i]);
		free(now);
	}
}

/* They are as they were, wherever their folders are now; then undone. */
static void check_list(struct model *m)
{
	int64_t newest = temp_newest(m->t);
	DROP(listed_done)
	struct listed l = {
		.at = newest - (int64_t)dice(m, (uint64_t)newest + 1) / 4,
	};
	char *before = tree_now(m, TREE_ROOT);
	int64_t id = name_moment(m, l.at);
	char spec[64];
	int r;

	buf_addf(&l.spec, "before %" PRId64, id);
	pick_listed(m, &l);
	r = l.len ? temp_revert(m->r, TREE_ROOT, l.spec.data) : -ELOOP;
	if (r == -ELOOP) {
		equal(m, TREE_ROOT, before);
	} else {
		temp_ok(m->t, r);
		check_listed(m, &l);
	}
	if (temp_newest(m->t) > newest) {
		remember(m);
		(void)snprintf(spec, sizeof(spec), "undo %" PRId64, id + 2);
		(void)temp_reverted(m->r, TREE_ROOT, spec);
		equal(m, TREE_ROOT, before);
	}
	remember(m);
	free(before);
}

/* Whatever is undone, and whatever path goes back: nothing breaks. */
static void check_odd(struct model *m)
{
	static const char *const paths[] = {"A", "A/B", "a.json", "A/b.json",
					    "B/A/c.json"};
	int64_t newest = temp_snap(m->t, TREE_ROOT);
	int64_t id = 1 + (int64_t)dice(m, (uint64_t)newest);
	char spec[64];
	int r;

	if (dice(m, 2))
		(void)snprintf(spec, sizeof(spec), "undo %" PRId64, id);
	else
		(void)snprintf(spec, sizeof(spec), "%s %" PRId64 " %s",
			       dice(m, 2) ? "before" : "after", id,
			       paths[dice(m, 5)]);
	r = temp_revert(m->r, any_folder(m), spec);
	if (r != -ENOENT && r != -EINVAL && r != -ELOOP)
		temp_ok(m->t, r);
	remember(m);
}

static void litter(struct model *m)
{
	struct scratch s = {
		.id = store_next_id(m->t->store),
		.parent = any_folder(m),
		.type = SCRATCH_FILE,
	};
	const char *name = any_name(m, dice(m, 2));
	struct entry e;

	if (tree_lookup(m->t->reader.db, MOMENT_NOW, s.parent, name, &e,
			NULL) == 0)
		return;
	if (scratch_add(temp_begin(m->t), &s, name, NULL, NULL) == 0)
		temp_commit(m->t);
	else
		moment_end(&m->t->m);
}

static void run(struct model *m, uint64_t steps, bool scratch)
{
	remember(m);
	for (uint64_t i = 0; i < steps; i++) {
		change(m);
		if (dice(m, 10) == 0)
			check_past(m);
		if (scratch && dice(m, 20) == 0)
			litter(m);
		if (!scratch && dice(m, 20) == 0)
			check_root(m);
		if (!scratch && dice(m, 10) == 0)
			check_folder(m);
		if (!scratch && dice(m, 10) == 0)
			check_list(m);
		if (dice(m, 10) == 0)
			check_odd(m);
		if (dice(m, 50) == 0)
			temp_sound(m->t);
	}
	temp_sound(m->t);
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static struct model *begin(struct temp_repo *r)
{
	struct model *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->r = r;
	m->t = r->t;
	m->random = number_from("SEED", (uint64_t)time(NULL));
	print_message("SEED=%" PRIu64 "\n", m->random);
	m->random = m->random * 2 + 1; /* never 0 */
	return m;
}

static void end(struct model *m)
{
	for (size_t i = 0; i < MOMENTS; i++)
		free(m->trees[i]);
	free(m);
}

static void random_history(struct temp_repo *r, bool scratch)
{
	struct model *m = begin(r);

	run(m, number_from("STEPS", STEPS), scratch);
	end(m);
}

/* Back to moment @at and, by one of the two ways, to the state before. */
static void there_and_back(struct model *m, int64_t at, bool undo)
{
	char *before = tree_now(m, TREE_ROOT);
	char spec[64];
	int64_t id = name_moment(m, at);

	(void)snprintf(spec, sizeof(spec), "before %" PRId64, id);
	id = temp_reverted(m->r, TREE_ROOT, spec);
	equal(m, TREE_ROOT, m->trees[at]);
	if (id) {
		(void)snprintf(spec, sizeof(spec), "%s %" PRId64,
			       undo ? "undo" : "before", id);
		(void)temp_reverted(m->r, TREE_ROOT, spec);
	}
	equal(m, TREE_ROOT, before);
	free(before);
}

static void test_every_moment_can_be_gone_back_to(void **state)
{
	struct model *m = begin(*state);
	int64_t newest;

	remember(m);
	for (uint64_t i = 0; i < number_from("STEPS", STEPS) / 2; i++)
		change(m);
	newest = temp_newest(m->t);
	for (int64_t at = 0; at <= newest; at++)
		there_and_back(m, at, at % 2);
	temp_sound(m->t);
	end(m);
}

static void test_a_random_history_can_be_gone_back_in(void **state)
{
	random_history(*state, false);
}

static void test_scratch_files_on_the_way_break_nothing(void **state)
{
	random_history(*state, true);
}

#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, temp_repo_setup, temp_repo_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_random_history_can_be_gone_back_in),
		TEST(test_every_moment_can_be_gone_back_to),
		TEST(test_scratch_files_on_the_way_break_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
