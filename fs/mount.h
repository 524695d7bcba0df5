/*
 * mount - a repository while it is mounted: its parts, the session with the
 * kernel, and the end of both.
 *
 * The thread that calls mount_run() waits for signals and, once a second,
 * does what is due; requests are served by libfuse's threads. Signals are
 * blocked in all of them, so one that comes at any instant is seen. A process
 * beside it is for those who watch folders (fs/witness).
 *
 * Thread-safety: one mount per process, since signals are.
 */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

struct mount_options;
struct why;

/*
 * Mount @options->file on @options->dir (both absolute), call @ready when the
 * kernel has been answered, and return when it is unmounted or a signal ends
 * it (SIGTERM, SIGINT, SIGHUP); everything is stored and closed then. 0, or
 * the negative errno of a mount that did not come about, or broke.
 */
int mount_run(const struct mount_options *options, void (*ready)(void *arg),
	      void *arg, struct why *why);

#endif
