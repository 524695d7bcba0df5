/*
 * The files of .control, in the order in which they are listed; and the kinds
 * of the directory and of a file in it. Numbers of rows are part of node
 * numbers, which the kernel forgets with the mount.
 */
#include "core/buf.h"
#include "core/env.h"
#include "core/repo.h"
#include "fs/call.h"
#include "fs/control.h"
#include "fs/control_restore.h"
#include "fs/file.h"
#include "fs/fs.h"
#include "fs/kinds.h"
#include "fs/made.h"
#include "fs/sentences.h"
#include "fs/texts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

const struct control_file control_files[] = {
	{"help", 0444, .show = control_show_help},
	{"status", 0444, .show = control_show_status},
	{"snapshot", 0666, .show = control_show_answer,
	 .run = control_run_snapshot},
	{"revert", 0666, .show = control_show_answer,
	 .run = control_run_revert},
	{"pull", 0666, .show = control_show_pull, .run = control_run_pull},
	{"revisions", 0444, .show = control_show_revisions, .dear = true},
	{"history", 0444, .show = control_show_history, .dear = true},
	{"log", 0444, .show = control_show_log, .dear = true},
	{"report", 0444, .show = control_show_report, .dear = true},
	{"problems", 0444, .show = control_show_problems, .dear = true},
	{"references", 0555, .dir = INUM_REFERENCES},
	{"errors", 0444, .show = control_show_errors},
	{"restore", 0666, .show = control_show_answer,
	 .restores = CONTROL_RESTORE_HERE},
	{"manifest", 0444, .show = control_show_manifest, .dear = true},
	{"diff", 0555, .dir = INUM_DIFF},
	{"show", 0555, .dir = INUM_SHOW},
	{"rejected", 0555, .dir = INUM_REJECTED},
	{"backup.tar", 0444, .stream = control_open_tar, .dear = true},
	{"backup.zip", 0444, .stream = control_open_zip, .dear = true},
	/* All that there is: for the owner and the group of the root. */
	{"repository.tar", 0660, .stream = control_open_tar, .dear = true,
	 .root = true, .restores = CONTROL_RESTORE_FULL},
};

const size_t control_file_count =
	sizeof(control_files) / sizeof(control_files[0]);

const struct control_file *control_row(uint64_t ino)
{
	size_t row = (size_t)inum_high(ino, INUM_CONTROL_BITS);

	return row < control_file_count ? &control_files[row] : NULL;
}

int64_t control_folder(uint64_t ino)
{
	return inum_low(ino, INUM_CONTROL_BITS);
}

uint64_t control_ino(size_t row, int64_t folder)
{
	if (control_files[row].dir)
		return inum_make(control_files[row].dir, (uint64_t)folder);
	return inum_pair(INUM_CONTROL_FILE, (int64_t)row, folder,
			 INUM_CONTROL_BITS);
}

uint64_t control_restore_ino(uint64_t ino)
{
	size_t row = 0;

	while (control_files[row].restores != CONTROL_RESTORE_HERE)
		row++;
	return control_ino(row, control_folder(ino));
}

int control_failed(struct call *c, int64_t folder, int r)
{
	const char *text = c->why.code == r && c->why.text[0]
				   ? c->why.text
				   : strerrordesc_np(-r);

	c->told = true;
	sentences_add(c->fs->errors, env_now_ns(store_env(c->fs->repo->store)),
		      folder, r, text ? text : "it failed");
	return r;
}

/* ---- the directory ---- */

static bool is_in(const struct control_file *row, int64_t folder)
{
	return !row->root || folder == TREE_ROOT;
}

/* The size of a text that nobody has open. */
static int size_of(struct call *c, const struct control_file *row, uint64_t ino,
		   int64_t *ret_size)
{
	DROP(buf_done) struct buf text = {0};
	int64_t size = 0;
	int r = texts_size(c->fs->texts, ino, &size);

	if (r > 0 || row->dear) {
		*ret_size = size;
		return 0;
	}
	r = row->show(c, ino, &text);
	if (r == 0)
		*ret_size = (int64_t)text.len;
	return r;
}

