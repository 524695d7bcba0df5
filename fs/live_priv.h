/*
 * live_priv - what the files of the live tree share.
 */
#ifndef FS_LIVE_PRIV_H
#define FS_LIVE_PRIV_H

#include "core/moment.h"
#include "core/report.h"
#include "core/scratch.h"
#include "core/tree.h"
#include "fs/call.h"
#include "fs/entries.h"
#include "fs/file.h"
#include "fs/fs.h"
#include "fs/live.h"
#include "fs/loose.h"
#include "fs/proc.h"
#include "fs/seen.h"
#include "fs/spool.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

struct handle;
struct kind;

enum {
	LIVE_GRAVES = 4096,
	LIVE_FORMER = 256,
	LIVE_KNOWN = 4096,
	LIVE_SHOWN = 1024
};

/* The kind of a folder's items, as long as store_others() is the same. */
struct known {
	int64_t folder; /* 0: none */
	uint64_t others;
	const struct kind *kind; /* NULL: none */
};

struct live {
	pthread_mutex_t lock;
	struct loose_files *loose;
	struct seen *seen;
	struct handle *handles;	     /* all open files, newest first */
	int64_t graves[LIVE_GRAVES]; /* folders that were removed, a ring */
	size_t grave_count;
	struct entry former[LIVE_FORMER]; /* replaced items, a ring */
	size_t former_count;
	struct known known[LIVE_KNOWN]; /* by folder */
	struct entries *entries; /* NULL: others write the file, unseen */
	/* Answers that the kernel keeps, counted: of all listings; of nodes, by
	 * the number modulo LIVE_SHOWN. See live_show(). */
	atomic_ulong listed, shown[LIVE_SHOWN];
};

#define HANDLE_OUTDATED UINT64_MAX /* its item has been saved since */

/*
 * An open file of the live tree (file->own). It has one of three forms: of a
 * loose file (loose is set); a reader of an item; a writer on an item, which
 * collects what is written in a spool of its own, so that nobody sees another
 * item's bytes before it is decided where they go.
 */
struct handle {
	struct file *file;
	struct proc opener;
	pid_t tid; /* the thread that opened it */
	struct who who;
	int flags; /* of open(2) */
	struct loose *loose;

	struct handle *next, **link; /* in live->handles */

	int64_t node;
	int64_t item;
	struct attr attr; /* of the item at open */
	int64_t size;
	struct { /* what its node had when it went; .content 0: at open */
		struct attr attr;
		int64_t size, content;
	} last;
	int64_t content;     /* of the item, when it was last looked at */
	int64_t loaded;	     /* the content that file->bytes holds */
	uint64_t generation; /* of the store, at that look */
	uint64_t others;     /* store_others() before it was opened; or
				HANDLE_OUTDATED */

	/* Writers only, from here on. */
	int64_t parent; /* where the item was at open */
	char name[256];
	struct spool spool;
	bool begun;	/* the spool holds what this handle makes of the item */
	bool truncated; /* it began empty */
	bool dirty;	/* written since the last commit */
	bool filing;	/* on its way to one (fs/filing): nothing of it changes
			   until that is done */
	bool refused;	/* these bytes were refused already */
	bool refused_early; /* by a write, since the last commit */
	bool past_mtime, from_past;
	int64_t base;	/* the content it began with */
	size_t covered; /* written in one piece from 0 */
	size_t checked; /* known to be a beginning of JSON */
	int64_t went;	/* 0, or the item of its first commit */
	int64_t rejected;
	struct attr pending; /* attributes set before the commit */
	int pending_set;     /* FUSE_SET_ATTR_ bits */
	unsigned long shown; /* live_shown() at the last write */
};

/*
 * The kernel is about to be given something of @node to keep, after which it is
 * asked whether the node is in line for filing (filing_concerns()): so who puts
 * it in line and then finds the count as it was knows that whoever asks from
 * then on waits.
 */
static inline void live_show(struct live *live, int64_t node)
{
	atomic_fetch_add(&live->shown[(uint64_t)node % LIVE_SHOWN], 1);
}

static inline unsigned long live_shown(struct live *live, int64_t node)
{
	return atomic_load(&live->listed) +
	       atomic_load(&live->shown[(uint64_t)node % LIVE_SHOWN]);
}

static inline void live_lock(struct live *live)
{
	pthread_mutex_lock(&live->lock);
}

static inline void live_unlock(struct live *live)
{
	pthread_mutex_unlock(&live->lock);
}

/* For DROP(). */
static inline void live_unlock_p(struct live **live)
{
	if (*live)
		live_unlock(*live);
}

/* What is asked of a node that is in no table any more. Its name may have another
 * one, saved over it between two questions of the kernel: ESTALE makes it look
 * the name up again, ENOENT would say that there is none. */
static inline int live_gone(int r)
{
	return r == -ENOENT ? -ESTALE : r;
}

static inline struct handle *handle_of(const struct file *file)
{
	return file->own;
}

