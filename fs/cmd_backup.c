#include "core/check.h"
#include "core/db.h"
#include "core/defer.h"
#include "core/why.h"
#include "fs/cmd.h"
#include "fs/options.h"
#include "fs/output.h"
#include "fs/place.h"
#include "fs/progress.h"
#include "fs/selection.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
	"usage: repofs backup [--format tar|zip] [--closure] PATH... "
	"[-o FILE | > FILE]\n"
	"       repofs backup [--format tar|zip] [--closure] REPO [PATH...] "
	"[-o FILE]\n"
	"       repofs backup --history PLACE -o FILE\n"
	"\n"
	"Write a folder, or several items and folders, to an archive, all as "
	"they are\n"
	"at one moment, with modes, owners and times. Of one folder it is what "
	"is in\n"
	"it, with names from there on, as in its .control/backup.tar; else "
	"names begin\n"
	"in the folder that all are in.\n"
	"\n"
	"PATH is in a mounted repository; or after a repository file, REPO, in "
	"that.\n"
	"With REPO alone it is all that is in it.\n"
	"\n"
	"  -o, --output FILE  write there, whole or not at all\n"
	"      --format NAME  tar or zip (default: as FILE ends, else tar)\n"
	"      --closure      take with it all that the items refer to; names "
	"begin\n"
	"                     in the root then\n"
	"      --history      a copy of the repository file itself, with every "
	"version\n"
	"                     of everything, small and checked, while it is in "
	"use;\n"
	"                     never over an existing file\n"
	"\n"
	"  repofs backup mnt/rules -o rules.zip\n"
	"  repofs backup --closure mnt/sessions/Nightly.json -o nightly.zip\n"
	"  repofs backup rules.repo | zstd > all.tar.zst\n"
	"  repofs backup --history mnt -o rules-2026-11.repo\n";

static int archive(const struct options *o, struct why *why)
{
	DROP(selection_done) struct selection selection = {0};
	DROP(output_done) struct output out = {.fd = -1};
	int r = selection_find(o, &selection, why);

	if (r == 0)
		r = output_open(o->output, true, 0666, &out, why);
	if (r == 0)
		r = selection_write(&selection, &out, why);
	return r < 0 ? r : output_keep(&out, why);
}

/* ---- with the history ---- */

struct checking {
	struct progress progress;
	struct why first; /* violation */
};

static void check_step(int64_t done, int64_t total, void *arg)
{
	struct checking *c = arg;

	progress_step(&c->progress, done, total);
}

static int take_violation(const char *sentence, void *arg)
{
	struct checking *c = arg;

	if (!c->first.code)
		(void)why_set(&c->first, -EBADMSG, "%s", sentence);
	return 0;
}

/* What was written is a repository, and a sound one. */
static int check_copy(const char *path, struct why *why)
{
	struct checking c = {.progress = progress_begin("checking")};
	struct db *db = NULL;
	int r = db_open(path, DB_READ, &db, why);

	if (r == 0)
		r = check_run(db, take_violation, check_step, &c, why);
	db_close(db);
	progress_hide(&c.progress);
	if (r <= 0)
		return r;
	return why_set(why, -EBADMSG,
		       "the repository is not sound, so no copy is kept: %s",
		       c.first.text);
}

static int copy_history(const struct options *o, struct why *why)
{
	DROP(output_done) struct output out = {.fd = -1};
	struct progress progress = progress_begin("copying");
	struct place place;
	struct stat st;
	int r = place_find(o->args[0], NULL, &place, why);

	if (r < 0)
		return r;
	if (stat(place.mounted.file, &st) < 0)
		return why_set(why, -errno, "'%s': %s", place.mounted.file,
			       strerrordesc_np(errno));
	r = output_open(o->output, false, st.st_mode & 0666, &out, why);
	if (r == 0)
		r = db_copy(place.mounted.file, out.beside, progress_tell,
			    &progress, why);
	progress_hide(&progress);
	if (r == 0)
		r = check_copy(out.beside, why);
	return r < 0 ? r : output_keep(&out, why);
}

int cmd_backup(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int r = options_parse(argc, argv, "cfHo", 1, INT_MAX, help, &o);

	if (r != OPTIONS_GO_ON)
		return r;
	if (o.history && (!o.output || o.count > 1 || o.closure || o.format))
		return options_usage(o.command,
				     "--history takes one repository and -o "
				     "FILE, and nothing else");
	if (!o.output && isatty(STDOUT_FILENO))
		return options_usage(o.command,
				     "an archive is nothing for a terminal: "
				     "give -o FILE, or write to a pipe");
	r = o.history ? copy_history(&o, &why) : archive(&o, &why);
	return r < 0 ? options_failed(o.command, &why) : EXIT_DONE;
}
