#include "fs/output.h"

#include "core/defer.h"
#include "core/why.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(const struct output *o, struct why *why)
{
	int code = -errno;

	return why_set(why, code, "'%s' cannot be written: %s",
		       o->path ? o->path : "the output",
		       strerrordesc_np(-code));
}

void output_done(struct output *output)
{
	if (output->fd > STDERR_FILENO)
		(void)close(output->fd);
	if (output->beside)
		(void)unlink(output->beside);
	free(output->beside);
	free(output->path);
	*output = (struct output){.fd = -1};
}

static int open_beside(struct output *o, mode_t mode, struct why *why)
{
	if (asprintf(&o->beside, "%s.%d.partial", o->path, (int)getpid()) < 0) {
		o->beside = NULL;
		return why_set(why, -ENOMEM, "out of memory");
	}
	o->fd = open(o->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (o->fd < 0) {
		int r = failed(o, why);

		free(o->beside);
		o->beside = NULL;
		return r;
	}
	return 0;
}

/* @path is there, or not. */
static int open_path(struct output *o, const char *path, mode_t mode,
		     struct why *why)
{
	struct stat st;
	bool there = stat(path, &st) == 0;

	if (there && !o->replace)
		return why_set(why, -EEXIST, "there is a '%s' already", path);
	o->path = there ? realpath(path, NULL) : strdup(path);
	if (!o->path)
		return why_set(why, -errno, "'%s': %s", path,
			       strerrordesc_np(errno));
	if (!there || S_ISREG(st.st_mode))
		return open_beside(o, mode, why);
	o->fd = open(path, O_WRONLY | O_CLOEXEC);
	return o->fd < 0 ? failed(o, why) : 0;
}

int output_open(const char *path, bool replace, mode_t mode, struct output *ret,
		struct why *why)
{
	DROP(output_done)
	struct output o = {.fd = STDOUT_FILENO, .replace = replace};
	int r = path ? open_path(&o, path, mode, why) : 0;

	if (r < 0)
		return r;
	*ret = o;
	o = (struct output){.fd = -1};
	return 0;
}

int output_write(const struct output *output, const void *bytes, size_t len,
		 struct why *why)
{
	const char *from = bytes;

	while (len > 0) {
		ssize_t n = write(output->fd, from, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(output, why);
		from += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The name, too, is on the disk. */
static int sync_folder(const struct output *o, struct why *why)
{
	const char *slash = strrchr(o->path, '/');
	char *folder = slash ? strndup(o->path, (size_t)(slash - o->path) + 1)
			     : strdup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int r = 0;

	free(folder);
	if (fd < 0)
		return failed(o, why);
	/* Some file systems sync no folders. */
	if (fsync(fd) < 0 && errno != EINVAL && errno != EPERM)
		r = failed(o, why);
	(void)close(fd);
	return r;
}

int output_keep(struct output *o, struct why *why)
{
	unsigned flags = o->replace ? 0 : RENAME_NOREPLACE;
	int r;

	if (!o->beside)
		return 0;
	if (fsync(o->fd) < 0)
		return failed(o, why);
	r = renameat2(AT_FDCWD, o->beside, AT_FDCWD, o->path, flags);
	if (r < 0 && errno == EINVAL && flags) {
		/* Not every file system can refuse. */
		r = link(o->beside, o->path);
		if (r == 0)
			(void)unlink(o->beside);
	}
	if (r < 0)
		return failed(o, why);
	free(o->beside);
	o->beside = NULL;
	return sync_folder(o, why);
}
