/*
 * ahead - the kernel is given the content of a file while it is being opened,
 * since whoever opens one is going to read it: that saves the question.
 *
 * What the kernel was given or has asked for lately it mostly still has, and
 * does not get again; that is remembered in a table of fixed size. If it has it
 * no more, it asks.
 *
 * To put pages in place waits for reads of the same file that are under way, and
 * those wait for a worker to answer them. So one worker at a time may do it; the
 * others leave it.
 *
 * Thread-safety: any thread, without a lock.
 */
#ifndef FS_AHEAD_H
#define FS_AHEAD_H

#include "core/defer.h"

#include <stdint.h>

struct ahead;
struct call;
struct file;

int ahead_new(struct ahead **ret);
void ahead_free(struct ahead *ahead); /* accepts NULL */
DEFINE_DROP(ahead, ahead_free);

/* What is longer is left for the kernel to ask for, in pieces. */
enum { AHEAD_BYTES = 128 << 10 };

struct ahead_file {
	struct file *file;
	int64_t version;     /* tells the contents of one number apart */
	uint64_t generation; /* of the store, before @version was looked up */
	/* Make file->bytes all of the content; its lock is held. */
	int (*load)(struct call *c, struct file *file);
};
/* Before the reply to OPEN, with no reader or lock held. */
void ahead_give(struct call *c, const struct ahead_file *what);

/* The kernel has asked for it by itself. */
void ahead_asked(struct ahead *ahead, uint64_t ino, int64_t version);

#endif
