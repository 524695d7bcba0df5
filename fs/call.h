/*
 * call - one request of the kernel, and its one reply.
 *
 * A handler fills in the reply and what the kernel must forget, and returns;
 * call_end() sends. Notices go out after the reply unless notices_first is
 * set: for FLUSH, FSYNC and SETATTR it always is, and writes to control files
 * set it, so that what the program does next sees the new state. See notify.h
 * for what must not wait for what.
 *
 * Thread-safety: a call belongs to the thread that handles the request.
 */
#ifndef FS_CALL_H
#define FS_CALL_H

#include "core/moment.h"
#include "core/store.h"
#include "core/why.h"
#include "fs/node.h"

#include <stdatomic.h>

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

struct file;
struct fs;
struct tidings;

enum reply_kind {
	REPLY_ERROR, /* also success without data: code 0 */
	REPLY_NONE,  /* the request has no answer (FORGET) */
	REPLY_ENTRY,
	REPLY_ATTR,
	REPLY_CREATE,
	REPLY_OPEN,
	REPLY_WRITE,
	REPLY_BYTES, /* from memory that @file holds */
	REPLY_DATA,  /* from memory that the reply owns (malloc) */
	REPLY_LINK,  /* likewise, a text */
	REPLY_STATFS,
};

struct reply {
	enum reply_kind kind;
	int code; /* 0 or negative errno */
	struct node node;
	struct fuse_file_info fi;
	size_t count; /* WRITE: bytes taken; BYTES, DATA: length */
	const char *bytes;
	char *data;
	struct file *file; /* a reference, dropped after the reply */
	struct statvfs *statfs;
};

/* One thing that the kernel must forget. */
struct notice {
	uint64_t ino;
	char *name;	/* NULL: attributes and pages of @ino (a directory: its
			   cached listing); else the entry of this name in it */
	bool attr_only; /* the pages are still right */
};
struct notices {
	struct notice *list;
	size_t len, cap;
	struct tidings *tidings; /* for watchers, once that is done */
	atomic_int *untold; /* to be counted down when it is done, or NULL */
};

struct call {
	struct fs *fs;
	fuse_req_t req; /* NULL: answered already, or no request at all */
	uid_t uid;
	gid_t gid;
	pid_t tid; /* of the thread that asks; 0: not of this namespace */
	struct reader reader;
	struct reply reply;
	struct notices notices;
	bool notices_first; /* before the reply; not while the kernel has the
			       lock of a directory (CREATE, RENAME ...) */
	bool inode_locked;  /* by the kernel until the reply: names after it */
	bool after_notices; /* of others, about nodes: the reply waits */
	bool told;	    /* the failure is in .control/errors */
	struct why why;
};

struct call call_begin(fuse_req_t req);
/* Answer now, with success and no data, what only remains to be done: the
 * request must not be touched again, c->req is NULL. */
void call_answer(struct call *c);
/* Send the reply (with @r < 0: that error), then or before it the notices,
 * and let go of everything. */
void call_end(struct call *c, int r);

/* The reader connection of this call, taken from the pool when first asked
 * for. NULL: c->why says why; return c->why.code. */
struct db *call_db(struct call *c);

/* On whose behalf a moment of this call is: process looked up. */
struct who call_who(struct call *c);
/* The number of the process that asks; all that FLUSH may want to know, see
 * procs_number(). */
pid_t call_process(struct call *c);

/* Remember what the kernel must forget. Names are copied. A name that is
 * forgotten takes the cached listing and times of its directory along, also
 * if the kernel did not know it. Out of memory, more is forgotten (the whole
 * directory) or, at the last, nothing. */
void call_forget_node(struct call *c, uint64_t ino);
void call_forget_attr(struct call *c, uint64_t ino);
void call_forget_name(struct call *c, uint64_t dir, const char *name);

/* Whoever watches folders is to hear what the revision @id has done; what was
 * done to @item at @moment; that the daemon has changed @item; that a name came
 * or went, whatever is so now: see witness.h. Out of memory, nobody does. */
void call_tell_revision(struct call *c, int64_t id);
void call_tell_moment(struct call *c, int64_t moment, int64_t item);
void call_tell_item(struct call *c, int64_t item);
void call_tell_name(struct call *c, int64_t parent, const char *name);

/* @node as libfuse wants it. */
struct fuse_entry_param call_entry(const struct fs *fs,
				   const struct node *node);

/* Let go of what OPEN, CREATE or OPENDIR gave: of the kernel's reference. */
void call_close(struct call *c, struct file *file);
/* Of all files, when no request comes any more. */
void call_close_all(struct fs *fs);

/* Send @reply now; frees what it owns. For call_end() and the notifier. */
void reply_send(struct fs *fs, fuse_req_t req, struct reply *reply);
/* Free what @reply owns, unsent. */
void reply_done(struct reply *reply);
void notices_done(struct notices *n);

#endif
