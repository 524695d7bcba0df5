#include "core/store_priv.h"

#include "core/why.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	/* Whoever asks store_holder() has the lock for an instant. */
	LOCK_TRIES = 5,
	LOCK_WAIT_MS = 10,
};

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

char *store_beside(const char *path, const char *suffix)
{
	char *name;

	return asprintf(&name, "%s%s", path, suffix) < 0 ? NULL : name;
}

static void free_text(char **text)
{
	free(*text);
}

/* ---- the lock file ---- */

/* What the process that has the lock wrote of itself: "PID HOLDER". */
static void read_holder(int fd, char *text, size_t size)
{
	char line[256];
	ssize_t len = pread(fd, line, sizeof(line) - 1, 0);
	const char *holder;
	long pid;
	char *end;

	(void)snprintf(text, size, "open in another process");
	if (len <= 0)
		return;
	line[len] = '\0';
	line[strcspn(line, "\n")] = '\0';
	pid = strtol(line, &end, 10);
	if (end == line)
		return;
	holder = *end == ' ' && end[1] ? end + 1 : "open";
	(void)snprintf(text, size, "%s, process %ld", holder, pid);
}

int store_holder(const char *path, char *text, size_t size, struct why *why)
{
	DROP(free_text) char *name = store_beside(path, ".lock");
	DROP(close_fd) int fd = -1;

	if (!name)
		return why_set(why, -ENOMEM, "out of memory");
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return why_set(why, -errno, "cannot open '%s': %s", name,
			       strerrordesc_np(errno));
	/* Closing gives the lock back at once. */
	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0)
		return why_set(why, -ENOENT, "nobody has '%s' open", path);
	read_holder(fd, text, size);
	return 0;
}

static int write_holder(int fd, const char *holder)
{
	char line[256];
	int len = snprintf(line, sizeof(line), "%ld %s\n", (long)getpid(),
			   holder ? holder : "open");

	if (len >= (int)sizeof(line))
		len = (int)sizeof(line) - 1;
	if (ftruncate(fd, 0) < 0 || pwrite(fd, line, (size_t)len, 0) < 0)
		return -errno;
	return 0;
}

/* Is @fd the file that has the name, or one that was deleted meanwhile? */
static bool same_file(int fd, const char *name)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(name, &b) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* The locked file, or -errno; -EWOULDBLOCK: somebody has it. */
static int lock_name(const char *name)
{
	const struct timespec pause = {0, LOCK_WAIT_MS * 1000000L};

	for (int i = 0; i < LOCK_TRIES; i++) {
		int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 && same_file(fd, name))
			return fd;
		(void)close(fd);
		(void)nanosleep(&pause, NULL); /* a shorter one is no harm */
	}
	return -EWOULDBLOCK;
}

int store_lock_file(struct store *store, const char *holder, struct why *why)
{
	DROP(free_text) char *name = store_beside(store->path, ".lock");
	char who[256] = "open in another process";
	int fd = name ? lock_name(name) : -ENOMEM;

	if (fd == -EWOULDBLOCK) {
		(void)store_holder(store->path, who, sizeof(who), NULL);
		return why_set(why, -EBUSY, "'%s' is %s", store->path, who);
	}
	if (fd < 0)
		return why_set(why, fd, "cannot lock '%s': %s", store->path,
			       strerrordesc_np(-fd));
	store->lock_fd = fd;
	/* Only for people: a full disk must not keep anybody out. */
	(void)write_holder(fd, holder);
	return 0;
}

void store_unlock_file(struct store *store)
{
	DROP(free_text) char *name = store_beside(store->path, ".lock");

	if (store->lock_fd < 0)
		return;
	/* While it is still locked: lock_name() sees that it is gone. */
	if (name)
		(void)unlink(name);
	(void)close(store->lock_fd);
	store->lock_fd = -1;
}
