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

#define ID_MAX ((INT64_C(1) << (INUM_PAYLOAD_BITS - INUM_DIFF_BITS)) - 1)

static void file_node(struct call *c, int64_t folder, int64_t id,
		      const struct attr *base, struct node *ret)
{
	uint64_t ino = inum_pair(INUM_DIFF_FILE, id, folder, INUM_DIFF_BITS);
	int64_t size = 0;

	(void)texts_size(c->fs->texts, ino, &size);
	made_file(ino, base, 0444, size, ret);
}

/* ---- which there are: snapshots that cover the folder, and revisions ---- */

static int take_snapshot(const struct revision *row, void *arg)
{
	*(int64_t *)arg = row->id;
	return 1;
}

/* A snapshot that is no snapshot of this folder is of one below: no diff. */
static int take_other(const struct revision *row, void *arg)
{
	if (strcmp(row->kind, "snapshot") == 0)
		return 0;
	*(int64_t *)arg = row->id;
	return 1;
}

typedef int (*list_fn)(struct db *db, int64_t folder, int64_t after,
		       revision_fn fn, void *arg, struct why *why);

/* The first id after @after that @list lists and @take takes; INT64_MAX:
 * none. */
static int next_of(list_fn list, revision_fn take, struct call *c,
		   int64_t folder, int64_t after, int64_t *ret_id)
{
	int r;

	*ret_id = INT64_MAX;
	r = list(call_db(c), folder, after, take, ret_id, &c->why);
	return r < 0 ? r : 0;
}

/* 1: revision @row, no snapshot, is of @folder, of one above it or of one
 * below. */
static int concerns(struct call *c, int64_t folder, const struct revision *row)
{
	int64_t id = 0;
	int r = tree_is_below(call_db(c), MOMENT_NOW, row->scope, folder,
			      &c->why);

	if (r == 0 || r == -ENOENT)
		r = next_of(revision_list, take_other, c, folder, row->id - 1,
			    &id);
	return r == 0 ? id == row->id : r;
}

/* A number as it is printed. */
static int64_t number_of(const char *name)
{
	int64_t id = strtoll(name, NULL, 10);
	char number[24];

	(void)snprintf(number, sizeof(number), "%" PRId64, id);
	return strcmp(number, name) == 0 ? id : 0;
}

/* The revision that @name means in @folder. */
static int find(struct call *c, struct db *db, int64_t folder, const char *name,
		int64_t *ret_id)
{
	DROP(buf_done) struct buf text = {0};
	struct snapshot_ref ref;
	struct revision row;
	int r = snapshot_resolve(db, folder, name, &ref, &c->why);

	if (r == -ENOENT) { /* a revision of another kind has no name */
		r = revision_get(db, number_of(name), &text, &row, &c->why);
		if (r == 0 && strcmp(row.kind, "snapshot") != 0)
			r = concerns(c, folder, &row);
		ref.id = r > 0 ? row.id : 0;
	}
	if (r < 0)
		return r;
	if (ref.id == 0 || ref.id > ID_MAX) /* 0: an instant has none */
		return -ENOENT;
	*ret_id = ref.id;
	return 0;
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
			r = next_of(snapshot_list, take_snapshot, c, folder, id,
				    &snapshot);
		if (r == 0 && revision == id)
			r = next_of(revision_list, take_other, c, folder, id,
				    &revision);
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
	.getattr = made_dir_getattr,
	.lookup = dir_lookup,
	.list = dir_list,
};

const struct node_kind kind_diff_file = {
	.name = "diff file",
	.getattr = file_getattr,
	.open = file_open,
	.release = made_release,
};
