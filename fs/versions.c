/*
 * .snapshots/versions: a directory for every item that is or was in a folder,
 * and in it one file per version:
 *
 *   versions/No gaps.json/0001 2026-11-20T10.30.00Z.json
 *
 * The number is that of .control/history, the time that of the commit.
 */
#include "core/buf.h"
#include "core/env.h"
#include "core/history.h"
#include "core/repo.h"
#include "fs/call.h"
#include "fs/file.h"
#include "fs/fs.h"
#include "fs/kinds.h"
#include "fs/made.h"
#include "fs/past.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The newest version may yet be taken back: by a copier that shows itself
 * after it has written. Then its number is another's. */
#define SETTLED_NS (60 * INT64_C(1000000000))

/* Seconds for which the kernel need not ask who may read. */
#define ACCESS_VALID 1.0

enum { VERSION_NAME = 64 };

/* ---- the items of a folder ---- */

/* A name may be given to another item one day, so the entry is not kept. */
static void item_node(int64_t folder, int64_t item, const struct attr *base,
		      struct node *ret)
{
	made_dir(inum_pair(INUM_VERSIONS_ITEM, folder, item, INUM_VERSION_BITS),
		 base, 0555, ret);
	ret->entry_valid = 0;
}

static int item_getattr(struct call *c, uint64_t ino, struct node *ret)
{
	struct attr base;
	int64_t folder = inum_high(ino, INUM_VERSION_BITS);
	int r = made_base(c, folder, &base);

	if (r == 0)
		item_node(folder, inum_low(ino, INUM_VERSION_BITS), &base, ret);
	return r;
}

static int versions_lookup(struct call *c, uint64_t dir, const char *name,
			   struct node *ret)
{
	int64_t folder = inum_payload(dir), item;
	struct attr base;
	int r = made_base(c, folder, &base);

	if (r == 0)
		r = history_lookup(call_db(c), folder, name, &item, &c->why);
	if (r == 0)
		item_node(folder, item, &base, ret);
	return r;
}

struct names_listing {
	int64_t folder;
	struct attr base;
	struct listing *out;
};

static int list_name(int64_t item, const char *name, bool live, void *arg)
{
	const struct names_listing *l = arg;
	struct node node;

	(void)live;
	item_node(l->folder, item, &l->base, &node);
	return listing_add(l->out, name, &node, item);
}

static int versions_list(struct call *c, uint64_t ino, struct file *dir,
			 int64_t offset, struct listing *out)
{
	struct names_listing l = {.folder = inum_payload(ino), .out = out};
	int r = made_base(c, l.folder, &l.base);

	(void)dir;
	if (r == 0)
		r = history_names(call_db(c), l.folder, offset, list_name, &l,
				  &c->why);
	return r < 0 ? r : 0;
}

/* ---- the versions of an item ---- */

static void version_name(const struct version *v, char ret[VERSION_NAME])
{
	char when[ENV_TIME_SIZE];

	env_format_time(v->time_ns, false, when);
	for (char *at = when; *at; at++)
		if (*at == ':')
			*at = '.';
	(void)snprintf(ret, VERSION_NAME, "%04" PRId64 " %s.json", v->number,
		       when);
}

/*
 * Who may read an item may read all its versions, as far as can be told: as
 * it is now, or was when it was deleted. Somebody who has just closed an item
 * to others means what is in it, and that was in it when it was still open.
 */
static int access_now(struct call *c, int64_t item, struct attr *ret)
{
	struct db *db = call_db(c);
	struct entry newest;
	int r;

	if (!db)
		return c->why.code;
	r = tree_former(db, item, INT64_MAX, &newest, &c->why);
	if (r == 0)
		*ret = newest.attr;
	return r;
}

