#include "fs/mountpoint.h"

#include "core/defer.h"
#include "core/why.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void free_text(char **text)
{
	free(*text);
}

/* A dead mount cannot be asked, its parent can. */
static char *absolute_of_dead(const char *text)
{
	DROP(free_text) char *folder = NULL, *copy = strdup(text);
	size_t len = strlen(text);
	char *slash, *ret = NULL;

	if (!copy)
		return NULL;
	while (len > 1 && copy[len - 1] == '/')
		copy[--len] = '\0';
	slash = strrchr(copy, '/');
	if (slash)
		*slash = '\0';
	folder = realpath(slash == copy ? "/" : slash ? copy : ".", NULL);
	if (!folder)
		return NULL;
	if (asprintf(&ret, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder,
		     slash ? slash + 1 : copy) < 0)
		return NULL;
	return ret;
}

char *mountpoint_absolute(const char *text)
{
	char *whole = realpath(text, NULL);

	if (whole || errno != ENOTCONN)
		return whole;
	return absolute_of_dead(text);
}

/* What fusermount3 says matters less than whether the mount is gone. */
static int run_fusermount(char *point, bool lazy, struct why *why)
{
	char program[] = "fusermount3", now[] = "-uq", later[] = "-uqz";
	char end[] = "--";
	char *argv[] = {program, lazy ? later : now, end, point, NULL};
	posix_spawn_file_actions_t actions;
	int r, status;
	pid_t pid;

	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return why_set(why, -r, "%s", strerrordesc_np(r));
	r = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO,
					     "/dev/null", O_WRONLY, 0);
	if (r == 0)
		r = posix_spawnp(&pid, program, &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		return why_set(why, -r, "fusermount3 cannot be run: %s",
			       strerrordesc_np(r));
	if (waitpid(pid, &status, 0) < 0)
		return why_set(why, -errno, "%s", strerrordesc_np(errno));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EBUSY;
}

static int unmount(char *point, bool lazy, struct why *why)
{
	int flags = UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0);

	if (geteuid() != 0)
		return run_fusermount(point, lazy, why);
	return umount2(point, flags) < 0 ? -errno : 0;
}

/* A daemon that is not root's is in its own mount itself while it tells watchers
 * what has happened (fs/errand): that is over soon. */
int mountpoint_unmount(char *point, bool lazy, struct why *why)
{
	static const int turns = 10;
	const struct timespec pause = {.tv_nsec = 50 * 1000000L};
	int r = unmount(point, lazy, why);

	for (int i = 0; i < turns && r == -EBUSY; i++) {
		(void)nanosleep(&pause, NULL);
		r = unmount(point, lazy, why);
	}
	if (r == -EBUSY)
		return why_set(why, r,
			       "'%s' is in use, or another user's; 'fuser -vm "
			       "%s' shows by whom, --lazy unmounts it even so",
			       point, point);
	if (r < 0 && why->code == 0)
		return why_set(why, r, "'%s': %s", point, strerrordesc_np(-r));
	return r;
}
