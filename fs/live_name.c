/*
 * Names that come and go: create, mkdir, symlink, unlink, rmdir.
 */
#include "core/db.h"
#include "core/name.h"
#include "core/number.h"
#include "core/repo.h"
#include "fs/filing.h"
#include "fs/live_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct attr new_attr(const struct call *c, mode_t mode, int64_t now_ns)
{
	return (struct attr){.mode = mode & 07777,
			     .uid = c->uid,
			     .gid = c->gid,
			     .mtime_ns = now_ns,
			     .ctime_ns = now_ns};
}

static int new_loose(struct call *c, int64_t parent, const char *name,
		     mode_t mode, struct loose **ret)
{
	DROP(store_put) struct reader reader = {0};
	struct loose *f;
	int items = store_peek(c->fs->repo->store, &reader, &c->why);

	if (items == 0)
		items = scratch_or_items(reader.db, parent, &c->why);
	if (items < 0)
		return items;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->id = store_next_id(c->fs->repo->store);
	f->parent = parent;
	memcpy(f->name, name, strlen(name) + 1);
	f->attr = new_attr(c, mode, live_now(c->fs));
	f->item_name = items && name_is_item(name);
	*ret = f;
	return 0;
}

int live_create(struct call *c, uint64_t dir, const char *name, mode_t mode,
		struct fuse_file_info *fi, struct node *ret)
{
	struct live *live = c->fs->live;
	struct proc proc = live_proc(c, NULL);
	struct loose *f = NULL;
	int r = name_check(name, &c->why);

	if (r < 0)
		return r;
	r = store_writable(c->fs->repo->store, &c->why);
	if (r == 0)
		r = store_room(c->fs->repo->store, &c->why);
	if (r < 0)
		return r;
	r = new_loose(c, inum_payload(dir), name, mode, &f);
	if (r < 0)
		return r;
	loose_written_by(f, proc);
	live_lock(live);
	loose_add(live->loose, f);
	r = live_open_loose(c, f, fi);
	if (r == 0)
		loose_node(f, ret);
	else
		loose_drop(live->loose, f);
	live_unlock(live);
	return r;
}

/* A folder, or with @target a link. */
static int add_scratch(struct call *c, struct moment *m, int64_t parent,
		       const char *name, mode_t mode, const char *target,
		       struct node *ret)
{
	struct scratch s = {
		.id = store_next_id(c->fs->repo->store),
		.parent = parent,
		.type = target ? SCRATCH_LINK : SCRATCH_FOLDER,
		.attr = new_attr(c, mode, m->time_ns),
		.size = target ? (int64_t)strlen(target) : 0,
	};
	int r = scratch_add(m, &s, name, target, &c->why);

	if (r == 0)
		r = moment_commit(m, &c->why);
	if (r == 0)
		scratch_node(&s, ret);
	return r;
}

static int add_folder(struct call *c, struct moment *m, struct proc proc,
		      int64_t parent, const char *name, mode_t mode,
		      struct node *ret)
{
	struct batch_key key = {proc.pid, proc.start};
	struct attr attr = new_attr(c, mode, m->time_ns);
	struct entry entry;
	int64_t id;
	int r = tree_add_folder(m, parent, name, &attr, &id, &c->why);

	/* A copied folder goes again when the copy is undone. */
	if (r == 0 && proc.pid)
		r = batch_part(c->fs->repo->batches, m, &key, parent, &c->why);
	if (r == 0)
		r = tree_get(m->db, MOMENT_NOW, id, &entry, &c->why);
	if (r == 0)
		r = moment_commit(m, &c->why);
	if (r == 0)
		live_node(&entry, ret);
	return r;
}

int live_mkdir(struct call *c, uint64_t dir, const char *name, mode_t mode,
	       struct node *ret)
{
	DROP(moment_end) struct moment m = {0};
	int64_t parent = inum_payload(dir);
	struct who who;
	struct proc proc = live_proc(c, &who);
	int r = name_check(name, &c->why);

	if (r < 0)
		return r;
	if (strcmp(name, ".git") == 0)
		return why_set(&c->why, -EPERM,
			       "a git work tree needs hard links and files "
			       "that change in place: keep it elsewhere");
	(void)filing_settle_others(c, &who);
	r = store_room(c->fs->repo->store, &c->why);
	if (r == 0)
		r = moment_begin(c->fs->repo->store, &who, &m, &c->why);
	if (r == 0)
		r = scratch_or_items(m.db, parent, &c->why);
	if (r < 0)
		return r;
	if (r == 0 || name_is_scratch_folder(name))
		return add_scratch(c, &m, parent, name, mode, NULL, ret);
	return add_folder(c, &m, proc, parent, name, mode, ret);
}

int live_symlink(struct call *c, uint64_t dir, const char *name,
		 const char *target, struct node *ret)
{
	DROP(moment_end) struct moment m = {0};
	int64_t parent = inum_payload(dir);
	struct who who;
	int r = name_check(name, &c->why);

	if (r < 0)
		return r;
	(void)live_proc(c, &who);
	r = store_room(c->fs->repo->store, &c->why);
	if (r == 0)
		r = moment_begin(c->fs->repo->store, &who, &m, &c->why);
	if (r == 0)
		r = scratch_or_items(m.db, parent, &c->why);
	if (r < 0)
		return r;
	if (r == 1 && name_is_item(name))
		return why_set(&c->why, -EPERM,
			       "'%s' would be an item, and an item is a JSON "
			       "document, not a link",
			       name);
	return add_scratch(c, &m, parent, name, 0777, target, ret);
}

/* ---- unlink ---- */

