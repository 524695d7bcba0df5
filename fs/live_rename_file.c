/*
 * Rename of scratch files: among themselves, back to the item they were, and
 * the way in which most programs save.
 */
#include "core/blob.h"
#include "core/db.h"
#include "core/name.h"
#include "core/repo.h"
#include "fs/arrive.h"
#include "fs/commit.h"
#include "fs/live_rename.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>

static int rename_scratch(struct rename *rn)
{
	struct side *from = &rn->from, *to = &rn->to;
	struct call *c = rn->c;
	int r;

	if (to->entry.id || rename_is_scratch_folder(to))
		return to->entry.id && !to->entry.folder ? -EEXIST : -EISDIR;
	r = rename_drop_scratch(rn, to);
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
	r = rename_drop_scratch(rn, to);
	if (r == 0)
		r = scratch_remove(rn->m, from->scratch.id, &c->why);
	act = act_on_item(c->fs->live->seen, ACT_REMOVED, was, rn->m->time_ns,
			  INT64_C(60) * 1000000000);
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
		r = commit_admit(c, rn->m, &in);
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
		r = rename_drop_scratch(rn, to);
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

int rename_file(struct rename *rn)
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
