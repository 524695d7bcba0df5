#include "core/restore_priv.h"

#include "core/intake.h"
#include "core/moment.h"
#include "core/scratch.h"
#include "core/why.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(const struct restore *rs)
{
	return why_set(rs->why, -ENOMEM, "out of memory");
}

static bool is_kept(const struct restore *rs, int64_t item)
{
	int64_t n = item - 1;

	return bits_next(&rs->kept, &n) > 0 && n == item;
}

static int keep(struct restore *rs, int64_t item)
{
	return bits_add(&rs->kept, item) < 0 ? no_memory(rs) : 0;
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

/* The entry @item of @at, at the path s->path, leaves. */
static int leave(struct sweep *s, const struct level *at, int64_t item,
		 const char *name)
{
	struct restore *rs = s->rs;
	int r = tree_remove(rs->m, item, rs->why);

	/* Of a folder that leaves, too, its own name is enough. */
	if (r == 0 && at->kept)
		r = forget_name(rs, at->folder, name);
	if (r == 0)
		r = restore_touch(rs, at->folder);
	return r;
}

static int leave_item(struct sweep *s, const struct level *at)
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
	const struct level *at = &s->levels[s->len - 1];
	struct restore *rs = s->rs;
	const char *name;
	int r;

	s->path.len = left->path;
	s->path.data[left->path] = '\0';
	name = strrchr(s->path.data, '/');
	name = name ? name + 1 : s->path.data;
	r = scratch_any(rs->m->db, left->folder, rs->why);
	if (r == 0)
		r = leave(s, at, left->folder, name);
	else if (r > 0)
		r = -ENOTEMPTY;
	if (r != -ENOTEMPTY)
		return r;
	r = at->kept ? forget_name(rs, at->folder, name) : 0;
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

/* ---- what both have ---- */

static void owner_of(const struct restore *rs,
		     const struct archive_entry *member, struct attr *attr)
{
	bool root = rs->m->who.uid == 0;

	attr->uid = root ? member->uid : rs->m->who.uid;
	attr->gid = root ? member->gid : rs->m->who.gid;
}

/* An archive may have times to the second only. */
static bool same_time(int64_t here, int64_t there)
{
	const int64_t second = 1000000000;

	return here == there ||
	       (there % second == 0 && here / second == there / second);
}

/* What @attr becomes by the archive; false: it is so already. */
static bool set_attr(const struct archive_entry *member, struct attr *attr)
{
	mode_t mode = member->mode & 0777;

	if (attr->mode == mode && same_time(attr->mtime_ns, member->mtime_ns))
		return false;
	attr->mode = mode;
	attr->mtime_ns = member->mtime_ns;
	return true;
}

static int changed(struct restore *rs, const struct entry *e)
{
	return bits_add(&rs->result->nodes, e->node ? e->node : e->id) < 0
		       ? no_memory(rs)
		       : 0;
}

static int report(struct restore *rs, const struct archive_entry *member,
		  const struct report_line *what)
{
	static const char *const words[] = {
		[OUTCOME_CREATED] = "created",
		[OUTCOME_EDITED] = "edited",
	};
	const char *slash = strrchr(member->path, '/');
	struct report_line line = *what;
	int r;

	line.asked = slash ? slash + 1 : member->path;
	r = restore_report(rs, &line);
	return r < 0 ? r
		     : restore_say(rs, words[line.outcome], member->path, NULL,
				   NULL);
}

static int replace(struct restore *rs, const struct archive_entry *member,
		   const struct entry *was, const struct intake *in)
{
	struct attr attr = was->attr;
	bool other = set_attr(member, &attr);
	const struct report_line line = {
		.folder = was->parent,
		.item = was->id,
		.outcome = OUTCOME_EDITED,
	};
	int r = keep(rs, was->id);

	if (r < 0)
		return r;
	if (in->content == was->content && !other) {
		rs->result->unchanged++;
		return 0;
	}
	rs->result->edited++;
	if (in->content == was->content)
		r = tree_set_attr(rs->m, was->id, &attr, false, rs->why);
	else
		r = tree_save(rs->m, was->id, in->content, in->arrived,
			      in->size, &attr, rs->why);
	if (r == 0 && in->content != was->content)
		r = intake_keep(rs->m, in, was->id, rs->why);
	if (r == 0)
		r = changed(rs, was);
	return r < 0 ? r : report(rs, member, &line);
}

static int create(struct restore *rs, const struct archive_entry *member,
		  int64_t folder, const char *name, const struct intake *in)
{
	struct report_line line = {
		.folder = folder,
		.outcome = OUTCOME_CREATED,
	};
	struct new_item new = {
		.content = in->content,
		.size = in->size,
		.attr =
			{
				.mode = member->mode & 0777,
				.mtime_ns = member->mtime_ns,
			},
	};
	int r = restore_clear_scratch(rs, folder, name);

	owner_of(rs, member, &new.attr);
	if (r == 0)
		r = tree_add_item(rs->m, folder, name, &new, &line.item,
				  rs->why);
	if (r == 0)
		r = intake_keep(rs->m, in, line.item, rs->why);
	if (r == 0)
		r = keep(rs, line.item);
	if (r == 0)
		r = restore_touch(rs, folder);
	if (r < 0)
		return r;
	rs->result->created++;
	return report(rs, member, &line);
}

int restore_full_item(struct restore *rs, const struct archive_entry *member,
		      const char *bytes)
{
	const char *slash = strrchr(member->path, '/');
	const char *name = slash ? slash + 1 : member->path;
	DROP(intake_done) struct intake in = {0};
	struct intake_text text = {
		.bytes = bytes,
		.len = (size_t)member->size,
	};
	struct entry was = {0};
	int r = restore_folder(rs, member->path,
			       slash ? (size_t)(slash - member->path) : 0, NULL,
			       &text.folder);

	if (r == 0)
		r = tree_lookup(rs->m->db, MOMENT_NOW, text.folder, name, &was,
				NULL);
	if (r == 0 && was.folder) {
		r = restore_clear(rs, &was, member->path);
		was.id = 0;
	} else if (r == -ENOENT) {
		was.id = r = 0;
	} else if (r < 0) {
		return why_set(rs->why, r, "reading '%s'", member->path);
	}
	text.like = was.id ? was.content : 0;
	if (r == 0)
		r = intake_take(rs->m, &text, &in, rs->why);
	if (r < 0)
		return r;
	return was.id ? replace(rs, member, &was, &in)
		      : create(rs, member, text.folder, name, &in);
}

int restore_full_folder(struct restore *rs, const struct archive_entry *member)
{
	struct attr attr = {
		.mode = member->mode & 0777,
		.mtime_ns = member->mtime_ns,
	};
	struct entry e;
	int64_t folder;
	int r;

	owner_of(rs, member, &attr);
	r = restore_folder(rs, member->path, strlen(member->path), &attr,
			   &folder);
	if (r == 0)
		r = tree_get(rs->m->db, MOMENT_NOW, folder, &e, rs->why);
	if (r < 0)
		return r;
	attr = e.attr;
	if (!set_attr(member, &attr))
		return 0;
	r = tree_set_attr(rs->m, folder, &attr, false, rs->why);
	return r < 0 || folder >= rs->first_new ? r : changed(rs, &e);
}