static int row_node(struct call *c, size_t row, int64_t folder,
		    const struct attr *base, struct node *ret)
{
	const struct control_file *file = &control_files[row];
	uint64_t ino = control_ino(row, folder);
	int64_t size;
	int r;

	if (file->dir) {
		made_dir(ino, base, file->mode, ret);
		return 0;
	}
	r = size_of(c, file, ino, &size);
	if (r == 0)
		made_file(ino, base, file->mode, size, ret);
	return r;
}

static int dir_lookup(struct call *c, uint64_t dir, const char *name,
		      struct node *ret)
{
	int64_t folder = inum_payload(dir);
	struct attr base;
	size_t row = 0;
	int r = made_base(c, folder, &base);

	if (r < 0)
		return r;
	while (row < control_file_count &&
	       strcmp(control_files[row].name, name) != 0)
		row++;
	if (row == control_file_count || !is_in(&control_files[row], folder))
		return -ENOENT;
	return row_node(c, row, folder, &base, ret);
}

static int dir_list(struct call *c, uint64_t ino, struct file *dir,
		    int64_t offset, struct listing *out)
{
	int64_t folder = inum_payload(ino);
	struct attr base;
	struct node node;
	int r = made_base(c, folder, &base);

	(void)dir;
	for (size_t row = (size_t)offset; r == 0 && row < control_file_count;
	     row++) {
		if (!is_in(&control_files[row], folder))
			continue;
		r = row_node(c, row, folder, &base, &node);
		if (r == 0)
			r = listing_add(out, control_files[row].name, &node,
					(int64_t)row + 1);
	}
	return r < 0 ? r : 0;
}

/* ---- a file ---- */

static int file_getattr(struct call *c, uint64_t ino, struct node *ret)
{
	int64_t folder = control_folder(ino);
	struct attr base;
	int r;

	if (!control_row(ino))
		return -ESTALE;
	r = made_base(c, folder, &base);
	if (r < 0)
		return r;
	return row_node(c, (size_t)inum_high(ino, INUM_CONTROL_BITS), folder,
			&base, ret);
}

static int file_open(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	const struct control_file *row = control_row(ino);
	DROP(buf_done) struct buf text = {0};
	int r;

	if (!row)
		return -ESTALE;
	if (row->run)
		return command_open(c, ino, fi);
	if (row->restores && (fi->flags & O_ACCMODE) != O_RDONLY)
		return restore_open(c, ino, fi);
	if ((fi->flags & O_ACCMODE) != O_RDONLY)
		return why_set(&c->why, -EACCES, "'%s' can only be read",
			       row->name);
	if (row->stream)
		return row->stream(c, ino, fi);
	r = row->show(c, ino, &text);
	if (r < 0)
		return r;
	return made_open(c, &kind_control_file, ino, &text, fi);
}

/*
 * A command file is emptied by whoever is about to write to it, and given
 * times by whoever copies onto it: neither means anything. Its permission is
 * the folder's: it cannot be set, but who copies an archive may believe so.
 */
static int file_setattr(struct call *c, uint64_t ino, struct file *file,
			const struct stat *st, int set, struct node *ret)
{
	const struct control_file *row = control_row(ino);
	int r = 0;

	if ((set &
	     (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) &&
	    !(row && row->restores && restore_is_open(c, ino)))
		return why_set(&c->why, -EPERM,
			       "control files have the owner and the "
			       "permission of their folder");
	if (!row || (!row->run && !row->restores))
		return why_set(&c->why, -EPERM,
			       "this control file can only be read");
	if (row->restores && file && (set & FUSE_SET_ATTR_SIZE))
		r = restore_resize(c, file, st->st_size);
	return r < 0 ? r : file_getattr(c, ino, ret);
}

const struct node_kind kind_control = {
	.name = "control",
	.getattr = made_dir_getattr,
	.lookup = dir_lookup,
	.list = dir_list,
};

const struct node_kind kind_control_file = {
	.name = "control file",
	.getattr = file_getattr,
	.open = file_open,
	.read = command_read,
	.write = command_write,
	.flush = command_flush,
	.release = command_release,
	.free_own = command_free,
	.setattr = file_setattr,
};
