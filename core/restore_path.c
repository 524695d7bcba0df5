#include "core/restore_priv.h"

#include "core/moment.h"
#include "core/name.h"
#include "core/scratch.h"
#include "core/why.h"

#include <errno.h>
#include <string.h>

int restore_touch(struct restore *rs, int64_t folder)
{
	/* The kernel knows nothing of a folder that is new. */
	if (folder >= rs->first_new)
		return 0;
	return bits_add(&rs->result->parents, folder) < 0
		       ? why_set(rs->why, -ENOMEM, "out of memory")
		       : 0;
}

/* A folder that nobody describes is like the one that it is in. */
static int attr_like(struct restore *rs, int64_t parent, struct attr *ret)
{
	struct entry e;
	int r = tree_get(rs->m->db, MOMENT_NOW, parent, &e, rs->why);

	if (r < 0)
		return r;
	*ret = (struct attr){
		.mode = e.attr.mode,
		.uid = rs->m->who.uid,
		.gid = rs->m->who.gid,
		.mtime_ns = rs->m->time_ns,
	};
	return 0;
}

static int add_folder(struct restore *rs, int64_t parent, const char *name,
		      const struct attr *attr, int64_t *ret)
{
	struct attr like;
	int r = 0;

	if (!attr) {
		r = attr_like(rs, parent, &like);
		attr = &like;
	}
	if (r == 0)
		r = tree_add_folder(rs->m, parent, name, attr, ret, rs->why);
	if (r < 0)
		return r;
	rs->result->folders++;
	return restore_touch(rs, parent);
}

/* The name is free of items: of other files, too? */
static int check_scratch(struct restore *rs, int64_t parent, const char *name,
			 const char *path)
{
	struct scratch s;
	int r;

	if (rs->request->full)
		return restore_clear_scratch(rs, parent, name);
	r = scratch_lookup(rs->m->db, parent, name, &s, NULL);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? why_set(rs->why, r, "reading '%s'", path)
		     : why_set(rs->why, -EEXIST,
			       "'%s' is a folder in the archive, and a file "
			       "here",
			       path);
}

/* 1: *ret is the folder of that name; 0: the name is free. */
static int find_folder(struct restore *rs, int64_t parent, const char *name,
		       const char *path, int64_t *ret)
{
	struct entry e;
	int r = tree_lookup(rs->m->db, MOMENT_NOW, parent, name, &e, NULL);

	if (r == -ENOENT)
		return check_scratch(rs, parent, name, path);
	if (r < 0)
		return why_set(rs->why, r, "reading '%s'", path);
	if (e.folder) {
		*ret = e.id;
		return 1;
	}
	if (rs->request->full)
		return restore_clear(rs, &e, path);
	return why_set(rs->why, -EEXIST,
		       "'%s' is a folder in the archive, and an item here",
		       path);
}

/* One step down. @path ends with @name. @attr is for a new folder. */
static int step(struct restore *rs, const char *path, const char *name,
		const struct attr *attr, int64_t *folder)
{
	int64_t parent = *folder;
	int r = name_check(name, rs->why);

	if (r == 0)
		r = find_folder(rs, parent, name, path, folder);
	if (r == 0)
		r = add_folder(rs, parent, name, attr, folder);
	if (r >= 0 && rs->request->full && bits_add(&rs->kept, *folder) < 0)
		r = why_set(rs->why, -ENOMEM, "out of memory");
	return r < 0 ? r : 0;
}

static int walk(struct restore *rs, char *path, const struct attr *attr,
		int64_t *ret)
{
	int64_t folder = rs->request->folder;
	char *name = path, *slash;
	int r = 0;

	while (r == 0 && *name) {
		slash = strchr(name, '/');
		if (slash)
			*slash = '\0';
		r = step(rs, path, name, slash ? NULL : attr, &folder);
		if (!slash)
			break;
		*slash = '/';
		name = slash + 1;
	}
	if (r == 0)
		*ret = folder;
	return r;
}

int restore_folder(struct restore *rs, const char *path, size_t len,
		   const struct attr *attr, int64_t *ret)
{
	int r;

	if (rs->folder && rs->path.len == len + 1 &&
	    memcmp(rs->path.data, path, len) == 0) {
		*ret = rs->folder;
		return 0;
	}
	rs->folder = 0;
	buf_reset(&rs->path);
	buf_add(&rs->path, path, len);
	buf_byte(&rs->path, '\0');
	if (buf_error(&rs->path))
		return why_set(rs->why, -ENOMEM, "out of memory");
	r = walk(rs, rs->path.data, attr, &rs->folder);
	if (r < 0) {
		rs->folder = 0;
		return r;
	}
	*ret = rs->folder;
	return 0;
}
