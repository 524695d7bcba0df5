/*
 * filing - what is acknowledged at once and filed in groups.
 *
 * A copier closes one file after another, each of which is a new item, and a
 * script saves one item after another. To commit each for itself would be most
 * of the time that this takes. So such a file is put into the inbox
 * (core/inbox) when it is closed, and stays what it is, a loose file or the
 * handle of a writer (->filing), until a thread has filed it together with
 * those that came after it.
 *
 * Nobody can tell: whoever asks for anything that could show the difference
 * first waits until all is filed (filing_settle()). Only the requests that a
 * copy consists of do not: LOOKUP of names that are free, GETATTR of folders,
 * CREATE, MKDIR, WRITE, FLUSH, RELEASE; nor, as long as nothing new is in line,
 * OPEN, GETATTR and truncation of what is not in line itself.
 *
 * Locks: waits for the writer lock and that of the live tree, so neither may be
 * held by who settles.
 */
#ifndef FS_FILING_H
#define FS_FILING_H

#include "core/blob.h"
#include "core/defer.h"
#include "core/moment.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct filing;
struct fs;
struct handle;
struct kind;
struct letter;
struct why;

enum {
	FILING_GROUP = 64,	 /* filed at once, at most */
	FILING_ITEM = 256 << 10, /* bytes of a content that may wait */
};

struct filing_job {
	int64_t file;	       /* id of the loose file, or 0: */
	struct handle *handle; /* of who has saved an item; its file is held */
	int64_t node;	       /* of that item */
	int64_t seen;	       /* the content that it has */
	const struct kind *kind; /* of its folder's items; NULL: plain */
	struct who who;		 /* from here on as in the letter */
	int64_t number;
	int64_t time_ns;
	size_t len;
	unsigned char sha256[BLOB_SHA256];
};

/* File the first of @count jobs, as many as go together: how many they are. */
typedef int (*filing_fn)(struct fs *fs, const struct filing_job *jobs,
			 size_t count, struct why *why);

/* Begin; fs->filing stays NULL if nothing may wait in this repository. */
int filing_start(struct fs *fs, filing_fn fn, struct why *why);
/* File what is left, and end the thread. Accepts NULL. */
void filing_stop(struct filing *filing);

/* Wait until more may be put. */
void filing_wait_for_room(struct filing *filing);
/*
 * Put @letter into the inbox and @job, of which the first part is filled in, in
 * line. The lock of the live tree is held. 0: it is acknowledged; else nothing
 * has happened.
 */
int filing_put(struct filing *filing, const struct filing_job *job,
	       struct letter *letter, struct why *why);

/* Wait until what had been put before is filed. 0, or why it cannot be: the
 * disk is full or has failed. It stays acknowledged then. */
int filing_settle(struct call *c);
/* The same for what others than @who have put: what they did comes before what
 * he begins now. */
int filing_settle_others(struct call *c, const struct who *who);
/* The same for who asks about @node alone; an error only if it is in line
 * still. */
int filing_settle_node(struct call *c, int64_t node);
/*
 * The same, for who takes folders and items away by the thousand: until
 * filing_resume() nothing is put in line, which would find its folder gone. Who
 * saves meanwhile waits for the writer lock. NULL: nothing ever waits here.
 */
struct filing *filing_pause(struct call *c);
void filing_resume(struct filing **filing); /* for DROP(); accepts NULL */
/* For who gives the kernel something to keep, once it is settled: the reply goes
 * out after what the kernel must forget. Not for requests that a notice of a
 * node might wait for: READ, WRITE, SETATTR. */
void filing_after_notices(struct call *c);
/* Is anything in line? One atomic load. */
bool filing_any(const struct fs *fs);
/* ... that may show in an answer about @node? */
bool filing_concerns(const struct fs *fs, int64_t node);

/* Once a second: try again what could not be filed. */
void filing_upkeep(struct filing *filing);

/* Notices of what was filed are counted in and, when told, out. */
atomic_int *filing_untold(struct filing *filing);

#endif
