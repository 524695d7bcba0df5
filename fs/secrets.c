/*
 * .secrets of the root folder: for each live item that has secrets its text
 * with their values in place, by the item's path. It is what the engine that
 * runs the items reads; it is the root folder's owner's, and nobody else's.
 *
 * A text is made at open and never cached.
 */
#include "core/blob.h"
#include "core/buf.h"
#include "core/ref.h"
#include "core/repo.h"
#include "core/secret.h"
#include "core/secret_guard.h"
#include "fs/call.h"
#include "fs/control.h"
#include "fs/file.h"
#include "fs/fs.h"
#include "fs/kinds.h"
#include "fs/made.h"
#include "fs/texts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { OWNERS_DIR = 0700, OWNERS_FILE = 0600 };

/* The text of an item, and its kind. */
static int read_text(struct call *c, const struct entry *entry,
		     const struct kind **ret_kind, struct buf *out)
{
	struct db *db = call_db(c);
	int r;

	if (!db)
		return c->why.code;
	r = blob_get(db, entry->content, false, out, &c->why);
	if (r == 0)
		r = ref_kind(db, store_kinds(c->fs->repo->store), entry->id,
			     ret_kind, &c->why);
	return r;
}

static int size_of(struct call *c, const struct entry *entry, uint64_t ino,
		   int64_t *ret)
{
	DROP(buf_done) struct buf text = {0};
	const struct kind *kind;
	size_t size = 0;
	int r = texts_size(c->fs->texts, ino, ret);

	if (r > 0) /* open, and as long as it was then */
		return 0;
	r = read_text(c, entry, &kind, &text);
	if (r == 0)
		r = secret_fill_size(call_db(c), kind, entry->id, &text, &size,
				     &c->why);
	*ret = (int64_t)size;
	return r;
}

static int node_of(struct call *c, const struct entry *entry, struct node *ret)
{
	uint64_t ino = inum_make(INUM_SECRETS, (uint64_t)entry->id);
	struct attr base;
	int64_t size = 0;
	int r = made_base(c, TREE_ROOT, &base);

	if (r == 0 && !entry->folder)
		r = size_of(c, entry, ino, &size);
	if (r < 0)
		return r;
	base.mtime_ns = entry->attr.mtime_ns;
	base.mode = 0777;
	if (entry->folder)
		made_dir(ino, &base, OWNERS_DIR, ret);
	else
		made_file(ino, &base, OWNERS_FILE, size, ret);
	if (entry->id != TREE_ROOT) /* names move with those of the items */
		ret->entry_valid = 0;
	ret->attr_valid = 0;
	return 0;
}

/* 1: the live entry has something here. */
static int has_secrets(struct call *c, const struct entry *entry)
{
	DROP(buf_done) struct buf at = {0};

	return entry->folder ? 1
			     : secret_next(call_db(c), entry->id, &at, &c->why);
}

static int getattr(struct call *c, uint64_t ino, struct node *ret)
{
	struct db *db = call_db(c);
	struct entry entry;
	int r;

	if (!db)
		return c->why.code;
	r = tree_get(db, MOMENT_NOW, inum_payload(ino), &entry, &c->why);
	if (r == -ENOENT)
		return -ESTALE;
	return r < 0 ? r : node_of(c, &entry, ret);
}

static int lookup(struct call *c, uint64_t dir, const char *name,
		  struct node *ret)
{
	struct db *db = call_db(c);
	struct entry entry;
	int r;

	if (!db)
		return c->why.code;
	r = tree_lookup(db, MOMENT_NOW, inum_payload(dir), name, &entry,
			&c->why);
	if (r == 0)
		r = has_secrets(c, &entry);
	if (r == 0)
		return -ENOENT;
	return r < 0 ? r : node_of(c, &entry, ret);
}

/* ---- listing: what leads to an item that has secrets ---- */

