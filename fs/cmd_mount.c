#include "core/defer.h"
#include "core/why.h"
#include "fs/cmd.h"
#include "fs/mount.h"
#include "fs/mount_options.h"
#include "fs/mountpoint.h"
#include "fs/options.h"
#include "fs/place.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse_log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

static const char help[] =
	"usage: repofs mount [-f] [-d] [-o OPTIONS] FILE DIR\n"
	"\n"
	"Mount the repository FILE on the folder DIR. Returns when it can be "
	"used; the\n"
	"daemon goes on in the background.\n"
	"\n"
	"  -f, --foreground  stay, until unmounted or Ctrl-C\n"
	"  -d, --debug       the same, and print every request\n"
	"  -r                as -o ro\n"
	"  -o OPTIONS        divided by commas:\n"
	"\n"
	"  ro                   read only; others may write to FILE meanwhile\n"
	"  allow_other          for all users, as far as modes let them\n"
	"  overwrite=HOW        auto (default): a save of what was read edits, a "
	"copy\n"
	"                       gets a number; edit: always edit; restore: "
	"always number\n"
	"  identical=HOW        a copy with the same bytes: auto (default), "
	"skip, number\n"
	"  refs=keep            references do not follow what is moved\n"
	"  max_item=SIZE        of one item; 16M\n"
	"  key=FILE             the key of the secrets; FILE.key, beside the "
	"repository\n"
	"  snapdir=visible      list .snapshots and .control in the top folder\n"
	"\n"
	"and those of mount(8), as in fstab:\n"
	"\n"
	"  /srv/rules.repofs  /srv/rules  fuse.repofs  allow_other,nofail  0 0\n"
	"\n"
	"  repofs mount rules.repofs mnt\n";

static void free_text(char **text)
{
	free(*text);
}

/* ---- checks that libfuse does not make ---- */

enum { MOST_DEAD = 16 };

/* Mounts may lie one upon the other; each that is dead is taken away. A dead
 * mount of something else is its owner's to look after. */
static int clean_up(const char *dir, struct why *why)
{
	struct statfs st;
	int r;

	for (int i = 0; i < MOST_DEAD; i++) {
		DROP(free_text) char *path = NULL;
		struct mounted dead;

		/* stat() may be answered from what the kernel remembers. */
		if (statfs(dir, &st) == 0 || errno != ENOTCONN)
			return 0;
		path = mountpoint_absolute(dir);
		if (!path || mounted_find(path, &dead, why) < 0 ||
		    strcmp(path, dead.point) != 0)
			break;
		r = mountpoint_unmount(path, true, why);
		if (r < 0)
			return r;
		(void)fprintf(stderr,
			      "repofs: mount: there was a dead mount on '%s', "
			      "of '%s'; it is unmounted\n",
			      path, dead.file);
	}
	return why_set(why, -ENOTCONN,
		       "'%s' is in a dead mount that cannot be cleaned up",
		       dir);
}

static int find_file(const char *text, char **ret, struct why *why)
{
	struct stat st;

	if (stat(text, &st) < 0 && errno == ENOENT)
		return why_set(why, -ENOENT,
			       "'%s' is not there; 'repofs init' makes one",
			       text);
	*ret = realpath(text, NULL);
	if (!*ret || stat(*ret, &st) < 0)
		return why_set(why, -errno, "'%s': %s", text,
			       strerrordesc_np(errno));
	if (!S_ISREG(st.st_mode))
		return why_set(why, -EINVAL, "'%s' is not a file", text);
	return 0;
}

static int find_dir(const char *text, char **ret, struct why *why)
{
	struct stat st;
	int r = clean_up(text, why);

	if (r < 0)
		return r;
	*ret = realpath(text, NULL);
	if (!*ret || stat(*ret, &st) < 0)
		return why_set(why, -errno, "'%s': %s", text,
			       strerrordesc_np(errno));
	if (!S_ISDIR(st.st_mode))
		return why_set(why, -ENOTDIR, "'%s' is not a folder", text);
	return 0;
}

/* The file under its own mount could not be reached by anybody, the daemon
 * included when it must make a new file beside it. */
