/*
 * Open and the last close of live files.
 */
#include "core/blob.h"
#include "core/db.h"
#include "core/env.h"
#include "core/name.h"
#include "core/repo.h"
#include "fs/ahead.h"
#include "fs/commit.h"
#include "fs/filing.h"
#include "fs/kinds.h"
#include "fs/live_priv.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

int64_t live_now(const struct fs *fs)
{
	return env_now_ns(store_env(fs->repo->store));
}

struct proc live_proc(struct call *c, struct who *ret_who)
{
	char program[32];
	struct proc proc =
		procs_lookup(c->fs->procs, c->tid, live_now(c->fs), program);

	if (ret_who) {
		*ret_who = (struct who){
			.uid = c->uid, .gid = c->gid, .pid = proc.pid};
		memcpy(ret_who->program, program, sizeof(program));
	}
	return proc;
}

int live_open_dir(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	struct file *file;
	int r = file_new(&kind_live, ino, &file);

	(void)c;
	if (r < 0)
		return r;
	fi->fh = (uintptr_t)file;
	fi->cache_readdir = 1;
	fi->keep_cache = 1;
	return 0;
}

/* A file with a handle, in fi->fh; the caller fills in what it is of. */
static int new_handle(struct call *c, uint64_t ino, struct fuse_file_info *fi,
		      struct handle **ret)
{
	DROP(file_put_p) struct file *file = NULL;
	struct handle *h;
	int r = file_new(&kind_live, ino, &file);

	if (r < 0)
		return r;
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	file->own = h;
	h->file = file;
	h->opener = live_proc(c, &h->who);
	h->tid = c->tid;
	h->flags = fi->flags;
	h->node = inum_payload(ino);
	fi->fh = (uintptr_t)TAKE(file);
	*ret = h;
	return 0;
}

static void link_handle(struct live *live, struct handle *h)
{
	h->next = live->handles;
	if (h->next)
		h->next->link = &h->next;
	h->link = &live->handles;
	live->handles = h;
}

static void unlink_handle(struct handle *h)
{
	if (!h->link)
		return;
	*h->link = h->next;
	if (h->next)
		h->next->link = h->link;
	h->link = NULL;
}

int live_open_loose(struct call *c, struct loose *loose,
		    struct fuse_file_info *fi)
{
	struct handle *h;
	uint64_t ino = inum_make(INUM_LIVE, (uint64_t)loose->id);
	int r = new_handle(c, ino, fi, &h);

	if (r < 0)
		return r;
	h->loose = loose;
	loose->opens++;
	link_handle(c->fs->live, h);
	fi->keep_cache = 1;
	return 0;
}

/* The bytes of a scratch row into @file. */
static int load_bytes(struct call *c, struct db *db, const struct scratch *s,
		      struct loose *file)
{
	DROP(buf_done) struct buf bytes = {0};
	int r = s->content ? blob_get(db, s->content, false, &bytes, &c->why)
			   : scratch_read(db, s->id, &bytes, &c->why);

	if (r < 0)
		return r;
	return spool_write(&file->spool, bytes.data, bytes.len, 0);
}

static void drop_loose(struct loose **file)
{
	if (!*file)
		return;
	spool_done(&(*file)->spool);
	free(*file);
}

int live_load_scratch(struct call *c, struct db *db, int64_t id,
		      struct loose **ret)
{
	DROP(drop_loose) struct loose *file = NULL;
	DROP(buf_done) struct buf name = {0};
	struct live *live = c->fs->live;
	struct scratch s;
	int r = scratch_get(db, id, &s, &c->why);

	if (r < 0)
		return r;
	*ret = NULL;
	if (s.type != SCRATCH_FILE)
		return 0;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	r = scratch_name(db, id, &name, &c->why);
	if (r == 0)
		r = load_bytes(c, db, &s, file);
	if (r == 0)
		r = scratch_or_items(db, s.parent, &c->why);
	if (r < 0)
		return r;
	memcpy(file->name, name.data, name.len < 255 ? name.len : 255);
	file->item_name = r == 1 && name_is_item(file->name); /* a draft */
	file->id = id;
	file->parent = s.parent;
	file->attr = s.attr;
	file->content = s.content;
	file->was = s.was;
	file->stored = true;

	live_lock(live);
	file->writer_count = wrote_get(live->seen, id, live_now(c->fs),
				       file->writers, LOOSE_WRITERS,
				       &file->past_mtime);
	*ret = loose_by_id(live->loose, id); /* somebody was quicker */
	if (!*ret) {
		loose_add(live->loose, file);
		*ret = TAKE(file);
	}
	live_unlock(live);
	return 0;
}

