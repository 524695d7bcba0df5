/*
 * commit - from what an open file has collected to the repository: check it,
 * refuse it with a reason, or let it arrive; and tell the kernel.
 *
 * Thread-safety: takes the writer lock, then that of the live tree.
 */
#ifndef FS_COMMIT_H
#define FS_COMMIT_H

#include "fs/arrive.h"

#include <stdbool.h>
#include <stddef.h>

struct call;
struct entry;
struct fs;
struct handle;
struct loose;

/*
 * Commit what @h has written, if anything. @polite: a process that only shares
 * the handle closes its copy (a fork): valid content is committed, anything
 * else waits without complaint. -EINVAL: not valid; the bytes are kept in
 * .control/rejected and the reason is in the report.
 */
int commit_handle(struct call *c, struct handle *h, bool polite);

/*
 * The same, later: 1: what @h has written, to a new file or over an item that
 * its program has seen, is acknowledged, and will be filed with others; 0: it
 * is not what may wait.
 */
int commit_later(struct call *c, struct handle *h);
/* For filing_start(). */
struct filing_job;
int commit_group(struct fs *fs, const struct filing_job *jobs, size_t count,
		 struct why *why);

/* The last close: commit what is left, then store or drop a loose file. */
void commit_release(struct call *c, struct handle *h);

/* As the bytes are checked on the way into a file that would be an item:
 * -EINVAL if no continuation is valid. @checked: how much was looked at. What
 * is valid as it stands is sound, and not looked at again. */
struct spool;
int commit_early_check(struct call *c, struct spool *s, size_t *checked);

/* That has told @h's program that what it writes over an item is refused: it
 * may take the name away before it closes. With the live lock. */
void commit_refused_early(struct fs *fs, struct handle *h);

/* 0 or -EINVAL with the fault in c->why. */
int commit_check(struct call *c, const char *bytes, size_t len);

/* The same, and its secrets can be sealed: -ENOKEY. */
int commit_admit(struct call *c, struct moment *m, const struct arrival *in);

/* Let checked content arrive, and commit @m. Both locks are held. */
int commit_arrival(struct call *c, struct moment *m, const struct arrival *in);

/*
 * Keep refused bytes and say so in the report; commits @m. The reason is in
 * c->why, whose code is returned. For the bytes of a file in memory the live
 * lock is held.
 */
struct refusal {
	int64_t parent;
	const char *name;
	const char *bytes;
	size_t len;
	struct proc proc;
	int64_t *kept; /* id of what was kept before and is replaced; in, out */
};
int commit_refuse(struct call *c, struct moment *m,
		  const struct refusal *refusal);

/* What the kernel must forget after @in became @out by @m. */
void commit_notices(struct call *c, const struct moment *m,
		    const struct arrival *in, const struct arrived *out);
/* ... of the items whose texts followed something else. */
void commit_rewritten(struct call *c, const struct moment *m);

#endif
