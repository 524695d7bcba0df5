#include "fs/errand.h"

#include "core/defer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TEXTS = 4, MESSAGE_MAX = 2 * (PATH_MAX + NAME_MAX) + 64 };

/* What goes over the socket: one of these, then the texts, each with its NUL;
 * an int comes back. */
struct message {
	uint32_t what;
	char texts[MESSAGE_MAX];
};

/* ---- the process ---- */

struct visit {
	int root; /* -1: not there */
	int dir;  /* the folder of the last errand; -1: none */
	char dir_path[PATH_MAX];
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void leave(struct visit *v)
{
	close_fd(&v->dir);
	close_fd(&v->root);
}

/* Never onto another file system that somebody has mounted inside. */
static int open_inside(int dir, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV |
			   RESOLVE_NO_SYMLINKS,
	};
	long fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static int open_folder(const struct visit *v, const char *path)
{
	return open_inside(v->root, *path ? path : ".", O_PATH | O_DIRECTORY,
			   0);
}

/* Errands come folder by folder. */
static int go_to(struct visit *v, const char *path)
{
	if (v->dir >= 0 && strcmp(v->dir_path, path) == 0)
		return v->dir;
	close_fd(&v->dir);
	if (strlen(path) >= sizeof(v->dir_path))
		return -ENAMETOOLONG;
	v->dir = open_folder(v, path);
	memcpy(v->dir_path, path, strlen(path) + 1);
	return v->dir;
}

/* What is at the mount point may be another file system by now: it is ours if
 * it shows @sign. */
static int visit(struct visit *v, const char *point, const char *sign)
{
	struct stat st;

	leave(v);
	v->root =
		open_tree(AT_FDCWD, point, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (v->root < 0)
		v->root = open(point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (v->root < 0)
		return -errno;
	if (fstatat(v->root, sign, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	leave(v);
	return -ESTALE;
}

/* Nobody who holds a lease on the file is waited for. */
enum { FILE_FLAGS = O_WRONLY | O_NONBLOCK | O_NOFOLLOW };

static int create(int dir, const char *name)
{
	int fd = open_inside(dir, name, FILE_FLAGS | O_CREAT | O_EXCL, 0666);

	if (fd < 0)
		return fd;
	(void)close(fd);
	return 0;
}

static int change(int dir, const char *name)
{
	const struct timespec modified[2] = {{.tv_nsec = UTIME_OMIT},
					     {.tv_nsec = UTIME_NOW}};
	const struct timespec both[2] = {{.tv_nsec = UTIME_NOW},
					 {.tv_nsec = UTIME_NOW}};
	int fd = open_inside(dir, name, FILE_FLAGS, 0);
	int r = 0;

	if (fd >= 0) {
		if (futimens(fd, modified) < 0)
			r = -errno;
		(void)close(fd);
		return r;
	}
	/* Of what may not be written one hears that its attributes changed. */
	return utimensat(dir, name, both, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int touch(int dir, const char *name)
{
	const struct timespec both[2] = {{.tv_nsec = UTIME_NOW},
					 {.tv_nsec = UTIME_NOW}};
	int fd = open_inside(dir, *name ? name : ".", O_PATH | O_DIRECTORY, 0);
	int r = 0;

	if (fd < 0)
		return fd;
	if (utimensat(fd, "", both, AT_EMPTY_PATH) < 0)
		r = -errno;
	(void)close(fd);
	return r;
}

static int move(const struct visit *v, int dir, const struct errand *e)
{
	int to = open_folder(v, e->to_dir), r = 0;

	if (to < 0)
		return to;
	if (renameat2(dir, e->name, to, e->to_name, RENAME_NOREPLACE) < 0)
		r = -errno;
	(void)close(to);
	return r;
}

static int run_at(struct visit *v, const struct errand *e)
{
	int dir = go_to(v, e->dir), r;
	struct stat st;

	if (dir < 0)
		return dir;
	switch (e->what) {
	case ERRAND_CREATE:
		return create(dir, e->name);
	case ERRAND_CHANGE:
		return change(dir, e->name);
	case ERRAND_MOVE:
		return move(v, dir, e);
	case ERRAND_TOUCH:
		return touch(dir, e->name);
	case ERRAND_LOOK:
		r = fstatat(dir, e->name, &st, AT_SYMLINK_NOFOLLOW);
		break;
	case ERRAND_MKDIR:
		r = mkdirat(dir, e->name, 0777);
		break;
	case ERRAND_UNLINK:
		r = unlinkat(dir, e->name, 0);
		break;
	case ERRAND_RMDIR:
		r = unlinkat(dir, e->name, AT_REMOVEDIR);
		break;
	case ERRAND_NONE:
	case ERRAND_VISIT:
	case ERRAND_LEAVE:
	default:
		return -EINVAL;
	}
	return r < 0 ? -errno : 0;
}

static int run(struct visit *v, const struct errand *e)
{
	if (e->what == ERRAND_VISIT)
		return visit(v, e->dir, e->name);
	if (e->what == ERRAND_LEAVE) {
		leave(v);
		return 0;
	}
	if (v->root < 0)
		return -ESTALE;
	return run_at(v, e);
}

/* Only the daemon sends, and it sends whole messages. */
static struct errand read_message(const struct message *m)
{
	const char *texts[TEXTS], *at = m->texts;

	for (int i = 0; i < TEXTS; i++) {
		texts[i] = at;
		at += strlen(at) + 1;
	}
	return (struct errand){.what = (enum errand_what)m->what,
			       .dir = texts[0],
			       .name = texts[1],
			       .to_dir = texts[2],
			       .to_name = texts[3]};
}

static void serve(int fd)
{
	static struct message message;
	static struct visit v = {.root = -1, .dir = -1};

	while (recv(fd, &message, sizeof(message), 0) > 0) {
		const struct errand errand = read_message(&message);
		int result = run(&v, &errand);

		if (send(fd, &result, sizeof(result), MSG_NOSIGNAL) < 0)
			break;
	}
}

/* What was open at the start is not its business, least of all a terminal or
 * the pipe of somebody who waits for the daemon's end. */
static int let_go_of_all(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), r = 0;

	if (null < 0)
		return -errno;
	for (int i = 0; i <= STDERR_FILENO && r >= 0; i++)
		r = dup2(null, i);
	if (r < 0 || dup2(fd, STDERR_FILENO + 1) < 0 || chdir("/") < 0)
		return -errno;
	(void)close_range(STDERR_FILENO + 2, UINT_MAX, 0);
	return STDERR_FILENO + 1;
}

/* Ends when the daemon does, whatever it is sent meanwhile: a Ctrl-C goes to
 * both. */
__attribute__((noreturn)) static void be_the_process(pid_t daemon, int fd)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)sigaction(ignored[i], &ignore, NULL);
	(void)prctl(PR_SET_NAME, "repofs-witness");
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != daemon)
		_exit(0);
	fd = let_go_of_all(fd);
	if (fd >= 0)
		serve(fd);
	_exit(0);
}

/* ---- the daemon's side ---- */

int errand_start(pid_t *ret_pid, int *ret_fd)
{
	pid_t self = getpid(), child;
	int ends[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	child = fork();
	if (child == 0)
		be_the_process(self, ends[1]);
	r = -errno;
	(void)close(ends[1]);
	if (child < 0) {
		(void)close(ends[0]);
		return r;
	}
	*ret_pid = child;
	*ret_fd = ends[0];
	return 0;
}

/* The length of the message, or -ENAMETOOLONG. */
static ssize_t write_message(struct message *m, const struct errand *e)
{
	const char *texts[TEXTS] = {e->dir, e->name, e->to_dir, e->to_name};
	size_t len = 0;

	m->what = (uint32_t)e->what;
	for (int i = 0; i < TEXTS; i++) {
		const char *text = texts[i] ? texts[i] : "";
		size_t size = strlen(text) + 1;

		if (size > PATH_MAX || len + size > sizeof(m->texts))
			return -ENAMETOOLONG;
		memcpy(m->texts + len, text, size);
		len += size;
	}
	return (ssize_t)(offsetof(struct message, texts) + len);
}

static void free_message(struct message **m)
{
	free(*m);
}

int errand_run(int fd, const struct errand *errand)
{
	DROP(free_message) struct message *m = malloc(sizeof(*m));
	ssize_t n;
	int result;

	if (!m)
		return -ENOMEM;
	n = write_message(m, errand);
	if (n < 0)
		return (int)n;
	if (send(fd, m, (size_t)n, MSG_NOSIGNAL) < 0)
		return -EPIPE;
	do
		n = recv(fd, &result, sizeof(result), 0);
	while (n < 0 && errno == EINTR);
	return n == sizeof(result) ? result : -EPIPE;
}
