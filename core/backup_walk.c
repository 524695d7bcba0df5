#include "core/backup_walk.h"

#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* So many entries of a folder are read at once. */
enum { PAGE = 64 };

struct child {
	int64_t id;
	struct walk_entry found;
	size_t name; /* offset in the names */
};

struct walk_level {
	int64_t folder;
	int64_t after;	 /* the last entry that was read */
	size_t path_len; /* of the folder, with its '/' */
	bool all;	 /* below what is wanted with all */
	bool last;	 /* no page follows */
	struct buf names;
	struct child page[PAGE];
	size_t next, len;
};

static int no_memory(struct why *why)
{
	return why_set(why, -ENOMEM, "out of memory");
}

static void leave(struct walk *w)
{
	buf_done(&w->levels[--w->depth].names);
}

void walk_done(struct walk *w)
{
	while (w->depth > 0)
		leave(w);
	free(w->levels);
	buf_done(&w->path);
	*w = (struct walk){0};
}

static int enter(struct walk *w, int64_t folder, bool all, struct why *why)
{
	struct walk_level *level;

	if (w->depth == w->cap) {
		size_t cap = w->cap + 4;
		struct walk_level *more =
			reallocarray(w->levels, cap, sizeof(*more));

		if (!more)
			return no_memory(why);
		w->levels = more;
		w->cap = cap;
	}
	if (w->path.len > 0)
		buf_byte(&w->path, '/');
	level = &w->levels[w->depth++];
	level->folder = folder;
	level->after = 0;
	level->path_len = w->path.len;
	level->all = all;
	level->last = false;
	level->names = (struct buf){0};
	level->next = level->len = 0;
	return 0;
}

/* ---- a page of a folder ---- */

enum { PAGE_IS_FULL = 1 };

static int take(const struct entry *e, void *arg)
{
	struct walk_level *level = arg;
	struct child *child = &level->page[level->len];

	if (level->len == PAGE)
		return PAGE_IS_FULL;
	*child = (struct child){
		.id = e->id,
		.name = level->names.len,
		.found =
			{
				.content = e->content,
				.entry =
					{
						.folder = e->folder,
						.mode = e->attr.mode & 07777,
						.uid = e->attr.uid,
						.gid = e->attr.gid,
						.mtime_ns = e->attr.mtime_ns,
						.size = e->folder ? 0 : e->size,
					},
			},
	};
	buf_add(&level->names, e->name, strlen(e->name) + 1);
	level->len++;
	level->after = e->id;
	return 0;
}

static int turn_page(struct walk_level *level, struct db *db,
		     const struct backup_spec *spec, struct why *why)
{
	int r;

	buf_reset(&level->names);
	level->next = level->len = 0;
	r = tree_list(db, spec->moment, level->folder, level->after, take,
		      level, why);
	if (r < 0)
		return r;
	level->last = r != PAGE_IS_FULL;
	return buf_error(&level->names) ? no_memory(why) : 0;
}

/* ---- the next entry ---- */

static enum backup_want wanted(const struct walk_level *level,
			       const struct child *child,
			       const struct backup_spec *spec)
{
	if (level->all || !spec->filter)
		return BACKUP_ALL;
	return spec->filter(child->id, child->found.entry.folder,
			    spec->filter_arg);
}

static int give(struct walk *w, const struct child *child, bool all,
		struct walk_entry *ret, struct why *why)
{
	const struct walk_level *level = &w->levels[w->depth - 1];

	w->path.len = level->path_len;
	buf_text(&w->path, level->names.data + child->name);
	buf_byte(&w->path, '\0');
	if (buf_error(&w->path))
		return no_memory(why);
	w->path.len--;
	w->into = child->found.entry.folder ? child->id : 0;
	w->into_all = all;
	*ret = child->found;
	ret->entry.path = w->path.data;
	return 1;
}

static int begin(struct walk *w, const struct backup_spec *spec,
		 struct why *why)
{
	int64_t folder = w->into;

	if (!w->begun) {
		w->begun = true;
		return enter(w, spec->folder, false, why);
	}
	w->into = 0;
	return folder ? enter(w, folder, w->into_all, why) : 0;
}

int walk_next(struct walk *w, struct db *db, const struct backup_spec *spec,
	      struct walk_entry *ret, struct why *why)
{
	int r = begin(w, spec, why);

	while (r == 0 && w->depth > 0) {
		struct walk_level *level = &w->levels[w->depth - 1];
		const struct child *child = &level->page[level->next];
		enum backup_want want;

		if (level->next == level->len) {
			if (level->last)
				leave(w);
			else
				r = turn_page(level, db, spec, why);
			continue;
		}
		level->next++;
		want = wanted(level, child, spec);
		if (want != BACKUP_NOT)
			return give(w, child, want == BACKUP_ALL, ret, why);
	}
	return r;
}
