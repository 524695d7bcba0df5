/*
 * ops - the requests of the kernel: each is decoded, handed to the kind of
 * its node, and answered once.
 *
 * Nothing here asks which kind it has. What a kind has no function for is
 * refused here: with -EPERM (or its @denied) if it would change something,
 * else with what the system call says of a thing that cannot do that.
 *
 * Extended attributes, FALLOCATE, IOCTL, LSEEK, POLL and locks have no
 * function: libfuse answers ENOSYS once, and the kernel does by itself what it
 * can from then on. (For attributes that saves a request before each first
 * write.) The same for ACCESS: the kernel checks modes, see session.c.
 *
 * Thread-safety: libfuse calls them from many threads.
 */
#ifndef FS_OPS_H
#define FS_OPS_H

#include "fs/call.h"

/* All but init. */
extern const struct fuse_lowlevel_ops ops_all;

/* What serves the node @ino for whoever asks. */
const struct node_kind *ops_kind(const struct call *c, uint64_t ino);

/* Begin a request about @ino that may show what waits to be filed (fs/filing):
 * that is done first. */
struct call ops_begin(fuse_req_t req, uint64_t ino);
/* One of those that a copy consists of: the kind settles what it must. */
struct call ops_begin_quick(fuse_req_t req, uint64_t ino);

/* The errno of a change that @kind has no function for. */
int ops_denied(const struct node_kind *kind);

/* ops_name.c: requests that name an entry of a directory */
void op_lookup(fuse_req_t req, fuse_ino_t dir, const char *name);
void op_mknod(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode,
	      dev_t device);
void op_mkdir(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode);
void op_symlink(fuse_req_t req, const char *target, fuse_ino_t dir,
		const char *name);
void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t dir, const char *name);
void op_unlink(fuse_req_t req, fuse_ino_t dir, const char *name);
void op_rmdir(fuse_req_t req, fuse_ino_t dir, const char *name);
void op_rename(fuse_req_t req, fuse_ino_t dir, const char *name,
	       fuse_ino_t new_dir, const char *new_name, unsigned flags);
void op_create(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode,
	       struct fuse_file_info *fi);

/* ops_file.c: requests on what OPEN gave */
void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
	     struct fuse_file_info *fi);
void op_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size,
	      off_t offset, struct fuse_file_info *fi);
void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync,
	      struct fuse_file_info *fi);
void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_copy_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in,
		   struct fuse_file_info *fi_in, fuse_ino_t ino_out,
		   off_t off_out, struct fuse_file_info *fi_out, size_t len,
		   int flags);

#endif
