#include "fs/past.h"

#include "core/blob.h"
#include "core/repo.h"
#include "core/revision.h"
#include "core/tree.h"
#include "fs/ahead.h"
#include "fs/call.h"
#include "fs/file.h"
#include "fs/fs.h"
#include "fs/kinds.h"
#include "fs/made.h"
#include "fs/views.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/*
 * The root of a view has the snapshot's time and is owned by whoever made it,
 * unless that would lock out the folder's owner: a snapshot that root made of
 * a private folder stays its owner's to read.
 */
static void fill_root(const struct view *view, struct node *ret)
{
	mode_t lost = (ret->st.st_mode >> 6 & 05) & ~ret->st.st_mode;

	ret->st.st_mtim = made_time(view->time_ns);
	ret->st.st_atim = ret->st.st_ctim = ret->st.st_mtim;
	if (lost == 0)
		ret->st.st_uid = view->uid;
}

static void fill(const struct view *view, const struct entry *entry,
		 struct node *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->st.st_ino =
		inum_pair(INUM_PAST, view->number, entry->id, INUM_VIEW_BITS);
	ret->st.st_mode = entry->attr.mode |
			  (entry->folder ? S_IFDIR : S_IFREG);
	ret->st.st_nlink = entry->folder ? 2 : 1;
	ret->st.st_uid = entry->attr.uid;
	ret->st.st_gid = entry->attr.gid;
	ret->st.st_size = entry->size;
	ret->st.st_blksize = 4096;
	ret->st.st_blocks = (entry->size + 511) / 512;
	ret->st.st_mtim = made_time(entry->attr.mtime_ns);
	ret->st.st_atim = ret->st.st_mtim;
	ret->st.st_ctim = made_time(entry->attr.ctime_ns);
	ret->entry_valid = NODE_FOREVER;
	ret->attr_valid = NODE_FOREVER;
	if (entry->id == view->root)
		fill_root(view, ret);
}

int past_root(struct call *c, int64_t folder, const char *name,
	      const struct snapshot_ref *ref, struct node *ret)
{
	struct view view = {
		.root = folder,
		.moment = ref->moment,
		.time_ns = ref->time_ns,
		.uid = ref->uid,
	};
	struct db *db = call_db(c);
	struct entry entry;
	int r;

	if (!db)
		return c->why.code;
	r = tree_get(db, view.moment, folder, &entry, &c->why);
	if (r < 0)
		return r;
	r = views_give(c->fs->views, name, NULL, &view);
	if (r < 0)
		return r;
	fill(&view, &entry, ret);
	return 0;
}

int past_part(struct call *c, const char *key, int64_t moment,
	      struct bits *only, struct node *ret)
{
	struct view view = {.root = TREE_ROOT, .moment = moment};
	struct db *db = call_db(c);
	struct entry root;
	int r;

	if (!db)
		return c->why.code;
	r = tree_get(db, moment, TREE_ROOT, &root, &c->why);
	if (r < 0)
		return r;
	view.time_ns = root.attr.mtime_ns;
	view.uid = root.attr.uid;
	r = only ? views_give(c->fs->views, key, only, &view)
		 : views_find(c->fs->views, key, &view);
	if (r < 0)
		return r;
	fill(&view, &root, ret);
	ret->entry_valid = 0;
	return 0;
}

int past_view(struct call *c, uint64_t ino, struct view *ret_view,
	      int64_t *ret_item)
{
	int r = views_get(c->fs->views, inum_high(ino, INUM_VIEW_BITS),
			  ret_view);

	if (r == 0)
		*ret_item = inum_low(ino, INUM_VIEW_BITS);
	return r;
}

static int past_entry(struct call *c, uint64_t ino, struct view *ret_view,
		      struct entry *ret)
{
	struct db *db = call_db(c);
	int64_t item = 0;
	int r;

	if (!db)
		return c->why.code;
	r = past_view(c, ino, ret_view, &item);
	if (r < 0)
		return r;
	return tree_get(db, ret_view->moment, item, ret, &c->why);
}

static int getattr(struct call *c, uint64_t ino, struct node *ret)
{
	struct view view = {0};
	struct entry entry = {0};
	int r = past_entry(c, ino, &view, &entry);

	if (r == 0)
		fill(&view, &entry, ret);
	return r;
}

