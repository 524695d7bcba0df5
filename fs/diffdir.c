/*
 * .control/diff of a live folder: a file per revision that concerns it, with
 * what has changed since (a snapshot) or what it changed (any other).
 */
#include "core/buf.h"
#include "core/revision.h"
#include "core/show.h"
#include "core/tree.h"
#include "fs/call.h"
#include "fs/file.h"
#include "fs/fs.h"
#include "fs/kinds.h"
#include "fs/made.h"
#include "fs/texts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_MAX ((INT64_C(1) << (60 - INUM_DIFF_BITS)) - 1)

static int dir_getattr(struct call *c, uint64_t ino, struct node *ret)
{
	struct attr base;
	int r = made_base(c, inum_payload(ino), &base);

	if (r == 0)
		made_dir(ino, &base, 0555, ret);
	return r;
}

static void file_node(struct call *c, int64_t folder, int64_t id,
		      const struct attr *base, struct node *ret)
{
	uint64_t ino = inum_pair(INUM_DIFF_FILE, id, folder, INUM_DIFF_BITS);
	int64_t size = 0;

	(void)texts_size(c->fs->texts, ino, &size);
	made_file(ino, base, 0444, size, ret);
}

/* 1: the two folders are one, or one is below the other. */
static int related(struct db *db, int64_t a, int64_t b, struct why *why)
{
	int r = tree_is_below(db, MOMENT_NOW, a, b, why);

	if (r == 0 || r == -ENOENT)
		r = tree_is_below(db, MOMENT_NOW, b, a, why);
	return r == -ENOENT ? 0 : r;
}

/* The revision that @name means in @folder. */
static int find(struct call *c, struct db *db, int64_t folder,
		const char *name, int64_t *ret_id)
{
	DROP(buf_done) struct buf text = {0};
	struct snapshot_ref ref;
	struct revision row;
	char number[24];
	int64_t id;
	int r = snapshot_resolve(db, folder, name, &ref, &c->why);

	if (r == 0)
		*ret_id = ref.id;
	if (r == 0 && (ref.id == 0 || ref.id > ID_MAX))
		return -ENOENT;
	if (r != -ENOENT)
		return r;

	/* No snapshot; a number as it is printed may be another revision. */
	id = strtoll(name, NULL, 10);
	(void)snprintf(number, sizeof(number), "%" PRId64, id);
	if (id <= 0 || id > ID_MAX || strcmp(number, name) != 0)
		return -ENOENT;
	r = revision_get(db, id, &text, &row, &c->why);
	if (r < 0)
		return r;
	if (strcmp(row.kind, "snapshot") == 0)
		return -ENOENT;
	r = related(db, folder, row.scope, &c->why);
	if (r > 0)
		*ret_id = id;
	return r > 0 ? 0 : r < 0 ? r : -ENOENT;
}

static int dir_lookup(struct call *c, uint64_t dir, const char *name,
		      struct node *ret)
{
	int64_t folder = inum_payload(dir), id = 0;
	struct attr base;
	int r = made_base(c, folder, &base);

	if (r == 0)
		r = find(c, call_db(c), folder, name, &id);
	if (r < 0)
		return r;
	file_node(c, folder, id, &base, ret);
	if (strcmp(name, "latest") == 0)
		ret->entry_valid = 0;
	return 0;
}

/* ---- the listing: snapshots that cover the folder, and revisions ---- */

static int take_id(const struct revision *row, void *arg)
{
	*(int64_t *)arg = row->id;
	return 1;
}

typedef int (*list_fn)(struct db *db, int64_t folder, int64_t after,
		       revision_fn fn, void *arg, struct why *why);

/* The first id that @fn lists after @after; INT64_MAX: none. */
static int next_of(list_fn fn, struct call *c, int64_t folder, int64_t after,
		   int64_t *ret_id)
{
	int r;

	*ret_id = INT64_MAX;
	r = fn(call_db(c), folder, after, take_id, ret_id, &c->why);
	return r < 0 ? r : 0;
}

static int dir_list(struct call *c, uint64_t ino, struct file *dir,
		    int64_t offset, struct listing *out)
{
	int64_t folder = inum_payload(ino), snapshot = offset,
		revision = offset, id = offset;
	struct attr base;
	struct node node;
	char name[24];
	int r = made_base(c, folder, &base);

	(void)dir;
	while (r == 0) {
		if (snapshot == id)
			r = next_of(snapshot_list, c, folder, id, &snapshot);
		if (r == 0 && revision == id)
			r = next_of(revision_list, c, folder, id, &revision);
		id = snapshot < revision ? snapshot : revision;
		if (r < 0 || id > ID_MAX)
			break;
		(void)snprintf(name, sizeof(name), "%" PRId64, id);
		file_node(c, folder, id, &base, &node);
		r = listing_add(out, name, &node, id);
	}
	return r < 0 ? r : 0;
}

/* ---- a file ---- */

static int file_getattr(struct call *c, uint64_t ino, struct node *ret)
{
	int64_t folder = inum_low(ino, INUM_DIFF_BITS);
	struct attr base;
	int r = made_base(c, folder, &base);

	if (r == 0)
		file_node(c, folder, inum_high(ino, INUM_DIFF_BITS), &base,
			  ret);
	return r;
}

static int file_open(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	struct db *db = call_db(c);
	DROP(buf_done) struct buf text = {0};
	char spec[24];
	int r;

	if (!db)
		return c->why.code;
	if ((fi->flags & O_ACCMODE) != O_RDONLY)
		return why_set(&c->why, -EACCES, "a diff can only be read");
	(void)snprintf(spec, sizeof(spec), "%" PRId64,
		       inum_high(ino, INUM_DIFF_BITS));
	r = show_diff(db, inum_low(ino, INUM_DIFF_BITS), spec, &text, &c->why);
	if (r < 0)
		return r;
	return made_open(c, &kind_diff_file, ino, &text, fi);
}

const struct node_kind kind_diff = {
	.name = "diff",
	.getattr = dir_getattr,
	.lookup = dir_lookup,
	.list = dir_list,
};

const struct node_kind kind_diff_file = {
	.name = "diff file",
	.getattr = file_getattr,
	.open = file_open,
	.release = made_release,
};
