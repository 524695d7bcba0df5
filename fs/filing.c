#include "fs/filing.h"

#include "core/env.h"
#include "core/inbox.h"
#include "core/repo.h"
#include "fs/call.h"
#include "fs/fs.h"
#include "fs/sentences.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	JOBS_MAX = 256,
	BYTES_MAX = 4 << 20,
	NODES = 1024,
	/* So many are worth a commit: more would be cheaper each, but whoever
	 * asks then waits for all that are in line. */
	ENOUGH = 16,
	LINGER_NS = 20000000, /* fewer wait for more, so long */
};

struct filing {
	struct fs *fs;
	filing_fn fn;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake, done;
	struct filing_job jobs[JOBS_MAX]; /* a ring */
	size_t first, len, bytes;
	uint64_t put, filed; /* since the beginning */
	uint64_t tries;
	int failed; /* the last try: 0 or negative errno */
	bool urgent, stop;
	int paused; /* by how many */
	bool idle;  /* the thread waits to be woken */
	atomic_bool any;
	atomic_int new_files;	 /* how many are in line */
	atomic_int edits[NODES]; /* likewise, by node modulo NODES */
	atomic_int untold;	 /* see filing_untold() */
};

/* ---- the thread ---- */

/* As many jobs from the front as one program did in a row. */
static size_t front(const struct filing *f, struct filing_job *ret)
{
	size_t n = 0;

	for (; n < f->len && n < FILING_GROUP; n++) {
		ret[n] = f->jobs[(f->first + n) % JOBS_MAX];
		if (memcmp(&ret[n].who, &ret[0].who, sizeof(ret[0].who)) != 0)
			break;
	}
	return n;
}

static void linger(struct filing *f)
{
	const struct timespec until = env_soon(LINGER_NS);
	int r = 0;

	while (r == 0 && !f->urgent && !f->stop && f->len < ENOUGH)
		r = pthread_cond_timedwait(&f->wake, &f->lock, &until);
}

static void tell_failure(struct filing *f, int r, const struct why *why)
{
	if (f->failed != r)
		sentences_add(f->fs->errors, f->jobs[f->first].time_ns,
			      TREE_ROOT, r, why->text);
}

static void tally(struct filing *f, const struct filing_job *job, int n)
{
	if (job->handle)
		atomic_fetch_add(&f->edits[(uint64_t)job->node % NODES], n);
	else
		atomic_fetch_add(&f->new_files, n);
}

/* With the lock held before and after but not meanwhile. */
static void file_some(struct filing *f, struct filing_job *jobs)
{
	size_t count = front(f, jobs);
	struct why why = {0};
	int r;

	pthread_mutex_unlock(&f->lock);
	r = f->fn(f->fs, jobs, count, &why);
	pthread_mutex_lock(&f->lock);
	f->tries++;
	if (r < 0)
		tell_failure(f, r, &why);
	f->failed = r < 0 ? r : 0;
	for (; r > 0; r--) {
		f->bytes -= f->jobs[f->first].len;
		tally(f, &f->jobs[f->first], -1);
		f->first = (f->first + 1) % JOBS_MAX;
		f->len--;
		f->filed++;
	}
	if (!f->len || f->failed)
		f->urgent = false;
	atomic_store(&f->any, f->len > 0);
	pthread_cond_broadcast(&f->done);
}

