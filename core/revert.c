#include "core/revert.h"

#include "core/buf.h"
#include "core/plan.h"
#include "core/repo.h"
#include "core/report.h"
#include "core/revert_spec.h"
#include "core/revision.h"
#include "core/store.h"
#include "core/why.h"
#include "core/work.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the kernel must forget ---- */

void touched_done(struct touched_list *list)
{
	for (size_t i = 0; i < list->len; i++) {
		free(list->entries[i].old_name);
		free(list->entries[i].new_name);
	}
	free(list->entries);
	*list = (struct touched_list){0};
}

static int touched_grow(struct touched_list *list)
{
	size_t cap = list->cap ? 2 * list->cap : 32;
	struct touched *more;

	if (list->len < list->cap)
		return 0;
	more = reallocarray(list->entries, cap, sizeof(*more));
	if (!more)
		return -ENOMEM;
	list->entries = more;
	list->cap = cap;
	return 0;
}

int touched_add(struct touched_list *list, const struct touched *t)
{
	struct touched copy = *t;

	if (touched_grow(list) < 0)
		return -ENOMEM;
	copy.old_name = t->old_name ? strdup(t->old_name) : NULL;
	copy.new_name = t->new_name ? strdup(t->new_name) : NULL;
	if ((t->old_name && !copy.old_name) ||
	    (t->new_name && !copy.new_name)) {
		free(copy.old_name);
		free(copy.new_name);
		return -ENOMEM;
	}
	list->entries[list->len++] = copy;
	return 0;
}

void revert_result_done(struct revert_result *result)
{
	touched_done(&result->touched);
}

/* ---- the run ---- */

struct run {
	struct moment *m;
	struct repo *repo;
	int64_t folder;
	struct revert_spec spec;
	struct plan plan;
	struct buf title; /* "revert to snapshot 4" */
	struct buf lines;
	struct buf losers; /* who refers to what goes */
	struct revert_result result;
};

static void run_done(struct run *run)
{
	plan_done(&run->plan);
	revert_spec_done(&run->spec);
	buf_done(&run->title);
	buf_done(&run->lines);
	buf_done(&run->losers);
	revert_result_done(&run->result);
}

/* "'a.json'", "'a.json' and 2 more" */
static void add_paths(const struct revert_spec *spec, struct buf *out)
{
	buf_byte(out, '\'');
	plan_add_path(out, revert_spec_next(spec, NULL));
	buf_byte(out, '\'');
	if (spec->path_count > 1)
		buf_addf(out, " and %zu more", spec->path_count - 1);
}

static int make_title(struct run *run, struct why *why)
{
	const struct revert_spec *spec = &run->spec;
	struct buf *title = &run->title;

	buf_text(title, spec->undo ? "undo" : "revert");
	if (spec->undo)
		buf_addf(title, " %s", spec->label);
	if (spec->path_count) {
		buf_text(title, spec->undo ? " for " : " ");
		add_paths(spec, title);
	}
	if (!spec->undo)
		buf_addf(title, " to %s", spec->label);
	buf_byte(title, '\0');
	return buf_error(title) ? why_set(why, -ENOMEM, "out of memory") : 0;
}

/* A folder that was not there then cannot go back. */
static int check_then(struct run *run, struct why *why)
{
	struct entry e;
	int r = tree_get(run->m->db, run->spec.moment, run->folder, &e, NULL);

	if (r == -ENOENT)
		return why_set(why, r, "this folder was not there at %s",
			       run->spec.label);
	return r < 0 ? why_set(why, r, "looking for the folder") : 0;
}

static int collect(struct plan *plan, const struct revert_spec *spec,
		   struct why *why)
{
	const struct entry all = {.id = plan->folder, .folder = true};
	int r = spec->path_count ? 0 : plan_add_scope(plan, &all, why);

	if (r < 0)
		return r;
	if (spec->undo)
		return plan_collect_undo(plan, spec, why);
	if (spec->path_count)
		return plan_collect_paths(plan, spec, why);
	return plan_collect(plan, why);
}

static int make_plan(struct run *run, struct why *why)
{
	struct plan *plan = &run->plan;
	int r = run->spec.undo ? 0 : check_then(run, why);

	plan->db = run->m->db;
	plan->folder = run->folder;
	plan->at = run->spec.moment;
	if (r == 0)
		r = collect(plan, &run->spec, why);
	return r < 0 ? r : plan_settle(plan, why);
}

