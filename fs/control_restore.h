/*
 * control_restore - an archive that is copied onto .control/restore, or onto
 * .control/repository.tar for the whole of it.
 *
 * What is written goes to an unlinked file. When the program that opened it
 * closes or syncs it, the archive is restored, and that program hears whether
 * it was: by close(), or by fsync() on a handle that then shows the answer.
 *
 * The archive may have a line of words before it: "dry-run" says what would
 * happen, "json" says it in JSON lines, "once" skips what is there already.
 *
 * Thread-safety: any thread.
 */
#ifndef FS_CONTROL_RESTORE_H
#define FS_CONTROL_RESTORE_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct file;
struct fuse_file_info;

/* Open the control file @ino for writing. */
int restore_open(struct call *c, uint64_t ino, struct fuse_file_info *fi);
/* Is somebody writing to it? */
bool restore_is_open(struct call *c, uint64_t ino);
/* What is written so far is cut, or extended with zeros: a copier leaves out
 * the zeros at the end. */
int restore_resize(struct call *c, struct file *file, int64_t size);

#endif
