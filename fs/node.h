/*
 * node - what the kernel gets to know of an entry, and which code serves it.
 *
 * Every tree (live, past, control ...) is a row of a constant table by the
 * kind in the node number; ops.c calls through it and never asks which it has.
 * A function that is missing means an errno given in one place (fs/ops*.c).
 */
#ifndef FS_NODE_H
#define FS_NODE_H

#include "fs/inum.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

struct call;
struct file;
struct fuse_file_info;
struct listing;

/* "Until told otherwise", in seconds: we tell. */
#define NODE_FOREVER (365.0 * 24 * 3600)

struct node {
	struct stat st;	     /* st_ino is the node number */
	uint64_t generation; /* another: the kernel makes its node anew */
	double entry_valid;  /* seconds */
	double attr_valid;
};

/*
 * All return 0 or a negative errno (the reason in c->why where a person can
 * use one). Names that arrive are shorter than 256 bytes.
 */
struct node_kind {
	const char *name;
	bool fixed; /* what it shows is past: nothing has to be filed first */
	bool settles; /* LOOKUP, GETATTR, SETATTR, CREATE, MKDIR, WRITE and FLUSH see
			 to that themselves; see fs/filing.h */
	int denied; /* errno of changes that it has no function for, such as
		       -EROFS; 0: -EPERM */

	int (*getattr)(struct call *c, uint64_t ino, struct node *ret);
	int (*lookup)(struct call *c, uint64_t dir, const char *name,
		      struct node *ret);
	/* Add entries after @offset until listing_add() says that it is full.
	 * "." and ".." are not wanted. @dir is the handle of open_dir, or
	 * NULL. */
	int (*list)(struct call *c, uint64_t ino, struct file *dir,
		    int64_t offset, struct listing *out);
	/* Optional: a handle for a directory, and caching flags. */
	int (*open_dir)(struct call *c, uint64_t ino,
			struct fuse_file_info *fi);

	/* Make fi->fh a struct file (file_new) whose ops are this kind's. */
	int (*open)(struct call *c, uint64_t ino, struct fuse_file_info *fi);
	/* Fill c->reply (REPLY_BYTES or REPLY_DATA). NULL: file_read_bytes. */
	int (*read)(struct call *c, struct file *file, size_t size,
		    int64_t offset);
	int (*write)(struct call *c, struct file *file, const char *bytes,
		     size_t size, int64_t offset);
	int (*flush)(struct call *c, struct file *file);
	int (*fsync)(struct call *c, struct file *file);
	/* The last close; the reply was sent already. */
	void (*release)(struct call *c, struct file *file);
	/* Free file->own. */
	void (*free_own)(struct file *file);

	/* @set: FUSE_SET_ATTR_ bits; @file may be NULL. */
	int (*setattr)(struct call *c, uint64_t ino, struct file *file,
		       const struct stat *st, int set, struct node *ret);
	int (*readlink)(struct call *c, uint64_t ino); /* REPLY_LINK */
	int (*mkdir)(struct call *c, uint64_t dir, const char *name,
		     mode_t mode, struct node *ret);
	int (*create)(struct call *c, uint64_t dir, const char *name,
		      mode_t mode, struct fuse_file_info *fi, struct node *ret);
	int (*symlink)(struct call *c, uint64_t dir, const char *name,
		       const char *target, struct node *ret);
	int (*unlink)(struct call *c, uint64_t dir, const char *name);
	int (*rmdir)(struct call *c, uint64_t dir, const char *name);
	/* Both directories are of this kind. */
	int (*rename)(struct call *c, uint64_t dir, const char *name,
		      uint64_t new_dir, const char *new_name, unsigned flags);

	/* The kernel knows @ino by @n more lookups, or by @n fewer (negative);
	 * for kinds that count. */
	void (*referenced)(struct call *c, uint64_t ino, int64_t n);
};

/* The table: fs/kinds.c. */
const struct node_kind *node_kind(uint64_t ino);

/* A directory being read. */
struct listing {
	char *data;
	size_t len, size;
	bool plus;   /* READDIRPLUS: attributes are wanted */
	bool unsure; /* they may be old: the kernel shall not keep them */
	struct call *c;
};
/* 1: full, the entry was not added. @next: offset of what follows. Without
 * plus only st_ino and the type of st_mode are used. */
int listing_add(struct listing *out, const char *name, const struct node *node,
		int64_t next);

/* The same for an entry of type @type (S_IFDIR ...) that is named without being
 * looked up: to know more of it costs too much. */
int listing_name(struct listing *out, const char *name, mode_t type,
		 int64_t next);

/* What the directory @ino holds after the kernel's @offset: "." and "..", then
 * what its kind lists. */
int listing_fill(struct listing *out, const struct node_kind *kind,
		 uint64_t ino, struct file *dir, int64_t offset);

#endif
