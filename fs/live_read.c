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

/* 1: a file in memory has the node now, and these are its bytes. */
static int copy_loose(struct live *live, struct handle *h)
{
	DROP(live_unlock_p) struct live *locked = live;
	struct buf *bytes = &h->file->bytes;
	const struct loose *f;

	live_lock(locked);
	f = loose_by_id(live->loose, h->node);
	if (f && loose_speaks(f)) {
		h->loaded = 0;
		bytes->len = 0;
		buf_add(bytes, f->spool.data, f->spool.len);
		return buf_error(bytes) ? -ENOMEM : 1;
	}
	if (h->last.content)
		h->content = h->last.content;
	return 0;
}

/*
 * The node is that of no item any more. All who have it open go on with one
 * file: the one that the item was renamed aside to, or the item as it was last.
 * The pages are of that too. 1: its bytes are there; 0: they are h->content.
 */
static int find_gone(struct call *c, struct db *db, struct handle *h)
{
	struct buf *bytes = &h->file->bytes;
	struct scratch s;
	int r = copy_loose(c->fs->live, h);

	if (r != 0)
		return r;
	r = scratch_get(db, h->node, &s, &c->why);
	if (r == 0 && s.content)
		h->content = s.content;
	if (r < 0 || s.content)
		return r == -ENOENT ? 0 : r;
	h->loaded = 0;
	bytes->len = 0;
	r = scratch_read(db, s.id, bytes, &c->why);
	return r < 0 ? r : 1;
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
		if (r == 0) {
			h->content = entry.content;
			h->generation = generation;
		} else if (r == -ENOENT) {
			r = find_gone(c, db, h);
		}
		if (r != 0)
			return r < 0 ? r : 0;
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
		return loose_speaks(h->loose);
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