/* What was unlinked was a copy that went elsewhere, or nowhere; under the
 * kernel's name for it the original is still there. */
static int unlink_own_copy(struct call *c, struct moment *m, struct act *act)
{
	struct entry entry;
	DROP(buf_done) struct buf name = {0};
	int64_t parent = act->parent, item = act->item, node = act->node;
	int r = 0;

	call_tell_name(c, parent, act->name);
	act_settle(c->fs->live->seen, act);
	call_forget_node(c, (uint64_t)node);
	call_forget_node(c, (uint64_t)parent);
	if (!item)
		return 0;
	r = tree_get(m->db, MOMENT_NOW, item, &entry, &c->why);
	if (r == 0)
		r = tree_name(m->db, MOMENT_NOW, item, &name, &c->why);
	if (r == 0)
		r = tree_remove(m, item, &c->why);
	if (r == 0)
		r = moment_commit(m, &c->why);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	buf_byte(&name, '\0');
	number_freed(c->fs->repo->numbers, entry.parent, name.data);
	live_part(c->fs->live, &entry);
	call_forget_name(c, (uint64_t)entry.parent, name.data);
	call_tell_name(c, entry.parent, name.data);
	return 0;
}

static int unlink_item(struct call *c, struct moment *m, struct proc proc,
		       const struct entry *entry, const char *name)
{
	struct act act = {
		.kind = ACT_REMOVED,
		.proc = proc,
		.time_ns = m->time_ns,
		.parent = entry->parent,
		.node = entry->node,
		.item = entry->id,
		.moment = m->id,
	};
	int r = tree_remove(m, entry->id, &c->why);

	if (r == 0)
		r = moment_commit(m, &c->why);
	if (r < 0)
		return r;
	number_freed(c->fs->repo->numbers, entry->parent, name);
	live_part(c->fs->live, entry);
	memcpy(act.name, name, strlen(name) + 1);
	act_note(c->fs->live->seen, &act);
	return 0;
}

static int unlink_scratch(struct call *c, struct moment *m, int64_t parent,
			  const char *name)
{
	struct live *live = c->fs->live;
	struct loose *f = loose_by_name(live->loose, parent, name);
	struct scratch s;
	int r = scratch_lookup(m->db, parent, name, &s, &c->why);

	if (r == 0 && s.type == SCRATCH_FOLDER)
		return -EISDIR;
	if (r == 0)
		r = scratch_remove(m, s.id, &c->why);
	else if (r == -ENOENT && f)
		r = 0;
	if (r == 0)
		r = moment_commit(m, &c->why);
	if (r < 0)
		return r;
	number_freed(c->fs->repo->numbers, parent, name);
	if (f && f->opens)
		loose_unname(live->loose, f, 0);
	else if (f)
		loose_drop(live->loose, f);
	return 0;
}

/* Under both locks. */
static int unlink_any(struct call *c, struct moment *m, struct proc proc,
		      int64_t parent, const char *name)
{
	struct live *live = c->fs->live;
	struct entry entry;
	struct act *act = act_on_name(live->seen, ACT_DIVERTED, proc, parent,
				      name, m->time_ns, OWN_COPY_NS);
	int r = tree_lookup(m->db, MOMENT_NOW, parent, name, &entry, &c->why);

	if (r == 0 && act)
		return unlink_own_copy(c, m, act);
	if (r == 0)
		return entry.folder ? -EISDIR
				    : unlink_item(c, m, proc, &entry, name);
	return r == -ENOENT ? unlink_scratch(c, m, parent, name) : r;
}

int live_unlink(struct call *c, uint64_t dir, const char *name)
{
	DROP(moment_end) struct moment m = {0};
	struct live *live = c->fs->live;
	struct who who;
	struct proc proc = live_proc(c, &who);
	int r = moment_begin(c->fs->repo->store, &who, &m, &c->why);

	if (r < 0)
		return r;
	live_lock(live);
	r = unlink_any(c, &m, proc, inum_payload(dir), name);
	live_unlock(live);
	return r;
}

static int remove_folder(struct call *c, struct moment *m, int64_t parent,
			 const char *name)
{
	struct entry entry;
	struct scratch s;
	int r = tree_lookup(m->db, MOMENT_NOW, parent, name, &entry, &c->why);

	if (r == 0 && !entry.folder)
		return -ENOTDIR;
	if (r == 0) {
		r = scratch_any(m->db, entry.id, &c->why);
		if (r || loose_any_in(c->fs->live->loose, entry.id))
			return r < 0 ? r : -ENOTEMPTY;
		r = tree_remove(m, entry.id, &c->why);
		if (r == 0)
			live_bury(c->fs->live, entry.id);
		return r;
	}
	if (r != -ENOENT)
		return r;
	r = scratch_lookup(m->db, parent, name, &s, &c->why);
	if (r < 0)
		return r;
	if (s.type != SCRATCH_FOLDER)
		return -ENOTDIR;
	if (loose_any_in(c->fs->live->loose, s.id))
		return -ENOTEMPTY;
	return scratch_remove(m, s.id, &c->why);
}

int live_rmdir(struct call *c, uint64_t dir, const char *name)
{
	DROP(moment_end) struct moment m = {0};
	struct live *live = c->fs->live;
	struct who who;
	int r;

	(void)live_proc(c, &who);
	r = moment_begin(c->fs->repo->store, &who, &m, &c->why);
	if (r < 0)
		return r;
	live_lock(live);
	r = remove_folder(c, &m, inum_payload(dir), name);
	live_unlock(live);
	return r < 0 ? r : moment_commit(&m, &c->why);
}
