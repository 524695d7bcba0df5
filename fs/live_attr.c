/*
 * Attributes: of items, folders and scratch files; and the modification time
 * in the past that gives a copier away.
 */
#include "core/db.h"
#include "core/repo.h"
#include "fs/arrive.h"
#include "fs/commit.h"
#include "fs/filing.h"
#include "fs/live_priv.h"

#include <errno.h>
#include <fcntl.h>

/* For how long attributes complete what the same process wrote. */
static const int64_t SAME_NS = 10000000000;
/* For how long a modification time in the past makes a restore of an edit. */
static const int64_t REFILE_NS = 3000000000;
/* Later than that before now is "now". */
static const int64_t PAST_NS = 1000000000;

enum {
	SET_TIME = FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW,
	SET_ANY = FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID |
		  SET_TIME,
};

static int64_t mtime_of(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

bool attr_is_past(const struct stat *st, int set, int64_t now_ns)
{
	return (set & FUSE_SET_ATTR_MTIME) &&
	       !(set & FUSE_SET_ATTR_MTIME_NOW) &&
	       mtime_of(st) < now_ns - PAST_NS;
}

void attr_apply(struct attr *attr, const struct stat *st, int set,
		int64_t now_ns)
{
	if (set & FUSE_SET_ATTR_MODE)
		attr->mode = st->st_mode & 07777;
	if (set & FUSE_SET_ATTR_UID)
		attr->uid = st->st_uid;
	if (set & FUSE_SET_ATTR_GID)
		attr->gid = st->st_gid;
	if (set & FUSE_SET_ATTR_MTIME_NOW)
		attr->mtime_ns = now_ns;
	else if (set & FUSE_SET_ATTR_MTIME)
		attr->mtime_ns = mtime_of(st);
	attr->ctime_ns = now_ns;
}

/* Under the live lock: 1 if a file in memory took them. */
static int set_in_memory(struct call *c, int64_t node, struct proc proc,
			 const struct stat *st, int set)
{
	struct live *live = c->fs->live;
	int64_t now = live_now(c->fs);
	struct loose *f = loose_by_id(live->loose, node);

	if (f && loose_speaks(f)) {
		attr_apply(&f->attr, st, set, now);
		f->attr_dirty = true;
		if (attr_is_past(st, set, now))
			f->past_mtime = true;
		return 1;
	}
	/* Of content on its way: for wherever it goes. */
	for (struct handle *h = live->handles; h; h = h->next) {
		if (h->node != node || h->loose || !h->dirty ||
		    !proc_same(h->opener, proc))
			continue;
		attr_apply(&h->pending, st, set, now);
		h->pending_set |= set & SET_ANY;
		if (set & SET_TIME)
			h->pending_set |= FUSE_SET_ATTR_MTIME;
		if (attr_is_past(st, set, now))
			h->past_mtime = true;
		return 1;
	}
	return 0;
}

/* The file that @proc sets this time of bears a copier's mark. */
static void mark_scratch(struct live *live, int64_t node, struct proc proc,
			 int64_t now_ns)
{
	struct proc writers[LOOSE_WRITERS] = {proc};
	bool mark;
	unsigned count = wrote_get(live->seen, node, now_ns, writers,
				   LOOSE_WRITERS, &mark);

	wrote_note(live->seen, node, writers, count ? count : 1, true, now_ns);
}

static int set_scratch(struct call *c, struct moment *m, int64_t node,
		       struct proc proc, const struct stat *st, int set)
{
	struct scratch s;
	int r = scratch_get(m->db, node, &s, &c->why);

	if (r < 0)
		return r;
	if (attr_is_past(st, set, m->time_ns))
		mark_scratch(c->fs->live, node, proc, m->time_ns);
	attr_apply(&s.attr, st, set, m->time_ns);
	return scratch_set_attr(m, node, &s.attr, &c->why);
}

/* The edit was a copier's: the content gets its number. 0 if so, -ENOENT if
 * the item must simply be set. */
static int refile(struct call *c, struct moment *m, struct act *saved,
		  const struct stat *st, int set)
{
	struct fs *fs = c->fs;
	struct entry entry, former;
	struct arrived out;
	struct arrival in = {.parent = saved->parent,
			     .name = saved->name,
			     .writers = &saved->proc,
			     .writer_count = 1};
	struct act past = *saved;
	int r = tree_get(m->db, MOMENT_NOW, saved->item, &entry, &c->why);

	if (r == 0)
		r = tree_former(m->db, saved->item, saved->moment, &former,
				&c->why);
	if (r < 0)
		return r;
	attr_apply(&entry.attr, st, set, m->time_ns);
	/* A copy belongs to who made it, unless he has said whose it is. */
	if (former.attr.uid == entry.attr.uid)
		entry.attr.uid = m->who.uid;
	if (former.attr.gid == entry.attr.gid)
		entry.attr.gid = m->who.gid;
	r = arrive_refile(fs, m, &past, &entry.attr, &out, &c->why);
	if (r == 0)
		r = moment_commit(m, &c->why);
	if (r < 0)
		return r;
	act_forget(saved);
	in.writers = &past.proc;
	in.parent = past.parent;
	in.name = past.name;
	arrive_remember(fs, m, &in, &out);
	commit_notices(c, m, &in, &out);
	call_tell_item(c, entry.id); /* as it was before */
	return 0;
}

/* Under both locks, after act_on_node() found nothing diverted. */
static int set_item(struct call *c, struct moment *m, int64_t item,
		    struct proc proc, const struct stat *st, int set)
{
	struct batch_key key = {proc.pid, proc.start};
	struct entry entry;
	struct seen *seen = c->fs->live->seen;
	struct act *own;
	bool same;
	int r = tree_get(m->db, MOMENT_NOW, item, &entry, &c->why);

	if (r < 0)
		return r;
	own = act_on_item(seen, ACT_SAVED, item, m->time_ns, SAME_NS);
	if (!own)
		own = act_on_item(seen, ACT_DIVERTED, item, m->time_ns,
				  SAME_NS);
	same = own && proc_same(own->proc, proc);
	attr_apply(&entry.attr, st, set, m->time_ns);
	r = tree_set_attr(m, item, &entry.attr,
			  same && !entry.folder && own->moment == entry.born,
			  &c->why);
	/* What a copier sets after the copy goes with it when it is undone. */
	if (r == 0 && proc.pid && (entry.folder || (same && !own->edit)))
		r = batch_part(c->fs->repo->batches, m, &key,
			       entry.folder ? item : entry.parent, &c->why);
	return r < 0 ? r : moment_commit(m, &c->why);
}

static int set_stored(struct call *c, struct moment *m, int64_t node,
		      struct proc proc, const struct stat *st, int set)
{
	struct seen *seen = c->fs->live->seen;
	struct entry entry;
	struct act *act;
	int r;

	act = act_on_node(seen, ACT_DIVERTED, proc, node, m->time_ns, SAME_NS);
	if (act && !act->item)
		return 0; /* of a copy that was refused */
	if (act) {
		/* The kernel takes the answer for that of @node. */
		r = tree_get(m->db, MOMENT_NOW, act->item, &entry, &c->why);
		if (r == 0)
			r = set_item(c, m, act->item, proc, st, set);
		if (r == 0)
			call_forget_attr(c, (uint64_t)entry.node);
		call_forget_node(c, (uint64_t)act->parent);
		return r == -ENOENT ? 0 : r;
	}
	act = act_on_node(seen, ACT_SAVED, proc, node, m->time_ns, REFILE_NS);
	if (act && act->edit && c->fs->options.overwrite == OVERWRITE_AUTO &&
	    attr_is_past(st, set, m->time_ns)) {
		r = refile(c, m, act, st, set);
		if (r != -ENOENT)
			return r;
	}
	r = tree_by_node(m->db, node, &entry, NULL, &c->why);
	if (r == 0)
		return set_item(c, m, entry.id, proc, st, set);
	if (r == -ENOENT)
		r = set_scratch(c, m, node, proc, st, set);
	if (r == -ENOENT && live_former(c->fs->live, node))
		return set_item(c, m, live_former(c->fs->live, node)->id, proc,
				st, set);
	return r < 0 ? live_gone(r) : moment_commit(m, &c->why);
}

/* A file that is no item yet and not about to be one: what a copier sets before
 * it closes what it made. */
static bool is_being_made(struct live *live, int64_t node)
{
	DROP(live_unlock_p) struct live *locked = live;
	const struct loose *f;

	live_lock(locked);
	f = loose_by_id(live->loose, node);
	return f && !f->item && !f->filing;
}

int live_setattr(struct call *c, uint64_t ino, struct file *file,
		 const struct stat *st, int set, struct node *ret)
{
	DROP(moment_end) struct moment m = {0};
	struct live *live = c->fs->live;
	struct who who;
	struct proc proc = live_proc(c, &who);
	int64_t node = inum_payload(ino);
	int r = 0;

	if (!is_being_made(live, node))
		r = (set & SET_ANY) ? filing_settle(c)
				    : filing_settle_node(c, node);
	if (set & FUSE_SET_ATTR_SIZE)
		r = r < 0 ? r : live_truncate(c, ino, file, st->st_size);
	else
		r = 0;
	if (r < 0)
		return r;
	if (!(set & SET_ANY))
		return live_getattr(c, ino, ret);
	live_lock(live);
	r = set_in_memory(c, node, proc, st, set);
	live_unlock(live);
	if (r)
		return live_getattr(c, ino, ret);

	r = moment_begin(c->fs->repo->store, &who, &m, &c->why);
	if (r < 0)
		return r;
	live_lock(live);
	r = set_stored(c, &m, node, proc, st, set);
	live_unlock(live);
	moment_end(&m);
	return r < 0 ? r : live_getattr(c, ino, ret);
}