static int check_apart(const char *file, const char *dir, struct why *why)
{
	size_t len;

	assert(file && dir);
	len = strcmp(dir, "/") == 0 ? 0 : strlen(dir);
	if (strncmp(file, dir, len) == 0 && file[len] == '/')
		return why_set(why, -EINVAL,
			       "'%s' holds the repository itself, which the "
			       "mount would hide",
			       dir);
	return 0;
}

/* ---- in the background ---- */

struct daemon {
	const struct mount_options *options;
	int parent; /* where to say that it is mounted; -1: nowhere */
	bool detached;
};

static const char hint[] =
	".snapshots and .control are not listed, but are in every folder: "
	"ls %s/.snapshots\n";

static void print_hint(const struct mount_options *o)
{
	if (isatty(STDOUT_FILENO) && !o->fs.snapdir_visible)
		(void)printf(hint, o->dir);
	(void)fflush(stdout);
}

__attribute__((format(printf, 2, 0))) static void
log_to_system(enum fuse_log_level level, const char *fmt, va_list args)
{
	vsyslog((int)level, fmt, args); /* the same numbers */
}

/* A standard error that is a file stays: somebody wants to keep it. A pipe
 * does not, its reader would wait for the end of us. */
static void detach(struct daemon *d)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct stat st;

	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		if (fstat(STDERR_FILENO, &st) < 0 || !S_ISREG(st.st_mode)) {
			(void)dup2(null, STDERR_FILENO);
			fuse_set_log_func(log_to_system);
		}
		if (null > STDERR_FILENO)
			(void)close(null);
	}
	openlog("repofs", LOG_PID, LOG_DAEMON);
	d->detached = true;
}

static void on_ready(void *arg)
{
	struct daemon *d = arg;

	if (d->parent < 0) {
		print_hint(d->options);
		return;
	}
	detach(d);
	(void)!write(d->parent, "1", 1);
	(void)close(d->parent);
}

static int serve(struct daemon *d)
{
	struct why why = {0};
	int r = mount_run(d->options, on_ready, d, &why);

	if (r >= 0)
		return EXIT_DONE;
	if (!d->detached)
		return options_failed("mount", &why);
	syslog(LOG_ERR, "%s: %s", d->options->dir, why.text);
	return EXIT_FAILED;
}

/* The child has said what is wrong, unless it was killed. */
static int wait_for_child(pid_t child, int from, const struct mount_options *o)
{
	struct why why = {0};
	char byte;
	int status;
	ssize_t n;

	do
		n = read(from, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1) {
		print_hint(o);
		return EXIT_DONE;
	}
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return EXIT_FAILED;
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status) ? WEXITSTATUS(status) : EXIT_FAILED;
	(void)why_set(&why, -EIO, "the daemon was killed by signal %d",
		      WTERMSIG(status));
	return options_failed("mount", &why);
}

/* Threads and the database do not survive a fork: the child opens them. */
static int serve_in_background(struct daemon *d)
{
	struct why why = {0};
	int ends[2];
	pid_t child;
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0 || (child = fork()) < 0) {
		(void)why_set(&why, -errno, "%s", strerrordesc_np(errno));
		return options_failed("mount", &why);
	}
	if (child == 0) {
		(void)close(ends[0]);
		(void)setsid();
		(void)!chdir("/");
		d->parent = ends[1];
		return serve(d);
	}
	(void)close(ends[1]);
	r = wait_for_child(child, ends[0], d->options);
	(void)close(ends[0]);
	return r;
}

int cmd_mount(int argc, char **argv)
{
	DROP(mount_options_done) struct mount_options o = {0};
	DROP(free_text) char *file = NULL, *dir = NULL;
	struct daemon d = {.options = &o, .parent = -1};
	struct why why = {0};

	if (mount_options_parse(argc, argv, &o, &why) < 0)
		return options_usage("mount", "%s", why.text);
	if (o.help) {
		(void)fputs(help, stdout);
		return EXIT_DONE;
	}
	if (find_file(o.file, &file, &why) < 0 ||
	    find_dir(o.dir, &dir, &why) < 0 || check_apart(file, dir, &why) < 0)
		return options_failed("mount", &why);
	o.file = file;
	o.dir = dir;
	return o.foreground ? serve(&d) : serve_in_background(&d);
}
