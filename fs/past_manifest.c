/*
 * .control of a folder in the past: what is asked of the past itself, a manifest
 * to prove a copy of it, and the copy as an archive.
 */
#include "core/backup.h"
#include "core/buf.h"
#include "core/repo.h"
#include "core/show.h"
#include "core/tree.h"
#include "fs/call.h"
#include "fs/file.h"
#include "fs/fs.h"
#include "fs/kinds.h"
#include "fs/made.h"
#include "fs/past.h"
#include "fs/stream.h"
#include "fs/texts.h"
#include "fs/views.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
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

static const struct {
	const char *name;
	enum inum_kind kind;
} files[] = {
	{"manifest", INUM_PAST_MANIFEST},
	{"backup.tar", INUM_PAST_TAR},
	{"backup.zip", INUM_PAST_ZIP},
};
enum { FILES = sizeof(files) / sizeof(files[0]) };

static int control_lookup(struct call *c, uint64_t dir, const char *name,
			  struct node *ret)
{
	for (size_t i = 0; i < FILES; i++)
		if (strcmp(name, files[i].name) == 0)
			return fill(c, files[i].kind, dir, ret);
	return -ENOENT;
}

static int control_list(struct call *c, uint64_t ino, struct file *dir,
			int64_t offset, struct listing *out)
{
	struct node node;
	int r = 0;

	(void)dir;
	for (size_t i = (size_t)offset; r == 0 && i < FILES; i++) {
		r = fill(c, files[i].kind, ino, &node);
		if (r == 0)
			r = listing_add(out, files[i].name, &node,
					(int64_t)i + 1);
	}
	return r < 0 ? r : 0;
}

static int file_getattr(struct call *c, uint64_t ino, struct node *ret)
{
	return fill(c, inum_kind(ino), ino, ret);
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

/* ---- archives ---- */

static enum backup_want is_wanted(int64_t item, bool folder, void *arg)
{
	(void)folder;
	return is_shown(item, arg) ? BACKUP_THIS : BACKUP_NOT;
}

/* What no revision speaks of could yet be amended: see to it that nobody is
 * about to. */
static int fix_moment(struct call *c, const struct view *view)
{
	struct store *store = c->fs->repo->store;
	int64_t newest;

	store_show(store, view->moment);
	return store_pin(store, &newest, &c->why);
}

static int archive_open(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	struct backup_spec spec = {
		.format = inum_kind(ino) == INUM_PAST_ZIP ? ARCHIVE_ZIP
							  : ARCHIVE_TAR,
	};
	struct shown *shown;
	int r;

	if ((fi->flags & O_ACCMODE) != O_RDONLY)
		return past_refuse(c);
	shown = calloc(1, sizeof(*shown));
	if (!shown)
		return -ENOMEM;
	shown->views = c->fs->views;
	spec.filter = is_wanted;
	spec.filter_arg = shown;
	r = past_view(c, ino, &shown->view, &spec.folder);
	if (r == 0)
		r = fix_moment(c, &shown->view);
	if (r < 0) {
		free(shown);
		return r;
	}
	spec.moment = shown->view.moment;
	return stream_open(c, ino, &spec, fi);
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
	.getattr = file_getattr,
	.open = manifest_open,
	.release = made_release,
};

const struct node_kind kind_past_tar = {
	.name = "tar of the past",
	.denied = -EROFS,
	.getattr = file_getattr,
	.open = archive_open,
};

const struct node_kind kind_past_zip = {
	.name = "zip of the past",
	.denied = -EROFS,
	.getattr = file_getattr,
	.open = archive_open,
};
