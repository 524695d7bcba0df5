#include "core/buf.h"
#include "core/defer.h"
#include "core/why.h"
#include "fs/client.h"
#include "fs/cmd.h"
#include "fs/options.h"
#include "fs/progress.h"
#include "fs/spool.h"
#include "fs/table.h"
#include "fs/undo_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"usage: repofs restore [--dry-run] [--once] ARCHIVE [PLACE]\n"
	"       repofs restore --full [--dry-run] [--yes] ARCHIVE PLACE\n"
	"\n"
	"Put what is in an archive into a folder, all of it or nothing. What "
	"the folder\n"
	"has is not touched: an item whose name is taken comes under the next "
	"number,\n"
	"and references within the archive follow. It is a revision, so that "
	"'revert\n"
	"before N' takes it back.\n"
	"\n"
	"ARCHIVE is a tar, also compressed (gzip, zstd, xz, bzip2), or a zip; "
	"- is the\n"
	"standard input. PLACE is a folder in a mounted repository (default: "
	"the\n"
	"current one), or a repository file.\n"
	"\n"
	"  -n, --dry-run  only say what would come, under which names, and "
	"which\n"
	"                 references would be rewritten\n"
	"      --once     skip an item that is there already, under any number\n"
	"      --full     the whole repository becomes what the archive is: "
	"what that\n"
	"                 lacks is removed, what differs is replaced, what is "
	"missing\n"
	"                 comes; a snapshot is taken first. Passwords, and "
	"files that\n"
	"                 are no items, stay\n"
	"      --yes      do not ask before a full restore\n"
	"      --in PATH  with a repository file: the folder in it\n"
	"      --json     one object a line, the last of them with counts\n"
	"\n"
	"  repofs restore --dry-run rules.tar mnt/rules\n"
	"  ssh other cat all.tar.zst | repofs restore --full --yes - "
	"rules.repo\n";

static void close_fd(int *fd)
{
	if (*fd > STDIN_FILENO)
		(void)close(*fd);
}

/* ---- the archive ---- */

static int keep(int to, const char *bytes, size_t len, struct why *why)
{
	while (len > 0) {
		ssize_t n = TEMP_FAILURE_RETRY(write(to, bytes, len));

		if (n < 0)
			return why_set(why, -errno,
				       "the archive cannot be kept: %s",
				       strerrordesc_np(errno));
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* All that @from gives, in a file that can be read by position. */
static int spool(int from, int *ret_fd, struct why *why)
{
	DROP(close_fd) int to = spool_unnamed();
	char bytes[65536];
	ssize_t n;

	if (to < 0)
		return why_set(why, to, "no room for the archive: %s",
			       strerrordesc_np(-to));
	while ((n = TEMP_FAILURE_RETRY(read(from, bytes, sizeof(bytes)))) > 0) {
		int r = keep(to, bytes, (size_t)n, why);

		if (r < 0)
			return r;
	}
	if (n < 0)
		return why_set(why, -errno, "the archive cannot be read: %s",
			       strerrordesc_np(errno));
	*ret_fd = to;
	to = -1;
	return 0;
}

static int open_archive(const char *name, bool by_position, int *ret_fd,
			struct why *why)
{
	DROP(close_fd) int fd = STDIN_FILENO;

	if (strcmp(name, "-") != 0) {
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return why_set(why, -errno, "'%s': %s", name,
				       strerrordesc_np(errno));
	}
	if (by_position && lseek(fd, 0, SEEK_CUR) < 0)
		return spool(fd, ret_fd, why);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* ---- all of it ---- */

/* 1: go on. */
static int confirm(const struct options *o, const char *place)
{
	char answer[16];

	if (!o->full || o->yes || o->dry_run || !isatty(STDIN_FILENO) ||
	    strcmp(o->args[0], "-") == 0)
		return 1;
	(void)fprintf(stderr,
		      "All of %s becomes what is in %s; what that lacks is "
		      "removed.\nGo on? [y/N] ",
		      place, o->args[0]);
	return fgets(answer, sizeof(answer), stdin) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

static int restore(const struct options *o, const char *place, struct why *why)
{
	DROP(client_close_p) struct client *client = NULL;
	DROP(buf_done) struct buf answer = {0};
	DROP(close_fd) int fd = -1;
	struct progress progress;
	struct client_restore what = {
		.full = o->full,
		.dry_run = o->dry_run,
		.json = o->json,
		.once = o->once,
		.progress = progress_tell,
		.arg = &progress,
	};
	int r;

	r = client_open(place, o->inside, "restore", &client, why);
	if (r == 0)
		r = client_need_folder(client, why);
	if (r == 0)
		r = open_archive(o->args[0], client_is_file(client), &fd, why);
	if (r < 0)
		return r;
	if (!confirm(o, place))
		return why_set(why, -ECANCELED, "nothing was changed");
	what.fd = fd;
	progress = progress_begin("restoring");
	r = client_restore(client, &what, &answer, why);
	progress_hide(&progress);
	if (r < 0)
		return r;
	table_text(stdout, table_style(stdout, o->json), answer.data,
		   answer.len);
	if (o->json || o->dry_run) /* its last object has the revision */
		return 0;
	return undo_print(false, undo_revision(answer.data, answer.len), place,
			  why);
}

int cmd_restore(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int r;

	r = options_parse(argc, argv, "Fijnuy", 1, 2, help, &o);
	if (r != OPTIONS_GO_ON)
		return r;
	if (o.full && o.count < 2)
		return options_usage(o.command,
				     "a full restore names its repository");
	if (o.full && (o.inside || o.once))
		return options_usage(o.command,
				     "a full restore is of everything");
	r = restore(&o, o.count > 1 ? o.args[1] : ".", &why);
	return r < 0 ? options_failed(o.command, &why) : EXIT_DONE;
}
