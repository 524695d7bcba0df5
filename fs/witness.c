#include "fs/witness_priv.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* More than that at a time are not told: whoever makes so many does not wait
 * for them either. */
enum { WAITING_MAX = 4096 };

/* ---- what waits ---- */

static void tidings_free_one(struct tidings *t)
{
	free(t->name);
	free(t);
}

void tidings_free(struct tidings *list)
{
	struct tidings *next;

	for (; list; list = next) {
		next = list->next;
		tidings_free_one(list);
	}
}

void witness_hear(struct witness *w, struct tidings *list)
{
	struct tidings *t;

	if (!w || !list || !atomic_load(&w->pid)) {
		tidings_free(list);
		return;
	}
	pthread_mutex_lock(&w->lock);
	while ((t = list) && w->waiting < WAITING_MAX) {
		list = t->next;
		t->next = NULL;
		*w->last = t;
		w->last = &t->next;
		w->waiting++;
	}
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	tidings_free(list);
}

/* Under the lock. */
static struct tidings *take_first(struct witness *w)
{
	struct tidings *t = w->first;

	if (!t)
		return NULL;
	w->first = t->next;
	if (!w->first)
		w->last = &w->first;
	w->waiting--;
	return t;
}

static void *work(void *arg)
{
	struct witness *w = arg;
	struct tidings *t;

	pthread_mutex_lock(&w->lock);
	while (!atomic_load(&w->stop)) {
		t = take_first(w);
		if (!t && !w->visiting) {
			pthread_cond_wait(&w->wake, &w->lock);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		if (t) {
			witness_relate(w, t);
			tidings_free_one(t);
		} else {
			witness_rest(w);
		}
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* ---- begin and end ---- */

struct witness *witness_new(void)
{
	struct witness *w = calloc(1, sizeof(*w));
	pid_t pid = 0;

	if (!w || errand_start(&pid, &w->fd) < 0) {
		free(w);
		return NULL;
	}
	atomic_store(&w->pid, pid);
	w->last = &w->first;
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->wake, NULL);
	return w;
}

void witness_start(struct witness *w, struct fs *fs)
{
	w->fs = fs;
	w->started = pthread_create(&w->thread, NULL, work, w) == 0;
	if (!w->started)
		witness_stop(w);
}

/* Its number is nobody else's until it has been waited for, so it is given up
 * before that. With the lock. */
static bool is_over(struct witness *w, pid_t pid)
{
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid == 0)
		return false;
	atomic_store(&w->pid, 0);
	(void)waitpid(pid, NULL, WNOHANG);
	return true;
}

/*
 * A process that was killed may still be in a call, if another file system lies
 * over ours by now, for instance. Then it ends at some later time, and is not
 * waited for.
 */
void witness_end_process(struct witness *w)
{
	static const int turns = 200;
	const struct timespec pause = {.tv_nsec = 5 * 1000000L};
	bool over = false;
	pid_t pid;

	for (int i = 0; i < turns && !over; i++) {
		pthread_mutex_lock(&w->lock);
		pid = atomic_load(&w->pid);
		if (pid && i == 0)
			(void)kill(pid, SIGKILL);
		over = !pid || is_over(w, pid);
		pthread_mutex_unlock(&w->lock);
		if (!over)
			(void)nanosleep(&pause, NULL);
	}
}

void witness_stop(struct witness *w)
{
	pid_t pid;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	atomic_store(&w->stop, true);
	pthread_cond_signal(&w->wake);
	pid = atomic_load(&w->pid);
	if (pid)
		(void)kill(pid, SIGKILL);
	pthread_mutex_unlock(&w->lock);
	(void)shutdown(w->fd, SHUT_RDWR);
	if (w->started)
		(void)pthread_join(w->thread, NULL);
	w->started = false;
	witness_end_process(w);
}

void witness_free(struct witness *w)
{
	if (!w)
		return;
	witness_stop(w);
	tidings_free(w->first);
	(void)close(w->fd);
	(void)pthread_cond_destroy(&w->wake);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}

/* ---- what the process sees ---- */

bool witness_is(const struct witness *w, pid_t tid)
{
	return w && tid && atomic_load(&w->pid) == tid;
}

int64_t witness_number(struct witness *w)
{
	return atomic_fetch_add(&w->numbers, 1) + 1;
}

static bool is_from(const struct mission *m, int64_t dir, const char *name)
{
	return m->name && m->dir == dir && strcmp(m->name, name) == 0;
}

static bool is_to(const struct mission *m, int64_t dir, const char *name)
{
	return m->to_name && m->to_dir == dir && strcmp(m->to_name, name) == 0;
}

static enum witness_view view_of(struct mission *m, int64_t dir,
				 const char *name, bool there)
{
	bool from = is_from(m, dir, name);

	switch (m->what) {
	case ERRAND_CREATE:
	case ERRAND_MKDIR:
		return from ? WITNESS_NOTHING : WITNESS_TRUTH;
	case ERRAND_MOVE:
		if (is_to(m, dir, name))
			return WITNESS_NOTHING;
		break;
	case ERRAND_LOOK:
		return from && !there ? WITNESS_GONE : WITNESS_TRUTH;
	case ERRAND_UNLINK:
	case ERRAND_RMDIR:
	case ERRAND_VISIT:
		break;
	case ERRAND_NONE:
	case ERRAND_LEAVE:
	case ERRAND_CHANGE:
	case ERRAND_TOUCH:
		return WITNESS_TRUTH;
	}
	if (!from || there)
		return WITNESS_TRUTH;
	m->shown = true;
	return m->folder ? WITNESS_FOLDER : WITNESS_FILE;
}

enum witness_view witness_view(struct witness *w, int64_t dir, const char *name,
			       bool there)
{
	enum witness_view view;

	pthread_mutex_lock(&w->lock);
	view = view_of(&w->mission, dir, name, there);
	pthread_mutex_unlock(&w->lock);
	return view;
}

struct entry witness_gone(struct witness *w)
{
	struct entry gone = {.folder = true};

	pthread_mutex_lock(&w->lock);
	gone.id = gone.node = w->mission.item;
	gone.attr = w->mission.attr;
	pthread_mutex_unlock(&w->lock);
	return gone;
}

bool witness_may(struct witness *w, enum errand_what what, int64_t dir,
		 const char *name)
{
	bool removes = what == ERRAND_UNLINK || what == ERRAND_RMDIR;
	const struct mission *m = &w->mission;
	bool may;

	pthread_mutex_lock(&w->lock);
	may = m->what == what && is_from(m, dir, name) &&
	      (!removes || m->shown);
	pthread_mutex_unlock(&w->lock);
	return may;
}

bool witness_may_move(struct witness *w, int64_t dir, const char *name,
		      int64_t to_dir, const char *to_name)
{
	const struct mission *m = &w->mission;
	bool may;

	pthread_mutex_lock(&w->lock);
	may = m->what == ERRAND_MOVE && is_from(m, dir, name) &&
	      is_to(m, to_dir, to_name) && m->shown;
	pthread_mutex_unlock(&w->lock);
	return may;
}
