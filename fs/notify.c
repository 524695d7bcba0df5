#include "fs/notify.h"

#include "fs/fs.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct job {
	struct notices notices;
	fuse_req_t req; /* NULL: nobody waits */
	struct reply reply;
	struct job *next;
};

struct notifier {
	struct fs *fs;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake; /* a job, or nobody is delivering any more */
	struct job *first, **last;
	bool delivering; /* somebody is, without the lock */
	bool finished;	 /* replies only */
	bool stop;
};

/* The kernel answers ENOENT for what it does not know, and other errors when
 * the mount is going away: in both cases there is nothing to forget. */
static void tell(struct fuse_session *session, const struct notice *notice)
{
	int r;

	if (!notice->name) {
		(void)fuse_lowlevel_notify_inval_inode(
			session, notice->ino, notice->attr_only ? -1 : 0, 0);
		return;
	}
	r = fuse_lowlevel_notify_inval_entry(session, notice->ino,
					     notice->name,
					     strlen(notice->name));
	/* An entry that the kernel does not know may still be missing in the
	 * listing of its directory, or stand in it. */
	if (r == -ENOENT)
		(void)fuse_lowlevel_notify_inval_inode(session, notice->ino, 0,
						       0);
}

static void deliver(struct notifier *n, bool silent, struct notices *notices,
		    fuse_req_t req, struct reply *reply)
{
	for (size_t i = 0; i < notices->len && !silent; i++)
		tell(n->fs->session, &notices->list[i]);
	notices_done(notices);
	if (req)
		reply_send(n->fs, req, reply);
}

/* Take the turn to deliver, which one thread has at a time. */
static void begin_turn(struct notifier *n)
{
	n->delivering = true;
	pthread_mutex_unlock(&n->lock);
}

static void end_turn(struct notifier *n)
{
	pthread_mutex_lock(&n->lock);
	n->delivering = false;
	/* Mostly nobody waits for the turn, and waking costs. */
	if (n->first || n->finished || n->stop)
		pthread_cond_broadcast(&n->wake);
}

static struct job *take_job(struct notifier *n)
{
	struct job *job = n->first;

	n->first = job->next;
	if (!n->first)
		n->last = &n->first;
	return job;
}

static void *work(void *arg)
{
	struct notifier *n = arg;
	struct job *job;
	bool silent;

	pthread_mutex_lock(&n->lock);
	for (;;) {
		while (n->delivering || (!n->first && !n->stop))
			pthread_cond_wait(&n->wake, &n->lock);
		if (!n->first)
			break;
		job = take_job(n);
		silent = n->finished;
		begin_turn(n);
		deliver(n, silent, &job->notices, job->req, &job->reply);
		free(job);
		end_turn(n);
	}
	pthread_mutex_unlock(&n->lock);
	return NULL;
}

static void add_job(struct notifier *n, struct job *job)
{
	*n->last = job;
	n->last = &job->next;
	pthread_cond_broadcast(&n->wake);
}

void notifier_deliver(struct notifier *n, struct notices *notices,
		      fuse_req_t req, struct reply *reply)
{
	struct job *job = NULL;
	bool silent;

	pthread_mutex_lock(&n->lock);
	if (n->delivering || n->first)
		job = calloc(1, sizeof(*job));
	if (job) {
		job->notices = *notices;
		job->req = req;
		job->reply = *reply;
		add_job(n, job);
		pthread_mutex_unlock(&n->lock);
	} else {
		/* Out of memory, two deliver at once: there are more workers
		 * than that. */
		silent = n->finished;
		begin_turn(n);
		deliver(n, silent, notices, req, reply);
		end_turn(n);
		pthread_mutex_unlock(&n->lock);
	}
	*notices = (struct notices){0};
	*reply = (struct reply){0};
}

void notifier_queue(struct notifier *n, struct notices *notices)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job) {
		notices_done(notices);
		return;
	}
	job->notices = *notices;
	*notices = (struct notices){0};
	pthread_mutex_lock(&n->lock);
	add_job(n, job);
	pthread_mutex_unlock(&n->lock);
}

int notifier_new(struct fs *fs, struct notifier **ret, struct why *why)
{
	struct notifier *n = calloc(1, sizeof(*n));
	pthread_condattr_t attr;
	int r;

	if (!n)
		return why_set(why, -ENOMEM, "out of memory");
	n->fs = fs;
	n->last = &n->first;
	(void)pthread_mutex_init(&n->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&n->wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	r = pthread_create(&n->thread, NULL, work, n);
	if (r != 0) {
		(void)pthread_cond_destroy(&n->wake);
		(void)pthread_mutex_destroy(&n->lock);
		free(n);
		return why_set(why, -r, "no thread for notices: %s",
			       strerrordesc_np(r));
	}
	*ret = n;
	return 0;
}

int notifier_finish(struct notifier *n, int timeout_ms)
{
	struct timespec until;
	int r = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += timeout_ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&n->lock);
	n->finished = true;
	while ((n->first || n->delivering) && r == 0)
		r = pthread_cond_timedwait(&n->wake, &n->lock, &until);
	pthread_mutex_unlock(&n->lock);
	return -r;
}

void notifier_free(struct notifier *n)
{
	if (!n)
		return;
	pthread_mutex_lock(&n->lock);
	n->stop = true;
	pthread_cond_broadcast(&n->wake);
	pthread_mutex_unlock(&n->lock);
	(void)pthread_join(n->thread, NULL);
	(void)pthread_cond_destroy(&n->wake);
	(void)pthread_mutex_destroy(&n->lock);
	free(n);
}
