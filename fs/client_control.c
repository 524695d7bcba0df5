#include "fs/client_control.h"

#include "core/buf.h"
#include "core/defer.h"
#include "core/why.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static void free_text(char **text)
{
	free(*text);
}

/* Open @folder/@dir/@name. */
static int open_in(const char *folder, const char *dir, const char *name,
		   int flags, int *ret_fd, struct why *why)
{
	DROP(free_text) char *path = NULL;
	int r;

	if (asprintf(&path, "%s/%s/%s", folder, dir, name) < 0) {
		path = NULL;
		return why_set(why, -ENOMEM, "out of memory");
	}
	*ret_fd = open(path, flags | O_CLOEXEC);
	if (*ret_fd >= 0)
		return 0;
	r = -errno;
	if (r == -ENOENT)
		return r;
	if (r == -EACCES)
		return why_set(why, r, "you may not %s '%s'",
			       flags & O_RDWR ? "write" : "read", path);
	if (r == -ENOTCONN) /* what the kernel remembers looked alive */
		return why_set(why, r,
			       "the mount of '%s' is dead: its daemon is gone; "
			       "mount it anew, or unmount it",
			       folder);
	return why_set(why, r, "'%s': %s", path, strerrordesc_np(-r));
}

/* Append what @fd gives from the beginning on. */
static int read_all(int fd, struct buf *out, struct why *why)
{
	char bytes[16384];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, bytes, sizeof(bytes), at)) > 0) {
		buf_add(out, bytes, (size_t)n);
		at += n;
	}
	if (n < 0)
		return why_set(why, -errno, "the control file was not read: %s",
			       strerrordesc_np(errno));
	if (buf_error(out) < 0)
		return why_set(why, -ENOMEM, "out of memory");
	return 0;
}

int control_read(const char *folder, const char *name, struct buf *out,
		 struct why *why)
{
	DROP(close_fd) int fd = -1;
	int r = open_in(folder, ".control", name, O_RDONLY, &fd, why);

	if (r < 0)
		return r;
	return read_all(fd, out, why);
}

/* What a command file that is open says of the failure of its last line. */
static int explain_by_answer(int fd, int code, struct why *why)
{
	static const char begin[] = "error: ";
	DROP(buf_done) struct buf answer = {0};

	if (read_all(fd, &answer, NULL) < 0 || answer.len < sizeof(begin) ||
	    memcmp(answer.data, begin, sizeof(begin) - 1) != 0)
		return why_set(why, code, "%s", strerrordesc_np(-code));
	return why_set(why, code, "%.*s",
		       (int)(answer.len - sizeof(begin)), /* no newline */
		       answer.data + sizeof(begin) - 1);
}

/* The newest of the folder's errors, "TIME ERRNO sentence", if it is of this
 * errno; else it is of somebody else's failure. */
static int explain_by_errors(const char *folder, int code, struct why *why)
{
	DROP(buf_done) struct buf errors = {0};
	const char *line, *sentence, *name = strerrorname_np(-code);
	size_t len = name ? strlen(name) : 0;

	if (control_read(folder, "errors", &errors, NULL) < 0 ||
	    errors.len == 0)
		return why_set(why, code, "%s", strerrordesc_np(-code));
	errors.data[errors.len - 1] = '\0'; /* was the final newline */
	line = strrchr(errors.data, '\n');
	line = line ? line + 1 : errors.data;
	sentence = strchr(line, ' ');
	if (!sentence || !name || strncmp(sentence + 1, name, len) != 0 ||
	    sentence[1 + len] != ' ')
		return why_set(why, code, "%s", strerrordesc_np(-code));
	return why_set(why, code, "%s", sentence + len + 2);
}

/* The program that opens a file hears of a number; if the file's own permission
 * is the reason, the kernel did not ask, and there is no sentence. */
int control_open(const char *folder, const char *name, int *ret_fd,
		 struct why *why)
{
	DROP(free_text) char *path = NULL;
	int r = open_in(folder, ".control", name, O_RDONLY, ret_fd, why);

	if (r == 0 || r == -ENOENT || r == -ENOTCONN)
		return r;
	if (asprintf(&path, "%s/.control/%s", folder, name) < 0) {
		path = NULL;
		return r;
	}
	if (r == -EACCES && access(path, R_OK) < 0)
		return r;
	return explain_by_errors(folder, r, why);
}

int control_command(const char *folder, const char *verb, const char *line,
		    struct buf *out, struct why *why)
{
	DROP(free_text) char *text = NULL;
	DROP(close_fd) int fd = -1;
	ssize_t n;
	int len, r;

	r = open_in(folder, ".control", verb, O_RDWR, &fd, why);
	if (r == -ENOENT)
		return why_set(why, r, "'%s' cannot %s", folder, verb);
	if (r < 0)
		return r;
	len = asprintf(&text, "%s\n", line);
	if (len < 0) {
		text = NULL;
		return why_set(why, -ENOMEM, "out of memory");
	}
	/* One line acts at once, or not at all: never a part of it. A long one
	 * fails at its end. */
	n = write(fd, text, (size_t)len);
	if (n != len)
		return explain_by_answer(fd, n < 0 ? -errno : -EIO, why);
	return read_all(fd, out, why);
}

int control_begin(const char *folder, const char *name, int *ret_fd,
		  struct why *why)
{
	return open_in(folder, ".control", name, O_RDWR, ret_fd, why);
}

int control_answer(int fd, struct buf *out, struct why *why)
{
	return read_all(fd, out, why);
}

int control_explain(int fd, int code, struct why *why)
{
	return explain_by_answer(fd, code, why);
}

int control_snapshot_named(const char *folder, const char *name,
			   struct why *why)
{
	DROP(free_text) char *path = NULL;

	if (asprintf(&path, "%s/.snapshots/%s", folder, name) < 0) {
		path = NULL;
		return why_set(why, -ENOMEM, "out of memory");
	}
	if (mkdir(path, 0755) == 0)
		return 0;
	if (errno == EEXIST) /* the kernel did not ask: there is no sentence */
		return why_set(why, -EEXIST,
			       "'%s' has a snapshot of the name '%s'", folder,
			       name);
	return explain_by_errors(folder, -errno, why);
}
