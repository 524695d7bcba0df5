/*
 * Writing: bytes are collected, and looked at no later than they have to be;
 * FLUSH and FSYNC commit.
 */
#include "core/blob.h"
#include "core/db.h"
#include "core/repo.h"
#include "fs/commit.h"
#include "fs/filing.h"
#include "fs/live_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/*
 * What a writer on an item builds on: nothing after a truncation, else the
 * item as it is now. Outside of the locks, since it reads.
 */
static int begin(struct call *c, struct handle *h)
{
	DROP(buf_done) struct buf bytes = {0};
	struct live *live = c->fs->live;
	struct entry entry;
	struct db *db;
	int r;

	if (h->loose || h->begun)
		return 0;
	db = call_db(c);
	if (!db)
		return c->why.code;
	r = tree_get(db, MOMENT_NOW, h->item, &entry, &c->why);
	if (r < 0 && r != -ENOENT)
		return r;
	/* Deleted: as it was at open. And who may have read it builds on what
	 * was read. */
	if (r == -ENOENT || (h->flags & O_ACCMODE) == O_RDWR)
		entry.content = h->content;
	r = blob_get(db, entry.content, false, &bytes, &c->why);
	if (r < 0)
		return r;
	live_lock(live);
	if (!h->begun) {
		r = spool_write(&h->spool, bytes.data, bytes.len, 0);
		h->base = entry.content;
		h->begun = r == 0;
	}
	live_unlock(live);
	return r;
}

static int64_t size_limit(const struct fs *fs, const struct loose *f)
{
	return f && !f->item_name ? SCRATCH_MAX_FILE : fs->options.max_item;
}

static int check_limit(struct call *c, const struct loose *f, int64_t end)
{
	int64_t limit = size_limit(c->fs, f);

	if (end <= limit)
		return 0;
	return why_set(&c->why, f && !f->item_name ? -ENOSPC : -EFBIG,
		       "larger than %lld bytes", (long long)limit);
}

static void mark_dirty(struct loose *f, size_t from, size_t to)
{
	if (f->content && !f->item) { /* no longer those of an item */
		f->content = 0;
		from = 0;
		to = f->spool.len > to ? f->spool.len : to;
	}
	if (!f->dirty || from < f->dirty_from)
		f->dirty_from = from;
	if (!f->dirty || to > f->dirty_to)
		f->dirty_to = to;
	f->dirty = true;
	f->refused = f->past_mtime = false;
}

/* Under the live lock. */
static int write_loose(struct call *c, struct handle *h, const char *bytes,
		       size_t size, int64_t offset)
{
	struct loose *f = h->loose;
	bool whole;
	int r;

	if (h->flags & O_APPEND)
		offset = (int64_t)f->spool.len;
	r = check_limit(c, f, offset + (int64_t)size);
	if (r < 0) {
		f->refused = true;
		return r;
	}
	whole = (size_t)offset == f->spool.len; /* written front to back */
	r = spool_write(&f->spool, bytes, size, offset);
	if (r < 0)
		return r;
	mark_dirty(f, (size_t)offset, (size_t)offset + size);
	loose_written_by(f, h->opener);
	f->attr.mtime_ns = f->attr.ctime_ns = live_now(c->fs);
	if (f->item_name && whole)
		return commit_early_check(c, &f->spool, &f->checked);
	return 0;
}

/* Lock; what is in line for filing is filed first. */
static int lock_settled(struct call *c, const struct handle *h)
{
	struct live *live = c->fs->live;
	int r = 0;

	live_lock(live);
	while (r == 0 && (h->loose ? h->loose->filing : h->filing)) {
		live_unlock(live);
		r = filing_settle(c);
		live_lock(live);
	}
	return r;
}

static int write_item(struct call *c, struct handle *h, const char *bytes,
		      size_t size, int64_t offset)
{
	size_t end;
	int r;

	if (h->flags & O_APPEND)
		offset = (int64_t)h->spool.len;
	r = check_limit(c, NULL, offset + (int64_t)size);
	if (r == 0)
		r = spool_write(&h->spool, bytes, size, offset);
	if (r < 0)
		return r;
	end = (size_t)offset + size;
	if ((size_t)offset <= h->covered && end > h->covered)
		h->covered = end;
	h->dirty = true;
	h->refused = false;
	h->shown = live_shown(c->fs->live, h->node);
	h->pending_set &= ~FUSE_SET_ATTR_MTIME;
	if (h->covered == h->spool.len)
		return commit_early_check(c, &h->spool, &h->checked);
	return 0;
}

int live_write(struct call *c, struct file *file, const char *bytes,
	       size_t size, int64_t offset)
{
	struct live *live = c->fs->live;
	struct handle *h = handle_of(file);
	int r = begin(c, h);

	if (r < 0)
		return r;
	r = lock_settled(c, h);
	if (r == 0 && h->loose)
		r = write_loose(c, h, bytes, size, offset);
	else if (r == 0)
		r = write_item(c, h, bytes, size, offset);
	if (r == -EINVAL && !h->loose)
		commit_refused_early(c->fs, h);
	live_unlock(live);
	if (r < 0)
		return r;
	c->reply.kind = REPLY_WRITE;
	c->reply.count = size;
	return 0;
}

/* ---- size ---- */

static int cut_loose(struct call *c, struct loose *f, size_t size,
		     struct proc proc)
{
	int r = check_limit(c, f, (int64_t)size);

