#include "core/inbox_priv.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/env.h"
#include "core/store.h"
#include "core/why.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MAX_BYTES = 16 << 20 };

struct inbox {
	struct store *store;
	char *path;
	pthread_mutex_t lock;
	int fd; /* -1: there is no file */
	bool begun;
	uint64_t key;
	int64_t put, filed; /* numbers of the newest letter of each kind */
	int64_t end;	    /* where the next one goes */
};

static int file_failed(const struct inbox *inbox, struct why *why)
{
	return why_set(why, -errno, "'%s': %s", inbox->path,
		       strerrordesc_np(errno));
}

/* ---- what the repository holds of it ---- */

/* "KEY:FILED" */
static int parse_mark(struct inbox *inbox, const char *text, struct why *why)
{
	char *colon, *end;

	errno = 0;
	inbox->key = strtoull(text, &colon, 16);
	if (*colon != ':')
		return why_set(why, -EBADMSG, "the mark of the inbox is bad");
	inbox->filed = strtoll(colon + 1, &end, 10);
	if (errno || end == colon + 1 || *end)
		return why_set(why, -EBADMSG, "the mark of the inbox is bad");
	return 0;
}

static int load_mark(struct inbox *inbox, struct why *why)
{
	DROP(store_put) struct reader reader = {0};
	int r = store_read(inbox->store, &reader, why);

	if (r < 0)
		return r;
	DROP(q_close) struct q q = q_open(reader.db, STMT_INBOX_GET);
	r = q_step(&q, why);
	if (r <= 0)
		return r;
	return parse_mark(inbox, q_col_text(&q, 0), why);
}

static int save_mark(struct moment *m, uint64_t key, int64_t filed,
		     struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_INBOX_PUT);
	char text[64];

	(void)snprintf(text, sizeof(text), "%016" PRIx64 ":%" PRId64, key,
		       filed);
	q_text(&q, 1, text);
	return q_run(&q, why);
}

/* ---- reading ---- */

static int read_all(const struct inbox *inbox, struct buf *ret, struct why *why)
{
	struct stat st;
	ssize_t n = 0;

	if (fstat(inbox->fd, &st) < 0)
		return file_failed(inbox, why);
	if (buf_reserve(ret, (size_t)st.st_size) < 0)
		return why_set(why, -ENOMEM, "out of memory");
	while (ret->len < (size_t)st.st_size) {
		n = pread(inbox->fd, ret->data + ret->len,
			  (size_t)st.st_size - ret->len, (off_t)ret->len);
		if (n <= 0)
			break;
		ret->len += (size_t)n;
	}
	return n < 0 ? file_failed(inbox, why) : 0;
}

static int each(const struct inbox *inbox, const struct buf *all, inbox_fn fn,
		void *arg, struct why *why)
{
	struct letter_at at = {
		.data = all->data,
		.left = all->len,
		.key = inbox->key,
		.number = letter_first(all->data, all->len),
	};
	struct letter letter;
	int r;

	if (at.number > inbox->filed + 1)
		return 0; /* those between have been lost with the power */
	while ((r = letter_next(&at, &letter, why)) > 0) {
		r = letter.number > inbox->filed ? fn(&letter, arg) : 0;
		if (r)
			return r;
	}
	return r;
}

int inbox_each(struct inbox *inbox, inbox_fn fn, void *arg, struct why *why)
{
	DROP(buf_done) struct buf all = {0};
	int r;

	if (inbox->fd < 0)
		return 0;
	r = read_all(inbox, &all, why);
	return r < 0 ? r : each(inbox, &all, fn, arg, why);
}

/* ---- writing ---- */

static int count_one(const struct letter *letter, void *arg)
{
	(void)letter;
	++*(int64_t *)arg;
	return 0;
}

int inbox_begin(struct inbox *inbox, struct moment *m, struct why *why)
{
	const struct env *env = store_env(inbox->store);
	int64_t left = 0;
	uint64_t key;
	int r = inbox_each(inbox, count_one, &left, why);

	if (r < 0)
		return r;
	if (left)
		return why_set(why, -EBUSY,
			       "%" PRId64 " files that were copied in before "
			       "it was last closed wait in '%s'",
			       left, inbox->path);
	r = env_random(env, &key, sizeof(key));
	if (r < 0)
		return why_set(why, r, "no random number");
	r = save_mark(m, key, 0, why);
	if (r < 0)
		return r;
	inbox->key = key;
	inbox->put = inbox->filed = inbox->end = 0;
	inbox->begun = true;
	return 0;
}

