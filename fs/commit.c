#include "fs/commit_priv.h"

#include "core/name.h"
#include "core/number.h"
#include "core/repo.h"
#include "fs/filing.h"
#include "fs/live_priv.h"
#include "fs/sentences.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* What is known of other items holds after @m, which has made @out. */
static bool is_narrow(const struct arrived *out)
{
	return !out->limbo && !out->gone.id &&
	       (out->outcome == OUTCOME_CREATED ||
		out->outcome == OUTCOME_EDITED ||
		out->outcome == OUTCOME_UNCHANGED ||
		out->outcome == OUTCOME_RENAMED);
}

void commit_narrowed(struct fs *fs, const struct moment *m)
{
	size_t count;
	const struct moment_note *notes = moment_noted(m, &count);

	for (size_t i = 0; i < count; i++) {
		if (notes[i].what != NOTE_REWRITTEN)
			continue;
		store_disturb(fs->repo->store);
		return;
	}
}

static int commit_narrow(struct call *c, struct moment *m,
			 const struct arrived *out)
{
	struct live *live = c->fs->live;
	int r;

	m->narrow = is_narrow(out);
	r = moment_commit(m, &c->why);
	if (r < 0 || !m->narrow)
		return r;
	entries_drop(live->entries, out->node);
	commit_narrowed(c->fs, m);
	/* Nor holds what was found when it was opened. */
	for (struct handle *h = live->handles; h; h = h->next)
		if (h->node == out->node)
			h->others = HANDLE_OUTDATED;
	return 0;
}

int commit_arrival(struct call *c, struct moment *m, const struct arrival *in)
{
	struct arrived out;
	int r = arrive(c->fs, m, in, &out, &c->why);

	if (r == 0)
		r = moment_commit(m, &c->why);
	if (r < 0)
		return r;
	arrive_remember(c->fs, m, in, &out);
	commit_notices(c, m, in, &out);
	return 0;
}

/* ---- a writer on an item ---- */

struct arrival commit_of_handle(const struct handle *h, int64_t now_ns)
{
	bool whole = h->truncated || ((h->flags & O_ACCMODE) == O_WRONLY &&
				      h->covered >= h->spool.len);
	struct arrival in = {
		.parent = h->parent,
		.name = h->name,
		.target = h->went ? h->went : h->item,
		.bytes = h->spool.data,
		.len = h->spool.len,
		.sound = h->spool.sound,
		.attr = h->attr,
		.writers = &h->opener,
		.writer_count = 1,
		.base = whole && !h->went ? 0 : h->base,
		.mark = (h->past_mtime || h->from_past) && !h->went,
	};

	if (h->pending_set & FUSE_SET_ATTR_MODE)
		in.attr.mode = h->pending.mode;
	if (h->pending_set & FUSE_SET_ATTR_UID)
		in.attr.uid = h->pending.uid;
	if (h->pending_set & FUSE_SET_ATTR_GID)
		in.attr.gid = h->pending.gid;
	in.attr_set = h->pending_set;
	in.attr.mtime_ns = (h->pending_set & FUSE_SET_ATTR_MTIME)
				   ? h->pending.mtime_ns
				   : now_ns;
	/* A copy beside belongs to who made it. */
	if (!(h->pending_set & FUSE_SET_ATTR_UID))
		in.attr.uid = h->who.uid;
	if (!(h->pending_set & FUSE_SET_ATTR_GID))
		in.attr.gid = h->who.gid;
	return in;
}

static int take_back(struct moment *m, int64_t *rejected, struct why *why)
{
	return *rejected ? rejected_drop(m, *rejected, why) : 0;
}

/* It arrives, and that is committed; the kernel hears of it before the reply. */
static int arrive_now(struct call *c, struct moment *m,
		      const struct arrival *in, struct arrived *out)
{
	int r = arrive(c->fs, m, in, out, &c->why);

	if (r == 0)
		r = commit_narrow(c, m, out);
	if (r < 0)
		return r;
	c->notices_first = true;
	commit_rewritten(c, m);
	return 0;
}

