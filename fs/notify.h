/*
 * notify - telling the kernel what to forget.
 *
 * The kernel answers from its caches until it is told otherwise, so whoever
 * changes something behind its back must tell. To forget a name the kernel
 * takes the lock of its directory, which a program holds while it creates,
 * renames or unlinks there; to forget pages it waits for reads of them. A
 * notice must therefore never be what such a program waits for:
 *
 * - CREATE, RENAME, UNLINK ... and READ, WRITE of live files are answered
 *   before their notices.
 * - SETATTR and FSYNC have the lock of their file, which a rename or unlink
 *   wants while it has the directory's: they are answered after the notices
 *   about nodes and before those about names.
 * - FLUSH has no lock, and is answered after all of them. So is WRITE of
 *   control files, whose locks nobody wants who has that of a live folder
 *   (but link(2) and rename(2) out of .control, see notifier_upkeep()).
 *
 * There are two lanes, each with a queue and a thread: one for jobs that
 * concern nodes only, the other for those with names, for which others must
 * never wait. A job may carry the reply of its request. A worker delivers its
 * own job if nobody else is at it in that lane, since a switch of threads costs
 * more than the notices; so at most two of libfuse's workers ever wait inside a
 * notice, and the others serve what those wait for.
 *
 * Thread-safety: any thread, without a lock of ours.
 */
#ifndef FS_NOTIFY_H
#define FS_NOTIFY_H

#include "core/defer.h"
#include "fs/call.h"

struct notifier;

int notifier_new(struct fs *fs, struct notifier **ret, struct why *why);

/*
 * The mount is about to end: from now on only replies are sent. While requests
 * are still served, notices that are under way come to an end: 0; -ETIMEDOUT
 * if they do not within @timeout_ms.
 */
int notifier_finish(struct notifier *n, int timeout_ms);
/* End the threads. Accepts NULL. */
void notifier_free(struct notifier *n);
DEFINE_DROP(notifier, notifier_free);

/*
 * Take over @notices and @reply, to be sent after them; with @names_late before
 * those about names.
 */
void notifier_deliver(struct notifier *n, struct notices *notices,
		      bool names_late, fuse_req_t req, struct reply *reply);
/* To be sent by a thread alone, soon: the request is answered already. */
void notifier_queue(struct notifier *n, struct notices *notices);

/* Once a second: if the notices about names are held up, whatever waits behind
 * them is answered, so that no program can hang the mount. */
void notifier_upkeep(struct notifier *n);

#endif
