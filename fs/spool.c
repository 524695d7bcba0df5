#include "fs/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int spool_unnamed(void)
{
	const char *dir = secure_getenv("TMPDIR");
	int fd = open(dir && *dir ? dir : "/var/tmp",
		      O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

void spool_done(struct spool *s)
{
	if (s->fd) {
		(void)munmap(s->data, s->cap);
		(void)close(s->fd - 1);
	} else {
		free(s->data);
	}
	*s = (struct spool){0};
}

/* From memory into a file of @cap bytes. */
static int spill(struct spool *s, size_t cap)
{
	char *data;
	int fd = spool_unnamed(), r = 0;

	if (fd < 0)
		return fd;
	/* Real blocks: a write into a hole of a full disk is a SIGBUS. */
	r = -posix_fallocate(fd, 0, (off_t)cap);
	data = r ? MAP_FAILED
		 : mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED) {
		(void)close(fd);
		return r ? r : -ENOMEM;
	}
	if (s->len)
		memcpy(data, s->data, s->len);
	free(s->data);
	s->data = data;
	s->cap = cap;
	s->fd = fd + 1;
	return 0;
}

static int grow_file(struct spool *s, size_t cap)
{
	int r = -posix_fallocate(s->fd - 1, 0, (off_t)cap);
	char *data;

	if (r)
		return r;
	data = mremap(s->data, s->cap, cap, MREMAP_MAYMOVE);
	if (data == MAP_FAILED)
		return -ENOMEM;
	s->data = data;
	s->cap = cap;
	return 0;
}

static int reserve(struct spool *s, size_t len)
{
	size_t cap = s->cap ? s->cap : 16384;
	char *data;

	if (len <= s->cap)
		return 0;
	while (cap < len)
		cap *= 2;
	if (s->fd)
		return grow_file(s, cap);
	if (cap > SPOOL_IN_MEMORY)
		return spill(s, cap);
	data = realloc(s->data, cap);
	if (!data)
		return -ENOMEM;
	s->data = data;
	s->cap = cap;
	return 0;
}

int spool_resize(struct spool *s, size_t len)
{
	int r = reserve(s, len);

	s->sound = false;
	if (r < 0)
		return r;
	if (len > s->len)
		memset(s->data + s->len, 0, len - s->len);
	s->len = len;
	return 0;
}

int spool_write(struct spool *s, const void *bytes, size_t len, int64_t offset)
{
	size_t at = (size_t)offset;
	int r;

	s->sound = false;
	if (offset < 0 || at > SIZE_MAX / 4 || len > SIZE_MAX / 4)
		return -EFBIG;
	if (at + len > s->len) {
		r = reserve(s, at + len);
		if (r < 0)
			return r;
		if (at > s->len)
			memset(s->data + s->len, 0, at - s->len);
		s->len = at + len;
	}
	if (len)
		memcpy(s->data + at, bytes, len);
	return 0;
}
