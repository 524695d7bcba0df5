/*
 * .control/references of a live folder: a file for each item and folder in it,
 * which tells what it refers to and what refers to it.
 */
#include "core/references.h"
#include "core/buf.h"
#include "core/db.h"
#include "core/repo.h"
#include "core/tree.h"
#include "fs/call.h"
#include "fs/fs.h"
#include "fs/kinds.h"
#include "fs/made.h"
#include "fs/texts.h"

#include <errno.h>
#include <fcntl.h>

/* Who may read the item may know what stands in it. The text is not made for a
 * stat: it shows the size that it had when it was last opened. */
static int fill(struct call *c, const struct entry *e, struct node *ret)
{
	uint64_t ino = inum_make(INUM_REFERENCES_OF, (uint64_t)e->id);
	int64_t size = 0;

	(void)texts_size(c->fs->texts, ino, &size);
	made_file(ino, &e->attr, 0444, size, ret);
	ret->entry_valid = 0;
	return 0;
}

static int dir_lookup(struct call *c, uint64_t dir, const char *name,
		      struct node *ret)
{
	struct db *db = call_db(c);
	struct entry e;
	int r;

	if (!db)
		return c->why.code;
	r = tree_lookup(db, MOMENT_NOW, inum_payload(dir), name, &e, &c->why);
	return r < 0 ? r : fill(c, &e, ret);
}

static int list_entry(const struct entry *entry, void *arg)
{
	return listing_name(arg, entry->name, S_IFREG, entry->id);
}

static int dir_list(struct call *c, uint64_t ino, struct file *dir,
		    int64_t offset, struct listing *out)
{
	struct db *db = call_db(c);
	int r;

	(void)dir;
	if (!db)
		return c->why.code;
	r = tree_list(db, MOMENT_NOW, inum_payload(ino), offset, list_entry,
		      out, &c->why);
	return r < 0 ? r : 0;
}

static int file_getattr(struct call *c, uint64_t ino, struct node *ret)
{
	struct db *db = call_db(c);
	struct entry e;
	int r;

	if (!db)
		return c->why.code;
	r = tree_get(db, MOMENT_NOW, inum_payload(ino), &e, &c->why);
	return r < 0 ? r : fill(c, &e, ret);
}

static int file_open(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	DROP(buf_done) struct buf text = {0};
	struct db *db = call_db(c);
	int r;

	if (!db)
		return c->why.code;
	if ((fi->flags & O_ACCMODE) != O_RDONLY)
		return -EACCES;
	r = references_show(db, store_kinds(c->fs->repo->store),
			    inum_payload(ino), &text, &c->why);
	return r < 0 ? r : made_open(c, &kind_references_of, ino, &text, fi);
}

const struct node_kind kind_references = {
	.name = "references",
	.getattr = made_dir_getattr,
	.lookup = dir_lookup,
	.list = dir_list,
};

const struct node_kind kind_references_of = {
	.name = "references of an item",
	.getattr = file_getattr,
	.open = file_open,
	.release = made_release,
};
