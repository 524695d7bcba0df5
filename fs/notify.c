#include "fs/notify.h"

#include "fs/fs.h"
#include "fs/witness.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HELD_UP_MS = 1000 };

struct job {
	struct notices notices;
	bool names_late; /* those about names come after the reply */
	fuse_req_t req;	 /* NULL: nobody waits (any more) */
	struct reply reply;
	struct job *next;
};

struct lane {
	struct notifier *notifier;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t wake; /* a job, or the turn is over */
	struct job *first, **last;
	struct job *current; /* being delivered, without the lock */
	int64_t since_ms;    /* it is */
	bool finished;	     /* replies only */
	bool stop;
};

struct notifier {
	struct fs *fs;
	struct lane nodes, names;
};

static int64_t clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* ---- one job ---- */

/* The kernel answers ENOENT for what it does not know, and other errors when
 * the mount is going away: in both cases there is nothing to forget. */
static void tell_node(struct fs *fs, uint64_t ino, bool attr_only)
{
	(void)fuse_lowlevel_notify_inval_inode(fs->session, ino,
					       attr_only ? -1 : 0, 0);
}

static void tell_name(struct fs *fs, uint64_t dir, const char *name)
{
	int r = fuse_lowlevel_notify_inval_entry(fs->session, dir, name,
						 strlen(name));

	/* An entry that the kernel does not know may still be missing in the
	 * listing of its directory, or stand in it. */
	if (r == -ENOENT)
		tell_node(fs, dir, false);
}

static bool has_names(const struct notices *notices)
{
	for (size_t i = 0; i < notices->len; i++) {
		if (notices->list[i].name)
			return true;
	}
	return false;
}

static void tell(struct fs *fs, const struct job *job)
{
	for (size_t i = 0; i < job->notices.len; i++) {
		const struct notice *notice = &job->notices.list[i];

		if (notice->name && !job->names_late)
			tell_name(fs, notice->ino, notice->name);
		else
			tell_node(fs, notice->ino, notice->attr_only);
	}
}

/* Take the reply of @job, unless somebody has; under the lock. */
static fuse_req_t take_reply(struct job *job, struct reply *ret)
{
	fuse_req_t req = job->req;

	*ret = job->reply;
	job->req = NULL;
	job->reply = (struct reply){0};
	return req;
}

static void answer(struct lane *lane, struct job *job)
{
	struct reply reply;
	fuse_req_t req;

	pthread_mutex_lock(&lane->lock);
	req = take_reply(job, &reply);
	pthread_mutex_unlock(&lane->lock);
	if (req)
		reply_send(lane->notifier->fs, req, &reply);
}

static void deliver(struct lane *lane, bool silent, struct job *job)
{
	if (!silent)
		tell(lane->notifier->fs, job);
	answer(lane, job);
	if (!silent && job->names_late && has_names(&job->notices)) {
		notifier_queue(lane->notifier, &job->notices);
		return;
	}
	witness_hear(lane->notifier->fs->witness, job->notices.tidings);
	job->notices.tidings = NULL;
	notices_done(&job->notices);
}

/* ---- a lane ---- */

/* Deliver @job, with the lock held before and after but not meanwhile. */
static void take_turn(struct lane *lane, struct job *job)
{
	bool silent = lane->finished;

	lane->current = job;
	lane->since_ms = clock_ms();
	pthread_mutex_unlock(&lane->lock);
	deliver(lane, silent, job);
	pthread_mutex_lock(&lane->lock);
	lane->current = NULL;
	/* Mostly nobody waits for the turn, and waking costs. */
	if (lane->first || lane->finished || lane->stop)
		pthread_cond_broadcast(&lane->wake);
}

static void *work(void *arg)
{
	struct lane *lane = arg;
	struct job *job;

	pthread_mutex_lock(&lane->lock);
	for (;;) {
		while (lane->current || (!lane->first && !lane->stop))
			pthread_cond_wait(&lane->wake, &lane->lock);
		job = lane->first;
		if (!job)
			break;
		lane->first = job->next;
		if (!lane->first)
			lane->last = &lane->first;
		take_turn(lane, job);
		free(job);
	}
	pthread_mutex_unlock(&lane->lock);
	return NULL;
}

static void add_job(struct lane *lane, struct job *job)
{
	*lane->last = job;
	lane->last = &job->next;
	pthread_cond_broadcast(&lane->wake);
}

