/*
 * A command file that is open: lines come in, answers go out.
 *
 * A line acts at its newline, one without a newline when the program that
 * opened the file closes it. The program that is told of a failure is the one
 * that wrote the line, by write() or close().
 */
#include "core/buf.h"
#include "fs/call.h"
#include "fs/control.h"
#include "fs/file.h"
#include "fs/fs.h"
#include "fs/kinds.h"
#include "fs/made.h"
#include "fs/proc.h"
#include "fs/texts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Enough for a list of paths, and less than the kernel gives in one piece. */
enum { LINE_MAX_BYTES = 1 << 18 };

/* Where answers begin in the file, for reads. */
enum { BASE_UNDECIDED = -1 };

/* Of a file that is open for writing (file->own); file->bytes is the answer
 * that it shows. Both under the file's lock, which is not held while a command
 * runs: that waits for the writer. */
struct dialog {
	struct who opener;
	struct buf begun; /* a line without its newline */
	int64_t end;	  /* of what was written, in the file */
	int64_t base;
	bool shown; /* counted in fs->texts */
};

/* ---- open and close ---- */

static int open_writer(struct call *c, uint64_t ino, struct fuse_file_info *fi,
		       struct dialog *dialog)
{
	struct file *file;
	int r;

	if ((fi->flags & O_ACCMODE) == O_WRONLY) {
		r = file_new(&kind_control_file, ino, &file);
		if (r < 0)
			return r;
		fi->fh = (uintptr_t)file;
		fi->direct_io = 1;
	} else {
		DROP(buf_done) struct buf text = {0};

		r = control_row(ino)->show(c, ino, &text);
		if (r == 0)
			r = made_open(c, &kind_control_file, ino, &text, fi);
		if (r < 0)
			return r;
		dialog->shown = true;
	}
	dialog->opener = call_who(c);
	file_of(fi->fh)->own = dialog;
	return 0;
}

int command_open(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	DROP(buf_done) struct buf text = {0};
	struct dialog *dialog;
	int r;

	if ((fi->flags & O_ACCMODE) == O_RDONLY) {
		r = control_row(ino)->show(c, ino, &text);
		return r < 0 ? r
			     : made_open(c, &kind_control_file, ino, &text, fi);
	}
	dialog = calloc(1, sizeof(*dialog));
	if (!dialog)
		return -ENOMEM;
	r = open_writer(c, ino, fi, dialog);
	if (r < 0)
		free(dialog);
	return r;
}

void command_free(struct file *file)
{
	struct dialog *dialog = file->own;

	if (!dialog)
		return;
	buf_done(&dialog->begun);
	free(dialog);
}

/* ---- reading answers ---- */

/*
 * A program that writes a command and reads on stands behind what it wrote;
 * one that reads by position begins at 0. Both get the answer from its
 * beginning: how the first read after a command comes decides it.
 */
static int64_t answer_offset(struct dialog *dialog, int64_t offset)
{
	if (dialog->base == BASE_UNDECIDED)
		dialog->base = offset == dialog->end ? offset : 0;
	if (offset < dialog->base)
		dialog->base = 0;
	return offset - dialog->base;
}

int command_read(struct call *c, struct file *file, size_t size, int64_t offset)
{
	struct dialog *dialog = file->own;
	int r;

	if (!dialog)
		return file_read_bytes(c, file, size, offset);
	pthread_mutex_lock(&file->lock);
	offset = answer_offset(dialog, offset);
	r = file_copy_bytes(c, file->bytes.data, file->bytes.len, size, offset);
	pthread_mutex_unlock(&file->lock);
	return r;
}

/* ---- lines ---- */

/* Show @answer, which is taken over. */
static void set_answer(struct call *c, struct file *file, struct buf *answer)
{
	struct dialog *dialog = file->own;

	texts_keep(c->fs->texts, file->ino, answer->data, answer->len);
	if (dialog->shown)
		texts_resize(c->fs->texts, file->ino, (int64_t)answer->len);
	pthread_mutex_lock(&file->lock);
	buf_done(&file->bytes);
	file->bytes = *answer;
	dialog->base = BASE_UNDECIDED;
	pthread_mutex_unlock(&file->lock);
	*answer = (struct buf){0};
}

