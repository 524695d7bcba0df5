/*
 * live - the tree as it is now: folders, items and scratch files, readable and
 * writable. Everything that decides edit or restore is below this header.
 *
 * Locks: the writer lock of the store first (moment_begin), then the lock of
 * the live tree, then that of a file. None is held across a reply or a notice.
 */
#ifndef FS_LIVE_H
#define FS_LIVE_H

#include <stddef.h>
#include <stdint.h>

struct call;
struct entry;
struct file;
struct fs;
struct live;
struct node;
struct touched_list;
struct who;
struct why;

/* Make and free fs->procs and fs->live. live_stop() files and stores what is pending;
 * no request may come any more. */
int live_start(struct fs *fs, struct why *why);
void live_stop(struct fs *fs);

/* Once a second or so: store files that were closed a second ago, end batches
 * after their pause. */
void live_upkeep(struct fs *fs);

/* Before a revert: files that are being written and in no table yet take names
 * and keep folders, so they get a row. */
int live_reserve_names(struct call *c, const struct who *who);
/* After it: open files that it has renamed to make room have these names, and
 * nothing comes back to a name that it has decided about. */
void live_follow(struct call *c, struct touched_list *list);

/* COPY_FILE_RANGE into a live file: the number of bytes in
 * c->reply (REPLY_WRITE), or -EOPNOTSUPP: let the program copy by itself. */
int live_copy_range(struct call *c, struct file *in, int64_t off_in,
		    struct file *out, int64_t off_out, size_t len);

/* The node of a live item or folder, as lookups give it. */
void live_node(const struct entry *entry, struct node *ret);

#endif
