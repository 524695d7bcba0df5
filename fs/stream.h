/*
 * stream - an archive that is open: it is made while it is read.
 *
 * The kernel gives who may open the file; the tree below may be narrower than
 * the folder's own permission, and an archive with less than all would be no
 * backup. So the opening is refused then.
 *
 * Thread-safety: any thread.
 */
#ifndef FS_STREAM_H
#define FS_STREAM_H

#include <stdint.h>

struct backup_spec;
struct call;
struct fuse_file_info;

/*
 * fi->fh: a handle that gives the archive @spec, whose moment must stay as it
 * is (store_pin(), or it is recorded); allow and its argument are not looked
 * at. The argument of the filter, if any, is given to free() at the end, also
 * if this fails. The size is what getattr
 * of @ino finds in fs->texts until the release. -EACCES: the caller may not
 * read all of it; c->why names what.
 */
int stream_open(struct call *c, uint64_t ino, const struct backup_spec *spec,
		struct fuse_file_info *fi);

#endif