/* 1: it is a loose file, opened. */
static int open_in_memory(struct call *c, int64_t node,
			  struct fuse_file_info *fi)
{
	DROP(live_unlock_p) struct live *live = c->fs->live;
	struct loose *file;
	int r;

	live_lock(live);
	file = loose_by_id(live->loose, node);
	if (!file || (file->item && !file->opens))
		return 0;
	if (!loose_speaks(file))
		return 0; /* an item by now, to be opened as one */
	r = live_open_loose(c, file, fi);
	return r < 0 ? r : 1;
}

static int open_item(struct call *c, uint64_t ino, const struct found *found,
		     uint64_t generation, struct fuse_file_info *fi)
{
	const struct entry *entry = &found->entry;
	struct live *live = c->fs->live;
	int access = fi->flags & O_ACCMODE;
	struct handle *h;
	int r = new_handle(c, ino, fi, &h);

	if (r < 0)
		return r;
	memcpy(h->name, found->name, sizeof(h->name));
	h->others = found->others;
	h->parent = entry->parent;
	h->item = entry->id;
	h->attr = h->last.attr = entry->attr;
	h->size = h->last.size = entry->size;
	h->content = entry->content;
	h->generation = generation;
	fi->keep_cache = 1;
	fi->noflush = access == O_RDONLY;
	/* What is written must not be in the item's pages before it is decided
	 * whose bytes they are. A plain O_RDWR needs pages for mappings. */
	fi->direct_io = access == O_WRONLY;
	live_lock(live);
	link_handle(live, h);
	if (access != O_WRONLY)
		seen_note(live->seen, h->opener, h->item, h->content);
	live_unlock(live);
	return 0;
}

/* Its name may be another one by now, or none. */
static int find_former(struct call *c, struct db *db, int64_t node, int flags,
		       struct found *ret)
{
	int r = live_get_former(c->fs->live, node, &ret->entry);
	struct entry now;

	if (r < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return r;
	return tree_get_named(db, MOMENT_NOW, ret->entry.id, &now, ret->name,
			      &c->why);
}

static int open_any(struct call *c, uint64_t ino, uint64_t generation,
		    struct fuse_file_info *fi)
{
	DROP(store_put) struct reader reader = {0};
	int64_t node = inum_payload(ino);
	struct found found = {0};
	struct loose *file = NULL;
	struct db *db;
	int r = open_in_memory(c, node, fi);

	if (r != 0)
		return r < 0 ? r : 0;
	if (live_recall(c, node, &found))
		return open_item(c, ino, &found, generation, fi);
	r = store_peek(c->fs->repo->store, &reader, &c->why);
	db = reader.db;
	/* Again if somebody's last close comes between the two looks. */
	for (int tries = 0; r == 0 && tries < 8; tries++) {
		r = live_find(c, db, node, &found);
		if (r == 0)
			return open_item(c, ino, &found, generation, fi);
		if (r != -ENOENT)
			return r;
		r = live_load_scratch(c, db, node, &file);
		if (r == -ENOENT &&
		    find_former(c, db, node, fi->flags, &found) == 0)
			return open_item(c, ino, &found, generation, fi);
		if (r < 0)
			return live_gone(r);
		if (!file)
			return -EISDIR;
		r = open_in_memory(c, node, fi);
	}
	return r == 0 ? -ESTALE : r < 0 ? r : 0;
}

static int load(struct call *c, struct file *file)
{
	struct handle *h = handle_of(file);

	return h->size > AHEAD_BYTES ? -EFBIG : live_refresh(c, h);
}

int live_open(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	struct ahead_file ahead = {.load = load};
	uint64_t generation;
	int r;

	live_show(c->fs->live, inum_payload(ino));
	r = filing_settle_node(c, inum_payload(ino));
	ahead.generation = generation = store_generation(c->fs->repo->store);
	if (r == 0)
		r = open_any(c, ino, generation, fi);
	if (r < 0 || (fi->flags & O_ACCMODE) != O_RDONLY)
		return r;
	ahead.file = file_of(fi->fh);
	ahead.version = handle_of(ahead.file)->content;
	if (ahead.version && !handle_of(ahead.file)->loose)
		ahead_give(c, &ahead);
	return 0;
}

/* ---- the last close ---- */

void live_free_own(struct file *file)
{
	struct handle *h = file->own;

	if (!h)
		return; /* a directory */
	assert(!h->link);
	spool_done(&h->spool);
	free(h);
}

void live_release(struct call *c, struct file *file)
{
	struct live *live = c->fs->live;
	struct handle *h = file->own;

	if (!h)
		return;
	commit_release(c, h);
	live_lock(live);
	unlink_handle(h);
	live_unlock(live);
}
