#include "fs/client_upload.h"

#include "core/buf.h"
#include "core/defer.h"
#include "core/why.h"
#include "fs/client_control.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 1 << 20 };

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static void free_bytes(char **bytes)
{
	free(*bytes);
}

/* ---- writing ---- */

static int write_all(int fd, const char *bytes, size_t len, struct why *why)
{
	while (len > 0) {
		ssize_t n = TEMP_FAILURE_RETRY(write(fd, bytes, len));

		if (n < 0)
			return control_explain(fd, -errno, why);
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_words(int fd, const char *words, struct why *why)
{
	char line[64];

	if (!*words)
		return 0;
	(void)snprintf(line, sizeof(line), "%s\n", words);
	return write_all(fd, line, strlen(line), why);
}

static int write_archive(int fd, const struct upload_request *request,
			 struct why *why)
{
	DROP(free_bytes) char *bytes = malloc(CHUNK);
	int64_t done = 0, total = 0;
	struct stat st;
	ssize_t n;
	int r = 0;

	if (!bytes)
		return why_set(why, -ENOMEM, "out of memory");
	if (fstat(request->fd, &st) == 0 && S_ISREG(st.st_mode))
		total = st.st_size;
	do {
		n = TEMP_FAILURE_RETRY(read(request->fd, bytes, CHUNK));
		if (n > 0)
			r = write_all(fd, bytes, (size_t)n, why);
		done += n > 0 ? n : 0;
		request->progress(done, total, request->arg);
	} while (r == 0 && n > 0);
	if (n < 0)
		return why_set(why, -errno, "the archive cannot be read: %s",
			       strerrordesc_np(errno));
	return r;
}

/* ---- waiting ---- */

struct waiting {
	const struct upload_request *request;
	pthread_mutex_t lock;
	pthread_cond_t change;
	bool over;
};

/* What the folder says while it restores: "restoring: 7 of 9". */
static void ask(const struct upload_request *request)
{
	DROP(buf_done) struct buf text = {0};
	int64_t done, total;

	if (control_read(request->folder, "restore", &text, NULL) < 0)
		return;
	buf_byte(&text, '\0');
	/* NOLINTBEGIN(cert-err34-c): the numbers are for a bar */
	if (!buf_error(&text) &&
	    sscanf(text.data, "restoring: %" SCNd64 " of %" SCNd64, &done,
		   &total) == 2)
		request->progress(done, total, request->arg);
	/* NOLINTEND(cert-err34-c) */
}

static void *watch(void *arg)
{
	struct waiting *w = arg;

	(void)pthread_mutex_lock(&w->lock);
	while (!w->over) {
		struct timespec until;

		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		(void)pthread_cond_timedwait(&w->change, &w->lock, &until);
		if (!w->over)
			ask(w->request);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* It is restored by the sync, which, unlike a close, leaves a handle that says
 * how. */
static int sync_watched(int fd, const struct upload_request *request)
{
	struct waiting w = {
		.request = request,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.change = PTHREAD_COND_INITIALIZER,
	};
	pthread_t thread;
	bool watched = pthread_create(&thread, NULL, watch, &w) == 0;
	int r = fsync(fd) < 0 ? -errno : 0;

	if (!watched)
		return r;
	(void)pthread_mutex_lock(&w.lock);
	w.over = true;
	(void)pthread_cond_signal(&w.change);
	(void)pthread_mutex_unlock(&w.lock);
	(void)pthread_join(thread, NULL);
	return r;
}

int client_upload(const struct upload_request *request, struct buf *out,
		  struct why *why)
{
	DROP(close_fd) int fd = -1;
	int r = control_begin(request->folder, request->name, &fd, why);

	if (r == -ENOENT)
		return why_set(why, r, "'%s' takes no archives",
			       request->folder);
	if (r == 0)
		r = write_words(fd, request->words, why);
	if (r == 0)
		r = write_archive(fd, request, why);
	if (r < 0)
		return r;
	r = sync_watched(fd, request);
	return r < 0 ? control_explain(fd, r, why)
		     : control_answer(fd, out, why);
}
