/*
 * Reading live files.
 */
#include "core/blob.h"
#include "core/db.h"
#include "core/repo.h"
#include "core/scratch.h"
#include "fs/ahead.h"
#include "fs/live_priv.h"

#include <errno.h>

/* The bytes of a file in memory that has the node now. False: none has. */
static bool copy_loose(struct live *live, struct handle *h)
{
	DROP(live_unlock_p) struct live *locked = live;
	const struct loose *f;

	live_lock(locked);
	f = loose_by_id(live->loose, h->node);
	if (f && (!f->item || f->dirty))
		buf_add(&h->file->bytes, f->spool.data, f->spool.len);
	else if (h->last.content)
		h->content = h->last.content;
	return f && (!f->item || f->dirty);
}

/*
 * The node is that of no item any more. All who have it open go on with one
 * file: the one that the item was renamed aside to, or the item as it was last.
 * The pages are of that too.
 */
static int refresh_gone(struct call *c, struct db *db, struct handle *h)
{
	struct buf *bytes = &h->file->bytes;
	struct scratch s;
	int r;

	bytes->len = 0;
	h->loaded = 0;
	if (copy_loose(c->fs->live, h))
		return buf_error(bytes);
	r = scratch_get(db, h->node, &s, &c->why);
	if (r == 0 && s.content)
		return blob_get(db, s.content, false, bytes, &c->why);
	if (r == 0)
		return scratch_read(db, s.id, bytes, &c->why);
	return r == -ENOENT ? blob_get(db, h->content, false, bytes, &c->why)
			    : r;
}

int live_refresh(struct call *c, struct handle *h)
{
	uint64_t generation = store_generation(c->fs->repo->store);
	struct entry entry;
	struct db *db;
	int r;

	if (h->loaded && h->loaded == h->content && h->generation == generation)
		return 0;
	db = call_db(c);
	if (!db)
		return c->why.code;
	if (h->generation != generation) {
		r = tree_by_node(db, h->node, &entry, NULL, &c->why);
		if (r == -ENOENT)
			return refresh_gone(c, db, h);
		if (r < 0)
			return r;
		h->content = entry.content;
		h->generation = generation;
	}
	if (h->loaded == h->content)
		return 0;
	h->file->bytes.len = 0;
	h->loaded = 0;
	r = blob_get(db, h->content, false, &h->file->bytes, &c->why);
	if (r < 0)
		return r;
	h->loaded = h->content;
	return 0;
}

/* What is written is read back until it has become the item's, which may be
 * other bytes then: what this handle reads is in the pages for all. */
static bool reads_own(const struct handle *h)
{
	if (h->loose)
		return !h->loose->item || h->loose->dirty;
	return h->begun && (h->dirty || h->refused || h->went != h->item);
}

int live_read(struct call *c, struct file *file, size_t size, int64_t offset)
{
	struct live *live = c->fs->live;
	struct handle *h = handle_of(file);
	int r;

	live_lock(live);
	if (reads_own(h)) {
		const struct spool *s = h->loose ? &h->loose->spool : &h->spool;

		r = file_copy_bytes(c, s->data, s->len, size, offset);
		live_unlock(live);
		return r;
	}
	live_unlock(live);

	if (offset == 0)
		ahead_asked(c->fs->ahead, file->ino, h->content);
	pthread_mutex_lock(&file->lock);
	r = live_refresh(c, h);
	if (r == 0)
		r = file_copy_bytes(c, file->bytes.data, file->bytes.len, size,
				    offset);
	pthread_mutex_unlock(&file->lock);
	return r;
}
