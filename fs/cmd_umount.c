#include "core/defer.h"
#include "core/store.h"
#include "core/why.h"
#include "fs/cmd.h"
#include "fs/mountpoint.h"
#include "fs/options.h"
#include "fs/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char help[] =
	"usage: repofs umount [--lazy] PLACE\n"
	"\n"
	"Unmount a repository, and wait until its daemon has written and "
	"closed\n"
	"everything: afterwards the file can be copied, checked or mounted "
	"again.\n"
	"\n"
	"PLACE is the folder that it is mounted on, or the repository file.\n"
	"\n"
	"  -l, --lazy  also if it is in use: take it out of the tree now, and "
	"end\n"
	"              the daemon when the last program lets go\n"
	"\n"
	"  repofs umount mnt\n";

enum { PATIENCE_MS = 10000, PAUSE_MS = 20 };

/* Until nobody has @file open for writing any more. */
static int wait_for_daemon(const char *file, struct why *why)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
	char holder[256];
	int left;

	for (left = PATIENCE_MS / PAUSE_MS; left > 0; left--) {
		if (store_holder(file, holder, sizeof(holder), NULL) < 0)
			return 0;
		(void)nanosleep(&pause, NULL);
	}
	return why_set(why, -ETIMEDOUT,
		       "unmounted, but the daemon has '%s' still open after "
		       "%d s",
		       file, PATIENCE_MS / 1000);
}

static void free_text(char **text)
{
	free(*text);
}

/* The mount that @text means: its folder, or its file. */
static int find_mount(const char *text, struct mounted *ret, struct why *why)
{
	DROP(free_text) char *path = mountpoint_absolute(text);
	int r;

	if (!path)
		return why_set(why, -errno, "'%s': %s", text,
			       strerrordesc_np(errno));
	r = mounted_find(path, ret, why);
	if (r == 0 && strcmp(path, ret->point) != 0)
		return why_set(why, -EINVAL,
			       "'%s' is in the repository that is mounted on "
			       "'%s': name that",
			       text, ret->point);
	if (r == -ENOENT)
		r = mounted_from(path, ret, why);
	if (r == -ENOENT)
		return why_set(why, r, "'%s' is not mounted", text);
	return r;
}

int cmd_umount(int argc, char **argv)
{
	struct mounted mounted;
	struct why why = {0};
	struct options o;
	int r;

	r = options_parse(argc, argv, "l", 1, 1, help, &o);
	if (r != OPTIONS_GO_ON)
		return r;
	r = find_mount(o.args[0], &mounted, &why);
	if (r == 0)
		r = mountpoint_unmount(mounted.point, o.lazy, &why);
	if (r == 0 && !o.lazy && !mounted.read_only)
		r = wait_for_daemon(mounted.file, &why);
	return r < 0 ? options_failed(o.command, &why) : EXIT_DONE;
}
