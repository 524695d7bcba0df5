#include "fs/file.h"
#include "fs/filing.h"
#include "fs/live.h"
#include "fs/node.h"
#include "fs/ops.h"

#include <errno.h>

static int open_file(struct call *c, uint64_t ino)
{
	const struct node_kind *kind = ops_kind(c, ino);
	int r;

	if (!kind->open)
		return -EPERM;
	r = kind->open(c, ino, &c->reply.fi);
	if (r < 0)
		return r;
	c->reply.kind = REPLY_OPEN;
	return 0;
}

void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct call c = ops_begin_quick(req, ino);
	int r;

	c.reply.fi = *fi;
	r = open_file(&c, ino);
	filing_after_notices(&c);
	call_end(&c, r);
}

static int read_file(struct call *c, struct file *file, size_t size,
		     int64_t offset)
{
	if (!file->kind->read)
		return file_read_bytes(c, file, size, offset);
	return file->kind->read(c, file, size, offset);
}

void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
	     struct fuse_file_info *fi)
{
	DROP(file_put_p) struct file *file = file_get(file_of(fi->fh));
	struct call c = call_begin(req);

	(void)ino;
	call_end(&c, read_file(&c, file, size, offset));
}

static int write_file(struct call *c, struct file *file, const char *bytes,
		      size_t size, int64_t offset)
{
	int r;

	if (!file->kind->write)
		return ops_denied(file->kind);
	r = file->kind->write(c, file, bytes, size, offset);
	if (r < 0)
		return r;
	c->reply.kind = REPLY_WRITE;
	c->reply.count = size;
	return 0;
}

void op_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size,
	      off_t offset, struct fuse_file_info *fi)
{
	DROP(file_put_p) struct file *file = file_get(file_of(fi->fh));
	struct call c = ops_begin_quick(req, ino);

	(void)ino;
	call_end(&c, write_file(&c, file, bytes, size, offset));
}

void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	DROP(file_put_p) struct file *file = file_get(file_of(fi->fh));
	struct call c = ops_begin_quick(req, ino);

	(void)ino;
	c.notices_first = true;
	call_end(&c, file->kind->flush ? file->kind->flush(&c, file) : 0);
}

void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync,
	      struct fuse_file_info *fi)
{
	DROP(file_put_p) struct file *file = file_get(file_of(fi->fh));
	struct call c = ops_begin(req, ino);

	(void)ino;
	(void)datasync;
	c.notices_first = true;
	c.inode_locked = true;
	call_end(&c, file->kind->fsync ? file->kind->fsync(&c, file) : 0);
}

/* The kernel waits for nothing here. */
void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct file *file = file_of(fi->fh);
	struct call c = ops_begin_quick(req, ino);

	(void)ino;
	call_answer(&c);
	if (file) /* a directory has one only if its kind wants it */
		call_close(&c, file);
	call_end(&c, 0);
}

/* -EOPNOTSUPP: the kernel copies by READ and WRITE. */
static int copy_range(struct call *c, struct file *in, off_t off_in,
		      struct file *out, off_t off_out, size_t len)
{
	if (inum_kind(out->ino) != INUM_LIVE)
		return -EOPNOTSUPP;
	return live_copy_range(c, in, off_in, out, off_out, len);
}

/* NOLINTNEXTLINE(readability-function-size): as libfuse wants it */
void op_copy_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in,
		   struct fuse_file_info *fi_in, fuse_ino_t ino_out,
		   off_t off_out, struct fuse_file_info *fi_out, size_t len,
		   int flags)
{
	DROP(file_put_p) struct file *in = file_get(file_of(fi_in->fh));
	DROP(file_put_p) struct file *out = file_get(file_of(fi_out->fh));
	struct call c = ops_begin_quick(req, ino_out);

	(void)ino_in;
	(void)ino_out;
	(void)flags;
	call_end(&c, copy_range(&c, in, off_in, out, off_out, len));
}