void commit_saved(struct call *c, const struct moment *m, struct handle *h,
		  const struct arrival *in, const struct arrived *out)
{
	arrive_remember(c->fs, m, in, out);
	h->dirty = h->refused = h->refused_early = false;
	h->rejected = 0;
	h->base = out->content;
	h->went = out->item;
	if (h->went == h->item)
		h->content = out->content; /* also if its node goes now */
	commit_tell(c, m, in, out);
}

int commit_writer(struct call *c, struct moment *m, struct handle *h,
		  bool polite)
{
	struct arrival in = commit_of_handle(h, live_now(c->fs));
	struct arrived out;
	int r;

	if (!h->dirty || (!h->spool.len && h->truncated))
		return 0; /* an empty overwrite leaves the item as it was */
	if (h->refused && polite)
		return 0;
	r = commit_admit(c, m, &in);
	if (r < 0) {
		struct refusal refusal = {in.parent, in.name,	in.bytes,
					  in.len,    h->opener, &h->rejected};

		if (polite)
			return 0;
		if (h->refused)
			return r;
		h->refused = true;
		commit_remember_refusal(c->fs, &refusal, h->node, m->time_ns);
		/* Written through a plain O_RDWR handle they are in the pages
		 * of the item. */
		call_forget_node(c, (uint64_t)h->node);
		c->notices_first = true;
		return commit_refuse(c, m, &refusal);
	}
	r = take_back(m, &h->rejected, &c->why);
	if (r == 0)
		r = arrive_now(c, m, &in, &out);
	if (r == 0)
		commit_saved(c, m, h, &in, &out);
	return r;
}

/* ---- a loose file ---- */

struct arrival commit_of_loose(const struct loose *f)
{
	return (struct arrival){
		.parent = f->parent,
		.name = f->name,
		.target = f->item,
		.bytes = f->spool.data,
		.len = f->spool.len,
		.sound = f->spool.sound,
		.attr = f->attr,
		.attr_set = FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID |
			    FUSE_SET_ATTR_GID,
		.node = f->item ? 0 : f->id,
		.writers = f->writers,
		.writer_count = f->writer_count,
		.base = f->item ? f->content : 0,
		.mark = !f->item && (f->past_mtime || f->from_past),
	};
}

void commit_arrived(struct call *c, const struct moment *m, struct loose *f,
		    const struct arrival *in, const struct arrived *out)
{
	arrive_remember(c->fs, m, in, out);
	f->dirty = f->attr_dirty = f->refused = false;
	f->rejected = 0;
	f->content = out->content;
	commit_tell(c, m, in, out);
	if (!f->item)
		loose_unname(c->fs->live->loose, f, out->item);
}

static int arrive_loose(struct call *c, struct moment *m, struct loose *f)
{
	struct arrival in = commit_of_loose(f);
	struct arrived out;
	int r = take_back(m, &f->rejected, &c->why);

	if (r == 0 && f->stored)
		r = scratch_remove(m, f->id, &c->why);
	if (r == 0)
		r = arrive_now(c, m, &in, &out);
	if (r == 0)
		commit_arrived(c, m, f, &in, &out);
	return r;
}

/*
 * Not valid. An item that the program took away to make room for this comes
 * back at once, under the name that this file had.
 */
static int refuse_loose(struct call *c, struct moment *m, struct loose *f,
			struct proc closer)
{
	struct live *live = c->fs->live;
	const struct arrival in = commit_of_loose(f);
	struct refusal refusal = {f->parent,	f->name, f->spool.data,
				  f->spool.len, closer,	 &f->rejected};
	struct why reason = c->why;
	int r = 0;

	f->refused = true;
	commit_remember_refusal(c->fs, &refusal, f->id, m->time_ns);
	if (!f->item && !f->hidden)
		r = arrive_bring_back(c->fs, m, &in, &c->why);
	if (r > 0) {
		if (f->stored)
			r = scratch_remove(m, f->id, &c->why);
		loose_hide(live->loose, f);
		call_forget_name(c, (uint64_t)f->parent, f->name);
		call_forget_node(c, (uint64_t)f->parent);
		c->notices_first = true;
	}
	if (r < 0)
		return r;
	c->why = reason;
	return commit_refuse(c, m, &refusal);
}

int commit_loose(struct call *c, struct moment *m, struct loose *f,
		 struct proc closer, bool polite)
{
	struct arrival in;
	int r;