int64_t live_now(const struct fs *fs);
struct proc live_proc(struct call *c, struct who *ret_who);

/* For how long a name means a process's own copy after it was diverted. */
static const int64_t OWN_COPY_NS = 10000000000;

/* ---- live_look.c ---- */
/*
 * The kernel marks the node of a folder that rmdir took as dead for ever. If
 * the folder comes back, by a revert, it needs another generation: as many as
 * it was removed. The live lock is held for the first, taken by the second.
 */
void live_bury(struct live *live, int64_t folder);
/* The number of the item @former leads to it no more: who has it open goes on
 * with it as it was last. With the lock. */
void live_part(struct live *live, const struct entry *former);
/* Besides, the item has another number and another content. With the lock. */
void live_replaced(struct live *live, const struct entry *former);
/* The item that had the number @node a moment ago, as it was; or NULL. As on a
 * disk, whoever has looked the name up then may open it a little later. With
 * the lock. */
const struct entry *live_former(const struct live *live, int64_t node);
/* The same, copied, without the lock. -ENOENT: none. */
int live_get_former(struct live *live, int64_t node, struct entry *ret);
/* The live item @node, if that is known without a query; by one. */
bool live_recall(struct call *c, int64_t node, struct found *ret);
int live_find(struct call *c, struct db *db, int64_t node, struct found *ret);
uint64_t live_generation(struct live *live, int64_t folder);
void scratch_node(const struct scratch *s, struct node *ret);
void loose_node(const struct loose *file, struct node *ret);
int live_getattr(struct call *c, uint64_t ino, struct node *ret);
int live_lookup(struct call *c, uint64_t dir, const char *name,
		struct node *ret);
/* A file in memory has this node: it is in *@ret. */
bool live_is_loose(struct live *live, int64_t node, struct node *ret);
int live_readlink(struct call *c, uint64_t ino);

/* ---- live_list.c ---- */
int live_list(struct call *c, uint64_t ino, struct file *dir, int64_t offset,
	      struct listing *out);

/* ---- live_open.c ---- */
int live_open_dir(struct call *c, uint64_t ino, struct fuse_file_info *fi);
int live_open(struct call *c, uint64_t ino, struct fuse_file_info *fi);
void live_release(struct call *c, struct file *file);
void live_free_own(struct file *file);
/* A handle on a loose file, counted in its opens; live lock held. */
int live_open_loose(struct call *c, struct loose *loose,
		    struct fuse_file_info *fi);
/* Load a stored scratch file; the live lock is not held. NULL in *ret: it is
 * a folder or link. */
int live_load_scratch(struct call *c, struct db *db, int64_t id,
		      struct loose **ret);

/* ---- live_read.c ---- */
int live_read(struct call *c, struct file *file, size_t size, int64_t offset);
/*
 * The content to read: the item's present one, since pages are shared by all
 * who have it open; the last known one once the node is gone. Under the
 * file's lock.
 */
int live_refresh(struct call *c, struct handle *h);

/* ---- live_write.c ---- */
int live_write(struct call *c, struct file *file, const char *bytes,
	       size_t size, int64_t offset);
int live_flush(struct call *c, struct file *file);
int live_fsync(struct call *c, struct file *file);
/* FUSE_SET_ATTR_SIZE of a file. */
int live_truncate(struct call *c, uint64_t ino, struct file *file,
		  int64_t size);

/* ---- live_attr.c ---- */
int live_setattr(struct call *c, uint64_t ino, struct file *file,
		 const struct stat *st, int set, struct node *ret);
void attr_apply(struct attr *attr, const struct stat *st, int set,
		int64_t now_ns);
/* A modification time that is set explicitly and is past. */
bool attr_is_past(const struct stat *st, int set, int64_t now_ns);

/* ---- live_name.c ---- */
int live_mkdir(struct call *c, uint64_t dir, const char *name, mode_t mode,
	       struct node *ret);
int live_create(struct call *c, uint64_t dir, const char *name, mode_t mode,
		struct fuse_file_info *fi, struct node *ret);
int live_symlink(struct call *c, uint64_t dir, const char *name,
		 const char *target, struct node *ret);
int live_unlink(struct call *c, uint64_t dir, const char *name);
int live_rmdir(struct call *c, uint64_t dir, const char *name);

/* ---- live_rename.c ---- */
int live_rename(struct call *c, uint64_t dir, const char *name,
		uint64_t new_dir, const char *new_name, unsigned flags);

/* ---- live_store.c ---- */
/* Store a loose file as a scratch row, or what changed of it; commits @m.
 * Live lock held. */
int loose_store(struct moment *m, struct loose *file, struct why *why);
/* Drop one that is stored, and remember who wrote it: it may be renamed to an
 * item yet. Live lock held. */
void loose_put_away(struct live *live, struct loose *file, int64_t now_ns);
/* Both, of one that nobody has open. If its folder is gone it goes too. */
int loose_store_away(struct live *live, struct moment *m, struct loose *file,
		     struct why *why);

#endif
