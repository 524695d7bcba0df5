#include "fs/control_restore.h"

#include "core/buf.h"
#include "core/env.h"
#include "core/repo.h"
#include "core/restore.h"
#include "core/work.h"
#include "fs/call.h"
#include "fs/control.h"
#include "fs/file.h"
#include "fs/filing.h"
#include "fs/fs.h"
#include "fs/live.h"
#include "fs/made.h"
#include "fs/proc.h"
#include "fs/spool.h"
#include "fs/texts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_MAX = 64 };

/* file->own, under the file's lock; file->bytes is the answer. */
struct upload {
	struct who opener;
	struct work *work; /* since it began to arrive */
	int fd;		   /* what is written, without the words */
	int64_t words;	   /* bytes of the line before it */
	int64_t end;	   /* of what is written, words included */
	bool append;	   /* the kernel does not know where that is */
	bool written;	   /* since it was restored last */
	bool shown;	   /* counted in fs->texts */
	bool dry_run, json, once;
};

/* ---- open and close ---- */

static const struct node_kind kind_upload;

static void upload_free(struct upload *upload)
{
	if (!upload)
		return;
	if (upload->work)
		work_end(upload->work);
	free(upload->work);
	if (upload->fd >= 0)
		(void)close(upload->fd);
	free(upload);
}

static void free_own(struct file *file)
{
	upload_free(file->own);
}

static void upload_free_p(struct upload **upload)
{
	upload_free(*upload);
}

/* A handle that also reads shows the answer, once there is one. */
static int open_handle(struct call *c, uint64_t ino, struct fuse_file_info *fi,
		       bool *ret_shown)
{
	DROP(buf_done) struct buf empty = {0};
	struct file *file;
	int r;

	if ((fi->flags & O_ACCMODE) == O_RDWR) {
		*ret_shown = true;
		return made_open(c, &kind_upload, ino, &empty, fi);
	}
	r = file_new(&kind_upload, ino, &file);
	if (r < 0)
		return r;
	fi->fh = (uintptr_t)file;
	fi->direct_io = 1;
	return 0;
}

int restore_open(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	DROP(upload_free_p) struct upload *upload = calloc(1, sizeof(*upload));
	int r;

	if (!upload)
		return -ENOMEM;
	upload->opener = call_who(c);
	upload->append = fi->flags & O_APPEND;
	upload->fd = -1;
	upload->work = calloc(1, sizeof(*upload->work));
	if (!upload->work)
		return -ENOMEM;
	upload->fd = spool_unnamed();
	if (upload->fd < 0)
		return why_set(&c->why, upload->fd,
			       "no room to keep what is written: %s",
			       strerrordesc_np(-upload->fd));
	r = open_handle(c, ino, fi, &upload->shown);
	if (r < 0)
		return r;
	file_of(fi->fh)->own = TAKE(upload);
	return 0;
}

bool restore_is_open(struct call *c, uint64_t ino)
{
	return files_has(c->fs->files, &kind_upload, ino);
}

/* ---- what is written ---- */

/* The line of words at the beginning of @bytes; 0: there is none. */
static size_t take_words(struct upload *upload, const char *bytes, size_t size)
{
	const char *end =
		memchr(bytes, '\n', size < WORDS_MAX ? size : WORDS_MAX);
	struct upload found = *upload;
	char line[WORDS_MAX], *rest = line, *word;

	if (!end)
		return 0;
	memcpy(line, bytes, (size_t)(end - bytes));
	line[end - bytes] = '\0';
	if (strlen(line) != (size_t)(end - bytes))
		return 0;
	while ((word = strsep(&rest, " "))) {
		if (strcmp(word, "dry-run") == 0)
			found.dry_run = true;
		else if (strcmp(word, "json") == 0)
			found.json = true;
		else if (strcmp(word, "once") == 0)
			found.once = true;
		else
			return 0;
	}
	*upload = found;
	upload->words = end - bytes + 1;
	return (size_t)upload->words;
}

