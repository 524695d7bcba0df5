/*
 * errand - system calls on the mount, made by another process.
 *
 * inotify tells of what programs do through system calls, not of what a file
 * system changes by itself. So a small process makes calls about the names that
 * the daemon has changed, which the daemon answers without doing anything
 * (fs/witnessed): whoever watches hears of them.
 *
 * It must be a process of its own: one that waits for an answer of the mount
 * cannot be killed as long as it has the mount's device open itself. It has
 * none, holds no lock and nothing of the repository, and dies with the daemon.
 *
 * It keeps nobody from unmounting, either: what it works on is a copy of the
 * mount that hangs nowhere. Without the right to make one (a daemon that is not
 * root's) it is the mount itself, for the moment that a visit takes.
 *
 * Thread-safety: one thread may send at a time.
 */
#ifndef FS_ERRAND_H
#define FS_ERRAND_H

#include <sys/types.h>

enum errand_what {
	ERRAND_NONE,
	ERRAND_VISIT,  /* dir: the mount point; name: one that only this mount
			  shows, and only to this process */
	ERRAND_LEAVE,  /* let go of it */
	ERRAND_CREATE, /* a file: CREATE, OPEN, CLOSE_WRITE */
	ERRAND_MKDIR,
	ERRAND_UNLINK,
	ERRAND_RMDIR,
	ERRAND_MOVE,   /* to a free name: MOVED_FROM, MOVED_TO */
	ERRAND_CHANGE, /* a file: OPEN, MODIFY, CLOSE_WRITE */
	ERRAND_LOOK,   /* for a name: nothing is told */
	ERRAND_TOUCH,  /* a folder, or with the name "" dir itself: ATTRIB */
};

struct errand {
	enum errand_what what;
	const char *dir; /* from the root of the mount, without a slash in
			    front; "" is the root */
	const char *name;
	const char *to_dir, *to_name; /* ERRAND_MOVE only, else NULL */
};

/*
 * Start the process; before there are threads, and before the mount. *ret_fd
 * is for errand_run(); closing it ends the process, and the death of this
 * thread does. The process is the caller's to wait for.
 */
int errand_start(pid_t *ret_pid, int *ret_fd);

/* Have one run: 0, or the negative errno of its call. -EPIPE: the process is
 * gone, or shutdown(2) was called on @fd. */
int errand_run(int fd, const struct errand *errand);

#endif
