#include "fs/place.h"

#include "core/defer.h"
#include "core/why.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define OUR_TYPE "fuse.repofs"

/* ---- the kernel's table of mounts ---- */

struct table {
	FILE *file;
	char *line;
	size_t size;
	/* Of the line that was read last: */
	char *source, *point, *type, *words;
};

static void table_close(struct table *t)
{
	if (t->file)
		(void)fclose(t->file);
	free(t->line);
}

static int table_open(struct table *t, struct why *why)
{
	t->file = fopen("/proc/self/mounts", "re");
	if (!t->file)
		return why_set(why, -errno, "no table of mounts in /proc");
	return 0;
}

static bool is_octal(const char *digits)
{
	return strspn(digits, "01234567") >= 3;
}

/* The kernel writes blanks, '\' and '#' as a '\' and three digits. (The C
 * library's getmntent() does not know all of them.) */
static char *decode(char *field)
{
	char *to = field;

	for (const char *from = field; *from; to++) {
		if (*from == '\\' && is_octal(from + 1)) {
			*to = (char)((from[1] - '0') << 6 |
				     (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
	return field;
}

static bool table_next(struct table *t)
{
	char *rest;

	if (getline(&t->line, &t->size, t->file) < 0)
		return false;
	rest = t->line;
	t->source = strsep(&rest, " ");
	t->point = strsep(&rest, " ");
	t->type = strsep(&rest, " ");
	t->words = strsep(&rest, " ");
	if (!t->words)
		return false; /* not as the kernel writes it */
	(void)decode(t->source);
	(void)decode(t->point);
	return true;
}

/* "rw" or "ro" comes first. */
static bool is_read_only(const struct table *t)
{
	return strncmp(t->words, "ro", 2) == 0 &&
	       (t->words[2] == ',' || t->words[2] == '\0');
}

static int copy_path(char ret[PATH_MAX], const char *path, struct why *why)
{
	size_t len = strlen(path);

	if (len >= PATH_MAX)
		return why_set(why, -ENAMETOOLONG, "a path is too long");
	memcpy(ret, path, len + 1);
	return 0;
}

/* Is @path @point or below it? */
static bool is_within(const char *path, const char *point)
{
	size_t len = strlen(point);

	if (len == 1)
		return true; /* the root */
	return strncmp(path, point, len) == 0 &&
	       (path[len] == '\0' || path[len] == '/');
}

static int take_mount(const struct table *t, struct mounted *ret,
		      struct why *why)
{
	int r = copy_path(ret->point, t->point, why);

	if (r == 0)
		r = copy_path(ret->file, t->source, why);
	ret->read_only = is_read_only(t);
	return r;
}

int mounted_find(const char *path, struct mounted *ret, struct why *why)
{
	DROP(table_close) struct table table = {0};
	size_t longest = 0;
	int r = table_open(&table, why);

	if (r < 0)
		return r;
	r = -ENOENT;
	while (table_next(&table)) {
		/* Of two mounts on one folder the later one hides the other. */
		if (!is_within(path, table.point) ||
		    strlen(table.point) < longest)
			continue;
		longest = strlen(table.point);
		r = -ENOENT;
		if (strcmp(table.type, OUR_TYPE) == 0)
			r = take_mount(&table, ret, why);
	}
	return r;
}

int mounted_from(const char *file, struct mounted *ret, struct why *why)
{
	DROP(table_close) struct table table = {0};
	int r = table_open(&table, why);

	if (r < 0)
		return r;
	while (table_next(&table))
		if (strcmp(table.type, OUR_TYPE) == 0 &&
		    strcmp(table.source, file) == 0 && !is_read_only(&table))
			return take_mount(&table, ret, why);
	return -ENOENT;
}

/* Cut the last part off @path and put it before @rest. -ENOENT: it has no part
 * that may be cut. */
static int step_up(char path[PATH_MAX], char rest[PATH_MAX])
{
	char *slash, *part, joined[2 * PATH_MAX];

	for (size_t len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
	slash = strrchr(path, '/');
	part = slash ? slash + 1 : path;
	if (!*part || strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
		return -ENOENT;
	(void)snprintf(joined, sizeof(joined), "%s%s%s", part, *rest ? "/" : "",
		       rest);
	if (copy_path(rest, joined, NULL) < 0)
		return -ENAMETOOLONG;
	if (!slash)
		return copy_path(path, ".", NULL);
	slash[slash == path] = '\0';
	return 0;
}

/* Cut @path, which is @text, down to something that exists; what was cut off
 * is @rest. */
static int find_existing(const char *text, char path[PATH_MAX],
			 char rest[PATH_MAX], struct stat *ret_stat,
			 struct why *why)
{
	int r;

	while (stat(path, ret_stat) < 0) {
		r = -errno;
		if (r == -ENOTCONN)
			return why_set(why, r,
				       "the mount at '%s' is dead: its daemon "
				       "is gone; mount it anew, or unmount it",
				       path);
		if (r != -ENOENT && r != -ENOTDIR)
			return why_set(why, r, "'%s': %s", text,
				       strerrordesc_np(-r));
		r = step_up(path, rest);
		if (r < 0)
			return why_set(why, r, "'%s' is not there", text);
	}
	return 0;
}

/* The control directory of the past cannot do what the live one does. */
static int refuse_past(const struct place *p, struct why *why)
{
	static const char name[] = "/.snapshots";
	const char *below = p->folder + strlen(p->mounted.point);
	const char *at = strstr(below, name);

	if (at && (at[sizeof(name) - 1] == '\0' || at[sizeof(name) - 1] == '/'))
		return why_set(why, -EROFS,
			       "'%s' is in the past: name the folder as it is "
			       "now, and the snapshot by its number",
			       p->folder);
	return 0;
}

/* @p->folder and rest are set, and in a mount. */
static int find_in_mount(struct place *p, bool is_folder, struct why *why)
{
	int r = is_folder ? 0 : step_up(p->folder, p->rest);

	if (r < 0)
		return why_set(why, r, "'%s' is in no folder", p->folder);
	p->in_mount = true;
	return refuse_past(p, why);
}

/* @p->folder is not in a mount. */
static int find_file(struct place *p, const char *text, const char *inside,
		     mode_t mode, struct why *why)
{
	int r;

	if (!S_ISREG(mode) || *p->rest)
		return why_set(why, -ENOENT,
			       "'%s' is neither in a mounted repository nor a "
			       "repository file",
			       text);
	r = copy_path(p->mounted.file, p->folder, why);
	return r < 0 ? r : copy_path(p->rest, inside ? inside : "", why);
}

int place_find(const char *text, const char *inside, struct place *ret,
	       struct why *why)
{
	char path[PATH_MAX];
	struct stat st = {0};
	int r = copy_path(path, *text ? text : ".", why);

	*ret = (struct place){0};
	if (r == 0)
		r = find_existing(text, path, ret->rest, &st, why);
	if (r < 0)
		return r;
	if (!realpath(path, ret->folder))
		return why_set(why, -errno, "'%s': %s", text,
			       strerrordesc_np(errno));
	r = mounted_find(ret->folder, &ret->mounted, why);
	if (r == -ENOENT)
		return find_file(ret, text, inside, st.st_mode, why);
	if (r == 0 && inside)
		r = why_set(why, -EINVAL,
			    "--in goes with a repository file, and '%s' is in "
			    "a mount: name the folder there",
			    text);
	if (r < 0)
		return r;
	return find_in_mount(ret, S_ISDIR(st.st_mode), why);
}