	if (f->unlinked)
		return 0;
	if (!f->item_name && name_is_short_lived(f->name))
		return 0; /* it may never be worth a row */
	if (!f->item_name)
		return loose_store(m, f, &c->why);
	if (!f->dirty || !f->spool.len || (f->refused && polite))
		return 0;
	in = commit_of_loose(f);
	r = commit_admit(c, m, &in);
	if (r < 0 && polite)
		return 0;
	if (r < 0)
		return f->refused ? r : refuse_loose(c, m, f, closer);
	return arrive_loose(c, m, f);
}

/* Without the writer lock when there is nothing to do. */
static bool has_work(struct live *live, const struct handle *h)
{
	DROP(live_unlock_p) struct live *locked = live;

	live_lock(locked);
	return h->loose ? h->loose->dirty || h->loose->attr_dirty : h->dirty;
}

int commit_handle(struct call *c, struct handle *h, bool polite)
{
	DROP(moment_end) struct moment m = {0};
	struct live *live = c->fs->live;
	int r;

	if (!has_work(live, h))
		return 0;
	(void)filing_settle(c); /* in the order that they came */
	r = store_room(c->fs->repo->store, &c->why);
	if (r < 0)
		return r;
	r = moment_begin(c->fs->repo->store, &h->who, &m, &c->why);
	if (r < 0)
		return r;
	live_lock(live);
	r = h->loose ? commit_loose(c, &m, h->loose, h->opener, polite)
		     : commit_writer(c, &m, h, polite);
	live_unlock(live);
	return r;
}

/* ---- the last close ---- */

/* Nobody has it open any more: what becomes of it. Under both locks. */
static int settle_loose(struct call *c, struct moment *m, struct loose *f)
{
	struct live *live = c->fs->live;
	int r;

	f->closed_ns = m->time_ns;
	if (f->item || f->unlinked || f->hidden) {
		loose_drop(live->loose, f);
		return 0;
	}
	if (f->refused && f->item_name) {
		/* All it ever had was refused, and is kept elsewhere. */
		r = f->stored ? scratch_remove(m, f->id, &c->why) : 0;
		if (r == 0)
			r = moment_commit(m, &c->why);
		if (r < 0)
			return r;
		number_freed(c->fs->repo->numbers, f->parent, f->name);
		call_forget_name(c, (uint64_t)f->parent, f->name);
		call_tell_name(c, f->parent, f->name);
		loose_drop(live->loose, f);
		return 0;
	}
	if (!f->stored && name_is_short_lived(f->name))
		return 0; /* live_upkeep() stores it if it stays */
	return loose_store_away(live, m, f, &c->why);
}

static int release_loose(struct call *c, struct handle *h)
{
	DROP(moment_end) struct moment m = {0};
	struct live *live = c->fs->live;
	struct loose *f = h->loose;
	bool simple;
	int r;

	live_lock(live);
	simple = --f->opens > 0 || f->filing;
	if (!simple && (f->item || f->unlinked || f->hidden)) {
		loose_drop(live->loose, f);
		simple = true;
	}
	live_unlock(live);
	if (simple)
		return 0;
	r = moment_begin(c->fs->repo->store, &h->who, &m, &c->why);
	if (r < 0)
		return r;
	live_lock(live);
	/* It may have been opened again, or be gone, by now. */
	f = loose_by_id(live->loose, h->node);
	r = f && f == h->loose && !f->opens ? settle_loose(c, &m, f) : 0;
	live_unlock(live);
	return r;
}

void commit_release(struct call *c, struct handle *h)
{
	int r = 0;

	if ((h->flags & O_ACCMODE) != O_RDONLY)
		r = commit_handle(c, h, false);
	/* Nobody hears of an error any more; the report and .control/errors
	 * have it. */
	if (r < 0 && r != -EINVAL)
		sentences_add(c->fs->errors, live_now(c->fs),
			      h->loose ? h->loose->parent : h->parent, r,
			      c->why.text);
	if (h->loose)
		r = release_loose(c, h);
	if (r < 0 && r != -EINVAL)
		sentences_add(c->fs->errors, live_now(c->fs), TREE_ROOT, r,
			      c->why.text);
}
