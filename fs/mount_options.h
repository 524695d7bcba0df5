/*
 * mount_options - what a mount was asked to be.
 *
 * The command line is that of every file system helper: FILE DIR -o WORD,WORD
 * with words of three sorts: ours, those that the kernel or libfuse shall
 * get, and those that stand in fstab for other programs to read.
 *
 * Thread-safety: no state.
 */
#ifndef FS_MOUNT_OPTIONS_H
#define FS_MOUNT_OPTIONS_H

#include "core/buf.h"
#include "fs/fs.h"

struct why;

struct mount_options {
	struct fs_options fs;
	bool foreground, debug, help;
	bool modes; /* others may come, or modes shall be checked anyway */
	char *file, *dir; /* of argv, until they are made absolute */
	char *key;	  /* the key file, absolute; NULL: beside the file */
	struct buf words; /* for libfuse, each with a comma before it */
};

/* -EINVAL: asked wrongly. For DROP(). */
int mount_options_parse(int argc, char **argv, struct mount_options *ret,
			struct why *why);
void mount_options_done(struct mount_options *o);

/* Append @text as a value of an option of libfuse: commas escaped. */
void mount_options_quote(struct buf *out, const char *text);

#endif