	if (r == 0)
		r = spool_resize(&f->spool, size);
	if (r < 0)
		return r;
	mark_dirty(f, 0, size);
	f->checked = 0;
	if (size == 0) /* what others wrote is gone */
		f->writer_count = 0;
	f->attr.mtime_ns = f->attr.ctime_ns = live_now(c->fs);
	loose_written_by(f, proc);
	return 0;
}

static int cut_item(struct call *c, struct handle *h, size_t size)
{
	int r = check_limit(c, NULL, (int64_t)size);

	if (r == 0)
		r = spool_resize(&h->spool, size);
	if (r < 0)
		return r;
	if (size == 0) {
		h->truncated = true;
		h->begun = true;
	}
	if (h->covered > size)
		h->covered = size;
	h->checked = 0;
	h->dirty = true;
	h->refused = false;
	return 0;
}

/*
 * open(O_TRUNC) arrives as OPEN and then SETATTR without a handle: it means
 * the handle that this thread has just opened, which has not been written to.
 */
static struct handle *just_opened(struct call *c, int64_t node)
{
	for (struct handle *h = c->fs->live->handles; h; h = h->next) {
		if (h->node == node && h->tid == c->tid && !h->dirty &&
		    !h->loose && (h->flags & O_ACCMODE) != O_RDONLY)
			return h;
	}
	return NULL;
}

/* truncate(2) of a scratch file that nobody has open. */
static int cut_stored(struct call *c, int64_t node, size_t size)
{
	DROP(moment_end) struct moment m = {0};
	struct live *live = c->fs->live;
	struct loose *f = NULL;
	struct who who;
	struct proc proc = live_proc(c, &who);
	struct db *db = call_db(c);
	int r;

	if (!db)
		return c->why.code;
	r = live_load_scratch(c, db, node, &f);
	if (r < 0 || !f)
		return r < 0 ? live_gone(r) : -EISDIR;
	r = moment_begin(c->fs->repo->store, &who, &m, &c->why);
	if (r < 0)
		return r;
	live_lock(live);
	f = loose_by_id(live->loose, node);
	r = f ? cut_loose(c, f, size, proc) : -ESTALE;
	if (r == 0 && !f->opens)
		r = loose_store(&m, f, &c->why);
	if (f && !f->opens && !f->dirty)
		loose_put_away(live, f, m.time_ns);
	live_unlock(live);
	return r;
}

/* The item as it is, cut, is content like any other. */
static int cut_content(struct call *c, const struct entry *entry,
		       const char *name, size_t size)
{
	DROP(moment_end) struct moment m = {0};
	DROP(buf_done) struct buf bytes = {0};
	struct who who;
	struct proc proc = live_proc(c, &who);
	struct arrival in = {.parent = entry->parent,
			     .name = name,
			     .target = entry->id,
			     .attr = entry->attr,
			     .writers = &proc,
			     .writer_count = 1,
			     .base = entry->content};
	int r = blob_get(c->reader.db, entry->content, false, &bytes, &c->why);

	if (r == 0)
		r = commit_check(c, bytes.data, size);
	if (r == 0)
		r = moment_begin(c->fs->repo->store, &who, &m, &c->why);
	if (r < 0)
		return r;
	in.bytes = bytes.data;
	in.len = size;
	in.attr.mtime_ns = m.time_ns;
	live_lock(c->fs->live);
	r = commit_arrival(c, &m, &in);
	live_unlock(c->fs->live);
	return r;
}

/* truncate(2): to nothing leaves an item as it was, like every empty
 * overwrite; what is padded with zeros is no JSON. */
static int cut_by_path(struct call *c, int64_t node, int64_t size)
{
	char name[256];
	struct entry entry;
	struct db *db = call_db(c);
	int r;

	if (!db)
		return c->why.code;
	r = tree_by_node(db, node, &entry, name, &c->why);
	if (r == -ENOENT)
		return cut_stored(c, node, (size_t)size);
	if (r < 0 || size == 0 || size == entry.size)
		return r;
	if (size < entry.size)
		return cut_content(c, &entry, name, (size_t)size);
	return why_set(&c->why, -EINVAL,
		       "an item padded with zeros to %lld bytes is no JSON",
		       (long long)size);
}

int live_truncate(struct call *c, uint64_t ino, struct file *file, int64_t size)
{
	struct live *live = c->fs->live;
	int64_t node = inum_payload(ino);
	struct proc proc = live_proc(c, NULL);
	struct loose *f;
	struct handle *h;
	int r = 0;

	if (file && size > 0)
		r = begin(c, handle_of(file));
	if (r < 0)
		return r;
	live_lock(live);
	f = loose_by_id(live->loose, node);
	h = file ? handle_of(file) : just_opened(c, node);
	if (file && h->loose)
		f = h->loose;
	if (f && f->item && !(h && h->loose))
		f = NULL; /* an item by now */
	if (f)
		r = cut_loose(c, f, (size_t)size, proc);
	else if (h && (file || size == 0))
		r = cut_item(c, h, (size_t)size);
	else
		h = NULL;
	live_unlock(live);
	return f || h ? r : cut_by_path(c, node, size);
}

/* ---- commit ---- */

int live_flush(struct call *c, struct file *file)
{
	struct handle *h = handle_of(file);
	pid_t closer;
	bool polite;

	if ((h->flags & O_ACCMODE) == O_RDONLY)
		return 0;
	closer = call_process(c);
	polite = closer && h->opener.pid && closer != h->opener.pid;
	return commit_later(c, h) ? 0 : commit_handle(c, h, polite);
}

int live_fsync(struct call *c, struct file *file)
{
	struct handle *h = file->own;
	int r = h ? commit_handle(c, h, false) : 0;

	return r < 0 ? r : store_sync(c->fs->repo->store, &c->why);
}