static int run_line(struct call *c, struct file *file, char *line,
		    struct buf *answer)
{
	const struct dialog *dialog = file->own;
	int64_t folder = control_folder(file->ino);
	size_t len = strlen(line);
	int r;

	while (len > 0 && strchr(" \t\r", line[len - 1]))
		line[--len] = '\0';
	line += strspn(line, " \t");
	r = control_row(file->ino)->run(c, folder, &dialog->opener, line,
					answer);
	if (r < 0) {
		(void)control_failed(c, folder, r);
		buf_addf(answer, "error: %s\n",
			 c->why.text[0] ? c->why.text : strerrordesc_np(-r));
	}
	return r;
}

/* Run the lines in @lines, each with its newline; up to the first that
 * fails. */
static int run_lines(struct call *c, struct file *file, struct buf *lines)
{
	DROP(buf_done) struct buf answer = {0};
	char *at = lines->data, *end = lines->data + lines->len, *newline;
	int r = 0;

	if (lines->len == 0)
		return 0;
	while (r == 0 && at < end) {
		newline = memchr(at, '\n', (size_t)(end - at));
		*newline = '\0';
		r = run_line(c, file, at, &answer);
		at = newline + 1;
	}
	set_answer(c, file, &answer);
	return r;
}

/* Add what is written to the line that was begun; what is complete goes to
 * @lines. */
static int collect(struct dialog *dialog, const char *bytes, size_t size,
		   struct buf *lines, struct why *why)
{
	const char *last = memrchr(bytes, '\n', size);
	size_t complete = last ? (size_t)(last - bytes) + 1 : 0;

	if (memchr(bytes, '\0', size))
		return why_set(why, -EINVAL, "a command is text");
	if (complete) {
		*lines = dialog->begun;
		dialog->begun = (struct buf){0};
		buf_add(lines, bytes, complete);
	}
	buf_add(&dialog->begun, bytes + complete, size - complete);
	if (buf_error(&dialog->begun) || buf_error(lines))
		return why_set(why, -ENOMEM, "out of memory");
	if (dialog->begun.len <= LINE_MAX_BYTES)
		return 0;
	buf_done(&dialog->begun);
	return why_set(why, -EFBIG, "a command has at most %d bytes",
		       LINE_MAX_BYTES);
}

int command_write(struct call *c, struct file *file, const char *bytes,
		  size_t size, int64_t offset)
{
	struct dialog *dialog = file->own;
	DROP(buf_done) struct buf lines = {0};
	int r;

	c->notices_first = true;
	pthread_mutex_lock(&file->lock);
	r = collect(dialog, bytes, size, &lines, &c->why);
	dialog->end = offset + (int64_t)size;
	pthread_mutex_unlock(&file->lock);
	if (r < 0)
		return control_failed(c, control_folder(file->ino), r);
	r = run_lines(c, file, &lines);
	if (r < 0)
		return r;
	c->reply.kind = REPLY_WRITE;
	c->reply.count = size;
	return 0;
}

/* Run the line that was begun, as if its newline had come. */
static int finish(struct call *c, struct file *file)
{
	struct dialog *dialog = file->own;
	DROP(buf_done) struct buf lines = {0};

	c->notices_first = true;
	pthread_mutex_lock(&file->lock);
	lines = dialog->begun;
	dialog->begun = (struct buf){0};
	pthread_mutex_unlock(&file->lock);
	if (lines.len == 0)
		return 0;
	buf_byte(&lines, '\n');
	return buf_error(&lines) ? -ENOMEM : run_lines(c, file, &lines);
}

/*
 * Every fork of the program that writes closes copies of its files at exec or
 * exit, perhaps in the middle of a line. So a close counts if it is by the
 * process that opened the file, or the last.
 */
int command_flush(struct call *c, struct file *file)
{
	const struct dialog *dialog = file->own;
	pid_t closer;

	if (!dialog)
		return 0;
	closer = call_process(c);
	if (closer && dialog->opener.pid && closer != dialog->opener.pid)
		return 0;
	return finish(c, file);
}

void command_release(struct call *c, struct file *file)
{
	const struct dialog *dialog = file->own;

	if (dialog)
		(void)finish(c, file);
	if (!dialog || dialog->shown)
		made_release(c, file);
}
