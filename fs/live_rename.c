/*
 * Rename: the way most programs save, and most copiers restore.
 *
 *   source          name           what it is
 *   folder          any            a move; across the border of scratch: EXDEV
 *   item            item           a move; over another item: that is edited
 *   item            other          set aside: a scratch file that remembers it
 *   scratch file    item           its content arrives (fs/arrive)
 *   scratch file    other          a rename
 *
 * The kernel has moved its own entry by the time the answer arrives, so what
 * went elsewhere is forgotten after the reply.
 */
#include "core/blob.h"
#include "core/db.h"
#include "core/follow.h"
#include "core/name.h"
#include "core/number.h"
#include "core/repo.h"
#include "fs/arrive.h"
#include "fs/commit.h"
#include "fs/live_priv.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>

/* One side of a rename: what has the name, if anything. */
struct side {
	int64_t parent;
	const char *name;
	bool holds_items;  /* the folder */
	bool item_name;	   /* an item, if it is a file with content */
	struct entry entry; /* id 0: no item or folder */
	struct scratch scratch; /* id 0: no stored scratch file */
	struct loose *loose; /* NULL: not in memory */
};

struct rename {
	struct call *c;
	struct moment *m;
	struct proc proc;
	struct side from, to;
	unsigned flags;
	struct act *own;    /* the process means its own copy, by this */
	char own_name[256]; /* which is called so */
};

static bool exists(const struct side *s)
{
	return s->entry.id || s->scratch.id || s->loose;
}

static bool is_scratch_folder(const struct side *s)
{
	return s->scratch.id && s->scratch.type == SCRATCH_FOLDER;
}

static int look(struct rename *rn, struct side *s)
{
	struct call *c = rn->c;
	int r = live_holds_items(c, rn->m->db, s->parent);

	if (r < 0)
		return r;
	s->holds_items = r == 1;
	s->item_name = s->holds_items && name_is_item(s->name);
	s->loose = loose_by_name(c->fs->live->loose, s->parent, s->name);
	r = tree_lookup(rn->m->db, MOMENT_NOW, s->parent, s->name, &s->entry,
			&c->why);
	if (r < 0)
		s->entry.id = 0;
	if (r == -ENOENT) {
		r = scratch_lookup(rn->m->db, s->parent, s->name, &s->scratch,
				   &c->why);
		if (r < 0)
			s->scratch.id = 0;
	}
	return r == -ENOENT ? 0 : r;
}

static int drop_scratch(struct rename *rn, struct side *s)
{
	struct live *live = rn->c->fs->live;
	int r = 0;

	if (s->scratch.id)
		r = scratch_remove(rn->m, s->scratch.id, &rn->c->why);
	if (r < 0 || !s->loose)
		return r;
	if (s->loose->opens)
		loose_unname(live->loose, s->loose, 0);
	else
		loose_drop(live->loose, s->loose);
	s->loose = NULL;
	return 0;
}

/* References are to follow what has @id. */
static int watch(struct rename *rn, struct follow *f, int64_t id)
{
	if (rn->c->fs->options.refs == REFS_KEEP)
		return 0;
	return follow_watch(f, id, &rn->c->why);
}

/* Let them follow what has been moved, and commit. */
static int commit_move(struct rename *rn, struct follow *f)
{
	int r = follow_run(f, NULL, &rn->c->why);

	if (r == 0)
		r = moment_commit(rn->m, &rn->c->why);
	if (r == 0)
		commit_rewritten(rn->c, rn->m);
	return r;
}

/* ---- folders ---- */

static int rename_folder(struct rename *rn)
{
	DROP(follow_done) struct follow f = {.m = rn->m};
	struct side *from = &rn->from, *to = &rn->to;
	struct call *c = rn->c;
	int r = 0;

	if (!to->holds_items || name_is_scratch_folder(to->name))
		return -EXDEV; /* the program copies, and the copy is scratch */
	if (to->entry.id && !to->entry.folder)
		return -ENOTDIR;
	if (to->scratch.id || to->loose)
		return is_scratch_folder(to) ? -EXDEV : -ENOTDIR;
	if (to->entry.id) {
		r = scratch_any(rn->m->db, to->entry.id, &c->why);
		if (r || loose_any_in(c->fs->live->loose, to->entry.id))
			return r < 0 ? r : -ENOTEMPTY;
		r = tree_remove(rn->m, to->entry.id, &c->why);
	}
	if (r == 0)
		r = watch(rn, &f, from->entry.id);
	if (r == 0)
		r = tree_move(rn->m, from->entry.id, to->parent, to->name,
			      &c->why);
	return r < 0 ? r : commit_move(rn, &f);
}