static int lookup(struct call *c, uint64_t dir, const char *name,
		  struct node *ret)
{
	struct db *db = call_db(c);
	struct view view = {0};
	struct entry entry = {0};
	int64_t folder = 0;
	int r;

	if (!db)
		return c->why.code;
	if (strcmp(name, ".control") == 0)
		return past_control_lookup(c, dir, ret);
	r = past_view(c, dir, &view, &folder);
	if (r < 0)
		return r;
	r = tree_lookup(db, view.moment, folder, name, &entry, &c->why);
	if (r < 0)
		return r;
	if (!views_shows(c->fs->views, &view, entry.id))
		return -ENOENT;
	fill(&view, &entry, ret);
	return 0;
}

struct past_listing {
	struct views *views;
	struct view view;
	struct listing *out;
};

static int list_entry(const struct entry *entry, void *arg)
{
	const struct past_listing *past = arg;
	struct node node;

	if (!views_shows(past->views, &past->view, entry->id))
		return 0;
	fill(&past->view, entry, &node);
	return listing_add(past->out, entry->name, &node, entry->id);
}

static int list(struct call *c, uint64_t ino, struct file *dir, int64_t offset,
		struct listing *out)
{
	struct past_listing past = {.views = c->fs->views, .out = out};
	struct db *db = call_db(c);
	int64_t folder = 0;
	int r;

	(void)dir;
	if (!db)
		return c->why.code;
	r = past_view(c, ino, &past.view, &folder);
	if (r < 0)
		return r;
	r = tree_list(db, past.view.moment, folder, offset, list_entry, &past,
		      &c->why);
	return r < 0 ? r : 0;
}

static int open_dir(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	(void)c;
	(void)ino;
	fi->cache_readdir = 1;
	fi->keep_cache = 1;
	return 0;
}

int past_refuse(struct call *c)
{
	return why_set(&c->why, -EROFS,
		       "the past cannot be changed: copy out of it, or "
		       "revert to it");
}

int past_open_bytes(const struct node_kind *kind, uint64_t ino, struct call *c,
		    struct fuse_file_info *fi)
{
	struct file *file;
	int r;

	if ((fi->flags & O_ACCMODE) != O_RDONLY || fi->flags & O_TRUNC)
		return past_refuse(c);
	r = file_new(kind, ino, &file);
	if (r < 0)
		return r;
	fi->fh = (uintptr_t)file;
	fi->keep_cache = 1;
	fi->noflush = 1;
	return 0;
}

int past_load(struct call *c, struct file *file, int64_t content)
{
	struct db *db = call_db(c);
	DROP(buf_done) struct buf bytes = {0};
	int r;

	if (!db)
		return c->why.code;
	r = blob_get(db, content, false, &bytes, &c->why);
	if (r < 0)
		return r;
	file->bytes = bytes;
	bytes = (struct buf){0};
	return 0;
}

/* No content is empty, so bytes that are there were loaded. */
static int load(struct call *c, struct file *file)
{
	struct view view = {0};
	struct entry entry = {0};
	int r;

	if (file->bytes.len)
		return 0;
	r = past_entry(c, file->ino, &view, &entry);
	if (r < 0)
		return r;
	return past_load(c, file, entry.content);
}

static int open_file(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	struct ahead_file ahead = {
		.generation = store_generation(c->fs->repo->store),
		.load = load,
	};
	int r = past_open_bytes(&kind_past, ino, c, fi);

	if (r < 0)
		return r;
	ahead.file = file_of(fi->fh);
	ahead_give(c, &ahead);
	return 0;
}

static int read_file(struct call *c, struct file *file, size_t size,
		     int64_t offset)
{
	if (offset == 0)
		ahead_asked(c->fs->ahead, file->ino, 0);
	return file_read_loaded(c, file, load, size, offset);
}

static void referenced(struct call *c, uint64_t ino, int64_t n)
{
	struct view view;
	int64_t item;

	if (past_view(c, ino, &view, &item) == 0 && item == view.root)
		views_count(c->fs->views, view.number, n);
}

const struct node_kind kind_past = {
	.fixed = true,
	.name = "past",
	.denied = -EROFS,
	.getattr = getattr,
	.lookup = lookup,
	.list = list,
	.open_dir = open_dir,
	.open = open_file,
	.read = read_file,
	.referenced = referenced,
};
