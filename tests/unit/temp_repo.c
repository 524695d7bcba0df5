#include "tests/unit/temp_repo.h"

#include "core/blob.h"
#include "core/check.h"
#include "core/diff.h"
#include "core/number.h"
#include "core/report.h"
#include "core/revert.h"
#include "core/revision.h"
#include "core/scratch.h"
#include "core/work.h"
#include "tests/unit/temp_tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int temp_repo_setup(void **state)
{
	struct temp_repo *r = calloc(1, sizeof(*r));
	void *store;

	assert_non_null(r);
	if (temp_setup(&store) < 0)
		return -1;
	r->t = store;
	r->repo.store = r->t->store;
	temp_ok(r->t, batches_new(&r->repo.batches, &r->t->why));
	temp_ok(r->t, numbers_new(&r->repo.numbers, &r->t->why));
	temp_ok(r->t,
		works_new(store_env(r->t->store), &r->repo.works, &r->t->why));
	*state = r;
	return 0;
}

int temp_repo_teardown(void **state)
{
	struct temp_repo *r = *state;
	void *store;

	if (!r)
		return 0;
	store = r->t;
	moment_end(&r->t->m);
	works_free(r->repo.works);
	numbers_free(r->repo.numbers);
	batches_free(r->repo.batches);
	buf_done(&r->out);
	free(r);
	return temp_teardown(&store);
}

int temp_revert(struct temp_repo *r, int64_t folder, const char *spec)
{
	const struct revert_request request = {.folder = folder, .spec = spec};
	const struct who who = {.uid = 1000, .pid = 42, .program = "test"};
	DROP(revert_result_done) struct revert_result result = {0};
	int code;

	r->out.len = 0;
	code = revert_run(&r->repo, &who, &request, &r->out, &result,
			  &r->t->why);
	buf_byte(&r->out, '\0');
	return code;
}

int64_t temp_reverted(struct temp_repo *r, int64_t folder, const char *spec)
{
	const struct revert_request request = {.folder = folder, .spec = spec};
	const struct who who = {.uid = 1000, .pid = 42, .program = "test"};
	DROP(revert_result_done) struct revert_result result = {0};

	r->out.len = 0;
	temp_ok(r->t, revert_run(&r->repo, &who, &request, &r->out, &result,
				 &r->t->why));
	buf_byte(&r->out, '\0');
	return result.revision;
}

void temp_said(const struct temp_repo *r, const char *lines)
{
	size_t len = strlen(r->out.data) - 1;
	DROP(buf_done) struct buf said = {0};

	while (len > 0 && r->out.data[len - 1] != '\n')
		len--;
	buf_add(&said, r->out.data, len);
	buf_byte(&said, '\0');
	assert_string_equal(said.data, lines);
}

int64_t temp_snap(struct temp *t, int64_t folder)
{
	int64_t id;

	temp_ok(t,
		snapshot_create(temp_begin(t), folder, NULL, "", &id, &t->why));
	temp_commit(t);
	return id;
}

void temp_set_mode(struct temp *t, int64_t item, mode_t mode)
{
	struct entry e;

	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW, item, &e, &t->why));
	e.attr.mode = mode;
	temp_ok(t, tree_set_attr(temp_begin(t), item, &e.attr, false, &t->why));
	temp_commit(t);
}

int64_t temp_scratch(struct temp *t, int64_t parent, const char *name)
{
	struct scratch s = {
		.id = store_next_id(t->store),
		.parent = parent,
		.type = SCRATCH_FILE,
		.attr.mode = 0644,
	};

	temp_ok(t, scratch_add(temp_begin(t), &s, name, NULL, &t->why));
	temp_commit(t);
	return s.id;
}

int64_t temp_copy(struct temp_repo *r, const struct batch_key *key,
		  const char *path, const char *text, size_t len)
{
	struct temp *t = r->t;
	struct report_line line = {.outcome = OUTCOME_CREATED};
	char aside[520], went[256];
	const char *slash = strrchr(path, '/');

	temp_begin(t);
	line.asked = slash + 1;
	if (temp_at(t, path)) {
		char folder[256];

		(void)snprintf(folder, sizeof(folder), "%.*s",
			       (int)(slash - path), path);
		line.folder = temp_at(t, folder);
		temp_ok(t, number_free_name(r->repo.numbers, &t->m, line.folder,
					    line.asked, NULL, went, &t->why));
		(void)snprintf(aside, sizeof(aside), "%s/%s", folder, went);
		line.outcome = OUTCOME_RENAMED;
		line.went = went;
		line.item = temp_put(t, aside, text, len);
	} else {
		struct entry e;

		line.item = temp_put(t, path, text, len);
		temp_ok(t,
			tree_get(t->m.db, MOMENT_NOW, line.item, &e, &t->why));
		line.folder = e.parent;
	}
	temp_ok(t, batch_note(r->repo.batches, &t->m, key, &line, &t->why));
	temp_commit(t);
	return line.item;
}