static int rename_scratch_folder(struct rename *rn)
{
	struct side *to = &rn->to;
	struct call *c = rn->c;
	int r = 0;

	if (to->holds_items && !name_is_scratch_folder(to->name))
		return -EXDEV; /* copied, its files become items */
	if (to->entry.id)
		return to->entry.folder ? -ENOTEMPTY : -ENOTDIR;
	if (exists(to) && !is_scratch_folder(to))
		return -ENOTDIR;
	if (to->scratch.id)
		r = scratch_remove(rn->m, to->scratch.id, &c->why);
	if (r == 0)
		r = scratch_move(rn->m, rn->from.scratch.id, to->parent,
				 to->name, &c->why);
	return r < 0 ? r : moment_commit(rn->m, &c->why);
}

/* ---- items ---- */

static void note_removed(struct rename *rn, const struct side *s)
{
	struct act act = {
		.kind = ACT_REMOVED,
		.proc = rn->proc,
		.time_ns = rn->m->time_ns,
		.parent = s->parent,
		.node = s->entry.node,
		.item = s->entry.id,
		.moment = rn->m->id,
	};

	memcpy(act.name, s->name, strlen(s->name) + 1);
	act_note(rn->c->fs->live->seen, &act);
	number_freed(rn->c->fs->repo->numbers, s->parent, s->name);
}

/* NAME -> NAME~, or into the trash: no copy of the bytes is made. */
static int set_aside(struct rename *rn)
{
	struct side *from = &rn->from, *to = &rn->to;
	struct call *c = rn->c;
	struct scratch s = {
		.id = from->entry.node,
		.parent = to->parent,
		.type = SCRATCH_FILE,
		.attr = from->entry.attr,
		.size = from->entry.size,
		.content = from->entry.content,
		.was = from->entry.id,
	};
	int r;

	if (to->entry.id)
		return to->entry.folder ? -EISDIR : -EEXIST;
	if (is_scratch_folder(to))
		return -EISDIR;
	r = drop_scratch(rn, to);
	if (r == 0)
		r = tree_remove(rn->m, from->entry.id, &c->why);
	if (r == 0)
		r = tree_set_node(rn->m, from->entry.id, 0, &c->why);
	if (r == 0)
		r = scratch_add(rn->m, &s, to->name, NULL, &c->why);
	if (r == 0)
		r = moment_commit(rn->m, &c->why);
	if (r < 0)
		return r;
	note_removed(rn, from);
	/* As an item its name was cached; as a scratch file it must not be. */
	call_forget_name(c, (uint64_t)to->parent, to->name);
	return 0;
}

static int move_item(struct rename *rn)
{
	DROP(follow_done) struct follow f = {.m = rn->m};
	struct side *from = &rn->from, *to = &rn->to;
	struct call *c = rn->c;
	int r = 0;

	if (to->scratch.id || to->loose)
		r = is_scratch_folder(to) ? -EISDIR : drop_scratch(rn, to);
	if (r == 0)
		r = watch(rn, &f, from->entry.id);
	if (r == 0)
		r = tree_move(rn->m, from->entry.id, to->parent, to->name,
			      &c->why);
	if (r == 0)
		r = commit_move(rn, &f);
	if (r == 0)
		number_freed(c->fs->repo->numbers, from->parent, from->name);
	return r;
}

/* An item over another, or over a name that an item has just left: the other
 * is edited by everyone who wrote this one. */
static int item_over_item(struct rename *rn)
{
	struct side *from = &rn->from, *to = &rn->to;
	struct call *c = rn->c;
	struct fs *fs = c->fs;
	DROP(buf_done) struct buf bytes = {0};
	struct proc writers[2] = {rn->proc};
	struct act *act = act_on_item(fs->live->seen, ACT_SAVED,
				      from->entry.id, rn->m->time_ns,
				      INT64_C(60) * 1000000000);
	struct arrival in = {.parent = to->parent,
			     .name = to->name,
			     .attr = from->entry.attr,
			     .attr_set = FUSE_SET_ATTR_MODE,
			     .node = from->entry.node,
			     .writers = writers,
			     .writer_count = act ? 2 : 1,
			     .item_over = true};
	struct arrived out;
	int r = blob_get(rn->m->db, from->entry.content, false, &bytes,
			 &c->why);

	if (act)
		writers[1] = act->proc;
	in.bytes = bytes.data;
	in.len = bytes.len;
	if (r == 0)
		r = tree_remove(rn->m, from->entry.id, &c->why);
	if (r == 0)
		r = tree_set_node(rn->m, from->entry.id, 0, &c->why);
	if (r == 0)
		r = arrive(fs, rn->m, &in, &out, &c->why);
	if (r == 0)
		r = moment_commit(rn->m, &c->why);
	if (r < 0)
		return r;
	arrive_remember(fs, rn->m, &in, &out);
	number_freed(fs->repo->numbers, from->parent, from->name);
	commit_notices(c, rn->m, &in, &out);
	return 0;
}

