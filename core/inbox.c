#include "core/inbox.h"

#include "core/blob.h"
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

#define MAGIC "repofs-letter-2"

/* As it stands in the file, before the name and the bytes. It is read by the
 * same program on the same machine, so it is as memory has it. */
struct head {
	char magic[16];
	uint64_t key;
	int64_t number;
	int64_t folder, item, seen;
	int64_t time_ns, mtime_ns, ctime_ns;
	uint64_t start;
	uint64_t len;
	uint32_t mode, uid, gid;
	uint32_t who_uid, who_gid;
	int32_t who_pid, pid;
	uint32_t name_len;
	char program[32];
	unsigned char sha256[BLOB_SHA256]; /* of all before it, the name and the
					      bytes' own SHA-256 */
};

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

/* ---- letters ---- */

static int sum(const struct head *head, const char *name, const void *bytes,
	       unsigned char ret[BLOB_SHA256], struct why *why)
{
	unsigned char all[offsetof(struct head, sha256) + 256 + BLOB_SHA256];
	size_t len = offsetof(struct head, sha256);
	int r;

	memcpy(all, head, len);
	memcpy(all + len, name, head->name_len);
	len += head->name_len;
	r = blob_sha256(bytes, head->len, all + len, why);
	return r < 0 ? r : blob_sha256(all, len + BLOB_SHA256, ret, why);
}

static int make_head(const struct inbox *inbox, const struct letter *letter,
		     struct head *ret, struct why *why)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->magic, MAGIC, sizeof(MAGIC));
	ret->key = inbox->key;
	ret->number = letter->number;
	ret->folder = letter->folder;
	ret->item = letter->item;
	ret->seen = letter->seen;
	ret->time_ns = letter->time_ns;
	ret->mtime_ns = letter->attr.mtime_ns;
	ret->ctime_ns = letter->attr.ctime_ns;
	ret->mode = letter->attr.mode;
	ret->uid = letter->attr.uid;
	ret->gid = letter->attr.gid;
	ret->who_uid = letter->who.uid;
	ret->who_gid = letter->who.gid;
	ret->who_pid = letter->who.pid;
	memcpy(ret->program, letter->who.program, sizeof(ret->program));
	ret->pid = letter->key.pid;
	ret->start = letter->key.start;
	ret->len = letter->len;
	ret->name_len = (uint32_t)strnlen(letter->name, 255);
	return sum(ret, letter->name, letter->bytes, ret->sha256, why);
}

/* @text: all that follows the head. */
static struct letter to_letter(const struct head *head, const char *name,
			       const char *text)
{
	struct letter letter = {
		.folder = head->folder,
		.name = name,
		.item = head->item,
		.seen = head->seen,
		.bytes = text + head->name_len,
		.len = head->len,
		.attr = {.mode = head->mode,
			 .uid = head->uid,
			 .gid = head->gid,
			 .mtime_ns = head->mtime_ns,
			 .ctime_ns = head->ctime_ns},
		.who = {.uid = head->who_uid,
			.gid = head->who_gid,
			.pid = head->who_pid},
		.key = {.pid = head->pid, .start = head->start},
		.time_ns = head->time_ns,
		.number = head->number,
	};

	memcpy(letter.who.program, head->program, sizeof(head->program));
	letter.who.program[sizeof(letter.who.program) - 1] = '\0';
	return letter;
}

/* ---- reading ---- */

/* The letter @number of the inbox is at @at, where @left bytes are: 1. */
static int is_letter(const struct inbox *inbox, const char *at, size_t left,
		     int64_t number, struct head *ret, struct why *why)
{
	unsigned char sha256[BLOB_SHA256];
	int r;

	if (left < sizeof(*ret))
		return 0;
	memcpy(ret, at, sizeof(*ret));
	if (memcmp(ret->magic, MAGIC, sizeof(MAGIC)) != 0 ||
	    ret->key != inbox->key || ret->number != number ||
	    ret->name_len > 255 || ret->len > left ||
	    sizeof(*ret) + ret->name_len + ret->len > left)
		return 0;
	at += sizeof(*ret);
	r = sum(ret, at, at + ret->name_len, sha256, why);
	if (r < 0)
		return r;
	return memcmp(sha256, ret->sha256, BLOB_SHA256) == 0;
}

/* The number of the letter that stands first; what follows has the next. */
static int64_t first_number(const struct buf *all)
{
	struct head head;

	if (all->len < sizeof(head))
		return 0;
	memcpy(&head, all->data, sizeof(head));
	return head.number;
}

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
	int64_t number = first_number(all);
	struct head head;
	size_t at = 0;
	int r;

	if (number > inbox->filed + 1)
		return 0; /* those between have been lost with the power */
	while ((r = is_letter(inbox, all->data + at, all->len - at, number,
			      &head, why)) > 0) {
		const char *text = all->data + at + sizeof(head);
		char name[256] = "";
		struct letter letter;

		memcpy(name, text, head.name_len);
		letter = to_letter(&head, name, text);
		r = number > inbox->filed ? fn(&letter, arg) : 0;
		if (r)
			return r;
		at += sizeof(head) + head.name_len + head.len;
		number++;
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
	struct head head;
	int r;

	if (!inbox->begun)
		return -EAGAIN;
	if (inbox->put == inbox->filed)
		inbox->end = 0;
	letter->number = inbox->put + 1;
	r = make_head(inbox, letter, &head, why);
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

int inbox_new(struct store *store, struct inbox **ret, struct why *why)
{
	DROP(inbox_free_p) struct inbox *inbox = calloc(1, sizeof(*inbox));

	if (!inbox)
		return why_set(why, -ENOMEM, "out of memory");
	inbox->store = store;
	inbox->fd = -1;
	pthread_mutex_init(&inbox->lock, NULL);
	inbox->path = store_beside(store_path(store), ".inbox");
	if (!inbox->path)
		return why_set(why, -ENOMEM, "out of memory");
	inbox->fd = open(inbox->path, O_RDWR | O_CLOEXEC);
	if (inbox->fd < 0 && errno != ENOENT)
		return file_failed(inbox, why);
	if (inbox->fd >= 0) {
		int r = load_mark(inbox, why);

		if (r < 0)
			return r;
	}
	*ret = TAKE(inbox);
	return 0;
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
	if (inbox->fd >= 0)
		(void)close(inbox->fd);
	pthread_mutex_destroy(&inbox->lock);
	free(inbox->path);
	free(inbox);
}