void temp_skip_copy(struct temp_repo *r, const struct batch_key *key,
		    const char *folder, const char *asked, int64_t item)
{
	struct temp *t = r->t;
	const struct report_line line = {
		.folder = temp_at(t, folder),
		.asked = asked,
		.item = item,
		.outcome = OUTCOME_SKIPPED,
	};

	temp_ok(t, batch_note(r->repo.batches, temp_begin(t), key, &line,
			      &t->why));
	temp_commit(t);
}

void temp_end_batches(struct temp_repo *r)
{
	temp_ok(r->t, batches_end(r->repo.batches, temp_begin(r->t), true,
				  &r->t->why));
	temp_commit(r->t);
}

/* ---- the tree as text ---- */

struct dumped {
	int64_t id;
	bool folder;
	char *path;
	char *line;
};

struct dump {
	struct temp *t;
	int64_t at;
	bool ids;
	size_t turn; /* the folder that is listed */
	struct dumped *list;
	size_t len;
};

static char *text_of(struct buf *buf)
{
	buf_byte(buf, '\0');
	assert_int_equal(buf_error(buf), 0);
	return buf->data;
}

static int dump_entry(const struct entry *e, void *arg)
{
	struct dump *d = arg;
	struct buf path = {0}, line = {0};

	if (d->turn < d->len)
		buf_addf(&path, "%s/", d->list[d->turn].path);
	buf_text(&path, e->name);
	buf_addf(&line, "%c %o %u:%u", e->folder ? 'd' : '-', e->attr.mode,
		 e->attr.uid, e->attr.gid);
	if (!e->folder)
		buf_addf(&line, " %" PRId64 " content %" PRId64,
			 e->attr.mtime_ns, e->content);
	if (d->ids)
		buf_addf(&line, " item %" PRId64, e->id);
	d->list = realloc(d->list, (d->len + 1) * sizeof(*d->list));
	assert_non_null(d->list);
	d->list[d->len++] = (struct dumped){e->id, e->folder, text_of(&path),
					    text_of(&line)};
	return 0;
}

static int dumped_order(const void *a, const void *b)
{
	const struct dumped *x = a, *y = b;

	return diff_path_order(x->path, y->path);
}

static void dump_done(struct dump *d)
{
	for (size_t i = 0; i < d->len; i++) {
		free(d->list[i].path);
		free(d->list[i].line);
	}
	free(d->list);
}

static void dump_all(struct dump *d, int64_t folder)
{
	d->turn = SIZE_MAX; /* none: the top has no path */
	temp_ok(d->t, tree_list(d->t->reader.db, d->at, folder, 0, dump_entry,
				d, &d->t->why));
	for (d->turn = 0; d->turn < d->len; d->turn++)
		if (d->list[d->turn].folder)
			temp_ok(d->t, tree_list(d->t->reader.db, d->at,
						d->list[d->turn].id, 0,
						dump_entry, d, &d->t->why));
	if (d->len)
		qsort(d->list, d->len, sizeof(*d->list), dumped_order);
}

void temp_tree(struct temp *t, int64_t at, int64_t folder, bool ids,
	       struct buf *out)
{
	DROP(dump_done) struct dump d = {.t = t, .at = at, .ids = ids};

	dump_all(&d, folder);
	for (size_t i = 0; i < d.len; i++)
		buf_addf(out, "%s: %s\n", d.list[i].path, d.list[i].line);
	buf_byte(out, '\0');
}

void temp_is(struct temp *t, int64_t folder, const char *paths)
{
	DROP(dump_done) struct dump d = {.t = t, .at = MOMENT_NOW};
	DROP(buf_done) struct buf out = {0};

	dump_all(&d, folder);
	for (size_t i = 0; i < d.len; i++)
		buf_addf(&out, "%s%s ", d.list[i].path,
			 d.list[i].folder ? "/" : "");
	buf_byte(&out, '\0');
	assert_string_equal(out.data, paths);
}

void temp_holds(struct temp *t, int64_t item, const char *text)
{
	DROP(buf_done) struct buf bytes = {0};
	struct entry e;

	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW, item, &e, &t->why));
	temp_ok(t, blob_get(t->reader.db, e.content, true, &bytes, &t->why));
	buf_byte(&bytes, '\0');
	assert_string_equal(bytes.data, text);
}

static int print_violation(const char *sentence, void *arg)
{
	(void)arg;
	print_error("check: %s\n", sentence);
	return 0;
}

void temp_sound(struct temp *t)
{
	int found =
		check_run(t->reader.db, print_violation, NULL, NULL, &t->why);

	temp_ok(t, found);
	assert_int_equal(found, 0);
}
