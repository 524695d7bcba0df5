#include "fs/client_watch.h"

#include "core/buf.h"
#include "core/env.h"
#include "core/work.h"
#include "fs/client_control.h"

#include <stdlib.h>
#include <string.h>

static const int64_t pause_ns = 200000000;

/* ---- asking ---- */

struct far {
	int64_t done, total;
};

static int take_first(const struct work *work, void *arg)
{
	struct far *far = arg;

	far->done = atomic_load(&work->done);
	far->total = atomic_load(&work->total);
	return 1;
}

/* "300 of 1000"; or it is not known how far it is. */
static void take_numbers(const char *text, struct far *far)
{
	static const char of[] = " of ";
	char *rest;
	long long done = strtoll(text, &rest, 10);

	if (rest == text || strncmp(rest, of, strlen(of)) != 0)
		return;
	far->done = done;
	far->total = strtoll(rest + strlen(of), NULL, 10);
}

/* "working a pull is under way since ..., in /Orders: 300 of 1000" */
static void take_line(const char *text, struct far *far)
{
	static const char begin[] = "\nworking ";
	const char *line = strstr(text, begin), *end;

	end = line ? strchr(line + 1, '\n') : NULL;
	for (const char *at = end; at && at > line; at--)
		if (strncmp(at, ": ", 2) == 0) {
			take_numbers(at + 2, far);
			return;
		}
}

static struct far ask(const struct client_watch *w)
{
	DROP(buf_done) struct buf status = {0};
	struct far far = {0};

	if (w->works) {
		(void)works_each(w->works, take_first, &far);
		return far;
	}
	buf_byte(&status, '\n');
	if (control_read(w->folder, "status", &status, NULL) < 0)
		return far;
	buf_byte(&status, '\0');
	if (buf_error(&status) == 0)
		take_line(status.data, &far);
	return far;
}

/* ---- the thread ---- */

/* 1: it is over. */
static bool wait_a_little(struct client_watch *w)
{
	const struct timespec until = env_soon(pause_ns);
	bool over;

	(void)pthread_mutex_lock(&w->lock);
	if (!w->over)
		(void)pthread_cond_timedwait(&w->changed, &w->lock, &until);
	over = w->over;
	(void)pthread_mutex_unlock(&w->lock);
	return over;
}

static void *watch(void *arg)
{
	struct client_watch *w = arg;

	while (!wait_a_little(w)) {
		struct far far = ask(w);

		w->progress(far.done, far.total, w->arg);
	}
	return NULL;
}

void client_watch_begin(struct client_watch *w)
{
	pthread_condattr_t attr;

	if (!w->progress || pthread_condattr_init(&attr) != 0)
		return;
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
	w->running = pthread_create(&w->thread, NULL, watch, w) == 0;
}

void client_watch_end(struct client_watch *w)
{
	if (!w->running)
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->over = true;
	(void)pthread_cond_signal(&w->changed);
	(void)pthread_mutex_unlock(&w->lock);
	(void)pthread_join(w->thread, NULL);
	(void)pthread_cond_destroy(&w->changed);
	(void)pthread_mutex_destroy(&w->lock);
	w->running = false;
}
