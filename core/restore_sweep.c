#include "core/restore_priv.h"

#include "core/moment.h"
#include "core/scratch.h"
#include "core/why.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names that the kernel is told of one by one; see forget_in(). */
enum { NAMES_MAX = 10000 };

static int no_memory(const struct restore *rs)
{
	return why_set(rs->why, -ENOMEM, "out of memory");
}

static bool is_kept(const struct restore *rs, int64_t item)
{
	int64_t n = item - 1;

	return bits_next(&rs->kept, &n) > 0 && n == item;
}

/* ---- out of the way ---- */

/* The kernel forgets that the name was there, or where it was. */
static int forget_name(struct restore *rs, int64_t parent, const char *name)
{
	const struct touched t = {
		.old_parent = parent,
		.old_name = (char *)(uintptr_t)name,
	};

	if (parent >= rs->first_new)
		return 0;
	return touched_add(&rs->result->touched, &t) < 0 ? no_memory(rs) : 0;
}

/* 1: @name is free in @parent of items and of other files. */
static int is_free(struct restore *rs, int64_t parent, const char *name)
{
	struct scratch s;
	struct entry e;
	int r = scratch_lookup(rs->m->db, parent, name, &s, NULL);

	if (r == -ENOENT)
		r = tree_lookup(rs->m->db, MOMENT_NOW, parent, name, &e, NULL);
	if (r == -ENOENT)
		return 1;
	return r < 0 ? why_set(rs->why, r, "looking for a free name") : 0;
}

/* As a revert calls what it finds in its way. */
static int name_aside(struct restore *rs, int64_t parent, const char *name,
		      char ret[256])
{
	int len = (int)strnlen(name, 230);
	int r = 0;

	while (len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80)
		len--;
	for (unsigned n = 1; r == 0; n++) {
		if (n == 1)
			(void)snprintf(ret, 256, "%.*s.scratch", len, name);
		else
			(void)snprintf(ret, 256, "%.*s.scratch %u", len, name,
				       n);
		r = is_free(rs, parent, ret);
	}
	return r < 0 ? r : 0;
}

int restore_clear_scratch(struct restore *rs, int64_t parent, const char *name)
{
	char aside[256];
	struct scratch s;
	struct touched t = {
		.old_parent = parent,
		.new_parent = parent,
		.old_name = (char *)(uintptr_t)name,
		.new_name = aside,
	};
	int r = scratch_lookup(rs->m->db, parent, name, &s, NULL);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = name_aside(rs, parent, name, aside);
	if (r == 0)
		r = scratch_move(rs->m, s.id, parent, aside, rs->why);
	if (r < 0)
		return why_set(rs->why, r, "moving the file '%s' aside", name);
	t.node = s.id;
	if (touched_add(&rs->result->touched, &t) < 0)
		return no_memory(rs);
	return restore_say(rs, "moved aside", name, NULL,
			   "it was no item, and is one in the archive");
}

/* ---- what leaves ---- */

/* A folder on the way down, and how far its entries are done. */
struct level {
	int64_t folder;
	int64_t after;
	size_t path; /* the length of its path */
	bool kept;
	bool forgotten; /* as a whole */
};

struct sweep {
	struct restore *rs;
	struct level *levels;
	size_t len, cap;
	struct buf path; /* of the entry that is looked at */
	struct entry e;
	char name[256]; /* its last part */
};

static void sweep_done(struct sweep *s)
{
	free(s->levels);
	buf_done(&s->path);
}

static int push(struct sweep *s, int64_t folder, bool kept)
{
	if (s->len == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 16;
		struct level *more =
			reallocarray(s->levels, cap, sizeof(*more));

		if (!more)
			return no_memory(s->rs);
		s->levels = more;
		s->cap = cap;
	}
	s->levels[s->len++] = (struct level){
		.folder = folder,
		.path = s->path.len,
		.kept = kept,
	};
	return 0;
}

static int take_first(const struct entry *entry, void *arg)
{
	struct sweep *s = arg;

	s->e = *entry;
	s->e.name = NULL;
	(void)snprintf(s->name, sizeof(s->name), "%s", entry->name);
	return 1;
}

static int set_path(struct sweep *s, const struct level *at)
{
	s->path.len = at->path;
	if (at->path)
		buf_byte(&s->path, '/');
	buf_text(&s->path, s->name);
	buf_byte(&s->path, '\0');
	if (buf_error(&s->path))
		return no_memory(s->rs);
	s->path.len--;
	return 0;
}

/* The last part of the first @len bytes of s->path. */
static void name_at(const struct sweep *s, size_t len, char ret[256])
{
	size_t from = len;

	while (from > 0 && s->path.data[from - 1] != '/')
		from--;
	(void)snprintf(ret, 256, "%.*s", (int)(len - from),
		       s->path.data + from);
}

