/*
 * .control/rejected of a live folder: the bytes that were refused as items of
 * it, each as "NAME (ID).json". For their owner and the folder's group: what
 * somebody failed to save is not everybody's to read. If there may be a secret
 * in it, for the owner alone.
 */
#include "core/buf.h"
#include "core/name.h"
#include "core/report.h"
#include "core/utf8.h"
#include "fs/call.h"
#include "fs/file.h"
#include "fs/kinds.h"
#include "fs/made.h"
#include "fs/past.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void file_name(const struct rejected *row, char ret[NAME_MAX_BYTES + 1])
{
	char end[32];
	size_t stem = strlen(row->name), room;

	(void)snprintf(end, sizeof(end), " (%" PRId64 ").json", row->id);
	room = NAME_MAX_BYTES - strlen(end);
	if (name_is_item(row->name))
		stem = name_stem_len(row->name);
	stem = utf8_floor(row->name, stem, room);
	(void)snprintf(ret, NAME_MAX_BYTES + 1, "%.*s%s", (int)stem, row->name,
		       end);
}

/* The bytes of one id never change, but it goes when there are many newer
 * ones, or when its program saves something valid after all. */
static void file_node(const struct rejected *row, const struct attr *base,
		      struct node *ret)
{
	struct attr own = {
		.mode = 0640,
		.uid = row->uid,
		.gid = base->gid,
		.mtime_ns = row->time_ns,
	};

	made_file(inum_make(INUM_REJECTED_FILE, (uint64_t)row->id), &own,
		  row->sealed ? 0600 : 0640, row->size, ret);
	ret->entry_valid = 0;
}

struct search {
	const char *name; /* NULL: any */
	int64_t id;
	struct attr base;
	struct node *ret;
};

/* The first that is listed after the id before. */
static int match(const struct rejected *row, void *arg)
{
	const struct search *s = arg;
	char name[NAME_MAX_BYTES + 1];

	file_name(row, name);
	if (row->id != s->id || (s->name && strcmp(name, s->name) != 0))
		return -ENOENT;
	file_node(row, &s->base, s->ret);
	return 1;
}

static int find(struct call *c, int64_t folder, struct search *s)
{
	int r = made_base(c, folder, &s->base);

	if (r == 0)
		r = rejected_list(call_db(c), folder, s->id - 1, match, s,
				  &c->why);
	if (r == 0)
		return -ENOENT;
	return r < 0 ? r : 0;
}

static int dir_lookup(struct call *c, uint64_t dir, const char *name,
		      struct node *ret)
{
	const char *number = strrchr(name, '(');
	struct search s = {.name = name, .ret = ret};

	if (!number)
		return -ENOENT;
	s.id = strtoll(number + 1, NULL, 10);
	return s.id > 0 ? find(c, inum_payload(dir), &s) : -ENOENT;
}

struct refused_listing {
	struct attr base;
	struct listing *out;
};

static int list_file(const struct rejected *row, void *arg)
{
	const struct refused_listing *l = arg;
	char name[NAME_MAX_BYTES + 1];
	struct node node;

	file_name(row, name);
	file_node(row, &l->base, &node);
	return listing_add(l->out, name, &node, row->id);
}

static int dir_list(struct call *c, uint64_t ino, struct file *dir,
		    int64_t offset, struct listing *out)
{
	struct refused_listing l = {.out = out};
	int64_t folder = inum_payload(ino);
	int r = made_base(c, folder, &l.base);

	(void)dir;
	if (r == 0)
		r = rejected_list(call_db(c), folder, offset, list_file, &l,
				  &c->why);
	return r < 0 ? r : 0;
}

/* ---- a file ---- */

static int file_getattr(struct call *c, uint64_t ino, struct node *ret)
{
	struct search s = {.id = inum_payload(ino), .ret = ret};
	struct db *db = call_db(c);
	int64_t folder;
	int r;

	if (!db)
		return c->why.code;
	r = rejected_get(db, s.id, NULL, &folder, NULL, NULL, &c->why);
	return r < 0 ? r : find(c, folder, &s);
}

static int file_open(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	return past_open_bytes(&kind_rejected_file, ino, c, fi);
}

static int load(struct call *c, struct file *file)
{
	struct db *db = call_db(c);

	if (file->bytes.len)
		return 0;
	if (!db)
		return c->why.code;
	return rejected_get(db, inum_payload(file->ino), &file->bytes, NULL,
			    NULL, NULL, &c->why);
}

static int file_read(struct call *c, struct file *file, size_t size,
		     int64_t offset)
{
	return file_read_loaded(c, file, load, size, offset);
}

const struct node_kind kind_rejected = {
	.name = "rejected",
	.denied = -EROFS,
	.getattr = made_dir_getattr,
	.lookup = dir_lookup,
	.list = dir_list,
};

const struct node_kind kind_rejected_file = {
	.name = "rejected file",
	.denied = -EROFS,
	.getattr = file_getattr,
	.open = file_open,
	.read = file_read,
};