static void *work(void *arg)
{
	struct filing_job jobs[FILING_GROUP];
	struct filing *f = arg;

	pthread_mutex_lock(&f->lock);
	for (;;) {
		f->idle = true;
		while (!f->stop && !f->urgent && (!f->len || f->failed))
			pthread_cond_wait(&f->wake, &f->lock);
		f->idle = false;
		if (f->stop)
			break;
		if (!f->len) {
			f->urgent = false;
			continue;
		}
		linger(f);
		file_some(f, jobs);
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

/* ---- putting ---- */

void filing_wait_for_room(struct filing *f)
{
	pthread_mutex_lock(&f->lock);
	while ((f->len == JOBS_MAX || f->bytes > BYTES_MAX) && !f->failed)
		pthread_cond_wait(&f->done, &f->lock);
	pthread_mutex_unlock(&f->lock);
}

static int put(struct filing *f, const struct filing_job *job,
	       struct letter *letter, struct why *why)
{
	struct filing_job *last = &f->jobs[(f->first + f->len) % JOBS_MAX];
	int r;

	if (f->failed || f->paused || f->len == JOBS_MAX)
		return -EAGAIN;
	r = inbox_put(f->fs->repo->inbox, letter, why);
	if (r < 0)
		return r;
	*last = *job;
	last->who = letter->who;
	last->number = letter->number;
	last->time_ns = letter->time_ns;
	last->len = letter->len;
	memcpy(last->sha256, letter->sha256, sizeof(last->sha256));
	tally(f, last, 1);
	f->len++;
	f->put++;
	f->bytes += letter->len;
	atomic_store(&f->any, true);
	if (f->idle || f->len == ENOUGH)
		pthread_cond_signal(&f->wake);
	return 0;
}

int filing_put(struct filing *f, const struct filing_job *job,
	       struct letter *letter, struct why *why)
{
	int r;

	pthread_mutex_lock(&f->lock);
	r = put(f, job, letter, why);
	pthread_mutex_unlock(&f->lock);
	return r;
}

/* ---- waiting ---- */

/* What failed is tried once more for everybody who asks. */
static int wait_for_all(struct filing *f)
{
	uint64_t target = f->put, tries = f->tries;

	while (f->filed < target && (!f->failed || f->tries == tries)) {
		f->urgent = true;
		pthread_cond_signal(&f->wake);
		pthread_cond_wait(&f->done, &f->lock);
	}
	return f->filed < target ? f->failed : 0;
}

bool filing_any(const struct fs *fs)
{
	return fs->filing && atomic_load(&fs->filing->any);
}

static bool edits(struct filing *f, int64_t node)
{
	bool found = false;

	if (!atomic_load(&f->edits[(uint64_t)node % NODES]))
		return false;
	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->len && !found; i++) {
		const struct filing_job *job =
			&f->jobs[(f->first + i) % JOBS_MAX];

		found = job->handle && job->node == node;
	}
	pthread_mutex_unlock(&f->lock);
	return found;
}

bool filing_concerns(const struct fs *fs, int64_t node)
{
	struct filing *f = fs->filing;

	return f && (atomic_load(&f->new_files) > 0 || edits(f, node));
}

int filing_settle(struct call *c)
{
	struct filing *f = c->fs->filing;
	int r;

	if (!filing_any(c->fs))
		return 0;
	pthread_mutex_lock(&f->lock);
	r = wait_for_all(f);
	pthread_mutex_unlock(&f->lock);
	return r;
}

struct filing *filing_pause(struct call *c)
{
	struct filing *f = c->fs->filing;

	if (!f)
		return NULL;
	pthread_mutex_lock(&f->lock);
	f->paused++;
	(void)wait_for_all(f);
	pthread_mutex_unlock(&f->lock);
	return f;
}

void filing_resume(struct filing **filing)
{
	struct filing *f = *filing;

	if (!f)
		return;
	pthread_mutex_lock(&f->lock);
	f->paused--;
	pthread_mutex_unlock(&f->lock);
}

int filing_settle_node(struct call *c, int64_t node)
{
	int r = filing_concerns(c->fs, node) ? filing_settle(c) : 0;

	return r < 0 && edits(c->fs->filing, node) ? r : 0;
}

static bool any_of_others(const struct filing *f, const struct who *who)
{
	for (size_t i = 0; i < f->len; i++)
		if (memcmp(&f->jobs[(f->first + i) % JOBS_MAX].who, who,
			   sizeof(*who)) != 0)
			return true;
	return false;
}

int filing_settle_others(struct call *c, const struct who *who)
{
	struct filing *f = c->fs->filing;
	int r = 0;

	if (!filing_any(c->fs))
		return 0;
	pthread_mutex_lock(&f->lock);
	if (any_of_others(f, who))
		r = wait_for_all(f);
	pthread_mutex_unlock(&f->lock);
	return r;
}

void filing_after_notices(struct call *c)
{
	if (c->fs->filing && atomic_load(&c->fs->filing->untold) > 0)
		c->after_notices = true;
}

atomic_int *filing_untold(struct filing *f)
{
	return &f->untold;
}

void filing_upkeep(struct filing *f)
{
	if (!f)
		return;
	pthread_mutex_lock(&f->lock);
	if (f->len && f->failed) {
		f->urgent = true;
		pthread_cond_signal(&f->wake);
	}
	pthread_mutex_unlock(&f->lock);
}

/* ---- begin and end ---- */

/* What is in the inbox now could not be filed; it must stay. */
static int begin_inbox(struct fs *fs, struct why *why)
{
	const struct who who = {.program = "repofs"};
	DROP(moment_end) struct moment m = {0};
	int r = moment_begin(fs->repo->store, &who, &m, why);

	if (r == 0)
		r = inbox_begin(fs->repo->inbox, &m, why);
	return r < 0 ? r : moment_commit(&m, why);
}

static void free_filing(struct filing *f)
{
	(void)pthread_cond_destroy(&f->wake);
	(void)pthread_cond_destroy(&f->done);
	(void)pthread_mutex_destroy(&f->lock);
	free(f);
}

static int new_filing(struct fs *fs, filing_fn fn, struct filing **ret)
{
	struct filing *f = calloc(1, sizeof(*f));
	pthread_condattr_t attr;
	int r;

	if (!f)
		return -ENOMEM;
	f->fs = fs;
	f->fn = fn;
	(void)pthread_mutex_init(&f->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&f->wake, &attr);
	(void)pthread_cond_init(&f->done, NULL);
	(void)pthread_condattr_destroy(&attr);
	r = pthread_create(&f->thread, NULL, work, f);
	if (r != 0) {
		free_filing(f);
		return -r;
	}
	*ret = f;
	return 0;
}

int filing_start(struct fs *fs, filing_fn fn, struct why *why)
{
	struct why reason = {0};
	int r;

	if (!fs->repo->inbox)
		return 0;
	r = begin_inbox(fs, &reason);
	if (r < 0) {
		sentences_add(fs->errors,
			      env_now_ns(store_env(fs->repo->store)), TREE_ROOT,
			      r, reason.text);
		return 0;
	}
	r = new_filing(fs, fn, &fs->filing);
	return r < 0 ? why_set(why, r, "no thread for filing: %s",
			       strerrordesc_np(-r))
		     : 0;
}

void filing_stop(struct filing *f)
{
	if (!f)
		return;
	pthread_mutex_lock(&f->lock);
	(void)wait_for_all(f);
	f->stop = true;
	pthread_cond_signal(&f->wake);
	pthread_mutex_unlock(&f->lock);
	(void)pthread_join(f->thread, NULL);
	free_filing(f);
}