static int store(struct call *c, struct upload *upload, const char *bytes,
		 size_t size, int64_t offset)
{
	while (size > 0) {
		ssize_t n = pwrite(upload->fd, bytes, size, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return why_set(&c->why, -errno,
				       "the archive cannot be kept: %s",
				       strerrordesc_np(errno));
		bytes += n;
		size -= (size_t)n;
		offset += n;
	}
	return 0;
}

/* Nobody else may be at work while an archive arrives: who sends it hears at
 * once that he must wait, and not after the last of its bytes. */
static int begin_work(struct call *c, uint64_t ino, const struct upload *upload)
{
	bool full = control_row(ino)->restores == CONTROL_RESTORE_FULL;
	struct work *work = upload->work;
	struct db *db = call_db(c);

	if (!db)
		return c->why.code;
	if (work->works)
		return 0;
	work->folder = control_folder(ino);
	work->what = restore_title(full);
	work->who = upload->opener;
	work->done = work->total = 0;
	return work_begin(c->fs->repo->works, db, work, &c->why);
}

/* The first bytes: the number of those that are words, which are no part of
 * the archive. */
static int start(struct call *c, struct file *file, const char *bytes,
		 size_t size, int64_t offset)
{
	struct upload *upload = file->own;
	size_t words = 0;
	int r;

	*upload = (struct upload){
		.opener = upload->opener,
		.work = upload->work,
		.fd = upload->fd,
		.shown = upload->shown,
		.append = upload->append,
	};
	if (offset == 0 || upload->append)
		words = take_words(upload, bytes, size);
	r = upload->dry_run ? 0 : begin_work(c, file->ino, upload);
	if (r < 0)
		return r;
	upload->written = true;
	return (int)words;
}

/* With the file's lock. */
static int take(struct call *c, struct file *file, const char *bytes,
		size_t size, int64_t offset)
{
	struct upload *upload = file->own;
	int skip = 0;

	if (!upload->written)
		skip = start(c, file, bytes, size, offset);
	if (skip < 0)
		return skip;
	if (upload->append)
		offset = upload->end;
	upload->end = offset + (int64_t)size;
	offset += skip - upload->words;
	if (offset < 0)
		return why_set(&c->why, -EINVAL,
			       "an archive is written from its beginning");
	return store(c, upload, bytes + skip, size - (size_t)skip, offset);
}

static int write_upload(struct call *c, struct file *file, const char *bytes,
			size_t size, int64_t offset)
{
	int r;

	pthread_mutex_lock(&file->lock);
	r = take(c, file, bytes, size, offset);
	pthread_mutex_unlock(&file->lock);
	return r < 0 ? control_failed(c, control_folder(file->ino), r) : 0;
}

int restore_resize(struct call *c, struct file *file, int64_t size)
{
	struct upload *upload = file->own;
	int r = 0;

	if (file->kind != &kind_upload)
		return 0;
	pthread_mutex_lock(&file->lock);
	if (size < upload->words)
		upload->words = 0;
	if (ftruncate(upload->fd, size - upload->words) < 0)
		r = why_set(&c->why, -errno, "the archive cannot be kept: %s",
			    strerrordesc_np(errno));
	upload->written &= size > 0;
	if (!upload->written)
		work_end(upload->work);
	pthread_mutex_unlock(&file->lock);
	return r;
}

/* ---- what becomes of it ---- */

static uint64_t live_ino(int64_t node)
{
	return inum_make(INUM_LIVE, (uint64_t)node);
}

static void forget_name(struct call *c, int64_t parent, const char *name)
{
	if (!parent || !name)
		return;
	call_forget_name(c, live_ino(parent), name);
}

static void forget(struct call *c, const struct restore_result *result)
{
	for (int64_t n = 0; bits_next(&result->nodes, &n) > 0;)
		call_forget_node(c, live_ino(n));
	for (size_t i = 0; i < result->touched.len; i++) {
		const struct touched *t = &result->touched.entries[i];

		forget_name(c, t->old_parent, t->old_name);
		forget_name(c, t->new_parent, t->new_name);
	}
	for (int64_t n = 0; bits_next(&result->parents, &n) > 0;)
		call_forget_node(c, live_ino(n));
}

/* What is no archive is somebody's mistake, not damage of ours. */
static int as_mistake(struct call *c, int r)
{
	if (r != -EBADMSG)
		return r;
	c->why.code = -EINVAL;
	return -EINVAL;
}

/* Who reads "restore" meanwhile hears how far it is. */
struct watch {
	struct fs *fs;
	uint64_t ino;
	int64_t told_ns;
};

static void tell_progress(int64_t done, int64_t total, void *arg)
{
	static const int64_t pause_ns = 100000000;
	struct watch *w = arg;
	int64_t now_ns = env_now_ns(store_env(w->fs->repo->store));
	char text[96];
	int len;

	if (now_ns - w->told_ns < pause_ns)
		return;
	w->told_ns = now_ns;
	len = snprintf(text, sizeof(text),
		       "restoring: %" PRId64 " of %" PRId64 "\n", done, total);
	texts_keep(w->fs->texts, w->ino, text, (size_t)len);
}

static int restore(struct call *c, uint64_t ino, const struct upload *upload,
		   struct buf *answer)
{
	DROP(filing_resume) struct filing *paused = filing_pause(c);
	struct watch watch = {.fs = c->fs, .ino = control_restore_ino(ino)};
	DROP(restore_result_done) struct restore_result result = {0};
	const struct fs_options *options = &c->fs->options;
	int fd = upload->fd;
	const struct restore_request request = {
		.folder = control_folder(ino),
		.source = restore_from_fd(&fd),
		.full = control_row(ino)->restores == CONTROL_RESTORE_FULL,
		.dry_run = upload->dry_run,
		.json = upload->json,
		.once = upload->once || options->identical == IDENTICAL_SKIP,
		.max_item = options->max_item,
		.work = upload->dry_run ? NULL : upload->work,
		.progress = tell_progress,
		.progress_arg = &watch,
	};
	int r = live_reserve_names(c, &upload->opener);

	if (r == 0)
		r = restore_run(c->fs->repo, &upload->opener, &request, answer,
				&result, &c->why);
	if (r < 0)
		return as_mistake(c, r);
	if (upload->dry_run)
		return 0;
	live_follow(c, &result.touched);
	forget(c, &result);
	call_tell_revision(c, result.revision);
	return store_sync(c->fs->repo->store, &c->why);
}

/* Show @answer, which is taken over, here and to who reads "restore" next. */
static void set_answer(struct call *c, struct file *file, struct buf *answer)
{
	const struct upload *upload = file->own;

	texts_keep(c->fs->texts, control_restore_ino(file->ino), answer->data,
		   answer->len);
	if (upload->shown)
		texts_resize(c->fs->texts, file->ino, (int64_t)answer->len);
	pthread_mutex_lock(&file->lock);
	buf_done(&file->bytes);
	file->bytes = *answer;
	pthread_mutex_unlock(&file->lock);
	*answer = (struct buf){0};
}

/* Restore what has been written since this was done last. */
static int finish(struct call *c, struct file *file)
{
	struct upload *upload = file->own, whole;
	DROP(buf_done) struct buf answer = {0};
	int r;

	pthread_mutex_lock(&file->lock);
	whole = *upload;
	upload->written = false;
	pthread_mutex_unlock(&file->lock);
	if (!whole.written)
		return 0;
	r = restore(c, file->ino, &whole, &answer);
	pthread_mutex_lock(&file->lock);
	work_end(whole.work);
	pthread_mutex_unlock(&file->lock);
	if (r < 0) {
		(void)control_failed(c, control_folder(file->ino), r);
		buf_reset(&answer);
		buf_addf(&answer, "error: %s\n",
			 c->why.text[0] ? c->why.text : strerrordesc_np(-r));
	}
	set_answer(c, file, &answer);
	if (ftruncate(upload->fd, 0) < 0)
		return r; /* it goes with the handle */
	return r;
}

/* As with commands: only who opened it says that it is whole. */
static int flush(struct call *c, struct file *file)
{
	const struct upload *upload = file->own;
	pid_t closer = call_process(c);

	if (closer && upload->opener.pid && closer != upload->opener.pid)
		return 0;
	return finish(c, file);
}

static void release(struct call *c, struct file *file)
{
	const struct upload *upload = file->own;

	(void)finish(c, file);
	if (upload->shown)
		made_release(c, file);
}

static int read_answer(struct call *c, struct file *file, size_t size,
		       int64_t offset)
{
	int r;

	pthread_mutex_lock(&file->lock);
	r = file_copy_bytes(c, file->bytes.data, file->bytes.len, size, offset);
	pthread_mutex_unlock(&file->lock);
	return r;
}

static const struct node_kind kind_upload = {
	.name = "archive",
	.read = read_answer,
	.write = write_upload,
	.flush = flush,
	.fsync = finish,
	.release = release,
	.free_own = free_own,
};