static int counts_json(const struct revert_result *result, struct buf *out,
		       struct why *why)
{
	buf_addf(out,
		 "{\"created\":%" PRId64 ",\"edited\":%" PRId64
		 ",\"moved\":%" PRId64 ",\"removed\":%" PRId64
		 ",\"skipped\":%" PRId64 "}",
		 result->created, result->edited, result->moved,
		 result->removed, result->skipped);
	buf_byte(out, '\0');
	return buf_error(out) ? why_set(why, -ENOMEM, "out of memory") : 0;
}

static int record(struct run *run, struct why *why)
{
	DROP(buf_done) struct buf text = {0};
	int64_t before = run->m->id - 1;
	int r;

	buf_addf(&text, "before %s", run->title.data);
	buf_byte(&text, '\0');
	if (buf_error(&text))
		return why_set(why, -ENOMEM, "out of memory");
	r = snapshot_create(run->m, run->folder, NULL, text.data,
			    &run->result.guard, why);
	if (r == 0)
		r = revision_begin(run->m, "revert", run->folder, before,
				   run->title.data, &run->result.revision, why);
	run->m->revision = run->result.revision;
	return r;
}

static int apply(struct run *run, struct why *why)
{
	DROP(buf_done) struct buf counts = {0};
	int r = record(run, why);

	if (r == 0)
		r = plan_apply(&run->plan, run->m, run->repo->numbers,
			       &run->lines, &run->result, why);
	if (r == 0)
		r = plan_refs(&run->plan, run->m, &run->losers, why);
	if (r == 0)
		r = counts_json(&run->result, &counts, why);
	if (r < 0)
		return r;
	return revision_end(run->m, run->result.revision, "completed",
			    run->m->id, counts.data, why);
}

static void say(const struct run *run, bool dry_run, struct buf *out)
{
	const struct revert_result *result = &run->result;

	buf_add(out, run->losers.data, run->losers.len);
	buf_add(out, run->lines.data, run->lines.len);
	buf_add(out, run->plan.notes.data, run->plan.notes.len);
	if (!result->revision) {
		buf_addf(out, "%s: nothing to do\n", run->title.data);
		return;
	}
	buf_addf(out,
		 "%s%s: %" PRId64 " brought back, %" PRId64 " changed, %" PRId64
		 " moved, %" PRId64 " removed, %" PRId64 " left alone",
		 dry_run ? "would " : "", run->title.data, result->created,
		 result->edited, result->moved, result->removed,
		 run->plan.skipped);
	if (dry_run)
		buf_byte(out, '\n');
	else
		buf_addf(out,
			 " (revision %" PRId64 ", snapshot %" PRId64
			 " before it; 'undo %" PRId64 "' takes it back)\n",
			 result->revision, result->guard, result->revision);
}

static int prepare(struct run *run, const char *spec, struct why *why)
{
	int r = batches_end_in(run->repo->batches, run->m, run->folder, why);

	if (r == 0)
		r = revert_spec_parse(run->m->db, run->folder, spec, &run->spec,
				      why);
	if (r == 0)
		r = make_title(run, why);
	if (r == 0)
		r = make_plan(run, why);
	return r;
}

static int begin_work(struct repo *repo, struct work *work, struct why *why)
{
	DROP(store_put) struct reader reader = {0};
	int r = store_read(repo->store, &reader, why);

	return r < 0 ? r : work_begin(repo->works, reader.db, work, why);
}

int revert_run(struct repo *repo, const struct who *who,
	       const struct revert_request *request, struct buf *out,
	       struct revert_result *ret, struct why *why)
{
	DROP(work_end)
	struct work work = {
		.folder = request->folder,
		.what = "a revert",
		.who = *who,
	};
	DROP(moment_end) struct moment m = {0};
	DROP(run_done)
	struct run run = {
		.m = &m,
		.repo = repo,
		.folder = request->folder,
		.plan.work = &work,
	};
	int r = request->dry_run ? 0 : begin_work(repo, &work, why);

	if (r == 0)
		r = moment_begin(repo->store, who, &m, why);
	if (r == 0)
		r = prepare(&run, request->spec, why);
	/* A preview does it all, and is then rolled back: it cannot be wrong. */
	if (r == 0 && plan_acts(&run.plan))
		r = apply(&run, why);
	if (r == 0 && !request->dry_run)
		r = moment_commit(&m, why);
	if (r < 0)
		return r;
	say(&run, request->dry_run, out);
	if (!request->dry_run) {
		*ret = run.result;
		run.result = (struct revert_result){0};
	}
	return 0;
}
