/*
 * past - folders and items as they were: the trees under .snapshots.
 *
 * What is past never changes, so the kernel keeps all of it until it needs the
 * memory: names, attributes, listings and bytes. Every way to change it ends in
 * EROFS, also for root.
 *
 * Thread-safety: any thread.
 */
#ifndef FS_PAST_H
#define FS_PAST_H

#include "fs/node.h"

struct bits;
struct call;
struct file;
struct fuse_file_info;
struct snapshot_ref;
struct view;

/* The root of a part of the whole tree at @moment, numbered by @key: @only the
 * items and folders in it, which are taken over; NULL, -ENOENT: it has no
 * number yet. */
int past_part(struct call *c, const char *key, int64_t moment,
	      struct bits *only, struct node *ret);

/* The root of what @folder's .snapshots/@name shows, numbered (views.h). */
int past_root(struct call *c, int64_t folder, const char *name,
	      const struct snapshot_ref *ref, struct node *ret);

/* The view of a node of a kind PAST or PAST_..., and its item in it. */
int past_view(struct call *c, uint64_t ino, struct view *ret_view,
	      int64_t *ret_item);

/* -EROFS, with the sentence. */
int past_refuse(struct call *c);

/* fi->fh: a handle of @kind on bytes that never change, to be loaded by
 * past_load() at the first read: to open and close costs nothing. */
int past_open_bytes(const struct node_kind *kind, uint64_t ino, struct call *c,
		    struct fuse_file_info *fi);
/* Fill @file with @content, once. Its lock is held. */
int past_load(struct call *c, struct file *file, int64_t content);

/* The control directory of a folder in the past. */
int past_control_lookup(struct call *c, uint64_t dir, struct node *ret);

#endif
