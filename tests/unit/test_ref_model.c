/*
 * Random operations on items that refer to each other; after each, the index
 * of references must be what the texts say (the check reads them all anew).
 *
 * SEED=n replays a run, ROUNDS=n makes it longer.
 */
#include "core/check.h"
#include "core/follow.h"
#include "core/number.h"
#include "core/report.h"
#include "tests/unit/temp_repo.h"
#include "tests/unit/temp_tree.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 400, KNOWN = 64 };

struct random {
	struct temp_repo *r;
	struct temp *t;
	unsigned seed;
	int64_t known[KNOWN]; /* numbers of items and folders, dead or alive */
	size_t count;
	struct {
		int64_t item, moment;
	} gone; /* the last removal */
	char doing[300];
};

static unsigned pick(struct random *w, unsigned n)
{
	return (unsigned)rand_r(&w->seed) % n;
}

/* Few names, so that paths come again; folders of kinds among them. */
static const char *folder_name(struct random *w)
{
	static const char *const names[] = {
		"rules", "action_maps", "x", "y", "flows", "exports",
	};

	return names[pick(w, COUNT(names))];
}

static const char *item_name(struct random *w)
{
	static const char *const names[] = {"A.json", "B.json", "x.json"};

	return names[pick(w, COUNT(names))];
}

static void add_path(struct random *w, struct buf *out)
{
	unsigned depth = pick(w, 3);

	for (unsigned i = 0; i < depth; i++)
		buf_addf(out, "/%s", folder_name(w));
	buf_addf(out, "/%.1s", item_name(w));
}

/* A text of any kind, which refers to all sorts of things. */
static void make_text(struct random *w, struct buf *out)
{
	buf_addf(out, "{\"_id\": \"i%u\", \"_exportId\": \"i%u\", \"pairs\": [",
		 pick(w, 4), pick(w, 4));
	for (unsigned i = pick(w, 3); i-- > 0;) {
		buf_text(out, "{\"rule\": \"");
		add_path(w, out);
		buf_text(out, i ? "\"}, " : "\"}");
	}
	buf_addf(out,
		 "], \"attributes\": {\"template_id\": \"RULE://%.1s\", "
		 "\"template_name\": \"%.1s\"}}",
		 item_name(w), item_name(w));
	buf_byte(out, '\0');
}

/* Any entry of which the number is known; the root too. */
static int64_t any(struct random *w)
{
	return w->count ? w->known[pick(w, (unsigned)w->count)] : TREE_ROOT;
}

static void learn(struct random *w, int64_t id)
{
	if (w->count < KNOWN)
		w->known[w->count++] = id;
	else
		w->known[pick(w, KNOWN)] = id;
}

/* What may fail, since anything is tried: the moment is given up then. */
static void finish(struct random *w, int r)
{
	static const int expected[] = {-EEXIST,	   -ENOENT, -EINVAL, -ENOTDIR,
				       -ENOTEMPTY, -EBUSY,  0};
	size_t i = 0;

	while (i < COUNT(expected) && expected[i] != r)
		i++;
	if (i == COUNT(expected))
		fail_msg("%s: %d, %s", w->doing, r, w->t->why.text);
	if (r == 0)
		temp_commit(w->t);
	else
		moment_end(&w->t->m);
}

static void add_folder(struct random *w)
{
	const struct attr attr = {.mode = 0755};
	const char *name = folder_name(w);
	int64_t id, parent = any(w);
	int r;

	(void)snprintf(w->doing, sizeof(w->doing), "folder %s in %d", name,
		       (int)parent);
	r = tree_add_folder(temp_begin(w->t), parent, name, &attr, &id,
			    &w->t->why);
	finish(w, r);
	if (r == 0)
		learn(w, id);
}

static void add_item(struct random *w)
{
	const struct attr attr = {.mode = 0644};
	DROP(buf_done) struct buf text = {0};
	const char *name = item_name(w);
	int64_t id, parent = any(w), content;
	int r;

	make_text(w, &text);
	(void)snprintf(w->doing, sizeof(w->doing), "item %s in %d: %s", name,
		       (int)parent, text.data);
	temp_begin(w->t);
	content = temp_content(w->t, text.data);
	r = tree_add_item(&w->t->m, parent, name,
			  &(struct new_item){.content = content,
					     .size = (int64_t)strlen(text.data),
					     .attr = attr},
			  &id, &w->t->why);
	finish(w, r);
	if (r == 0)
		learn(w, id);
}

static bool is_live_item(struct random *w, int64_t id)
{
	struct entry e;

	return tree_get(w->t->reader.db, MOMENT_NOW, id, &e, NULL) == 0 &&
	       !e.folder;
}

/* Dead or alive. */
static bool is_folder(struct random *w, int64_t id)
{
	struct entry e;

	return tree_former(w->t->reader.db, id, INT64_MAX, &e, NULL) == 0 &&
	       e.folder;
}

static void save(struct random *w)
{
	DROP(buf_done) struct buf text = {0};
	int64_t item = any(w);

	if (!is_live_item(w, item))
		return;
	make_text(w, &text);
	(void)snprintf(w->doing, sizeof(w->doing), "save %d: %s", (int)item,
		       text.data);
	temp_save(w->t, item, text.data);
	if (pick(w, 3))
		return;
	finish(w, tree_unsave(temp_begin(w->t), item, temp_newest(w->t),
			      &w->t->why));
}

