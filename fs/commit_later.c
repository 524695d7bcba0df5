/*
 * Files that are acknowledged before they are filed: which may be, and the
 * filing of a group of them.
 */
#include "fs/commit_priv.h"

#include "core/inbox.h"
#include "core/kind.h"
#include "core/repo.h"
#include "core/secret_guard.h"
#include "fs/filing.h"
#include "fs/live_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- which may wait ---- */

/* A new item that nothing is known of but its bytes. With the live lock. */
static bool may_wait(struct fs *fs, const struct loose *f)
{
	const struct arrival in = commit_of_loose(f);

	return f->item_name && !f->item && !f->stored && !f->unlinked &&
	       !f->hidden && !f->refused && !f->rejected && f->dirty &&
	       f->spool.len && f->spool.len <= FILING_ITEM &&
	       (int64_t)f->spool.len <= fs->options.max_item &&
	       f->writer_count && f->writers[0].pid &&
	       !arrive_to_limbo(fs, &in, live_now(fs));
}

/* The kind of a folder's items, which is known as long as nobody else changes
 * anything. With the live lock. */
static bool known_kind(struct fs *fs, int64_t folder, uint64_t others,
		       const struct kind **ret)
{
	const struct known *k = &fs->live->known[folder % LIVE_KNOWN];

	*ret = k->kind;
	return k->folder == folder && k->others == others;
}

static int find_kind(struct call *c, int64_t folder, const struct kind **ret)
{
	DROP(store_put) struct reader reader = {0};
	struct store *store = c->fs->repo->store;
	struct live *live = c->fs->live;
	uint64_t others = store_others(store);
	bool known;
	int r;

	live_lock(live);
	known = known_kind(c->fs, folder, others, ret);
	live_unlock(live);
	if (known)
		return 0;
	r = store_peek(store, &reader, &c->why);
	if (r == 0)
		r = secret_folder_kind(reader.db, store_kinds(store), folder,
				       ret, &c->why);
	if (r < 0)
		return r;
	live_lock(live);
	live->known[folder % LIVE_KNOWN] = (struct known){folder, others, *ret};
	live_unlock(live);
	return 0;
}

static bool is_sound(struct call *c, struct loose *f)
{
	if (!f->spool.sound)
		f->spool.sound = commit_check(c, f->spool.data, f->spool.len) ==
				 0;
	return f->spool.sound;
}

/* Of items with ids, whether one comes with the id of another is known when that
 * is committed: so not both in one group. */
static bool may_be_in_a_group(const struct kind *kind)
{
	return !kind || !kind_has_ids(kind);
}

/* With the live lock. 1: acknowledged. Nothing with a secret in it may lie in the
 * inbox. */
static int put(struct call *c, struct handle *h, int64_t folder,
	       const struct kind *kind)
{
	struct fs *fs = c->fs;
	struct loose *f = h->loose;
	struct letter letter = {
		.folder = folder,
		.name = f->name,
		.bytes = f->spool.data,
		.len = f->spool.len,
		.attr = f->attr,
		.who = h->who,
		.key = {f->writers[0].pid, f->writers[0].start},
		.time_ns = live_now(fs),
	};

	if (!may_wait(fs, f) || f->parent != folder || !is_sound(c, f) ||
	    secret_suspect(kind, f->spool.data, f->spool.len, &c->why) ||
	    filing_put(fs->filing, f, &letter, &c->why) < 0)
		return 0;
	f->filing = true;
	f->filed_ns = letter.time_ns;
	f->dirty = f->attr_dirty = false;
	return 1;
}

int commit_later(struct call *c, struct handle *h)
{
	struct live *live = c->fs->live;
	const struct kind *kind;
	int64_t folder;
	int r;

	if (!c->fs->filing || !h->loose)
		return 0;
	live_lock(live);
	folder = h->loose->dirty && h->loose->item_name ? h->loose->parent : 0;
	live_unlock(live);
	if (!folder || !store_calm(c->fs->repo->store) ||
	    find_kind(c, folder, &kind) < 0 || !may_be_in_a_group(kind))
		return 0;
	filing_wait_for_room(c->fs->filing);
	live_lock(live);
	r = put(c, h, folder, kind);
	live_unlock(live);
	return r;
}

/* ---- filing a group ---- */

struct group {
	struct call c; /* no request */
	struct moment m;
	size_t len;
	struct loose *files[FILING_GROUP]; /* NULL: unlinked meanwhile */
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
	tell(&(*group)->c);
	free(*group);
}

/* With the writer lock nobody can rename, unlink or drop a file in line. */
static struct loose *find(struct live *live, int64_t id)
{
	struct loose *f = loose_by_id(live->loose, id);

	return f && f->filing && !f->unlinked ? f : NULL;
}

/* 1: it is in the group; 0: it is not what it was when it was put in line. */
static int add(struct group *g, const struct filing_job *job)
{
	struct fs *fs = g->c.fs;
	size_t i = g->len;
	struct loose *f;
	int r = 1;

	live_lock(fs->live);
	f = g->files[i] = find(fs->live, job->file);
	if (f)
		g->in[i] = commit_of_loose(f);
	if (f && !f->item_name)
		r = 0;
	if (f && r)
		r = arrive_name_is_free(fs, &g->m, &g->in[i], &g->c.why);
	live_unlock(fs->live);
	if (r <= 0)
		return r;
	if (f && f->stored)
		r = scratch_remove(&g->m, f->id, &g->c.why);
	if (f && r >= 0)
		r = arrive_new(fs, &g->m, &g->in[i], &g->out[i], &g->c.why);
	if (r < 0)
		return r;
	g->len++;
	return 1;
}

static void settle(struct group *g, size_t i)
{
	struct loose *f = g->files[i];

	f->filing = false;
	commit_arrived(&g->c, &g->m, f, &g->in[i], &g->out[i]);
	if (!f->opens)
		loose_drop(g->c.fs->live->loose, f);
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
	for (size_t i = 0; i < g->len; i++)
		if (g->files[i])
			settle(g, i);
	live_unlock(fs->live);
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
static int file_alone(struct group *g, const struct filing_job *job)
{
	DROP(live_unlock_p) struct live *live = g->c.fs->live;
	struct loose *f;
	int r = inbox_file(g->c.fs->repo->inbox, &g->m, job->number, &g->c.why);

	live_lock(live);
	f = find(live, job->file);
	if (r < 0 || !f)
		return r;
	f->filing = false;
	f->dirty = true;
	g->m.adds = false;
	r = commit_loose(&g->c, &g->m, f, false);
	/* Refused is done with; what is rolled back stays in line. */
	if (r < 0 && (g->m.store || is_of_the_disk(r))) {
		f->filing = true;
		f->dirty = false;
		return r;
	}
	let_loose(g, f);
	return 0;
}

static int file_first(struct group *g, const struct filing_job *job)
{
	int r = file_alone(g, job);

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
	r = moment_begin(fs->repo->store, &jobs[0].who, &g->m, why);
	if (r < 0)
		return r;
	g->m.adds = true;
	moment_back(&g->m, jobs[count - 1].time_ns);
	do {
		r = add(g, &jobs[g->len]);
	} while (r > 0 && g->len < count && !store_wanted(fs->repo->store));
	if (r >= 0)
		r = g->len ? commit_all(g, jobs[g->len - 1].number)
			   : file_first(g, jobs);
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
