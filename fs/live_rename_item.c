/*
 * Rename of items: moves, set aside, over one another.
 */
#include "core/blob.h"
#include "core/db.h"
#include "core/name.h"
#include "core/ref.h"
#include "core/repo.h"
#include "core/secret.h"
#include "fs/arrive.h"
#include "fs/commit.h"
#include "fs/live_rename.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>

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
}

/* Who wrote the file is who wrote its bytes as they are, and not who wrote what
 * had its number before. */
static void note_written(struct rename *rn, const struct side *s)
{
	struct seen *seen = rn->c->fs->live->seen;
	int64_t now_ns = rn->m->time_ns;
	struct proc writers[LOOSE_WRITERS];
	unsigned count = authors_get(seen, s->entry.id, s->entry.content,
				     now_ns, writers, LOOSE_WRITERS);

	wrote_note(seen, s->entry.node, writers, count, false, now_ns);
}

/* The item is open by the handle that created it, and goes on as what it is
 * now: @bytes, if somebody else has saved it since. */
static int follow_aside(struct rename *rn, struct loose *f,
			const struct buf *bytes)
{
	const struct side *from = &rn->from, *to = &rn->to;
	struct live *live = rn->c->fs->live;
	int r = 0;

	if (!f->dirty) {
		f->attr = from->entry.attr;
		f->writer_count = wrote_get(live->seen, f->id, rn->m->time_ns,
					    f->writers, LOOSE_WRITERS,
					    &f->past_mtime);
	}
	if (bytes->len)
		r = spool_resize(&f->spool, bytes->len);
	if (r == 0 && bytes->len)
		r = spool_write(&f->spool, bytes->data, bytes->len, 0);
	if (r == 0)
		loose_set_aside(live->loose, f, from->entry.content, to->parent,
				to->name);
	return r;
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
	struct loose *f = loose_by_id(c->fs->live->loose, s.id);
	DROP(buf_done) struct buf bytes = {0};
	int r;

	if (to->entry.id)
		return to->entry.folder ? -EISDIR : -EEXIST;
	if (rename_is_scratch_folder(to))
		return -EISDIR;
	r = rename_drop_scratch(rn, to);
	if (r == 0)
		r = tree_remove(rn->m, from->entry.id, &c->why);
	if (r == 0)
		r = tree_set_node(rn->m, from->entry.id, 0, &c->why);
	if (r == 0)
		r = scratch_add(rn->m, &s, to->name, NULL, &c->why);
	/* Others may have saved it since, and a secret that is in the bytes of
	 * the file is not in those of the item. */
	if (r == 0 && f && !f->dirty)
		r = blob_get(rn->m->db, s.content, false, &bytes, &c->why);
	if (r == 0)
		r = moment_commit(rn->m, &c->why);
	if (r < 0)
		return r;
	note_removed(rn, from);
	note_written(rn, from);
	if (f)
		r = follow_aside(rn, f, &bytes);
	/* As an item its name was cached; as a scratch file it must not be. */
	call_forget_name(c, (uint64_t)to->parent, to->name);
	return r;
}

static int move_item(struct rename *rn)
{
	DROP(follow_done) struct follow f = {.m = rn->m};
	struct side *from = &rn->from, *to = &rn->to;
	struct call *c = rn->c;
	int r = 0;

	if (to->scratch.id || to->loose)
		r = rename_is_scratch_folder(to) ? -EISDIR
						 : rename_drop_scratch(rn, to);
	if (r == 0)
		r = rename_watch(rn, &f, from->entry.id);
	if (r == 0)
		r = tree_move(rn->m, from->entry.id, to->parent, to->name,
			      &c->why);
	return r < 0 ? r : rename_commit(rn, &f);
}

/* What was sent as the item: its secrets go where its text goes. */
static int whole_text(struct rename *rn, const struct entry *entry,
		      struct buf *out)
{
	DROP(buf_done) struct buf text = {0};
	const struct kind *kind = NULL;
	struct moment *m = rn->m;
	struct why *why = &rn->c->why;
	int r = blob_get(m->db, entry->content, false, &text, why);

	if (r == 0)
		r = ref_kind(m->db, store_kinds(m->store), entry->id, &kind,
			     why);
	return r < 0 ? r : secret_fill(m->db, kind, entry->id, &text, out, why);
}

/* An item over another, or over a name that an item has just left: the other
 * is edited by everyone who wrote this one. */
static int item_over_item(struct rename *rn)
{
	struct side *from = &rn->from, *to = &rn->to;
	struct call *c = rn->c;
	struct fs *fs = c->fs;
	DROP(buf_done) struct buf bytes = {0};
	struct proc writers[1 + LOOSE_WRITERS] = {rn->proc};
	unsigned authors = authors_get(fs->live->seen, from->entry.id,
				       from->entry.content, rn->m->time_ns,
				       writers + 1, LOOSE_WRITERS);
	struct arrival in = {.parent = to->parent,
			     .name = to->name,
			     .attr = from->entry.attr,
			     .attr_set = FUSE_SET_ATTR_MODE,
			     .node = from->entry.node,
			     .writers = writers,
			     .writer_count = 1 + authors,
			     .item_over = true};
	struct loose *f = loose_by_id(fs->live->loose, in.node);
	struct arrived out;
	int r = whole_text(rn, &from->entry, &bytes);

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
	if (f)
		f->item = out.item;
	commit_notices(c, rn->m, &in, &out);
	return 0;
}

int rename_item(struct rename *rn)
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
int rename_take_own_copy(struct rename *rn)
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
		r = tree_name(rn->m->db, MOMENT_NOW, act->item, &name, &c->why);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	memcpy(rn->own_name, name.data, name.len);
	rn->own = act;
	call_forget_name(c, (uint64_t)rn->to.parent, rn->to.name);
	call_forget_name(c, (uint64_t)copy.parent, rn->own_name);
	call_tell_name(c, copy.parent, rn->own_name);
	call_tell_name(c, from->parent, from->name);
	call_forget_node(c, (uint64_t)from->parent);
	call_forget_node(c, (uint64_t)rn->to.parent);
	from->entry = copy;
	from->parent = copy.parent;
	from->name = rn->own_name;
	return 0;
}
