#include "core/pull.h"

#include "core/env.h"
#include "core/moment.h"
#include "core/number.h"
#include "core/pull_priv.h"
#include "core/ref.h"
#include "core/repo.h"
#include "core/report.h"
#include "core/revision.h"
#include "core/why.h"
#include "core/work.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void pull_done(struct pull *p)
{
	struct buf *bufs[] = {
		&p->here_path, &p->there_path, &p->said,   &p->lines,
		&p->taken,     &p->title,      &p->place,  &p->base_text,
		&p->our_text,  &p->their_text, &p->merged,
	};

	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
		buf_done(bufs[i]);
	for (size_t i = 0; i < p->answer_len; i++)
		free(p->answers[i].place);
	free(p->answers);
	pull_plan_done(p);
	pull_map_done(p);
	pull_pairs_done(&p->pairs);
	bits_done(&p->paired);
	revert_result_done(&p->result);
}

/* ---- the clone ---- */

static int check_there(struct pull *p)
{
	int r = tree_is_below(p->db, MOMENT_NOW, p->here, p->there, p->why);

	if (r == 0)
		r = tree_is_below(p->db, MOMENT_NOW, p->there, p->here, p->why);
	if (r > 0)
		return why_set(p->why, -EINVAL,
			       "a folder cannot be pulled into itself");
	return r;
}

static int make_title(struct pull *p)
{
	int r = ref_path(p->db, MOMENT_NOW, p->here, &p->here_path, p->why);

	if (r == 0)
		r = ref_path(p->db, MOMENT_NOW, p->there, &p->there_path,
			     p->why);
	if (r < 0)
		return r;
	buf_addf(&p->title, "pull from %s", p->there_path.data);
	buf_byte(&p->title, '\0');
	return buf_error(&p->title) ? pull_no_memory(p) : 0;
}

static int prepare(struct pull *p)
{
	int r = check_there(p);

	if (r == 0)
		r = batches_end_in(p->repo->batches, p->m, p->here, p->why);
	if (r == 0)
		r = batches_end_in(p->repo->batches, p->m, p->there, p->why);
	if (r == 0)
		r = make_title(p);
	if (r == 0)
		r = pull_find_done(p);
	return r == 0 ? pull_plan(p) : r;
}

/* ---- the record ---- */

static int counts_json(struct pull *p, struct buf *out)
{
	const struct revert_result *result = &p->result;

	buf_addf(out,
		 "{\"created\":%" PRId64 ",\"edited\":%" PRId64
		 ",\"moved\":%" PRId64 ",\"removed\":%" PRId64
		 ",\"skipped\":%" PRId64 ",\"conflicts\":%" PRId64 "}",
		 result->created, result->edited, result->moved,
		 result->removed, result->skipped, p->conflicts);
	buf_byte(out, '\0');
	return buf_error(out) ? pull_no_memory(p) : 0;
}

static int snapshot(struct pull *p, const char *side, int64_t *ret_id)
{
	DROP(buf_done) struct buf text = {0};

	buf_addf(&text, "%s %s", side, p->title.data);
	buf_byte(&text, '\0');
	if (buf_error(&text))
		return pull_no_memory(p);
	return snapshot_create(p->m, p->here, NULL, text.data, ret_id, p->why);
}

/* A revision, unless there is one that waited; it begins with the present. */
static int record(struct pull *p)
{
	DROP(buf_done) struct buf counts = {0};
	int r = 0;

	if (!p->result.revision) {
		r = revision_begin(p->m, "pull", p->here, p->m->id - 1,
				   p->title.data, &p->result.revision, p->why);
		if (r == 0)
			r = pull_row_add(p, p->result.revision, "");
	}
	if (r == 0)
		r = counts_json(p, &counts);
	return r == 0 ? pull_row_progress(p, p->result.revision, counts.data)
		      : r;
}

static int wait_for_answers(struct pull *p)
{
	int r = record(p);

	if (r < 0)
		return r;
	buf_addf(&p->said,
		 "%s: %" PRId64 " conflict%s, nothing is changed; revision "
		 "%" PRId64 " waits: write 'ours' or 'theirs', for all or with "
		 "a place behind it, or 'cancel'\n",
		 p->title.data, p->conflicts, p->conflicts == 1 ? "" : "s",
		 p->result.revision);
	buf_byte(&p->said, '\0');
	if (buf_error(&p->said))
		return pull_no_memory(p);
	p->said.len--;
	return pull_row_say(p, p->result.revision, p->said.data);
}

