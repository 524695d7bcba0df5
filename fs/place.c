#include "fs/place.h"

#include "core/defer.h"
#include "core/why.h"

#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define OUR_TYPE "fuse.repofs"

void mounted_done(struct mounted *m)
{
	free(m->point);
	free(m->file);
	*m = (struct mounted){0};
}

void place_done(struct place *p)
{
	mounted_done(&p->mounted);
	free(p->folder);
	free(p->rest);
	*p = (struct place){0};
}

static void free_text(char **text)
{
	free(*text);
}

static void close_table(FILE **table)
{
	if (*table)
		(void)endmntent(*table);
}

static int no_memory(struct why *why)
{
	return why_set(why, -ENOMEM, "out of memory");
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

static int take_mount(const struct mntent *entry, struct mounted *ret,
		      struct why *why)
{
	mounted_done(ret);
	ret->point = strdup(entry->mnt_dir);
	ret->file = strdup(entry->mnt_fsname);
	ret->read_only = hasmntopt(entry, "ro") != NULL;
	return ret->point && ret->file ? 0 : no_memory(why);
}

int mounted_find(const char *path, struct mounted *ret, struct why *why)
{
	DROP(close_table) FILE *table = setmntent("/proc/self/mounts", "r");
	DROP(mounted_done) struct mounted best = {0};
	size_t longest = 0;
	struct mntent entry;
	char text[3 * PATH_MAX];
	int r = 0;

	if (!table)
		return why_set(why, -errno, "no table of mounts in /proc");
	while (r == 0 && getmntent_r(table, &entry, text, sizeof(text))) {
		/* Of two mounts on one folder the later one hides the other. */
		if (!is_within(path, entry.mnt_dir) ||
		    strlen(entry.mnt_dir) < longest)
			continue;
		longest = strlen(entry.mnt_dir);
		if (strcmp(entry.mnt_type, OUR_TYPE) == 0)
			r = take_mount(&entry, &best, why);
		else
			mounted_done(&best);
	}
	if (r == 0 && !best.point)
		r = -ENOENT;
	if (r < 0)
		return r;
	*ret = best;
	best = (struct mounted){0};
	return 0;
}

int mounted_from(const char *file, struct mounted *ret, struct why *why)
{
	DROP(close_table) FILE *table = setmntent("/proc/self/mounts", "r");
	struct mntent entry;
	char text[3 * PATH_MAX];

	if (!table)
		return why_set(why, -errno, "no table of mounts in /proc");
	while (getmntent_r(table, &entry, text, sizeof(text)))
		if (strcmp(entry.mnt_type, OUR_TYPE) == 0 &&
		    strcmp(entry.mnt_fsname, file) == 0 &&
		    !hasmntopt(&entry, "ro"))
			return take_mount(&entry, ret, why);
	return -ENOENT;
}

/* Cut the last part off @path and put it before @rest. -ENOENT: it has no part
 * that may be cut. */
static int step_up(char *path, char **rest)
{
	char *slash, *part, *joined;

	for (size_t len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
	slash = strrchr(path, '/');
	part = slash ? slash + 1 : path;
	if (!*part || strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
		return -ENOENT;
	if (asprintf(&joined, "%s%s%s", part, **rest ? "/" : "", *rest) < 0)
		return -ENOMEM;
	free(*rest);
	*rest = joined;
	if (!slash)
		memcpy(path, ".", sizeof(".")); /* fits: a part is no shorter */
	else
		slash[slash == path] = '\0';
	return 0;
}

/* Cut @path, which is @text, down to something that exists; what was cut off
 * is @rest. */
static int find_existing(const char *text, char *path, char **rest,
			 struct stat *ret_stat, struct why *why)
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

/* @p->folder and rest are set; is it a folder in a mount? -ENOENT: no. */
static int find_in_mount(struct place *p, bool is_folder, struct why *why)
{
	int r = mounted_find(p->folder, &p->mounted, why);

	if (r < 0)
		return r;
	if (!is_folder) {
		r = step_up(p->folder, &p->rest);
		if (r < 0)
			return why_set(why, r, "'%s' is in no folder",
				       p->folder);
	}
	return refuse_past(p, why);
}

static int find_file(struct place *p, const char *inside, struct why *why)
{
	free(p->rest);
	p->rest = strdup(inside ? inside : "");
	if (!p->rest)
		return no_memory(why);
	p->mounted.file = TAKE(p->folder);
	return 0;
}

int place_find(const char *text, const char *inside, struct place *ret,
	       struct why *why)
{
	DROP(place_done) struct place p = {.rest = strdup("")};
	DROP(free_text) char *path = strdup(*text ? text : ".");
	struct stat st;
	int r;

	if (!p.rest || !path)
		return no_memory(why);
	r = find_existing(text, path, &p.rest, &st, why);
	if (r < 0)
		return r;
	p.folder = realpath(path, NULL);
	if (!p.folder)
		return why_set(why, -errno, "'%s': %s", text,
			       strerrordesc_np(errno));
	r = find_in_mount(&p, S_ISDIR(st.st_mode), why);
	if (r == -ENOENT && S_ISREG(st.st_mode) && !*p.rest)
		r = find_file(&p, inside, why);
	else if (r == -ENOENT)
		r = why_set(why, r,
			    "'%s' is neither in a mounted repository nor a "
			    "repository file",
			    text);
	else if (r == 0 && inside)
		r = why_set(why, -EINVAL,
			    "--in goes with a repository file, and '%s' is in "
			    "a mount: name the folder there",
			    text);
	if (r < 0)
		return r;
	*ret = p;
	p = (struct place){0};
	return 0;
}
