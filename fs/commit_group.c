/*
 * The filing of what was acknowledged before (fs/filing), as many of one program
 * as go together in one moment.
 */
#include "fs/commit_priv.h"

#include "core/inbox.h"
#include "core/repo.h"
#include "fs/commit_ids.h"
#include "fs/filing.h"
#include "fs/live_priv.h"

#include <errno.h>
#include <stdlib.h>

struct group {
	struct call c; /* no request */
	struct moment m;
	size_t len;
	const struct filing_job *jobs;
	struct group_ids ids; /* that the new ones have of themselves */
	struct loose *files[FILING_GROUP]; /* new: NULL: unlinked meanwhile */
	struct arrival in[FILING_GROUP];
	struct arrived out[FILING_GROUP];
};

/* Whoever asks meanwhile is answered after the notices. */
static void tell(struct call *c)
{
	if (c->notices.len) {
		c->notices.untold = filing_untold(c->fs->filing);
		atomic_fetch_add(c->notices.untold, 1);
	}
	call_end(c, 0);
}

static void end_group(struct group **group)
{
	if (!*group)
		return;
	moment_end(&(*group)->m);
	group_ids_done(&(*group)->ids);
	tell(&(*group)->c);
	free(*group);
}

/* With the writer lock nobody can rename, unlink or drop a file in line. */
static struct loose *find(struct live *live, int64_t id)
{
	struct loose *f = loose_by_id(live->loose, id);

	return f && f->filing && !f->unlinked ? f : NULL;
}

/* 1: it may be in the group; 0: it is not what it was. */
static int admit_new(struct group *g, size_t i)
{
	struct fs *fs = g->c.fs;
	DROP(live_unlock_p) struct live *live = fs->live;
	struct loose *f;

	live_lock(live);
	f = g->files[i] = find(live, g->jobs[i].file);
	if (!f)
		return 1;
	g->in[i] = commit_of_loose(f);
	g->in[i].sha256 = g->jobs[i].sha256;
	return f->item_name
		       ? arrive_name_is_free(fs, &g->m, &g->in[i], &g->c.why)
		       : 0;
}

static int add_new(struct group *g, size_t i)
{
	struct loose *f;
	int r = admit_new(g, i);

	f = g->files[i];
	if (r > 0 && f)
		r = group_ids_add(&g->ids, &g->m, g->jobs[i].kind, &g->in[i],
				  &g->c.why);
	if (r <= 0 || !f)
		return r;
	if (f->stored)
		r = scratch_remove(&g->m, f->id, &g->c.why);
	if (r >= 0)
		r = arrive_new(g->c.fs, &g->m, &g->in[i], &g->out[i],
			       &g->c.why);
	return r < 0 ? r : 1;
}

static int add_edit(struct group *g, size_t i)
{
	const struct filing_job *job = &g->jobs[i];
	int r;

	g->in[i] = commit_of_handle(job->handle, job->time_ns);
	g->in[i].sha256 = job->sha256;
	r = group_ids_edit(&g->m, job->kind, &g->in[i], &g->c.why);
	if (r <= 0)
		return r;
	r = arrive_edit(g->c.fs, &g->m, &g->in[i], job->seen, &g->out[i],
			&g->c.why);
	return r == -ESTALE ? 0 : r < 0 ? r : 1;
}

/* 1: the next one is in the group; 0: it is not what it was when it was put in
 * line. */
static int add(struct group *g)
{
	int r = g->jobs[g->len].handle ? add_edit(g, g->len)
				       : add_new(g, g->len);

	if (r > 0)
		g->len++;
	return r;
}

static void settle_new(struct group *g, size_t i)
{
	struct loose *f = g->files[i];

	f->filing = false;
	commit_arrived(&g->c, &g->m, f, &g->in[i], &g->out[i]);
	if (!f->opens)
		loose_drop(g->c.fs->live->loose, f);
}

static void settle_edit(struct group *g, size_t i)
{
	struct handle *h = g->jobs[i].handle;

	h->filing = false;
	entries_drop(g->c.fs->live->entries, h->node);
	commit_saved(&g->c, &g->m, h, &g->in[i], &g->out[i]);
}

