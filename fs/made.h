/*
 * made - directories and files that are made up for a live folder: commands,
 * lists, the doors to the past.
 *
 * They belong to whom the folder belongs to, and may be read and written by
 * those who may read and write the folder. Their time is the folder's, since
 * a time that moves by itself looks to tar like a file that changed under it.
 *
 * A text is generated at open and stays as it is for that handle, so that its
 * size is exact; nothing is cached by the kernel.
 *
 * Thread-safety: any thread.
 */
#ifndef FS_MADE_H
#define FS_MADE_H

#include "core/tree.h"
#include "fs/node.h"

#include <time.h>

struct buf;
struct file;

struct timespec made_time(int64_t ns);

/* The attributes of the live folder @folder. -ENOENT: it is none. */
int made_base(struct call *c, int64_t folder, struct attr *ret);

/* For directories whose node is a kind and a live folder: they are as that folder
 * is, to be read. */
int made_dir_getattr(struct call *c, uint64_t ino, struct node *ret);

/* @mask: the most that the permission of @base gives. */
void made_dir(uint64_t ino, const struct attr *base, mode_t mask,
	      struct node *ret);
void made_file(uint64_t ino, const struct attr *base, mode_t mask, int64_t size,
	       struct node *ret);

/* fi->fh: a handle on @text, which is taken over, with a size that getattr of
 * @ino finds in fs->texts until made_release(). */
int made_open(struct call *c, const struct node_kind *kind, uint64_t ino,
	      struct buf *text, struct fuse_file_info *fi);
void made_release(struct call *c, struct file *file);

#endif
