/*
 * Names and attributes of the live tree.
 *
 * A file on its way to being an item passes from the loose files to the
 * scratch rows or the items, never back, and is taken from the former only
 * after it is in the latter. Whoever looks in that order finds it.
 */
#include "core/buf.h"
#include "core/db.h"
#include "core/name.h"
#include "core/repo.h"
#include "fs/dots.h"
#include "fs/filing.h"
#include "fs/live_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct timespec to_timespec(int64_t ns)
{
	struct timespec ts = {.tv_sec = ns / 1000000000,
			      .tv_nsec = ns % 1000000000};

	if (ts.tv_nsec < 0) { /* before 1970 */
		ts.tv_nsec += 1000000000;
		ts.tv_sec--;
	}
	return ts;
}

static void fill(struct node *ret, int64_t node, mode_t type,
		 const struct attr *attr, int64_t size)
{
	memset(ret, 0, sizeof(*ret));
	ret->st.st_ino = inum_make(INUM_LIVE, (uint64_t)node);
	ret->st.st_mode = type | attr->mode;
	ret->st.st_nlink = type == S_IFDIR ? 2 : 1;
	ret->st.st_uid = attr->uid;
	ret->st.st_gid = attr->gid;
	ret->st.st_size = size;
	ret->st.st_blksize = 4096;
	ret->st.st_blocks = (size + 511) / 512;
	ret->st.st_mtim = to_timespec(attr->mtime_ns);
	ret->st.st_atim = ret->st.st_mtim;
	ret->st.st_ctim = to_timespec(attr->ctime_ns);
	ret->attr_valid = NODE_FOREVER;
}

void live_node(const struct entry *entry, struct node *ret)
{
	fill(ret, entry->node, entry->folder ? S_IFDIR : S_IFREG, &entry->attr,
	     entry->size);
	ret->entry_valid = NODE_FOREVER;
}

/* Names of scratch files are never cached: a rename that was diverted leaves
 * the kernel with the source at the target's name, until it asks again. */
void scratch_node(const struct scratch *s, struct node *ret)
{
	static const mode_t types[] = {[SCRATCH_FILE] = S_IFREG,
				       [SCRATCH_FOLDER] = S_IFDIR,
				       [SCRATCH_LINK] = S_IFLNK};

	fill(ret, s->id, types[s->type], &s->attr, s->size);
	ret->entry_valid = 0;
}

void loose_node(const struct loose *file, struct node *ret)
{
	fill(ret, file->id, S_IFREG, &file->attr, (int64_t)file->spool.len);
	ret->entry_valid = 0;
	if (file->unlinked)
		ret->st.st_nlink = 0;
}

void live_bury(struct live *live, int64_t folder)
{
	live->graves[live->grave_count++ % LIVE_GRAVES] = folder;
}

void live_replaced(struct live *live, const struct entry *former)
{
	live->former[live->former_count++ % LIVE_FORMER] = *former;
}

const struct entry *live_former(const struct live *live, int64_t node)
{
	for (size_t i = 0; i < LIVE_FORMER; i++) {
		if (live->former[i].id && live->former[i].node == node)
			return &live->former[i];
	}
	return NULL;
}

int live_get_former(struct live *live, int64_t node, struct entry *ret)
{
	DROP(live_unlock_p) struct live *locked = live;
	const struct entry *former;

	live_lock(locked);
	former = live_former(live, node);
	if (!former)
		return -ENOENT;
	*ret = *former;
	return 0;
}

uint64_t live_generation(struct live *live, int64_t folder)
{
	uint64_t generation = 0;

	live_lock(live);
	/* Graves not yet dug hold 0, which is no folder. */
	for (size_t i = 0; i < LIVE_GRAVES; i++)
		generation += live->graves[i] == folder;
	live_unlock(live);
	return generation;
}

/* A node that is in no table any more, but still open. */
static int dead_getattr(struct live *live, int64_t node, struct node *ret)
{
	DROP(live_unlock_p) struct live *locked = live;

	live_lock(locked);
	for (struct handle *h = live->handles; h; h = h->next) {
		if (h->node != node || !h->item)
			continue;
		fill(ret, node, S_IFREG, &h->attr, h->size);
		ret->st.st_nlink = 0;
		return 0;
	}
	return -ENOENT;
}

/* Where the answer about a file comes from. */
enum in_memory { STORED, BEING_MADE, IN_LINE /* for filing */ };

static enum in_memory loose_getattr(struct live *live, int64_t node,
				    struct node *ret)
{
	DROP(live_unlock_p) struct live *locked = live;
	const struct loose *file;

	live_lock(locked);
	file = loose_by_id(live->loose, node);
	if (!file || (file->item && !file->dirty))
		return STORED;
	loose_node(file, ret);
	return file->filing ? IN_LINE : BEING_MADE;
}

/* What is in line for filing has changed the folder already. The kernel asks
 * for it before each name that a program makes there. */
static void add_filing(struct live *live, int64_t folder, struct node *ret)
{
	int64_t newest_ns;

	live_lock(live);
	newest_ns = loose_newest_filing(live->loose, folder);
	live_unlock(live);
	if (!newest_ns)
		return;
	ret->st.st_mtim = ret->st.st_ctim = ret->st.st_atim =
		to_timespec(newest_ns);
	ret->attr_valid = 0;
}