static int do_it(struct pull *p, int64_t *ret_after)
{
	DROP(buf_done) struct buf counts = {0};
	int64_t after;
	int r = snapshot(p, "before", &p->result.guard);

	if (r == 0)
		r = record(p);
	p->m->revision = p->result.revision;
	if (r == 0)
		r = pull_apply(p);
	if (r == 0)
		r = counts_json(p, &counts);
	if (r < 0)
		return r;
	after = p->m->changed ? p->m->id : p->m->id - 1;
	r = revision_end(p->m, p->result.revision, "completed", after,
			 counts.data, p->why);
	if (r == 0)
		r = pull_row_forget(p, p->result.revision);
	if (r == 0)
		r = pull_row_say(p, p->result.revision, "");
	return r == 0 ? snapshot(p, "after", ret_after) : r;
}

/* ---- what it says ---- */

static void say_done(struct pull *p, bool dry_run, int64_t after,
		     struct buf *out)
{
	const struct revert_result *result = &p->result;

	buf_add(out, p->lines.data, p->lines.len);
	if (dry_run)
		buf_add(out, p->said.data, p->said.len);
	if (!result->revision) {
		buf_addf(out, "%s: nothing to do\n", p->title.data);
		return;
	}
	buf_addf(out,
		 "%s%s: %" PRId64 " added, %" PRId64 " changed, %" PRId64
		 " moved, %" PRId64 " removed",
		 dry_run ? "would " : "", p->title.data, result->created,
		 result->edited, result->moved, result->removed);
	if (dry_run && p->conflicts)
		buf_addf(out, ", %" PRId64 " conflict%s first", p->conflicts,
			 p->conflicts == 1 ? "" : "s");
	if (dry_run)
		buf_byte(out, '\n');
	else
		buf_addf(out,
			 " (revision %" PRId64 ", snapshots %" PRId64
			 " and %" PRId64 ")\n",
			 result->revision, result->guard, after);
}

int pull_show(struct db *db, int64_t folder, struct buf *out, struct why *why)
{
	DROP(pull_waiting_done) struct pull_waiting w = {0};
	int r = pull_waiting(db, folder, &w, why);

	if (r <= 0)
		return r;
	return buf_add_text(out, w.said.data, why);
}

/* ---- the verbs ---- */

/* Nothing to do is not recorded, but for what was waited for. */
static int carry_out(struct pull *p, bool dry_run, struct buf *out)
{
	bool acts = p->len > 0 || p->result.revision;
	int64_t after = 0;
	int r = 0;

	if (p->conflicts && !dry_run) {
		r = wait_for_answers(p);
		if (r == 0)
			r = moment_commit(p->m, p->why);
		if (r == 0)
			buf_add(out, p->said.data, p->said.len);
		return r;
	}
	if (acts || p->conflicts)
		r = do_it(p, &after);
	if (r == 0 && !dry_run)
		r = moment_commit(p->m, p->why);
	if (r == 0)
		say_done(p, dry_run, after, out);
	return r;
}

static int refuse_second(struct pull *p)
{
	DROP(pull_waiting_done) struct pull_waiting w = {0};
	char since[ENV_TIME_SIZE], user[ENV_USER_SIZE];
	int r = pull_waiting(p->db, p->here, &w, p->why);

	if (r <= 0)
		return r;
	env_format_time(w.time_ns, false, since);
	env_user_name(w.uid, user);
	return why_set(p->why, -EBUSY,
		       "revision %" PRId64 ", the pull from %s by %s (%s), "
		       "waits here since %s: write 'ours', 'theirs' or "
		       "'cancel'",
		       w.revision, w.asked.data, user, w.program, since);
}

static int run_pull(struct pull *p, const struct pull_asked *asked,
		    struct buf *out)
{
	bool dry_run = asked->verb == PULL_VERB_DRY_RUN;
	int r = dry_run ? 0 : refuse_second(p);