static void version_node(struct call *c, const struct version *v,
			 const struct attr *access, struct node *ret)
{
	int64_t now_ns = env_now_ns(store_env(c->fs->repo->store));

	made_file(inum_pair(INUM_VERSION, v->item, v->born, INUM_VERSION_BITS),
		  access, 0666, v->size, ret);
	ret->st.st_mtim = made_time(v->time_ns);
	ret->st.st_atim = ret->st.st_ctim = ret->st.st_mtim;
	ret->attr_valid = ACCESS_VALID;
	if (now_ns - v->time_ns < SETTLED_NS)
		ret->entry_valid = 0;
}

struct version_search {
	struct call *c;
	const char *name;
	int64_t number;
	struct attr access;
	struct node *ret;
};

static int find_version(const struct version *v, void *arg)
{
	const struct version_search *s = arg;
	char name[VERSION_NAME];

	if (v->number != s->number)
		return 0;
	version_name(v, name);
	if (strcmp(name, s->name) != 0)
		return -ENOENT;
	version_node(s->c, v, &s->access, s->ret);
	return 1;
}

static int item_lookup(struct call *c, uint64_t dir, const char *name,
		       struct node *ret)
{
	struct version_search s = {
		.c = c,
		.name = name,
		.number = strtoll(name, NULL, 10),
		.ret = ret,
	};
	int64_t item = inum_low(dir, INUM_VERSION_BITS);
	int r;

	r = access_now(c, item, &s.access);
	if (r == 0)
		r = history_versions(call_db(c), item, find_version, &s,
				     &c->why);
	if (r == 0)
		return -ENOENT;
	return r < 0 ? r : 0;
}

struct version_listing {
	struct call *c;
	int64_t after;
	struct listing *out;
	struct attr access;
};

static int list_version(const struct version *v, void *arg)
{
	const struct version_listing *l = arg;
	char name[VERSION_NAME];
	struct node node;

	if (v->number <= l->after)
		return 0;
	version_name(v, name);
	version_node(l->c, v, &l->access, &node);
	return listing_add(l->out, name, &node, v->number);
}

static int item_list(struct call *c, uint64_t ino, struct file *dir,
		     int64_t offset, struct listing *out)
{
	struct version_listing l = {.c = c, .after = offset, .out = out};
	int64_t item = inum_low(ino, INUM_VERSION_BITS);
	int r = access_now(c, item, &l.access);

	(void)dir;
	if (r == 0)
		r = history_versions(call_db(c), item, list_version, &l,
				     &c->why);
	return r < 0 ? r : 0;
}

/* ---- one version ---- */

static int find_by_node(struct call *c, uint64_t ino, struct version *ret)
{
	struct db *db = call_db(c);

	if (!db)
		return c->why.code;
	return history_version(db, inum_high(ino, INUM_VERSION_BITS),
			       inum_low(ino, INUM_VERSION_BITS), ret, &c->why);
}

static int version_getattr(struct call *c, uint64_t ino, struct node *ret)
{
	struct attr access = {0};
	struct version v = {0};
	int r = find_by_node(c, ino, &v);

	if (r == 0)
		r = access_now(c, v.item, &access);
	if (r == 0)
		version_node(c, &v, &access, ret);
	return r;
}

static int version_open(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	return past_open_bytes(&kind_version, ino, c, fi);
}

static int load(struct call *c, struct file *file)
{
	struct version v = {0};
	int r;

	if (file->bytes.len)
		return 0;
	r = find_by_node(c, file->ino, &v);
	return r < 0 ? r : past_load(c, file, v.content);
}

static int version_read(struct call *c, struct file *file, size_t size,
			int64_t offset)
{
	return file_read_loaded(c, file, load, size, offset);
}

const struct node_kind kind_versions = {
	.name = "versions",
	.denied = -EROFS,
	.getattr = made_dir_getattr,
	.lookup = versions_lookup,
	.list = versions_list,
};

const struct node_kind kind_versions_item = {
	.name = "versions of an item",
	.denied = -EROFS,
	.getattr = item_getattr,
	.lookup = item_lookup,
	.list = item_list,
};

const struct node_kind kind_version = {
	.fixed = true,
	.name = "version",
	.denied = -EROFS,
	.getattr = version_getattr,
	.open = version_open,
	.read = version_read,
};