static int commit_all(struct group *g, int64_t number)
{
	struct fs *fs = g->c.fs;
	int r = inbox_file(fs->repo->inbox, &g->m, number, &g->c.why);

	if (r == 0)
		r = moment_commit(&g->m, &g->c.why);
	if (r < 0)
		return r;
	inbox_filed(fs->repo->inbox, number);
	live_lock(fs->live);
	commit_narrowed(fs, &g->m);
	for (size_t i = 0; i < g->len; i++)
		if (g->jobs[i].handle)
			settle_edit(g, i);
		else if (g->files[i])
			settle_new(g, i);
	live_unlock(fs->live);
	for (size_t i = 0; i < g->len; i++)
		if (g->jobs[i].handle)
			file_put(g->jobs[i].handle->file);
	commit_rewritten(&g->c, &g->m);
	return (int)g->len;
}

static bool is_of_the_disk(int r)
{
	return r == -ENOSPC || r == -EIO || r == -EROFS || r == -ENOMEM;
}

/* It is filed, stored or refused, or has no name any more. */
static void let_loose(struct group *g, struct loose *f)
{
	f->closed_ns = g->m.time_ns;
	if (!f->opens && (f->item || f->refused))
		loose_drop(g->c.fs->live->loose, f);
}

/* It is not what it was: a file like any other that was closed. */
static int new_alone(struct group *g)
{
	DROP(live_unlock_p) struct live *live = g->c.fs->live;
	struct loose *f;
	int r;

	live_lock(live);
	f = find(live, g->jobs[0].file);
	if (!f)
		return 0;
	f->filing = false;
	f->dirty = true;
	r = commit_loose(&g->c, &g->m, f, f->writers[0], false);
	/* Refused is done with; what is rolled back stays in line. */
	if (r < 0 && (g->m.store || is_of_the_disk(r))) {
		f->filing = true;
		f->dirty = false;
		return r;
	}
	let_loose(g, f);
	return 0;
}

static int edit_alone(struct group *g)
{
	struct handle *h = g->jobs[0].handle;
	struct live *live = g->c.fs->live;
	int r;

	live_lock(live);
	h->filing = false;
	h->dirty = true;
	r = commit_writer(&g->c, &g->m, h, false);
	h->filing = r < 0 && (g->m.store || is_of_the_disk(r));
	if (h->filing)
		h->dirty = false;
	live_unlock(live);
	if (h->filing)
		return r;
	file_put(h->file);
	return 0;
}

static int file_first(struct group *g)
{
	const struct filing_job *job = &g->jobs[0];
	int r = inbox_file(g->c.fs->repo->inbox, &g->m, job->number, &g->c.why);

	g->m.narrow = false;
	if (r == 0)
		r = job->handle ? edit_alone(g) : new_alone(g);
	if (r == 0 && g->m.store)
		r = moment_commit(&g->m, &g->c.why);
	if (r < 0)
		return r;
	inbox_filed(g->c.fs->repo->inbox, job->number);
	return 1;
}

static int file_group(struct fs *fs, const struct filing_job *jobs,
		      size_t count, struct why *why)
{
	DROP(end_group) struct group *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return why_set(why, -ENOMEM, "out of memory");
	g->c.fs = fs;
	g->jobs = jobs;
	r = moment_begin(fs->repo->store, &jobs[0].who, &g->m, why);
	if (r < 0)
		return r;
	g->m.narrow = true;
	moment_back(&g->m, jobs[count - 1].time_ns);
	do {
		r = add(g);
	} while (r > 0 && g->len < count && !store_wanted(fs->repo->store));
	if (r >= 0)
		r = g->len ? commit_all(g, jobs[g->len - 1].number)
			   : file_first(g);
	if (r < 0)
		*why = g->c.why;
	return r;
}

/* What fails may be the fault of one of them. */
int commit_group(struct fs *fs, const struct filing_job *jobs, size_t count,
		 struct why *why)
{
	int r = file_group(fs, jobs, count, why);

	return r < 0 && count > 1 ? file_group(fs, jobs, 1, why) : r;
}