static void move(struct random *w)
{
	int64_t item = any(w), parent = any(w);
	const char *name = is_folder(w, item) ? folder_name(w) : item_name(w);
	struct follow f = {.m = temp_begin(w->t)};
	bool follow = pick(w, 2);
	int r = 0;

	(void)snprintf(w->doing, sizeof(w->doing), "move %d to %d, %s%s",
		       (int)item, (int)parent, name, follow ? ", follow" : "");
	if (item == TREE_ROOT)
		r = -EINVAL;
	if (r == 0 && follow)
		r = follow_watch(&f, item, &w->t->why);
	if (r == 0)
		r = tree_move(&w->t->m, item, parent, name, &w->t->why);
	if (r == 0 && follow)
		r = follow_run(&f, NULL, &w->t->why);
	finish(w, r);
	follow_done(&f);
}

static void exchange(struct random *w)
{
	int64_t a = any(w), b = any(w);
	struct follow f = {.m = temp_begin(w->t)};
	int r = -EINVAL;

	(void)snprintf(w->doing, sizeof(w->doing), "exchange %d and %d", (int)a,
		       (int)b);
	if (is_live_item(w, a) == is_live_item(w, b) && a != TREE_ROOT &&
	    b != TREE_ROOT)
		r = follow_watch(&f, a, &w->t->why);
	if (r == 0)
		r = follow_watch(&f, b, &w->t->why);
	if (r == 0)
		r = tree_exchange(&w->t->m, a, b, &w->t->why);
	if (r == 0)
		r = follow_run(&f, NULL, &w->t->why);
	finish(w, r);
	follow_done(&f);
}

static void take_out(struct random *w)
{
	int64_t item = any(w);
	int r;

	(void)snprintf(w->doing, sizeof(w->doing), "remove %d", (int)item);
	r = tree_remove(temp_begin(w->t), item, &w->t->why);
	finish(w, r);
	if (r < 0)
		return;
	w->gone.item = item;
	w->gone.moment = temp_newest(w->t);
}

static void bring_back(struct random *w)
{
	if (!w->gone.item)
		return;
	(void)snprintf(w->doing, sizeof(w->doing), "revive %d",
		       (int)w->gone.item);
	finish(w, tree_revive(temp_begin(w->t), w->gone.item, w->gone.moment,
			      &w->t->why));
	w->gone.item = 0;
}

static void copy(struct random *w)
{
	const struct batch_key key = {(pid_t)(1 + pick(w, 2)), 1};
	const struct attr attr = {.mode = 0644};
	DROP(buf_done) struct buf text = {0};
	char went[256];
	struct report_line line = {.folder = any(w), .asked = item_name(w)};
	int r;

	make_text(w, &text);
	(void)snprintf(w->doing, sizeof(w->doing), "copy %s to %d: %s",
		       line.asked, (int)line.folder, text.data);
	temp_begin(w->t);
	r = number_free_name(w->r->repo.numbers, &w->t->m, line.folder,
			     line.asked, NULL, went, &w->t->why);
	if (r == 0)
		r = tree_add_item(
			&w->t->m, line.folder, went,
			&(struct new_item){
				.content = temp_content(w->t, text.data),
				.size = (int64_t)strlen(text.data),
				.attr = attr},
			&line.item, &w->t->why);
	if (strcmp(went, line.asked) != 0) {
		line.went = went;
		line.outcome = OUTCOME_RENAMED;
	}
	if (r == 0)
		r = batch_note(w->r->repo.batches, &w->t->m, &key, &line,
			       &w->t->why);
	finish(w, r);
	if (r == 0)
		learn(w, line.item);
}

static void revert(struct random *w)
{
	char spec[32];
	int r;

	if (pick(w, 3)) {
		temp_snapshot(w->t);
		return;
	}
	(void)snprintf(spec, sizeof(spec), "%s %u",
		       pick(w, 2) ? "before" : "undo", 1 + pick(w, 12));
	(void)snprintf(w->doing, sizeof(w->doing), "revert %s", spec);
	r = temp_revert(w->r, TREE_ROOT, spec);
	numbers_forget(w->r->repo.numbers);
	if (r < 0 && r != -ENOENT && r != -ELOOP && r != -EINVAL)
		fail_msg("%s: %d, %s", w->doing, r, w->t->why.text);
}

static void step(struct random *w)
{
	switch (pick(w, 16)) {
	case 0:
	case 1:
		add_folder(w);
		break;
	case 2:
	case 3:
		add_item(w);
		break;
	case 4:
	case 5:
		save(w);
		break;
	case 6:
	case 7:
	case 8:
		move(w);
		break;
	case 9:
		exchange(w);
		break;
	case 10:
	case 11:
		take_out(w);
		break;
	case 12:
		bring_back(w);
		break;
	case 13:
	case 14:
		copy(w);
		break;
	default:
		revert(w);
		break;
	}
}

static int note_sentence(const char *sentence, void *arg)
{
	print_error("%s: %s\n", (const char *)arg, sentence);
	return 0;
}

static void test_the_index_is_right_whatever_happens(void **state)
{
	const char *seed = getenv("SEED"), *rounds = getenv("ROUNDS");
	struct random w = {
		.r = *state,
		.seed = seed ? (unsigned)atoi(seed) : (unsigned)time(NULL),
	};
	int count = rounds ? atoi(rounds) : ROUNDS;

	w.t = w.r->t;
	print_message("SEED=%u\n", w.seed);
	learn(&w, TREE_ROOT);
	for (int i = 0; i < count; i++) {
		int found;

		w.t->now_ns += 1000000000;
		step(&w);
		found = check_run(w.t->reader.db, note_sentence, NULL, w.doing,
				  &w.t->why);
		temp_ok(w.t, found);
		if (found)
			fail_msg("step %d", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_the_index_is_right_whatever_happens,
			temp_repo_setup, temp_repo_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
