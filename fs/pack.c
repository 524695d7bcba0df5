#include "fs/pack.h"

#include "core/buf.h"
#include "core/defer.h"
#include "core/why.h"
#include "fs/output.h"
#include "fs/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct packing {
	const struct output *out;
	const char *base;
	size_t base_len;
	struct archive_size size;
	struct buf head, bytes, directory;
	struct progress progress;
};

static void packing_done(struct packing *p)
{
	progress_hide(&p->progress);
	buf_done(&p->head);
	buf_done(&p->bytes);
	buf_done(&p->directory);
}

static int no_memory(struct why *why)
{
	return why_set(why, -ENOMEM, "out of memory");
}

static int unreadable(const char *path, int code, struct why *why)
{
	return why_set(why, -code, "'%s' cannot be read: %s", path,
		       strerrordesc_np(code));
}

/* ---- members ---- */

/* The bytes of the file at @path, as many as there are. */
static int read_file(const char *path, struct buf *out, struct why *why)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = 1;
	int r = 0;

	if (fd < 0)
		return unreadable(path, errno, why);
	while (r == 0 && n > 0) {
		if (buf_reserve(out, 1 << 16) < 0) {
			r = no_memory(why);
			break;
		}
		n = read(fd, out->data + out->len, 1 << 16);
		if (n < 0)
			r = unreadable(path, errno, why);
		else
			out->len += (size_t)n;
	}
	(void)close(fd);
	return r;
}

static int write_member(struct packing *p, const struct archive_entry *e,
			struct why *why)
{
	static const char nothing[512];
	enum archive_format format = p->size.format;
	uint32_t crc = archive_crc(p->bytes.data, p->bytes.len);
	int r;

	buf_reset(&p->head);
	archive_head(format, e, crc, &p->head);
	archive_listing(format, e, crc, p->size.members, &p->directory);
	if (buf_error(&p->head) || buf_error(&p->directory))
		return no_memory(why);
	archive_size_add(&p->size, e);
	r = output_write(p->out, p->head.data, p->head.len, why);
	if (r == 0)
		r = output_write(p->out, p->bytes.data, p->bytes.len, why);
	if (r == 0)
		r = output_write(p->out, nothing,
				 (size_t)archive_pad(format, e), why);
	progress_step(&p->progress, p->size.count, 0);
	return r;
}

/* The file or folder at @path, whose name in the archive follows the base. */
static int add(struct packing *p, const char *path, const struct stat *st,
	       struct why *why)
{
	struct archive_entry e = {
		.path = path + p->base_len + 1,
		.folder = S_ISDIR(st->st_mode),
		.mode = st->st_mode & 07777,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 +
			    st->st_mtim.tv_nsec,
	};
	int r = 0;

	buf_reset(&p->bytes);
	if (!e.folder)
		r = read_file(path, &p->bytes, why);
	e.size = (int64_t)p->bytes.len;
	return r < 0 ? r : write_member(p, &e, why);
}

/* ---- trees ---- */

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int add_found(struct packing *p, const FTSENT *found, struct why *why)
{
	switch (found->fts_info) {
	case FTS_D:
	case FTS_F:
		if (strlen(found->fts_path) <= p->base_len)
			return 0;
		return add(p, found->fts_path, found->fts_statp, why);
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return unreadable(found->fts_path, found->fts_errno, why);
	default:
		return 0; /* left again, or no item */
	}
}

static int add_tree(struct packing *p, char *path, struct why *why)
{
	char *roots[] = {path, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	const FTSENT *found = NULL;
	int r = 0;

	if (!fts)
		return unreadable(path, errno, why);
	errno = 0;
	while (r == 0 && (found = fts_read(fts)))
		r = add_found(p, found, why);
	if (r == 0 && errno)
		r = unreadable(path, errno, why);
	(void)fts_close(fts);
	return r;
}

/* The folders on the way to @path that @before was not in. */
static int add_above(struct packing *p, char *path, const char *before,
		     struct why *why)
{
	struct stat st;
	int r = 0;

	for (size_t i = p->base_len + 1; path[i] && r == 0; i++) {
		if (path[i] != '/' || (strncmp(path, before, i) == 0 &&
				       (before[i] == '/' || !before[i])))
			continue;
		path[i] = '\0';
		if (stat(path, &st) < 0)
			r = unreadable(path, errno, why);
		else
			r = add(p, path, &st, why);
		path[i] = '/';
	}
	return r;
}

/* In the order of the paths, part by part: what is in a folder follows it. */
static int path_order(const void *a, const void *b)
{
	const unsigned char *x = *(const unsigned char *const *)a;
	const unsigned char *y = *(const unsigned char *const *)b;

	while (*x && *x == *y) {
		x++;
		y++;
	}
	return (*x == '/' ? 1
		: *x	  ? *x + 1
			  : 0) -
	       (*y == '/' ? 1
		: *y	  ? *y + 1
			  : 0);
}

/* Is @path what was packed before, or below it? */
static bool is_below(const char *path, const char *before)
{
	size_t len = strlen(before);

	return strncmp(path, before, len) == 0 &&
	       (path[len] == '/' || !path[len]);
}

static int add_all(struct packing *p, char **paths, int count, struct why *why)
{
	char *before = NULL, *path;
	int r = 0;

	for (int i = 0; i < count && r == 0; i++) {
		if (asprintf(&path, "%s%s%s", p->base, *paths[i] ? "/" : "",
			     paths[i]) < 0) {
			r = no_memory(why);
			break;
		}
		if (before && is_below(path, before)) {
			free(path);
			continue;
		}
		r = add_above(p, path, before ? before : p->base, why);
		if (r == 0)
			r = add_tree(p, path, why);
		free(before);
		before = path;
	}
	free(before);
	return r;
}

int pack_files(enum archive_format format, const char *base, char **paths,
	       int count, const struct output *out, struct why *why)
{
	DROP(packing_done)
	struct packing p = {
		.out = out,
		.base = base,
		.base_len = strlen(base),
		.size.format = format,
		.progress = progress_begin("archiving"),
	};
	int r;

	qsort(paths, (size_t)count, sizeof(*paths), path_order);
	r = add_all(&p, paths, count, why);
	if (r < 0)
		return r;
	archive_end(&p.size, &p.directory);
	if (buf_error(&p.directory))
		return no_memory(why);
	return output_write(out, p.directory.data, p.directory.len, why);
}