	if (r == 0)
		r = pull_line_folder(p, asked->text, &p->there);
	if (r == 0)
		r = prepare(p);
	return r == 0 ? carry_out(p, dry_run, out) : r;
}

static int need_waiting(struct pull *p, struct pull_waiting *w)
{
	int r = pull_waiting(p->db, p->here, w, p->why);

	if (r == 0)
		return why_set(p->why, -ENOENT, "no pull waits here");
	return r < 0 ? r : 0;
}

/* The answer that was just given must be one. */
static int check_used(struct pull *p, const char *place)
{
	for (size_t i = 0; i < p->answer_len; i++)
		if (*place && strcmp(p->answers[i].place, place) == 0 &&
		    !p->answers[i].used)
			return why_set(p->why, -EINVAL,
				       "there is no conflict at '%s'", place);
	return 0;
}

static int run_answer(struct pull *p, const struct pull_asked *asked,
		      struct buf *out)
{
	DROP(pull_waiting_done) struct pull_waiting w = {0};
	struct entry e;
	int r = need_waiting(p, &w);

	if (r < 0)
		return r;
	p->there = w.source;
	p->result.revision = w.revision;
	r = tree_get(p->db, MOMENT_NOW, p->there, &e, NULL);
	if (r < 0)
		return why_set(p->why, r,
			       "the folder %s is gone: write 'cancel'",
			       w.asked.data);
	r = pull_answer_add(p, w.revision, asked->text,
			    asked->verb == PULL_VERB_THEIRS);
	if (r == 0)
		r = pull_answers_load(p, w.revision);
	if (r == 0)
		r = prepare(p);
	if (r == 0)
		r = check_used(p, asked->text);
	return r == 0 ? carry_out(p, false, out) : r;
}

static int run_cancel(struct pull *p, struct buf *out)
{
	DROP(pull_waiting_done) struct pull_waiting w = {0};
	int r = need_waiting(p, &w);

	if (r == 0)
		r = revision_end(p->m, w.revision, "canceled", w.before, "{}",
				 p->why);
	if (r == 0)
		r = pull_row_forget(p, w.revision);
	if (r == 0)
		r = moment_commit(p->m, p->why);
	if (r == 0)
		buf_addf(out, "pull from %s: canceled (revision %" PRId64 ")\n",
			 w.asked.data, w.revision);
	return r;
}

static int run_verb(struct pull *p, const struct pull_asked *asked,
		    struct buf *out)
{
	switch (asked->verb) {
	case PULL_VERB_PULL:
	case PULL_VERB_DRY_RUN:
		return run_pull(p, asked, out);
	case PULL_VERB_OURS:
	case PULL_VERB_THEIRS:
		return run_answer(p, asked, out);
	case PULL_VERB_CANCEL:
		break;
	}
	return run_cancel(p, out);
}

static int begin_work(struct repo *repo, struct work *work, struct why *why)
{
	DROP(store_put) struct reader reader = {0};
	int r = store_read(repo->store, &reader, why);

	return r < 0 ? r : work_begin(repo->works, reader.db, work, why);
}

int pull_run(struct repo *repo, const struct who *who,
	     const struct pull_request *request, struct buf *out,
	     struct revert_result *ret, struct why *why)
{
	DROP(work_end)
	struct work work = {
		.folder = request->folder,
		.what = "a pull",
		.who = *who,
	};
	DROP(moment_end) struct moment m = {0};
	DROP(pull_done)
	struct pull p = {
		.repo = repo,
		.work = &work,
		.m = &m,
		.kinds = store_kinds(repo->store),
		.here = request->folder,
		.why = why,
	};
	struct pull_asked asked;
	int r = pull_line(request->line, &asked, why);

	if (r == 0 && asked.verb != PULL_VERB_DRY_RUN)
		r = begin_work(repo, &work, why);
	if (r == 0)
		r = moment_begin(repo->store, who, &m, why);
	p.db = m.db;
	if (r == 0)
		r = run_verb(&p, &asked, out);
	/* Names that were thought taken may be free. */
	numbers_forget(repo->numbers);
	if (r < 0 || asked.verb == PULL_VERB_DRY_RUN)
		return r;
	*ret = p.result;
	p.result = (struct revert_result){0};
	return 0;
}