static int rename_item(struct rename *rn)
{
	struct side *to = &rn->to;

	if (!to->item_name)
		return set_aside(rn);
	if (to->entry.id && to->entry.folder)
		return -EISDIR;
	if (to->entry.id == rn->from.entry.id)
		return 0;
	return to->entry.id ? item_over_item(rn) : move_item(rn);
}

/*
 * After a diverted commit the process means its own copy, as long as it has
 * not read the original. The kernel has moved the name of that one.
 */
static int take_own_copy(struct rename *rn)
{
	struct side *from = &rn->from;
	struct call *c = rn->c;
	struct seen *seen = c->fs->live->seen;
	DROP(buf_done) struct buf name = {0};
	struct entry copy;
	struct act *act;
	int r;

	if (!from->entry.id || from->entry.folder ||
	    seen_has(seen, rn->proc, from->entry.id, from->entry.content))
		return 0;
	act = act_on_name(seen, ACT_DIVERTED, rn->proc, from->parent,
			  from->name, rn->m->time_ns, OWN_COPY_NS);
	if (!act || !act->item)
		return 0;
	r = tree_get(rn->m->db, MOMENT_NOW, act->item, &copy, &c->why);
	if (r == 0)
		r = tree_name(rn->m->db, MOMENT_NOW, act->item, &name,
			      &c->why);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	memcpy(rn->own_name, name.data, name.len);
	rn->own = act;
	call_forget_name(c, (uint64_t)rn->to.parent, rn->to.name);
	call_forget_name(c, (uint64_t)copy.parent, rn->own_name);
	call_forget_node(c, (uint64_t)from->parent);
	call_forget_node(c, (uint64_t)rn->to.parent);
	from->entry = copy;
	from->parent = copy.parent;
	from->name = rn->own_name;
	return 0;
}

/* ---- scratch files ---- */

static int rename_scratch(struct rename *rn)
{
	struct side *from = &rn->from, *to = &rn->to;
	struct call *c = rn->c;
	int r;

	if (to->entry.id || is_scratch_folder(to))
		return to->entry.id && !to->entry.folder ? -EEXIST : -EISDIR;
	r = drop_scratch(rn, to);
	if (r == 0 && from->scratch.id)
		r = scratch_move(rn->m, from->scratch.id, to->parent, to->name,
				 &c->why);
	if (r == 0)
		r = moment_commit(rn->m, &c->why);
	if (r < 0 || !from->loose)
		return r;
	loose_rename(c->fs->live->loose, from->loose, to->parent, to->name);
	from->loose->item_name = to->item_name;
	return 0;
}

/* 1: the source is an item that was set aside, as it was. If that is in the
 * tree, or was changed before it left again, this is a copy. */
static int is_aside(struct rename *rn)
{
	const struct side *from = &rn->from;
	struct call *c = rn->c;
	int64_t was = from->scratch.was;
	struct entry entry;
	int r;

	if (!was || !from->scratch.content ||
	    (from->loose && from->loose->dirty))
		return 0;
	r = tree_get(rn->m->db, MOMENT_NOW, was, &entry, &c->why);
	if (r != -ENOENT)
		return r < 0 ? r : 0;
	r = tree_former(rn->m->db, was, MOMENT_NOW, &entry, &c->why);
	return r < 0 ? r : entry.content == from->scratch.content;
}

/* An item that was set aside comes back under some name: the same item. 1:
 * done, 0: it is not that. */
