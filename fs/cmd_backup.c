#include "core/backup.h"
#include "core/check.h"
#include "core/choice.h"
#include "core/db.h"
#include "core/moment.h"
#include "core/repo.h"
#include "core/tree.h"
#include "core/why.h"
#include "fs/client_control.h"
#include "fs/cmd.h"
#include "fs/options.h"
#include "fs/output.h"
#include "fs/place.h"
#include "fs/progress.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
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

enum { CHUNK = 1 << 18 };

/* What is asked for, as the repository file and paths in it; of one folder in
 * a mount the folder outside. */
struct job {
	const struct options *options;
	enum archive_format format;
	struct place place; /* of the first argument */
	char **paths;	    /* from the root; owned */
	int count;
};

static void job_done(struct job *job)
{
	for (int i = 0; i < job->count; i++)
		free(job->paths[i]);
	free(job->paths);
}

/* ---- what is asked for ---- */

static bool ends_in(const char *path, const char *end)
{
	size_t len = strlen(path), end_len = strlen(end);

	return len > end_len && strcasecmp(path + len - end_len, end) == 0;
}

/* A name that promises what would not be in the file. */
static int check_ending(const char *path, struct why *why)
{
	static const char *const packed[] = {".gz",  ".tgz", ".zst", ".xz",
					     ".txz", ".bz2", ".tbz"};

	for (size_t i = 0; i < sizeof(packed) / sizeof(packed[0]); i++)
		if (ends_in(path, packed[i]))
			return why_set(why, -EINVAL,
				       "'%s' would not be compressed: write to "
				       "a pipe, as in 'repofs backup mnt | "
				       "zstd > x.tar.zst'",
				       path);
	return 0;
}

static int find_format(const struct options *o, enum archive_format *ret,
		       struct why *why)
{
	const char *format = o->format;

	*ret = ARCHIVE_TAR;
	if (!format && !o->output)
		return 0;
	if (!format)
		format = ends_in(o->output, ".zip") ? "zip" : "tar";
	if (strcmp(format, "zip") == 0)
		*ret = ARCHIVE_ZIP;
	else if (strcmp(format, "tar") != 0)
		return why_set(why, -EINVAL, "there is no format '%s'", format);
	return o->format ? 0 : check_ending(o->output, why);
}

static int add_path(struct job *job, const char *above, const char *rest,
		    struct why *why)
{
	char *path;

	while (*above == '/')
		above++;
	while (*rest == '/')
		rest++;
	if (asprintf(&path, "%s%s%s", above, *above && *rest ? "/" : "", rest) <
	    0)
		return why_set(why, -ENOMEM, "out of memory");
	for (size_t len = strlen(path); len > 0 && path[len - 1] == '/';)
		path[--len] = '\0';
	job->paths[job->count++] = path;
	return 0;
}

/* An argument that is in the same mount as the first. */
static int add_place(struct job *job, const char *text, struct why *why)
{
	struct place place;
	int r = place_find(text, NULL, &place, why);

	if (r < 0)
		return r;
	if (!place.in_mount ||
	    strcmp(place.mounted.file, job->place.mounted.file) != 0)
		return why_set(why, -EINVAL,
			       "'%s' is not in the same repository as '%s'",
			       text, job->options->args[0]);
	return add_path(job, place.folder + strlen(place.mounted.point),
			place.rest, why);
}

static int find_job(const struct options *o, struct job *job, struct why *why)
{
	int r = find_format(o, &job->format, why);

	job->options = o;
	if (r == 0)
		r = place_find(o->args[0], NULL, &job->place, why);
	if (r < 0)
		return r;
	job->paths = calloc((size_t)o->count + 1, sizeof(char *));
	if (!job->paths)
		return why_set(why, -ENOMEM, "out of memory");
	if (!job->place.in_mount && o->count == 1)
		return add_path(job, "", "", why);
	for (int i = job->place.in_mount ? 0 : 1; i < o->count && r == 0; i++)
		r = job->place.in_mount ? add_place(job, o->args[i], why)
					: add_path(job, "", o->args[i], why);
	return r;
}

/* ---- from the mount ---- */

static int copy_stream(int fd, const struct output *out, struct why *why)
{
	struct progress progress = progress_begin("archiving");
	struct stat st = {0};
	int64_t done = 0;
	char *bytes = malloc(CHUNK);
	ssize_t n = 0;
	int r = bytes ? 0 : why_set(why, -ENOMEM, "out of memory");

	(void)fstat(fd, &st); /* for the progress alone */
	while (r == 0 && (n = read(fd, bytes, CHUNK)) > 0) {
		r = output_write(out, bytes, (size_t)n, why);
		done += n;
		progress_step(&progress, done, st.st_size);
	}
	if (n < 0)
		r = why_set(why, -errno, "the archive was not read: %s",
			    strerrordesc_np(errno));
	if (r == 0 && done != st.st_size)
		r = why_set(why, -EIO, "the archive was not read to its end");
	progress_hide(&progress);
	free(bytes);
	return r;
}