static int stored_getattr(struct call *c, int64_t node, struct node *ret)
{
	DROP(store_put) struct reader reader = {0};
	struct entry entry;
	struct scratch s;
	int r = store_peek(c->fs->repo->store, &reader, &c->why);

	if (r < 0)
		return r;
	r = tree_by_node(reader.db, node, &entry, &c->why);
	if (r == 0)
		live_node(&entry, ret);
	if (r != -ENOENT)
		return r;
	r = scratch_get(reader.db, node, &s, &c->why);
	if (r == 0)
		scratch_node(&s, ret);
	if (r != -ENOENT)
		return r;
	r = dead_getattr(c->fs->live, node, ret);
	if (r == 0)
		return 0;
	r = live_get_former(c->fs->live, node, &entry);
	if (r < 0)
		return live_gone(r);
	live_node(&entry, ret);
	ret->st.st_nlink = 0;
	return 0;
}

int live_getattr(struct call *c, uint64_t ino, struct node *ret)
{
	struct live *live = c->fs->live;
	int64_t node = inum_payload(ino);
	enum in_memory state = loose_getattr(live, node, ret);
	int r = state ? 0 : stored_getattr(c, node, ret);

	if (r < 0 || state == BEING_MADE || !filing_any(c->fs))
		return state == IN_LINE ? stored_getattr(c, node, ret) : r;
	if (!state && S_ISDIR(ret->st.st_mode)) {
		add_filing(live, node, ret);
		return 0;
	}
	(void)filing_settle(c);
	return loose_getattr(live, node, ret) ? 0
					      : stored_getattr(c, node, ret);
}

static enum in_memory loose_lookup(struct live *live, int64_t parent,
				   const char *name, struct node *ret)
{
	DROP(live_unlock_p) struct live *locked = live;
	const struct loose *file;

	live_lock(locked);
	file = loose_by_name(live->loose, parent, name);
	if (!file)
		return STORED;
	loose_node(file, ret);
	return file->filing ? IN_LINE : BEING_MADE;
}

static int stored_lookup(struct call *c, int64_t parent, const char *name,
			 struct node *ret)
{
	DROP(store_put) struct reader reader = {0};
	struct live *live = c->fs->live;
	struct entry entry;
	struct scratch s;
	int r = store_peek(c->fs->repo->store, &reader, &c->why);

	if (r < 0)
		return r;
	r = tree_lookup(reader.db, MOMENT_NOW, parent, name, &entry, &c->why);
	if (r == 0)
		live_node(&entry, ret);
	if (r == 0 && entry.folder)
		ret->generation = live_generation(live, entry.id);
	if (r != -ENOENT)
		return r;
	r = scratch_lookup(reader.db, parent, name, &s, &c->why);
	if (r == 0)
		scratch_node(&s, ret);
	return r;
}

int live_lookup(struct call *c, uint64_t dir, const char *name,
		struct node *ret)
{
	struct live *live = c->fs->live;
	int64_t parent = inum_payload(dir);
	enum in_memory state;
	int r;

	if (name[0] == '.' && name_is_reserved(name)) {
		(void)filing_settle(c);
		return dots_lookup(c, parent, name, ret);
	}
	state = loose_lookup(live, parent, name, ret);
	r = state ? 0 : stored_lookup(c, parent, name, ret);
	if (r < 0 || state == BEING_MADE || !filing_any(c->fs))
		return state == IN_LINE ? stored_lookup(c, parent, name, ret)
					: r;
	if (!state && S_ISDIR(ret->st.st_mode)) {
		add_filing(live, (int64_t)inum_payload(ret->st.st_ino), ret);
		return 0;
	}
	(void)filing_settle(c);
	return loose_lookup(live, parent, name, ret)
		       ? 0
		       : stored_lookup(c, parent, name, ret);
}

int live_readlink(struct call *c, uint64_t ino)
{
	struct db *db = call_db(c);
	DROP(buf_done) struct buf target = {0};
	int r;

	if (!db)
		return c->why.code;
	r = scratch_link_target(db, inum_payload(ino), &target, &c->why);
	if (r < 0)
		return r;
	buf_byte(&target, '\0');
	r = buf_error(&target);
	if (r < 0)
		return r;
	c->reply.kind = REPLY_LINK;
	c->reply.data = TAKE(target.data);
	return 0;
}

/* ---- listing: loose files, then scratch rows, then items ---- */

enum phase { PHASE_LOOSE, PHASE_SCRATCH, PHASE_ITEM };

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
	if (!loose_getattr(w->live, s->id, &node)) /* open: newer than that */
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

int live_list(struct call *c, uint64_t ino, struct file *dir, int64_t offset,
	      struct listing *out)
{
	struct live *live = c->fs->live;
	enum phase phase = (enum phase)(offset >> 56);
	int64_t after = offset & ((INT64_C(1) << 56) - 1);
	struct walk w = {.live = live, .out = out, .dir = dir};
	struct db *db = call_db(c);
	int r = 0;

	if (!db)
		return c->why.code;
	if (offset == 0 && dir)
		dir->bytes.len = 0;
	if (offset == 0 && c->fs->options.snapdir_visible &&
	    inum_payload(ino) == TREE_ROOT)
		r = list_dots(c, ino, &w);
	if (r == 0 && phase == PHASE_LOOSE && !w.full) {
		live_lock(live);
		r = list_loose(live, inum_payload(ino), after, &w);
		live_unlock(live);
	}
	if (r == 0 && phase <= PHASE_SCRATCH && !w.full)
		r = scratch_list(db, inum_payload(ino),
				 phase == PHASE_SCRATCH ? after : 0,
				 add_scratch, &w, &c->why);
	if (r >= 0 && !w.full)
		r = tree_list(db, MOMENT_NOW, inum_payload(ino),
			      phase == PHASE_ITEM ? after : 0, add_item, &w,
			      &c->why);
	return r < 0 ? r : 0;
}