static int come_back(struct rename *rn)
{
	struct side *from = &rn->from, *to = &rn->to;
	struct call *c = rn->c;
	struct act *act;
	int64_t was = from->scratch.was;
	int r = to->entry.id ? 0 : is_aside(rn);

	if (r <= 0)
		return r;
	r = drop_scratch(rn, to);
	if (r == 0)
		r = scratch_remove(rn->m, from->scratch.id, &c->why);
	act = act_on_item(c->fs->live->seen, ACT_REMOVED, was,
			  rn->m->time_ns, INT64_C(60) * 1000000000);
	if (r == 0 && act && act->parent == to->parent &&
	    strcmp(act->name, to->name) == 0)
		r = tree_revive(rn->m, was, act->moment, &c->why);
	else if (r == 0)
		r = tree_move(rn->m, was, to->parent, to->name, &c->why);
	if (r == 0)
		r = tree_set_node(rn->m, was, from->scratch.id, &c->why);
	if (r == 0)
		r = tree_set_attr(rn->m, was,
				  from->loose ? &from->loose->attr
					      : &from->scratch.attr,
				  false, &c->why);
	if (r == 0)
		r = moment_commit(rn->m, &c->why);
	if (r < 0)
		return r;
	if (act)
		act_forget(act);
	if (from->loose)
		loose_unname(c->fs->live->loose, from->loose, was);
	if (from->loose && !from->loose->opens)
		loose_drop(c->fs->live->loose, from->loose);
	return 1;
}

/* The bytes of the source, in memory or stored. */
static int source_bytes(struct rename *rn, struct buf *stored,
			struct arrival *in)
{
	struct side *from = &rn->from;
	struct call *c = rn->c;
	int r = 0;

	if (from->loose) {
		in->bytes = from->loose->spool.data;
		in->len = from->loose->spool.len;
		in->attr = from->loose->attr;
		return 0;
	}
	r = from->scratch.content ? blob_get(rn->m->db, from->scratch.content,
					     false, stored, &c->why)
				  : scratch_read(rn->m->db, from->scratch.id,
						 stored, &c->why);
	in->bytes = stored->data;
	in->len = stored->len;
	in->attr = from->scratch.attr;
	return r;
}

static bool from_sync_folder(struct rename *rn)
{
	DROP(buf_done) struct buf name = {0};
	struct why unused = {0};

	if (rn->from.holds_items)
		return false;
	if (scratch_name(rn->m->db, rn->from.parent, &name, &unused) < 0)
		return false;
	buf_byte(&name, '\0');
	return !buf_error(&name) && name_is_sync_folder(name.data);
}

/* Everyone who wrote it, and who renames it; [0] is who renames. @ret_mark: it
 * bears a copier's mark. */
static unsigned gather_writers(const struct rename *rn,
			       struct proc writers[LOOSE_WRITERS + 1],
			       bool *ret_mark)
{
	const struct loose *f = rn->from.loose;
	struct proc wrote[LOOSE_WRITERS];
	unsigned n = 1, count;

	if (f) {
		count = f->writer_count;
		memcpy(wrote, f->writers, sizeof(wrote));
		*ret_mark = f->past_mtime || f->from_past;
	} else {
		count = wrote_get(rn->c->fs->live->seen, rn->from.scratch.id,
				  rn->m->time_ns, wrote, LOOSE_WRITERS,
				  ret_mark);
	}
	writers[0] = rn->proc;
	for (unsigned i = 0; i < count; i++) {
		if (!proc_same(wrote[i], rn->proc))
			writers[n++] = wrote[i];
	}
	return n;
}

static int refuse_rename(struct rename *rn, const struct arrival *in)
{
	int64_t kept = 0;
	struct refusal refusal = {.parent = in->parent,
				  .name = in->name,
				  .bytes = in->bytes,
				  .len = in->len,
				  .proc = rn->proc,
				  .kept = &kept};

	return commit_refuse(rn->c, rn->m, &refusal);
}

static int arrive_by_rename(struct rename *rn)
{
	struct side *from = &rn->from, *to = &rn->to;
	struct call *c = rn->c;
	struct live *live = c->fs->live;
	struct proc writers[LOOSE_WRITERS + 1];
	DROP(buf_done) struct buf stored = {0};
	struct arrival in = {
		.parent = to->parent,
		.name = to->name,
		.attr_set = FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID |
			    FUSE_SET_ATTR_GID,
		.node = from->loose ? from->loose->id : from->scratch.id,
		.writers = writers,
	};
	struct arrived out;
	int r = source_bytes(rn, &stored, &in);

	in.writer_count = gather_writers(rn, writers, &in.mark);
	in.sync = name_is_copiers(from->name, NULL) || from_sync_folder(rn);
	in.mark = in.mark || in.sync;
	if (r == 0)
		r = commit_check(c, in.bytes, in.len);
	if (r < 0) {
		struct why reason = c->why;
		int back = to->entry.id ? 0
					: arrive_bring_back(c->fs, rn->m, &in,
							    &c->why);

		/* KIO unlinks the item before it renames its copy there. */
		if (back < 0)
			return back;
		if (back > 0)
			call_forget_node(c, (uint64_t)to->parent);
		c->why = reason;
		return refuse_rename(rn, &in);
	}
	if (from->scratch.id)
		r = scratch_remove(rn->m, from->scratch.id, &c->why);
	if (r == 0)
		r = drop_scratch(rn, to);
	if (r == 0)
		r = arrive(c->fs, rn->m, &in, &out, &c->why);
	if (r == 0)
		r = moment_commit(rn->m, &c->why);
	if (r < 0)
		return r;
	arrive_remember(c->fs, rn->m, &in, &out);
	commit_notices(c, rn->m, &in, &out);
	if (!from->loose)
		return 0;
	from->loose->dirty = from->loose->attr_dirty = false;
	from->loose->content = out.content;
	loose_unname(live->loose, from->loose, out.item);
	if (!from->loose->opens)
		loose_drop(live->loose, from->loose);
	return 0;
}