static int by_number(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Sorted, each once. */
static void settle_list(struct buf *ids)
{
	size_t count = ids->len / sizeof(int64_t), kept = 0;
	int64_t *sorted = (void *)ids->data;

	if (!count)
		return;
	qsort(sorted, count, sizeof(*sorted), by_number);
	for (size_t i = 0; i < count; i++)
		if (!kept || sorted[kept - 1] != sorted[i])
			sorted[kept++] = sorted[i];
	ids->len = kept * sizeof(*sorted);
}

static int find_children(struct call *c, int64_t folder, struct buf *ids)
{
	struct db *db = call_db(c);
	int64_t item = 0, child, last = 0;
	int r;

	if (!db)
		return c->why.code;
	while ((r = secret_next_item(db, item, &item, &c->why)) > 0) {
		r = secret_child(db, folder, item, &child, &c->why);
		if (r < 0)
			return r;
		if (r == 0 || child == last)
			continue;
		last = child;
		buf_add(ids, &child, sizeof(child));
	}
	settle_list(ids);
	return r < 0 ? r : buf_error(ids);
}

static int open_dir(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	DROP(file_put_p) struct file *file = NULL;
	int r = file_new(&kind_secrets, ino, &file);

	if (r == 0)
		r = find_children(c, inum_payload(ino), &file->bytes);
	if (r < 0)
		return r;
	fi->fh = (uintptr_t)TAKE(file);
	return 0;
}

/* 1: full. What has gone since is passed over. */
static int list_one(struct call *c, int64_t id, struct listing *out)
{
	DROP(buf_done) struct buf name = {0};
	struct entry entry;
	struct node node;
	int r = tree_get(call_db(c), MOMENT_NOW, id, &entry, &c->why);

	if (r == 0)
		r = tree_name(call_db(c), MOMENT_NOW, id, &name, &c->why);
	if (r == 0)
		r = node_of(c, &entry, &node);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	buf_byte(&name, '\0');
	return buf_error(&name) ? -ENOMEM
				: listing_add(out, name.data, &node, id);
}

static int list(struct call *c, uint64_t ino, struct file *dir, int64_t offset,
		struct listing *out)
{
	const int64_t *ids = (const void *)(dir ? dir->bytes.data : NULL);
	size_t count = dir ? dir->bytes.len / sizeof(*ids) : 0;
	int r = 0;

	(void)ino;
	if (!call_db(c))
		return c->why.code;
	for (size_t i = 0; i < count && r == 0; i++)
		if (ids[i] > offset)
			r = list_one(c, ids[i], out);
	return r < 0 ? r : 0;
}

/* ---- a file ---- */

/* What a program is told, and in a sentence what is wrong. */
static int failed(struct call *c, const struct entry *entry, int r)
{
	int code = r == -ENOKEY ? -EACCES : -EIO;

	if (r != -ENOKEY && r != -EBADMSG)
		return r;
	c->why.code = code;
	return control_failed(c, entry->parent, code);
}

static int open_file(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	DROP(buf_done) struct buf text = {0}, filled = {0};
	const struct kind *kind;
	struct db *db = call_db(c);
	struct entry entry;
	int r;

	if (!db)
		return c->why.code;
	if ((fi->flags & O_ACCMODE) != O_RDONLY)
		return -EROFS;
	r = tree_get(db, MOMENT_NOW, inum_payload(ino), &entry, &c->why);
	if (r < 0)
		return r == -ENOENT ? -ESTALE : r;
	r = read_text(c, &entry, &kind, &text);
	if (r == 0)
		r = secret_fill(db, kind, entry.id, &text, &filled, &c->why);
	return r < 0 ? failed(c, &entry, r)
		     : made_open(c, &kind_secrets, ino, &filled, fi);
}

const struct node_kind kind_secrets = {
	.name = "secrets",
	.denied = -EROFS,
	.getattr = getattr,
	.lookup = lookup,
	.list = list,
	.open_dir = open_dir,
	.open = open_file,
	.release = made_release, /* a folder has no text to forget */
};
