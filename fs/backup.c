/*
 * .backup of a live folder: for each item and folder in it a directory of that
 * name, which holds it and all that it needs, at their places from the root:
 *
 *   cp -r MOUNT/sessions/.backup/Nightly.json/. ELSEWHERE/
 *
 * What is needed is found when the name is looked up, and shown as it was at
 * that moment for as long as somebody is in there.
 */
#include "core/bits.h"
#include "core/closure.h"
#include "core/db.h"
#include "core/defer.h"
#include "core/repo.h"
#include "core/tree.h"
#include "fs/call.h"
#include "fs/fs.h"
#include "fs/kinds.h"
#include "fs/made.h"
#include "fs/past.h"
#include "fs/views.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { TRIES = 8 };

struct needed {
	struct call *c;
	struct db *db;
	struct bits items;
};

static void needed_done(struct needed *needed)
{
	bits_done(&needed->items);
}

/* An item or folder, and the folders on the way to it. */
static int add_needed(int64_t item, bool folder, void *arg)
{
	struct needed *needed = arg;
	struct entry e = {.parent = item};
	int r = 0;

	(void)folder;
	while (r == 0 && e.parent) {
		r = bits_add(&needed->items, e.parent);
		if (r <= 0)
			return r;
		r = tree_get(needed->db, MOMENT_NOW, e.parent, &e,
			     &needed->c->why);
	}
	return r;
}

/*
 * Begin a transaction in which the live tree is that of *ret_moment, which
 * stays as it is. Where others commit without a pause, what was saved last may
 * yet be amended: a lookup does not wait for them for ever.
 */
static int begin(struct call *c, struct db *db, int64_t *ret_moment)
{
	struct store *store = c->fs->repo->store;
	int64_t pinned = 0;

	for (int i = 1;; i++) {
		int r = store_pin(store, &pinned, &c->why);

		if (r == 0)
			r = db_read_begin(db, &c->why);
		if (r < 0)
			return r;
		r = moment_newest(db, ret_moment, &c->why);
		if (r == 0 && (*ret_moment == pinned || i == TRIES)) {
			store_show(store, *ret_moment);
			return 0;
		}
		db_read_end(db);
		if (r < 0)
			return r;
	}
}

/* Within one transaction, in which the live tree is that of @moment. */
static int find(struct call *c, struct db *db, int64_t moment, int64_t folder,
		const char *name, struct node *ret)
{
	DROP(needed_done) struct needed needed = {.c = c, .db = db};
	struct entry e;
	char key[32];
	int r = tree_lookup(db, MOMENT_NOW, folder, name, &e, &c->why);

	if (r < 0)
		return r;
	/* No snapshot's name has a '/'. */
	(void)snprintf(key, sizeof(key), "/%" PRId64, e.id);
	r = past_part(c, key, moment, NULL, ret);
	if (r != -ENOENT)
		return r;
	r = closure_walk(db, store_kinds(c->fs->repo->store), e.id, add_needed,
			 &needed, &c->why);
	return r < 0 ? r : past_part(c, key, moment, &needed.items, ret);
}

static int lookup(struct call *c, uint64_t dir, const char *name,
		  struct node *ret)
{
	struct db *db = call_db(c);
	int64_t moment;
	int r;

	if (!db)
		return c->why.code;
	r = begin(c, db, &moment);
	if (r < 0)
		return r;
	r = find(c, db, moment, inum_payload(dir), name, ret);
	db_read_end(db);
	return r;
}

static int list_entry(const struct entry *entry, void *arg)
{
	return listing_name(arg, entry->name, S_IFDIR, entry->id);
}

static int list(struct call *c, uint64_t ino, struct file *dir, int64_t offset,
		struct listing *out)
{
	struct db *db = call_db(c);
	int r;

	(void)dir;
	if (!db)
		return c->why.code;
	r = tree_list(db, MOMENT_NOW, inum_payload(ino), offset, list_entry,
		      out, &c->why);
	return r < 0 ? r : 0;
}

const struct node_kind kind_backup = {
	.name = "backup",
	.denied = -EROFS,
	.getattr = made_dir_getattr,
	.lookup = lookup,
	.list = list,
};
