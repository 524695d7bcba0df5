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
#include "fs/live_rename.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>

bool rename_exists(const struct side *s)
{
	return s->entry.id || s->scratch.id || s->loose;
}

bool rename_is_scratch_folder(const struct side *s)
{
	return s->scratch.id && s->scratch.type == SCRATCH_FOLDER;
}

static int look(struct rename *rn, struct side *s)
{
	struct call *c = rn->c;
	int r = scratch_or_items(rn->m->db, s->parent, &c->why);

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

int rename_drop_scratch(struct rename *rn, struct side *s)
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

int rename_watch(struct rename *rn, struct follow *f, int64_t id)
{
	if (rn->c->fs->options.refs == REFS_KEEP)
		return 0;
	return follow_watch(f, id, &rn->c->why);
}

int rename_commit(struct rename *rn, struct follow *f)
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
		return rename_is_scratch_folder(to) ? -EXDEV : -ENOTDIR;
	if (to->entry.id) {
		r = scratch_any(rn->m->db, to->entry.id, &c->why);
		if (r || loose_any_in(c->fs->live->loose, to->entry.id))
			return r < 0 ? r : -ENOTEMPTY;
		r = tree_remove(rn->m, to->entry.id, &c->why);
		if (r == 0)
			live_bury(c->fs->live, to->entry.id);
	}
	if (r == 0)
		r = rename_watch(rn, &f, from->entry.id);
	if (r == 0)
		r = tree_move(rn->m, from->entry.id, to->parent, to->name,
			      &c->why);
	return r < 0 ? r : rename_commit(rn, &f);
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
	if (rename_exists(to) && !rename_is_scratch_folder(to))
		return -ENOTDIR;
	if (to->scratch.id)
		r = scratch_remove(rn->m, to->scratch.id, &c->why);
	if (r == 0)
		r = scratch_move(rn->m, rn->from.scratch.id, to->parent,
				 to->name, &c->why);
	return r < 0 ? r : moment_commit(rn->m, &c->why);
}

static int exchange(struct rename *rn)
{
	DROP(follow_done) struct follow f = {.m = rn->m};
	struct call *c = rn->c;
	int r;

	if (!rename_exists(&rn->from) || !rename_exists(&rn->to))
		return -ENOENT;
	if (!rn->from.entry.id || !rn->to.entry.id)
		return why_set(&c->why, -EINVAL,
			       "only items and folders can be exchanged");
	if ((!rn->from.entry.folder && !rn->to.item_name) ||
	    (!rn->to.entry.folder && !rn->from.item_name))
		return why_set(&c->why, -EINVAL,
			       "an item cannot have the name of that folder");
	r = rename_watch(rn, &f, rn->from.entry.id);
	if (r == 0)
		r = rename_watch(rn, &f, rn->to.entry.id);
	if (r == 0)
		r = tree_exchange(rn->m, rn->from.entry.id, rn->to.entry.id,
				  &c->why);
	return r < 0 ? r : rename_commit(rn, &f);
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
	if (!rename_exists(&rn->from))
		return -ENOENT;
	if ((rn->flags & RENAME_NOREPLACE) && rename_exists(&rn->to))
		return -EEXIST;
	r = rename_take_own_copy(rn);
	if (r < 0)
		return r;
	if (rn->from.entry.id)
		return rn->from.entry.folder ? rename_folder(rn)
					     : rename_item(rn);
	return rename_is_scratch_folder(&rn->from) ? rename_scratch_folder(rn)
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
		act_settle(live->seen, rn.own);
	if (r == 0 && !(flags & RENAME_EXCHANGE))
		number_freed(c->fs->repo->numbers, rn.from.parent,
			     rn.from.name);
	live_unlock(live);
	/* What is in the pages of a file that was renamed may be a secret. Names
	 * must wait: the kernel holds the folders until the reply. */
	c->notices_first = true;
	c->inode_locked = true;
	return r;
}
