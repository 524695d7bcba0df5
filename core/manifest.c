#include "core/show.h"

#include "core/blob.h"
#include "core/buf.h"
#include "core/db.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What is in one folder, in the order of the names; the names are in one
 * piece, so that a folder costs two allocations. */
struct child {
	int64_t id, content;
	bool folder;
	size_t name; /* offset in names */
};

struct level {
	struct buf names;
	struct buf children; /* of struct child */
	size_t next;	     /* the child whose turn it is */
	size_t path_len;     /* of the folder, with its '/' */
};

/* A walk: the levels from the top folder down to where it is. What it needs
 * grows with the depth and the longest folder, not with the tree. */
struct walk {
	struct db *db;
	const struct manifest *what;
	struct level *levels;
	size_t depth, cap;
	struct buf path;
	struct buf *out;
};

static void level_done(struct level *level)
{
	buf_done(&level->names);
	buf_done(&level->children);
}

static void walk_done(struct walk *w)
{
	while (w->depth > 0)
		level_done(&w->levels[--w->depth]);
	free(w->levels);
	buf_done(&w->path);
}

static int child_found(const struct entry *e, void *arg)
{
	struct walk *w = arg;
	struct level *level = &w->levels[w->depth - 1];
	struct child child = {
		.id = e->id,
		.content = e->content,
		.folder = e->folder,
		.name = level->names.len,
	};

	if (w->what->shows && !w->what->shows(e->id, w->what->arg))
		return 0;
	buf_add(&level->names, e->name, strlen(e->name) + 1);
	buf_add(&level->children, &child, sizeof(child));
	return 0;
}

static int name_order(const void *a, const void *b, void *arg)
{
	const struct child *x = a, *y = b;
	const char *names = arg;

	return strcmp(names + x->name, names + y->name);
}

/* Go down into @folder. */
static int enter(struct walk *w, int64_t folder, struct why *why)
{
	struct level *level;
	int r;

	if (w->depth == w->cap) {
		size_t cap = w->cap ? 2 * w->cap : 16;
		struct level *more =
			reallocarray(w->levels, cap, sizeof(*more));

		if (!more)
			return why_set(why, -ENOMEM, "out of memory");
		w->levels = more;
		w->cap = cap;
	}
	level = &w->levels[w->depth++];
	*level = (struct level){.path_len = w->path.len};
	r = tree_list(w->db, w->what->at, folder, 0, child_found, w, why);
	if (r < 0)
		return r;
	if (buf_error(&level->names) || buf_error(&level->children))
		return why_set(why, -ENOMEM, "out of memory");
	if (level->children.len)
		qsort_r(level->children.data,
			level->children.len / sizeof(struct child),
			sizeof(struct child), name_order, level->names.data);
	return 0;
}

/* As sha256sum does: a '\' before the line says that the name is escaped. */
static void add_name(struct buf *out, const char *path, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (path[i] == '\n')
			buf_text(out, "\\n");
		else if (path[i] == '\r')
			buf_text(out, "\\r");
		else if (path[i] == '\\')
			buf_text(out, "\\\\");
		else
			buf_byte(out, path[i]);
	}
}

static int add_item(struct walk *w, const struct child *child, struct why *why)
{
	unsigned char sha[BLOB_SHA256];
	bool escape = memchr(w->path.data, '\n', w->path.len) ||
		      memchr(w->path.data, '\r', w->path.len) ||
		      memchr(w->path.data, '\\', w->path.len);
	int r = blob_stat(w->db, child->content, NULL, sha, why);

	if (r < 0)
		return r;
	if (escape)
		buf_byte(w->out, '\\');
	for (size_t i = 0; i < sizeof(sha); i++)
		buf_addf(w->out, "%02x", sha[i]);
	buf_text(w->out, "  ");
	if (escape)
		add_name(w->out, w->path.data, w->path.len);
	else
		buf_add(w->out, w->path.data, w->path.len);
	buf_byte(w->out, '\n');
	return 0;
}

/* The next child of the lowest level, or up from there. */
static int step(struct walk *w, struct why *why)
{
	struct level *level = &w->levels[w->depth - 1];
	const struct child *children = (const void *)level->children.data;
	const struct child *child = children + level->next;

	if (level->next == level->children.len / sizeof(*children)) {
		level_done(level);
		w->depth--;
		return 0;
	}
	level->next++;
	w->path.len = level->path_len;
	buf_text(&w->path, level->names.data + child->name);
	if (child->folder)
		buf_byte(&w->path, '/');
	if (buf_error(&w->path))
		return why_set(why, -ENOMEM, "out of memory");
	return child->folder ? enter(w, child->id, why)
			     : add_item(w, child, why);
}

int show_manifest(struct db *db, const struct manifest *manifest,
		  struct buf *out, struct why *why)
{
	DROP(reading_end) struct reading reading = {0};
	DROP(walk_done)
	struct walk w = {.db = db, .what = manifest, .out = out};
	int r = reading_begin(&reading, db, why);

	if (r == 0)
		r = enter(&w, manifest->folder, why);
	while (r == 0 && w.depth > 0)
		r = step(&w, why);
	if (r == 0 && buf_error(out))
		return why_set(why, -ENOMEM, "out of memory");
	return r;
}
