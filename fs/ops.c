#include "fs/ops.h"

#include "core/repo.h"
#include "fs/file.h"
#include "fs/filing.h"
#include "fs/fs.h"
#include "fs/kinds.h"
#include "fs/witness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

const struct node_kind *ops_kind(const struct call *c, uint64_t ino)
{
	return witness_is(c->fs->witness, c->tid) ? &kind_witnessed
						  : node_kind(ino);
}

struct call ops_begin(fuse_req_t req, uint64_t ino)
{
	struct call c = call_begin(req);

	if (!ops_kind(&c, ino)->fixed)
		(void)filing_settle(&c);
	return c;
}

struct call ops_begin_quick(fuse_req_t req, uint64_t ino)
{
	struct call c = call_begin(req);
	const struct node_kind *kind = ops_kind(&c, ino);

	if (!kind->fixed && !kind->settles)
		(void)filing_settle(&c);
	return c;
}

int ops_denied(const struct node_kind *kind)
{
	return kind->denied ? kind->denied : -EPERM;
}

/* ---- nodes ---- */

static void refer(struct call *c, uint64_t ino, uint64_t n)
{
	const struct node_kind *kind = node_kind(ino);

	if (kind->referenced)
		kind->referenced(c, ino, -(int64_t)n);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
	struct call c = call_begin(req);

	c.reply.kind = REPLY_NONE;
	refer(&c, ino, n);
	call_end(&c, 0);
}

static void op_forget_multi(fuse_req_t req, size_t count,
			    struct fuse_forget_data *forgets)
{
	struct call c = call_begin(req);

	c.reply.kind = REPLY_NONE;
	for (size_t i = 0; i < count; i++)
		refer(&c, forgets[i].ino, forgets[i].nlookup);
	call_end(&c, 0);
}

static int reply_attr(struct call *c, int r)
{
	if (r < 0)
		return r;
	c->reply.kind = REPLY_ATTR;
	return 0;
}

static int get_attr(struct call *c, uint64_t ino)
{
	const struct node_kind *kind = ops_kind(c, ino);

	if (!kind->getattr)
		return -ENOENT;
	return reply_attr(c, kind->getattr(c, ino, &c->reply.node));
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino,
		       struct fuse_file_info *fi)
{
	struct call c = ops_begin_quick(req, ino);
	int r = get_attr(&c, ino);

	(void)fi; /* fstat(2) does not send it either */
	filing_after_notices(&c);
	call_end(&c, r);
}

static int set_attr(struct call *c, uint64_t ino, struct file *file,
		    const struct stat *st, int set)
{
	const struct node_kind *kind = ops_kind(c, ino);

	if (!kind->setattr)
		return ops_denied(kind);
	return reply_attr(c,
			  kind->setattr(c, ino, file, st, set, &c->reply.node));
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int set,
		       struct fuse_file_info *fi)
{
	struct file *open = fi ? file_of(fi->fh) : NULL;
	DROP(file_put_p) struct file *file = open ? file_get(open) : NULL;
	struct call c = ops_begin_quick(req, ino);

	c.notices_first = true;
	c.inode_locked = true;
	call_end(&c, set_attr(&c, ino, file, st, set));
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct call c = ops_begin(req, ino);
	const struct node_kind *kind = ops_kind(&c, ino);

	call_end(&c, kind->readlink ? kind->readlink(&c, ino) : -EINVAL);
}

/* ---- directories ---- */

static int open_dir(struct call *c, uint64_t ino)
{
	const struct node_kind *kind = ops_kind(c, ino);
	int r = kind->open_dir ? kind->open_dir(c, ino, &c->reply.fi) : 0;

	if (r < 0)
		return r;
	c->reply.kind = REPLY_OPEN;
	return 0;
}

static void op_opendir(fuse_req_t req, fuse_ino_t ino,
		       struct fuse_file_info *fi)
{
	struct call c = ops_begin(req, ino);
	int r;

	c.reply.fi = *fi;
	r = open_dir(&c, ino);
	filing_after_notices(&c); /* of listings */
	call_end(&c, r);
}

static int read_dir(struct call *c, uint64_t ino, size_t size, off_t offset,
		    struct file *dir, bool plus)
{
	struct listing out = {.size = size, .plus = plus, .c = c};
	int r;

	out.data = malloc(size ? size : 1);
	if (!out.data)
		return -ENOMEM;
	c->reply.data = out.data;
	r = listing_fill(&out, ops_kind(c, ino), ino, dir, offset);
	/* What was listed before a failure counts as looked up; the failure
	 * comes up again at the next piece. */
	if (r < 0 && out.len == 0)
		return r;
	c->reply.kind = REPLY_DATA;
	c->reply.count = out.len;
	return 0;
}

static void list_dir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		     const struct fuse_file_info *fi, bool plus)
{
	struct file *open = file_of(fi->fh);
	DROP(file_put_p) struct file *dir = open ? file_get(open) : NULL;
	struct call c = ops_begin(req, ino);

	call_end(&c, read_dir(&c, ino, size, offset, dir, plus));
}

static void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size,
		       off_t offset, struct fuse_file_info *fi)
{
	list_dir(req, ino, size, offset, fi, false);
}

static void op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size,
			   off_t offset, struct fuse_file_info *fi)
{
	list_dir(req, ino, size, offset, fi, true);
}

/* Names are in the database since the request that made them. */
static void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync,
			struct fuse_file_info *fi)
{
	struct call c = ops_begin(req, ino);

	(void)datasync;
	(void)fi;
	call_end(&c, c.fs->options.read_only
			     ? 0
			     : store_sync(c.fs->repo->store, &c.why));
}

/* ---- the file system ---- */

/* The room on the disk that holds the repository, in blocks of 4 KiB: file
 * managers refuse to copy to where there seems to be none. */
static int stat_disk(struct call *c)
{
	char path[4096], *slash;
	struct statvfs *st = calloc(1, sizeof(*st));
	unsigned long unit;

	if (!st)
		return -ENOMEM;
	c->reply.statfs = st;
	(void)snprintf(path, sizeof(path), "%s",
		       store_path(c->fs->repo->store));
	slash = strrchr(path, '/'); /* there is one: it is absolute */
	if (slash)
		*slash = '\0';
	if (statvfs(*path ? path : "/", st) < 0)
		return -errno;
	unit = st->f_frsize ? st->f_frsize : st->f_bsize;
	st->f_blocks = st->f_blocks * unit / 4096;
	st->f_bfree = st->f_bfree * unit / 4096;
	st->f_bavail = st->f_bavail * unit / 4096;
	st->f_bsize = 4096;
	st->f_frsize = 4096;
	st->f_namemax = 255;
	c->reply.kind = REPLY_STATFS;
	return 0;
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct call c = call_begin(req);

	(void)ino;
	call_end(&c, stat_disk(&c));
}

const struct fuse_lowlevel_ops ops_all = {
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.readlink = op_readlink,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.symlink = op_symlink,
	.link = op_link,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.rename = op_rename,
	.create = op_create,
	.open = op_open,
	.read = op_read,
	.write = op_write,
	.flush = op_flush,
	.fsync = op_fsync,
	.release = op_release,
	.copy_file_range = op_copy_range,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.readdirplus = op_readdirplus,
	.releasedir = op_release,
	.fsyncdir = op_fsyncdir,
	.statfs = op_statfs,
};
