/*
 * What a folder of the live tree lists: loose files, then scratch rows, then
 * items.
 */
#include "core/db.h"
#include "core/repo.h"
#include "fs/dots.h"
#include "fs/filing.h"
#include "fs/live_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum phase { PHASE_LOOSE, PHASE_SCRATCH, PHASE_ITEM };

enum { LIST_TRIES = 3 };

static int64_t offset_of(enum phase phase, int64_t id)
{
	return (int64_t)phase << 56 | id;
}

/*
 * A loose file that becomes an item while its folder is being listed would be
 * named twice. The directory's handle keeps the numbers that were given.
 */
static void given_add(struct file *dir, int64_t id)
{
	if (dir)
		buf_add(&dir->bytes, &id, sizeof(id));
}

static bool given_has(const struct file *dir, int64_t id)
{
	for (size_t at = 0; dir && at < dir->bytes.len; at += sizeof(id)) {
		if (memcmp(dir->bytes.data + at, &id, sizeof(id)) == 0)
			return true;
	}
	return false;
}

struct walk {
	struct live *live;
	struct listing *out;
	struct file *dir;
	bool full;
};

static int add_scratch(const struct scratch *s, void *arg)
{
	struct walk *w = arg;
	struct node node;

	if (given_has(w->dir, s->id))
		return 0;
	if (!live_is_loose(w->live, s->id, &node)) /* open: newer than that */
		scratch_node(s, &node);
	w->full = listing_add(w->out, s->name, &node,
			      offset_of(PHASE_SCRATCH, s->id));
	return w->full;
}

static int add_item(const struct entry *entry, void *arg)
{
	struct walk *w = arg;
	struct node node;

	if (given_has(w->dir, entry->node))
		return 0;
	live_node(entry, &node);
	if (entry->folder)
		node.generation =
			live_generation(w->out->c->fs->live, entry->id);
	w->full = listing_add(w->out, entry->name, &node,
			      offset_of(PHASE_ITEM, entry->id));
	return w->full;
}

struct gather {
	int64_t parent, after;
	const struct loose **files;
	size_t len, cap;
};

static int gather_one(struct loose *file, void *arg)
{
	struct gather *g = arg;
	const struct loose **more;

	if (file->parent != g->parent || file->id <= g->after || file->stored ||
	    file->unlinked || file->hidden || file->item)
		return 0;
	if (g->len == g->cap) {
		g->cap = g->cap ? 2 * g->cap : 16;
		more = realloc(g->files, g->cap * sizeof(const struct loose *));
		if (!more)
			return -ENOMEM;
		g->files = more;
	}
	g->files[g->len++] = file;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct loose *const *x = a, *const *y = b;

	return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

/* Under the live lock. */
static int list_loose(struct live *live, int64_t parent, int64_t after,
		      struct walk *w)
{
	struct gather g = {.parent = parent, .after = after};
	struct node node;
	int r = loose_each(live->loose, gather_one, &g);

	if (r == 0 && g.len)
		qsort(g.files, g.len, sizeof(const struct loose *), by_id);
	for (size_t i = 0; r == 0 && i < g.len && !w->full; i++) {
		loose_node(g.files[i], &node);
		w->full = listing_add(w->out, g.files[i]->name, &node,
				      offset_of(PHASE_LOOSE, g.files[i]->id));
		if (!w->full)
			given_add(w->dir, g.files[i]->id);
	}
	free(g.files);
	return r;
}

static int list_dots(struct call *c, uint64_t ino, struct walk *w)
{
	static const char *const names[] = {".snapshots", ".control"};
	struct node node;
	int r;

	for (size_t i = 0; i < 2 && !w->full; i++) {
		r = dots_lookup(c, inum_payload(ino), names[i], &node);
		if (r < 0)
			return r;
		w->full = listing_add(w->out, names[i], &node,
				      offset_of(PHASE_LOOSE, TREE_ROOT));
	}
	return 0;
}

/* One piece of the folder, as it is now. */
static int list_once(struct walk *w, uint64_t ino, int64_t offset)
{
	enum phase phase = (enum phase)(offset >> 56);
	int64_t after = offset & ((INT64_C(1) << 56) - 1);
	int64_t folder = inum_payload(ino);
	struct call *c = w->out->c;
	struct db *db = call_db(c);
	int r = 0;

	if (!db)
		return c->why.code;
	if (phase == PHASE_LOOSE && !w->full) {
		live_lock(w->live);
		r = list_loose(w->live, folder, after, w);
		live_unlock(w->live);
	}
	if (r == 0 && phase <= PHASE_SCRATCH && !w->full)
		r = scratch_list(db, folder, phase == PHASE_SCRATCH ? after : 0,
				 add_scratch, w, &c->why);
	if (r >= 0 && !w->full)
		r = tree_list(db, MOMENT_NOW, folder,
			      phase == PHASE_ITEM ? after : 0, add_item, w,
			      &c->why);
	return r < 0 ? r : 0;
}

/*
 * What changes while the folder is read is told to the kernel before it has our
 * answer, which it would keep for ever if it does not know the node yet. So the
 * answer is made again; in the end it is one that is not kept.
 */
int live_list(struct call *c, uint64_t ino, struct file *dir, int64_t offset,
	      struct listing *out)
{
	struct store *store = c->fs->repo->store;
	struct live *live = c->fs->live;
	struct walk first = {.live = live, .out = out, .dir = dir};
	size_t len, given;
	uint64_t generation;
	int r = 0;

	/* As live_show() for all of them: what was put in line before that is
	 * filed first. */
	atomic_fetch_add(&live->listed, 1);
	(void)filing_settle(c);
	if (offset == 0 && dir)
		dir->bytes.len = 0;
	if (offset == 0 && c->fs->options.snapdir_visible &&
	    inum_payload(ino) == TREE_ROOT)
		r = list_dots(c, ino, &first);
	if (r < 0)
		return r;
	len = out->len;
	given = dir ? dir->bytes.len : 0;
	for (int tries = 0;; tries++) {
		struct walk w = first;

		out->unsure = tries == LIST_TRIES;
		generation = store_generation(store);
		r = list_once(&w, ino, offset);
		if (r < 0 || out->unsure || !out->plus ||
		    store_generation(store) == generation)
			return r;
		out->len = len;
		if (dir)
			dir->bytes.len = given;
	}
}