static int write_all(struct inbox *inbox, struct iovec *parts, int count,
		     size_t len, struct why *why)
{
	ssize_t n;

	if (inbox->fd < 0)
		inbox->fd =
			open(inbox->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (inbox->fd < 0)
		return file_failed(inbox, why);
	n = pwritev(inbox->fd, parts, count, inbox->end);
	if (n < 0)
		return file_failed(inbox, why);
	/* The rest would fail; what is there is no letter by its sum. */
	if ((size_t)n < len)
		return why_set(why, -ENOSPC, "'%s': the disk is full",
			       inbox->path);
	inbox->end += n;
	return 0;
}

/* With the lock. */
static int put(struct inbox *inbox, struct letter *letter, struct why *why)
{
	struct letter_head head;
	int r;

	if (!inbox->begun)
		return -EAGAIN;
	if (inbox->put == inbox->filed)
		inbox->end = 0;
	if (inbox->end > MAX_BYTES)
		return -EAGAIN;
	letter->number = inbox->put + 1;
	r = letter_head(inbox->key, letter, &head, why);
	if (r < 0)
		return r;
	struct iovec parts[] = {
		{&head, sizeof(head)},
		{(void *)(uintptr_t)letter->name, head.name_len},
		{(void *)(uintptr_t)letter->bytes, letter->len}};
	r = write_all(inbox, parts, 3,
		      sizeof(head) + head.name_len + letter->len, why);
	if (r == 0)
		inbox->put++;
	return r;
}

int inbox_put(struct inbox *inbox, struct letter *letter, struct why *why)
{
	int r;

	pthread_mutex_lock(&inbox->lock);
	r = put(inbox, letter, why);
	pthread_mutex_unlock(&inbox->lock);
	return r;
}

int inbox_file(struct inbox *inbox, struct moment *m, int64_t number,
	       struct why *why)
{
	return save_mark(m, inbox->key, number, why);
}

void inbox_filed(struct inbox *inbox, int64_t number)
{
	pthread_mutex_lock(&inbox->lock);
	if (number > inbox->filed)
		inbox->filed = number;
	pthread_mutex_unlock(&inbox->lock);
}

/* ---- begin and end ---- */

static void close_inbox(struct inbox *inbox)
{
	if (inbox->fd >= 0)
		(void)close(inbox->fd);
	pthread_mutex_destroy(&inbox->lock);
	free(inbox->path);
}

/* What there is of it; fd stays -1 if there is no file. */
static int open_inbox(struct inbox *inbox, struct store *store, int flags,
		      struct why *why)
{
	*inbox = (struct inbox){.store = store, .fd = -1};
	pthread_mutex_init(&inbox->lock, NULL);
	inbox->path = store_beside(store_path(store), ".inbox");
	if (!inbox->path)
		return why_set(why, -ENOMEM, "out of memory");
	inbox->fd = open(inbox->path, flags | O_CLOEXEC);
	if (inbox->fd < 0)
		return errno == ENOENT ? 0 : file_failed(inbox, why);
	return load_mark(inbox, why);
}

int inbox_new(struct store *store, struct inbox **ret, struct why *why)
{
	struct inbox *inbox = calloc(1, sizeof(*inbox));
	int r;

	if (!inbox)
		return why_set(why, -ENOMEM, "out of memory");
	r = open_inbox(inbox, store, O_RDWR, why);
	if (r < 0) {
		close_inbox(inbox);
		free(inbox);
		return r;
	}
	*ret = inbox;
	return 0;
}

int inbox_left(struct store *store, int64_t *ret_left, struct why *why)
{
	DROP(close_inbox) struct inbox inbox;
	int r = open_inbox(&inbox, store, O_RDONLY, why);

	*ret_left = 0;
	return r < 0 ? r : inbox_each(&inbox, count_one, ret_left, why);
}

static bool is_empty(struct inbox *inbox)
{
	int64_t left = 0;

	if (inbox->begun)
		return inbox->put == inbox->filed;
	return inbox_each(inbox, count_one, &left, NULL) == 0 && !left;
}

void inbox_free(struct inbox *inbox)
{
	if (!inbox)
		return;
	if (inbox->fd >= 0 && is_empty(inbox))
		(void)unlink(inbox->path);
	close_inbox(inbox);
	free(inbox);
}