static int rename_file(struct rename *rn)
{
	struct side *from = &rn->from, *to = &rn->to;
	bool link = from->scratch.id && from->scratch.type == SCRATCH_LINK;
	size_t len = from->loose ? from->loose->spool.len
				 : (size_t)from->scratch.size;
	int r;

	if (!to->item_name)
		return rename_scratch(rn);
	if (link)
		return why_set(&rn->c->why, -EPERM,
			       "a link cannot be the item '%s'", to->name);
	if (to->entry.id && to->entry.folder)
		return -EISDIR;
	if (!len && to->entry.id)
		return why_set(&rn->c->why, -EINVAL,
			       "an empty file cannot replace the item '%s'",
			       to->name);
	if (!len)
		return rename_scratch(rn); /* a draft */
	r = come_back(rn);
	return r ? (r < 0 ? r : 0) : arrive_by_rename(rn);
}

static int exchange(struct rename *rn)
{
	DROP(follow_done) struct follow f = {.m = rn->m};
	struct call *c = rn->c;
	int r;

	if (!exists(&rn->from) || !exists(&rn->to))
		return -ENOENT;
	if (!rn->from.entry.id || !rn->to.entry.id)
		return why_set(&c->why, -EINVAL,
			       "only items and folders can be exchanged");
	if ((!rn->from.entry.folder && !rn->to.item_name) ||
	    (!rn->to.entry.folder && !rn->from.item_name))
		return why_set(&c->why, -EINVAL,
			       "an item cannot have the name of that folder");
	r = watch(rn, &f, rn->from.entry.id);
	if (r == 0)
		r = watch(rn, &f, rn->to.entry.id);
	if (r == 0)
		r = tree_exchange(rn->m, rn->from.entry.id, rn->to.entry.id,
				  &c->why);
	return r < 0 ? r : commit_move(rn, &f);
}

/* Under both locks. */
static int rename_any(struct rename *rn)
{
	int r = look(rn, &rn->from);

	if (r == 0)
		r = look(rn, &rn->to);
	if (r < 0)
		return r;
	if (rn->flags & RENAME_EXCHANGE)
		return exchange(rn);
	if (!exists(&rn->from))
		return -ENOENT;
	if ((rn->flags & RENAME_NOREPLACE) && exists(&rn->to))
		return -EEXIST;
	r = take_own_copy(rn);
	if (r < 0)
		return r;
	if (rn->from.entry.id)
		return rn->from.entry.folder ? rename_folder(rn)
					     : rename_item(rn);
	return is_scratch_folder(&rn->from) ? rename_scratch_folder(rn)
					    : rename_file(rn);
}

int live_rename(struct call *c, uint64_t dir, const char *name,
		uint64_t new_dir, const char *new_name, unsigned flags)
{
	DROP(moment_end) struct moment m = {0};
	struct live *live = c->fs->live;
	struct who who;
	struct rename rn = {
		.c = c,
		.m = &m,
		.proc = live_proc(c, &who),
		.from = {.parent = inum_payload(dir), .name = name},
		.to = {.parent = inum_payload(new_dir), .name = new_name},
		.flags = flags,
	};
	int r = name_check(new_name, &c->why);

	if (r < 0)
		return r;
	if (flags & ~(unsigned)(RENAME_EXCHANGE | RENAME_NOREPLACE))
		return -EINVAL;
	r = moment_begin(c->fs->repo->store, &who, &m, &c->why);
	if (r < 0)
		return r;
	live_lock(live);
	r = rename_any(&rn);
	if (r == 0 && rn.own)
		act_forget(rn.own);
	live_unlock(live);
	c->notices_first = false; /* the kernel holds the folders until then */
	return r;
}
