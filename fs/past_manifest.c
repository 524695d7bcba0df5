/*
 * .control/manifest of a folder in the past: the one thing there that is asked
 * of the past itself, to prove a copy of it.
 */
#include "core/buf.h"
#include "core/show.h"
#include "core/tree.h"
#include "fs/call.h"
#include "fs/file.h"
#include "fs/fs.h"
#include "fs/kinds.h"
#include "fs/made.h"
#include "fs/past.h"
#include "fs/texts.h"
#include "fs/views.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* The folder's attributes then; the node of its directory or file is
 * @kind with the same view and item. */
static int fill(struct call *c, enum inum_kind kind, uint64_t ino,
		struct node *ret)
{
	uint64_t own = inum_make(kind, (uint64_t)inum_payload(ino));
	struct db *db = call_db(c);
	struct view view = {0};
	struct entry folder = {0};
	int64_t item = 0, size = 0;
	int r;

	if (!db)
		return c->why.code;
	r = past_view(c, ino, &view, &item);
	if (r == 0)
		r = tree_get(db, view.moment, item, &folder, &c->why);
	if (r < 0)
		return r;
	if (!folder.folder)
		return -ENOENT;
	if (kind == INUM_PAST_CONTROL) {
		made_dir(own, &folder.attr, 0555, ret);
		return 0;
	}
	(void)texts_size(c->fs->texts, own, &size);
	made_file(own, &folder.attr, 0444, size, ret);
	return 0;
}

int past_control_lookup(struct call *c, uint64_t dir, struct node *ret)
{
	return fill(c, INUM_PAST_CONTROL, dir, ret);
}

static int control_getattr(struct call *c, uint64_t ino, struct node *ret)
{
	return fill(c, INUM_PAST_CONTROL, ino, ret);
}

static int control_lookup(struct call *c, uint64_t dir, const char *name,
			  struct node *ret)
{
	if (strcmp(name, "manifest") != 0)
		return -ENOENT;
	return fill(c, INUM_PAST_MANIFEST, dir, ret);
}

static int control_list(struct call *c, uint64_t ino, struct file *dir,
			int64_t offset, struct listing *out)
{
	struct node node;
	int r;

	(void)dir;
	if (offset >= 1)
		return 0;
	r = fill(c, INUM_PAST_MANIFEST, ino, &node);
	if (r == 0)
		(void)listing_add(out, "manifest", &node, 1);
	return r;
}

static int manifest_getattr(struct call *c, uint64_t ino, struct node *ret)
{
	return fill(c, INUM_PAST_MANIFEST, ino, ret);
}

struct shown {
	struct views *views;
	struct view view;
};

static bool is_shown(int64_t item, void *arg)
{
	const struct shown *shown = arg;

	return views_shows(shown->views, &shown->view, item);
}

static int manifest_open(struct call *c, uint64_t ino,
			 struct fuse_file_info *fi)
{
	struct db *db = call_db(c);
	DROP(buf_done) struct buf text = {0};
	struct shown shown = {.views = c->fs->views};
	int64_t item = 0;
	int r;

	if (!db)
		return c->why.code;
	if ((fi->flags & O_ACCMODE) != O_RDONLY)
		return past_refuse(c);
	r = past_view(c, ino, &shown.view, &item);
	if (r == 0)
		r = show_manifest(db,
				  &(struct manifest){.at = shown.view.moment,
						     .folder = item,
						     .shows = is_shown,
						     .arg = &shown},
				  &text, &c->why);
	if (r < 0)
		return r;
	return made_open(c, &kind_past_manifest, ino, &text, fi);
}

const struct node_kind kind_past_control = {
	.name = "control of the past",
	.denied = -EROFS,
	.getattr = control_getattr,
	.lookup = control_lookup,
	.list = control_list,
};

const struct node_kind kind_past_manifest = {
	.name = "manifest of the past",
	.denied = -EROFS,
	.getattr = manifest_getattr,
	.open = manifest_open,
	.release = made_release,
};
