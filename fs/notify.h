/*
 * notify - the thread that tells the kernel what to forget.
 *
 * The kernel answers from its caches until it is told otherwise, so whoever
 * changes something behind its back must tell, and must not do so from inside
 * a request that holds what the notice needs. Jobs run in order; a job may
 * carry the reply of the request that caused it, sent after its notices, so
 * that what the program does next sees the new state.
 *
 * Thread-safety: any thread; no lock of ours may be held by callers that
 * deliver directly (notifier_deliver).
 */
#ifndef FS_NOTIFY_H
#define FS_NOTIFY_H

#include "core/defer.h"
#include "fs/call.h"

struct notifier;

int notifier_new(struct fs *fs, struct notifier **ret, struct why *why);

/*
 * No request is served any more: from now on only the replies of jobs are
 * sent. A notice that is under way may wait for a program which waits for a
 * request that nobody will serve. 0: none does; -ETIMEDOUT: one still does
 * after @timeout_ms, and will until the connection is aborted.
 */
int notifier_finish(struct notifier *n, int timeout_ms);
/* End the thread. Accepts NULL. */
void notifier_free(struct notifier *n);
DEFINE_DROP(notifier, notifier_free);

/*
 * Take over @notices and, if @req, @reply: to be sent after them. Delivered by
 * the calling thread if nobody else is at it, since a switch of threads costs
 * more than the notices; else by the notifier's. At most one thread of ours
 * waits inside a notice: libfuse's workers must never all be there.
 */
void notifier_deliver(struct notifier *n, struct notices *notices,
		      fuse_req_t req, struct reply *reply);
/* To be sent by the thread alone, soon. */
void notifier_queue(struct notifier *n, struct notices *notices);

#endif