/* One folder: the daemon has all that it takes, and knows what we may read. */
static int from_mount(const struct job *job, const struct output *out,
		      struct why *why)
{
	const char *name = job->format == ARCHIVE_ZIP ? "backup.zip"
						      : "backup.tar";
	int fd = -1;
	int r = control_open(job->place.folder, name, &fd, why);

	if (r == -ENOENT)
		return why_set(why, r, "'%s' has no control file '%s'",
			       job->place.folder, name);
	if (r < 0)
		return r;
	r = copy_stream(fd, out, why);
	(void)close(fd);
	return r;
}

/* ---- from the file ---- */

static int choose(struct db *db, const struct kinds *kinds,
		  const struct job *job, struct choice *choice,
		  struct backup_spec *spec, struct why *why)
{
	bool closure = job->options->closure;
	struct entry e;
	int r = 0;

	for (int i = 0; i < job->count && r == 0; i++) {
		r = tree_resolve(db, MOMENT_NOW, TREE_ROOT, job->paths[i], &e,
				 why);
		if (r == -ENOENT || r == -ENOTDIR)
			return why_set(why, r, "'%s' is not in the repository",
				       job->paths[i]);
		if (r < 0)
			return r;
		if (e.id == TREE_ROOT ||
		    (e.folder && job->count == 1 && !closure)) {
			spec->folder = e.id;
			return 0;
		}
		r = closure ? choice_add_closure(choice, db, kinds, e.id, why)
			    : choice_add(choice, db, spec->moment, e.id, why);
	}
	spec->folder = choice->common;
	spec->filter = choice_filter;
	spec->filter_arg = choice;
	return r;
}

static int write_backup(struct db *db, struct backup *backup,
			const struct output *out, struct why *why)
{
	struct progress progress = progress_begin("archiving");
	int64_t size = backup_size(backup), at = 0;
	char *bytes = malloc(CHUNK);
	size_t len;
	int r = bytes ? 0 : why_set(why, -ENOMEM, "out of memory");

	while (r == 0 && at < size) {
		r = backup_read(backup, db, at, bytes, CHUNK, &len, why);
		if (r == 0)
			r = output_write(out, bytes, len, why);
		if (r == 0)
			at += (int64_t)len;
		progress_step(&progress, at, size);
	}
	progress_hide(&progress);
	free(bytes);
	return r;
}

static int from_db(struct repo *repo, struct db *db, const struct job *job,
		   const struct output *out, struct why *why)
{
	DROP(choice_done) struct choice choice = {0};
	DROP(backup_free_p) struct backup *backup = NULL;
	struct backup_spec spec = {.format = job->format};
	int r = moment_newest(db, &spec.moment, why);

	if (r == 0)
		r = choose(db, store_kinds(repo->store), job, &choice, &spec,
			   why);
	if (r == 0)
		r = backup_open(db, &spec, &backup, why);
	return r < 0 ? r : write_backup(db, backup, out, why);
}

/* Also of a repository that is mounted, beside the mount: one transaction
 * sees one state, whoever writes meanwhile. */
static int from_file(const struct job *job, const struct output *out,
		     struct why *why)
{
	const struct store_options options = {.read_only = true};
	DROP(repo_close_p) struct repo *repo = NULL;
	DROP(store_put) struct reader reader = {0};
	int r = repo_open(job->place.mounted.file, &options, &repo, why);

	if (r == -EACCES && job->place.in_mount)
		return why_set(why, r,
			       "several items, one alone, and --closure take "
			       "the repository file '%s', which you may not "
			       "read: name one folder, or copy from its "
			       ".backup",
			       job->place.mounted.file);
	if (r == 0)
		r = store_read(repo->store, &reader, why);
	if (r == 0)
		r = db_read_begin(reader.db, why);
	if (r < 0)
		return r;
	r = from_db(repo, reader.db, job, out, why);
	db_read_end(reader.db);
	return r;
}

static bool is_one_folder(const struct job *job)
{
	return job->place.in_mount && job->count == 1 && !*job->place.rest &&
	       !job->options->closure;
}

static int archive(const struct options *o, struct why *why)
{
	DROP(job_done) struct job job = {0};
	DROP(output_done) struct output out = {.fd = -1};
	int r = find_job(o, &job, why);

	if (r == 0)
		r = output_open(o->output, true, 0666, &out, why);
	if (r < 0)
		return r;
	r = is_one_folder(&job) ? from_mount(&job, &out, why)
				: from_file(&job, &out, why);
	return r < 0 ? r : output_keep(&out, why);
}

/* ---- with the history ---- */

static void step(int64_t done, int64_t total, void *arg)
{
	progress_step(arg, done, total);
}

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
		r = db_copy(place.mounted.file, out.beside, step, &progress,
			    why);
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