/*
 * The kernel forgets that @name was in the folder of @at. If there have been
 * many names, it rather forgets the name of the folder, and with it all that
 * it knew below it, so that they need no memory.
 */
static int forget_in(struct sweep *s, struct level *at, const char *name)
{
	struct restore *rs = s->rs;
	char own[256];

	if (at->forgotten)
		return 0;
	if (rs->result->touched.len < NAMES_MAX || at == s->levels)
		return forget_name(rs, at->folder, name);
	at->forgotten = true;
	name_at(s, at->path, own);
	return forget_name(rs, at[-1].folder, own);
}

/* The entry @item of @at, at the path s->path, leaves. */
static int leave(struct sweep *s, struct level *at, int64_t item,
		 const char *name)
{
	struct restore *rs = s->rs;
	int r = tree_remove(rs->m, item, rs->why);

	/* Of a folder that leaves, too, its own name is enough. */
	if (r == 0 && at->kept)
		r = forget_in(s, at, name);
	if (r == 0)
		r = restore_touch(rs, at->folder);
	return r;
}

static int leave_item(struct sweep *s, struct level *at)
{
	struct restore *rs = s->rs;
	int r = leave(s, at, s->e.id, s->name);

	if (r < 0)
		return r;
	rs->result->removed++;
	return restore_say(rs, "removed", s->path.data, NULL, NULL);
}

/* The folder of the last level, of which all is done that may leave. */
static int leave_folder(struct sweep *s)
{
	const struct level *left = &s->levels[s->len];
	struct level *at = &s->levels[s->len - 1];
	struct restore *rs = s->rs;
	char name[256];
	int r;

	s->path.len = left->path;
	s->path.data[left->path] = '\0';
	name_at(s, left->path, name);
	r = scratch_any(rs->m->db, left->folder, rs->why);
	if (r == 0)
		r = leave(s, at, left->folder, name);
	else if (r > 0)
		r = -ENOTEMPTY;
	if (r != -ENOTEMPTY)
		return r;
	r = at->kept ? forget_in(s, at, name) : 0;
	return r < 0 ? r
		     : restore_say(rs, "left", s->path.data, NULL,
				   "there are files in it that are no items");
}

static int sweep_entry(struct sweep *s, struct level *at)
{
	bool kept = is_kept(s->rs, s->e.id);
	int r = set_path(s, at);

	at->after = s->e.id;
	if (r < 0)
		return r;
	if (s->e.folder)
		return push(s, s->e.id, kept);
	return kept ? 0 : leave_item(s, at);
}

/* Everything below the folder of the first level; it stays itself. */
static int sweep_all(struct sweep *s)
{
	struct restore *rs = s->rs;
	int r = 0;

	while (r >= 0) {
		struct level *at = &s->levels[s->len - 1];

		r = tree_list(rs->m->db, MOMENT_NOW, at->folder, at->after,
			      take_first, s, rs->why);
		if (r > 0) {
			r = sweep_entry(s, at);
		} else if (r == 0) {
			if (--s->len == 0)
				return 0;
			r = s->levels[s->len].kept ? 0 : leave_folder(s);
		}
	}
	return r;
}

int restore_sweep(struct restore *rs)
{
	DROP(sweep_done) struct sweep s = {.rs = rs};
	int r = push(&s, rs->request->folder, true);

	return r < 0 ? r : sweep_all(&s);
}

int restore_clear(struct restore *rs, const struct entry *entry,
		  const char *path)
{
	DROP(sweep_done) struct sweep s = {.rs = rs};
	const char *name = strrchr(path, '/');
	int r = 0;

	name = name ? name + 1 : path;
	buf_text(&s.path, path);
	buf_byte(&s.path, '\0');
	if (buf_error(&s.path))
		return no_memory(rs);
	s.path.len--;
	if (entry->folder)
		r = push(&s, entry->id, false);
	if (r == 0 && entry->folder)
		r = sweep_all(&s);
	if (r == 0 && entry->folder)
		r = scratch_any(rs->m->db, entry->id, rs->why);
	if (r == 0)
		r = tree_remove(rs->m, entry->id, rs->why);
	if (r > 0 || r == -ENOTEMPTY)
		return why_set(
			rs->why, -ENOTEMPTY,
			"'%s' is an item in the archive, and a folder "
			"here in which there are files that are no items",
			path);
	if (r == 0)
		r = forget_name(rs, entry->parent, name);
	if (r < 0)
		return r;
	rs->result->removed += !entry->folder;
	return restore_say(rs, "removed", path, NULL, NULL);
}