/* Out of memory, a second worker delivers at once: there are more. */
static void deliver_or_queue(struct lane *lane, const struct job *job)
{
	struct job now = *job, *later = NULL;

	pthread_mutex_lock(&lane->lock);
	if (lane->current || lane->first)
		later = malloc(sizeof(*later));
	if (later) {
		*later = *job;
		add_job(lane, later);
	} else {
		take_turn(lane, &now);
	}
	pthread_mutex_unlock(&lane->lock);
}

void notifier_deliver(struct notifier *n, struct notices *notices,
		      bool names_late, fuse_req_t req, struct reply *reply)
{
	struct job job = {
		.notices = *notices,
		.names_late = names_late,
		.req = req,
		.reply = *reply,
	};
	bool names_first = !names_late && has_names(notices);

	*notices = (struct notices){0};
	*reply = (struct reply){0};
	deliver_or_queue(names_first ? &n->names : &n->nodes, &job);
}

void notifier_queue(struct notifier *n, struct notices *notices)
{
	struct lane *lane = has_names(notices) ? &n->names : &n->nodes;
	struct job *job = calloc(1, sizeof(*job));

	if (!job) {
		notices_done(notices);
		return;
	}
	job->notices = *notices;
	*notices = (struct notices){0};
	pthread_mutex_lock(&lane->lock);
	add_job(lane, job);
	pthread_mutex_unlock(&lane->lock);
}

/* The first job of @lane that somebody waits for; under the lock. */
static struct job *first_awaited(const struct lane *lane)
{
	struct job *job = lane->current;

	if (job && job->req)
		return job;
	for (job = lane->first; job && !job->req;)
		job = job->next;
	return job;
}

void notifier_upkeep(struct notifier *n)
{
	struct lane *lane = &n->names;
	struct reply reply;
	struct job *job;
	fuse_req_t req;

	for (;;) {
		pthread_mutex_lock(&lane->lock);
		job = NULL;
		if (lane->current && clock_ms() - lane->since_ms > HELD_UP_MS)
			job = first_awaited(lane);
		req = job ? take_reply(job, &reply) : NULL;
		pthread_mutex_unlock(&lane->lock);
		if (!req)
			return;
		reply_send(n->fs, req, &reply);
	}
}

/* ---- begin and end ---- */

static int lane_start(struct lane *lane, struct notifier *n)
{
	pthread_condattr_t attr;
	int r;

	lane->notifier = n;
	lane->last = &lane->first;
	(void)pthread_mutex_init(&lane->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&lane->wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	r = pthread_create(&lane->thread, NULL, work, lane);
	lane->started = r == 0;
	return -r;
}

static void lane_end(struct lane *lane)
{
	if (lane->started) {
		pthread_mutex_lock(&lane->lock);
		lane->stop = true;
		pthread_cond_broadcast(&lane->wake);
		pthread_mutex_unlock(&lane->lock);
		(void)pthread_join(lane->thread, NULL);
	}
	(void)pthread_cond_destroy(&lane->wake);
	(void)pthread_mutex_destroy(&lane->lock);
}

int notifier_new(struct fs *fs, struct notifier **ret, struct why *why)
{
	struct notifier *n = calloc(1, sizeof(*n));
	int r, s;

	if (!n)
		return why_set(why, -ENOMEM, "out of memory");
	n->fs = fs;
	r = lane_start(&n->nodes, n);
	s = lane_start(&n->names, n);
	if (r < 0 || s < 0) {
		notifier_free(n);
		r = r < 0 ? r : s;
		return why_set(why, r, "no thread for notices: %s",
			       strerrordesc_np(-r));
	}
	*ret = n;
	return 0;
}

static int lane_finish(struct lane *lane, int64_t until_ms)
{
	struct timespec until = {
		.tv_sec = until_ms / 1000,
		.tv_nsec = until_ms % 1000 * 1000000L,
	};
	int r = 0;

	pthread_mutex_lock(&lane->lock);
	lane->finished = true;
	while ((lane->first || lane->current) && r == 0)
		r = pthread_cond_timedwait(&lane->wake, &lane->lock, &until);
	pthread_mutex_unlock(&lane->lock);
	return -r;
}

int notifier_finish(struct notifier *n, int timeout_ms)
{
	int64_t until_ms = clock_ms() + timeout_ms;
	int r = lane_finish(&n->nodes, until_ms);
	int s = lane_finish(&n->names, until_ms);

	return r < 0 ? r : s;
}

void notifier_free(struct notifier *n)
{
	if (!n)
		return;
	/* The lane of nodes hands on to that of names. */
	lane_end(&n->nodes);
	lane_end(&n->names);
	free(n);
}
