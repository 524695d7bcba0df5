/*
 * place - where a command is to work: in a mounted repository or in the file
 * of one that may not be mounted.
 *
 * A place that is not there (any more) is as good as one that is, as long as
 * some folder above it exists: a deleted item has a history, and can be
 * brought back.
 *
 * Thread-safety: no state.
 */
#ifndef FS_PLACE_H
#define FS_PLACE_H

#include <limits.h>
#include <stdbool.h>

struct why;

/* A mount of ours, from the kernel's table. */
struct mounted {
	char point[PATH_MAX]; /* absolute */
	char file[PATH_MAX];  /* the repository, absolute */
	bool read_only;
};

/* The mount that @path (absolute, without links) is in: 0, or -ENOENT: it is
 * in none of ours. */
int mounted_find(const char *path, struct mounted *ret, struct why *why);
/* The mount that may write the repository @file (absolute, without links): 0,
 * or -ENOENT. */
int mounted_from(const char *file, struct mounted *ret, struct why *why);

struct place {
	bool in_mount;
	struct mounted mounted; /* not in a mount: only @mounted.file is set */
	char folder[PATH_MAX];	/* in a mount: absolute, existing */
	char rest[PATH_MAX];	/* in a mount what follows the folder: an item,
				   or what is gone; for a file all of --in; ""
				   for the folder itself */
};

/*
 * What @text means. @inside (may be NULL) is the path within a repository
 * file. -ENOENT: neither a mounted repository nor a file; -EINVAL: @inside
 * with a place in a mount; -ENOTCONN: the mount has no daemon; -EROFS: in a
 * snapshot.
 */
int place_find(const char *text, const char *inside, struct place *ret,
	       struct why *why);

#endif
