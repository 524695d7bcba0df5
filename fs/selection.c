#include "fs/selection.h"

#include "core/backup.h"
#include "core/choice.h"
#include "core/db.h"
#include "core/env.h"
#include "core/moment.h"
#include "core/repo.h"
#include "core/tree.h"
#include "core/why.h"
#include "fs/client_control.h"
#include "fs/options.h"
#include "fs/output.h"
#include "fs/pack.h"
#include "fs/progress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 18 };

void selection_done(struct selection *selection)
{
	for (int i = 0; i < selection->count; i++)
		free(selection->paths[i]);
	free(selection->paths);
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

static int add_path(struct selection *s, const char *above, const char *rest,
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
	s->paths[s->count++] = path;
	return 0;
}

/* An argument that is in the same mount as the first. */
static int add_place(struct selection *s, const char *text, struct why *why)
{
	struct place place;
	int r = place_find(text, NULL, &place, why);

	if (r < 0)
		return r;
	if (!place.in_mount ||
	    strcmp(place.mounted.file, s->place.mounted.file) != 0)
		return why_set(why, -EINVAL,
			       "'%s' is not in the same repository as '%s'",
			       text, s->options->args[0]);
	return add_path(s, place.folder + strlen(place.mounted.point),
			place.rest, why);
}

int selection_find(const struct options *o, struct selection *ret,
		   struct why *why)
{
	int r = find_format(o, &ret->format, why);

	ret->options = o;
	if (r == 0)
		r = place_find(o->args[0], NULL, &ret->place, why);
	if (r < 0)
		return r;
	ret->paths = calloc((size_t)o->count + 1, sizeof(char *));
	if (!ret->paths)
		return why_set(why, -ENOMEM, "out of memory");
	if (!ret->place.in_mount && o->count == 1)
		return add_path(ret, "", "", why);
	for (int i = ret->place.in_mount ? 0 : 1; i < o->count && r == 0; i++)
		r = ret->place.in_mount ? add_place(ret, o->args[i], why)
					: add_path(ret, "", o->args[i], why);
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
static int from_mount(const struct selection *s, const struct output *out,
		      struct why *why)
{
	const char *name = s->format == ARCHIVE_ZIP ? "backup.zip"
						    : "backup.tar";
	int fd = -1;
	int r = control_open(s->place.folder, name, &fd, why);

	if (r == -ENOENT)
		return why_set(why, r, "'%s' has no control file '%s'",
			       s->place.folder, name);
	if (r < 0)
		return r;
	r = copy_stream(fd, out, why);
	(void)close(fd);
	return r;
}

/* ---- from the file ---- */

static int choose(struct db *db, const struct kinds *kinds,
		  const struct selection *s, struct choice *choice,
		  struct backup_spec *spec, struct why *why)
{
	bool closure = s->options->closure;
	struct entry e;
	int r = 0;

	for (int i = 0; i < s->count && r == 0; i++) {
		r = tree_resolve(db, MOMENT_NOW, TREE_ROOT, s->paths[i], &e,
				 why);
		if (r == -ENOENT || r == -ENOTDIR)
			return why_set(why, r, "'%s' is not in the repository",
				       s->paths[i]);
		if (r < 0)
			return r;
		if (e.id == TREE_ROOT ||
		    (e.folder && s->count == 1 && !closure)) {
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

static int from_db(struct repo *repo, struct db *db, const struct selection *s,
		   const struct output *out, struct why *why)
{
	DROP(choice_done) struct choice choice = {0};
	DROP(backup_free_p) struct backup *backup = NULL;
	struct backup_spec spec = {.format = s->format};
	int r = moment_newest(db, &spec.moment, why);

	if (r == 0)
		r = choose(db, store_kinds(repo->store), s, &choice, &spec,
			   why);
	if (r == 0)
		r = backup_open(db, &spec, &backup, why);
	return r < 0 ? r : write_backup(db, backup, out, why);
}

/* Also of a repository that is mounted, beside the mount: one transaction
 * sees one state, whoever writes meanwhile. */
static int from_file(const struct selection *s, const struct output *out,
		     struct why *why)
{
	const struct store_options options = {.read_only = true};
	DROP(repo_close_p) struct repo *repo = NULL;
	DROP(store_put) struct reader reader = {0};
	int r = repo_open(s->place.mounted.file, &options, &repo, why);

	if (r == 0)
		r = store_read(repo->store, &reader, why);
	if (r == 0)
		r = db_read_begin(reader.db, why);
	if (r < 0)
		return r;
	r = from_db(repo, reader.db, s, out, why);
	db_read_end(reader.db);
	return r;
}

/* ---- from the files in the mount, for who may not read the repository ---- */

/* The folder that all paths are in, as bytes of the first. */
static size_t common_folder(const struct selection *s)
{
	const char *first = s->paths[0], *slash = strrchr(first, '/');
	size_t len = slash ? (size_t)(slash - first) : 0;

	for (int i = 1; i < s->count && len > 0; i++) {
		while (len > 0 && (strncmp(first, s->paths[i], len) != 0 ||
				   s->paths[i][len] != '/')) {
			while (len > 0 && first[--len] != '/')
				;
		}
	}
	return len;
}

/* As they are at this instant, which stays as it is. */
static int from_past(const struct selection *s, const struct output *out,
		     struct why *why)
{
	size_t len = common_folder(s);
	char time[ENV_TIME_SIZE], *base = NULL;
	char **paths = calloc((size_t)s->count, sizeof(*paths));
	int r = paths ? 0 : why_set(why, -ENOMEM, "out of memory");

	env_format_time(env_now_ns(&env_system), true, time);
	if (r == 0 &&
	    asprintf(&base, "%s/%.*s/.snapshots/@%s", s->place.mounted.point,
		     (int)len, s->paths[0], time) < 0) {
		base = NULL;
		r = why_set(why, -ENOMEM, "out of memory");
	}
	for (int i = 0; i < s->count && r == 0; i++)
		paths[i] = s->paths[i] + len + (s->paths[i][len] == '/');
	if (r == 0)
		r = pack_files(s->format, base, paths, s->count, out, why);
	free(paths);
	free(base);
	return r;
}

/* What an item needs is below a name in the .backup of its folder. */
static int from_closure(const struct selection *s, const struct output *out,
			struct why *why)
{
	const char *path = s->paths[0], *slash = strrchr(path, '/');
	char all[] = "", *paths[] = {all}, *base;
	int r;

	if (s->count > 1 || !*path)
		return why_set(why, -EACCES,
			       "--closure of several takes the repository file "
			       "'%s', which you may not read: name one",
			       s->place.mounted.file);
	if (asprintf(&base, "%s/%.*s/.backup/%s", s->place.mounted.point,
		     slash ? (int)(slash - path) : 0, path,
		     slash ? slash + 1 : path) < 0)
		return why_set(why, -ENOMEM, "out of memory");
	r = pack_files(s->format, base, paths, 1, out, why);
	free(base);
	return r;
}

static bool is_one_folder(const struct selection *s)
{
	return s->place.in_mount && s->count == 1 && !*s->place.rest &&
	       !s->options->closure;
}

int selection_write(const struct selection *selection, const struct output *out,
		    struct why *why)
{
	if (is_one_folder(selection))
		return from_mount(selection, out, why);
	if (!selection->place.in_mount ||
	    access(selection->place.mounted.file, R_OK) == 0)
		return from_file(selection, out, why);
	return selection->options->closure ? from_closure(selection, out, why)
					   : from_past(selection, out, why);
}
