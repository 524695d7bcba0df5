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

void live_part(struct live *live, const struct entry *former)
{
	for (struct handle *h = live->handles; h; h = h->next) {
		if (h->loose || h->node != former->node)
			continue;
		h->last.attr = former->attr;
		h->last.size = former->size;
		h->last.content = former->content;
	}
}

void live_replaced(struct live *live, const struct entry *former)
{
	live_part(live, former);
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
		fill(ret, node, S_IFREG, &h->last.attr, h->last.size);
		ret->st.st_nlink = 0;
		return 0;
	}
	return -ENOENT;
}

/* What is asked about: an entry of a folder, or with no name a node. */
struct wanted {
	int64_t node; /* of the folder, if there is a name */
	const char *name;
};

/* Where the answer comes from. */
enum in_memory { STORED, BEING_MADE, IN_LINE /* for filing */ };

static enum in_memory look_in_memory(struct live *live, const struct wanted *w,
				     struct node *ret)
{
	DROP(live_unlock_p) struct live *locked = live;
	const struct loose *file;

	live_lock(locked);
	file = w->name ? loose_by_name(live->loose, w->node, w->name)
		       : loose_by_id(live->loose, w->node);
	if (!file || !loose_speaks(file))
		return STORED;
	loose_node(file, ret);
	return file->filing ? IN_LINE : BEING_MADE;
}

bool live_is_loose(struct live *live, int64_t node, struct node *ret)
{
	const struct wanted w = {.node = node};

	return look_in_memory(live, &w, ret) != STORED;
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

bool live_recall(struct call *c, int64_t node, struct found *ret)
{
	DROP(live_unlock_p) struct live *live = c->fs->live;

	live_lock(live);
	return live->entries &&
	       entries_get(live->entries, node,
			   store_others(c->fs->repo->store), ret);
}

int live_find(struct call *c, struct db *db, int64_t node, struct found *ret)
{
	struct store *store = c->fs->repo->store;
	struct live *live = c->fs->live;
	uint64_t generation = store_generation(store);
	int r;

	ret->others = store_others(store);
	r = tree_by_node(db, node, &ret->entry, ret->name, &c->why);
	if (r < 0 || !live->entries || ret->entry.folder)
		return r;
	live_lock(live);
	/* Not if it was filed while it was looked for. */
	if (store_generation(store) == generation)
		entries_put(live->entries, ret);
	live_unlock(live);
	return 0;
}

static int stored_getattr(struct call *c, int64_t node, struct node *ret)
{
	DROP(store_put) struct reader reader = {0};
	struct found found;
	struct scratch s;
	int r = live_recall(c, node, &found);

	if (!r)
		r = store_peek(c->fs->repo->store, &reader, &c->why);
	if (r < 0)
		return r;
	if (!r)
		r = live_find(c, reader.db, node, &found);
	if (r >= 0)
		live_node(&found.entry, ret);
	if (r != -ENOENT)
		return r < 0 ? r : 0;
	r = scratch_get(reader.db, node, &s, &c->why);
	if (r == 0)
		scratch_node(&s, ret);
	if (r != -ENOENT)
		return r;
	r = dead_getattr(c->fs->live, node, ret);
	if (r == 0)
		return 0;
	r = live_get_former(c->fs->live, node, &found.entry);
	if (r < 0)
		return live_gone(r);
	live_node(&found.entry, ret);
	ret->st.st_nlink = 0;
	return 0;
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

static int look_stored(struct call *c, const struct wanted *w, struct node *ret)
{
	return w->name ? stored_lookup(c, w->node, w->name, ret)
		       : stored_getattr(c, w->node, ret);
}

/* What was found may be old before it is asked whether it is in line. */
static bool is_settled(struct call *c, struct node *found, uint64_t generation)
{
	int64_t node = inum_payload(found->st.st_ino);

	live_show(c->fs->live, node);
	return !filing_concerns(c->fs, node) &&
	       store_generation(c->fs->repo->store) == generation;
}

/*
 * An item. What changes while it is looked for is told to the kernel before it
 * has our answer: it would ignore that of a node that it does not know yet, and
 * keep the answer for ever. (Of one that it knows it sees which was asked
 * first.)
 */
static int look_settled(struct call *c, const struct wanted *w,
			struct node *ret)
{
	struct store *store = c->fs->repo->store;
	struct live *live = c->fs->live;
	uint64_t generation;
	int r = 0;

	(void)filing_settle_node(c, inum_payload(ret->st.st_ino));
	for (int tries = 0; r == 0 && tries < 8; tries++) {
		generation = store_generation(store);
		if (look_in_memory(live, w, ret) == STORED)
			r = look_stored(c, w, ret);
		if (r < 0 || is_settled(c, ret, generation))
			return r;
	}
	ret->attr_valid = ret->entry_valid = 0;
	return r;
}

/* Of an item, what is in line may be about to change something; a folder, which
 * a copier asks for again and again, only gets another time by it. */
static int look(struct call *c, const struct wanted *w, struct node *ret)
{
	struct live *live = c->fs->live;
	uint64_t generation = store_generation(c->fs->repo->store);
	enum in_memory state = look_in_memory(live, w, ret);
	int r = state == STORED ? look_stored(c, w, ret) : 0;

	if (r < 0 || state == BEING_MADE)
		return r;
	if (state == STORED && S_ISDIR(ret->st.st_mode)) {
		if (filing_any(c->fs))
			add_filing(live, inum_payload(ret->st.st_ino), ret);
		return 0;
	}
	return state == STORED && is_settled(c, ret, generation)
		       ? 0
		       : look_settled(c, w, ret);
}

int live_getattr(struct call *c, uint64_t ino, struct node *ret)
{
	const struct wanted w = {.node = inum_payload(ino)};

	return look(c, &w, ret);
}

int live_lookup(struct call *c, uint64_t dir, const char *name,
		struct node *ret)
{
	const struct wanted w = {.node = inum_payload(dir), .name = name};

	if (name[0] != '.' || !name_is_reserved(name))
		return look(c, &w, ret);
	(void)filing_settle(c);
	return dots_lookup(c, w.node, name, ret);
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
