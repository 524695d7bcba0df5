/*
 * .snapshots of a live folder: the door to its past. A directory is made by
 * making a snapshot, and never goes.
 */
#include "core/env.h"
#include "core/instant.h"
#include "core/report.h"
#include "core/repo.h"
#include "core/revision.h"
#include "fs/call.h"
#include "fs/control.h"
#include "fs/fs.h"
#include "fs/kinds.h"
#include "fs/made.h"
#include "fs/past.h"

#include <errno.h>
#include <string.h>

/* Offsets past those of snapshots, which are their ids. */
enum { AT_LATEST = 1 << 30, AT_VERSIONS };

static int getattr(struct call *c, uint64_t ino, struct node *ret)
{
	int64_t folder = inum_payload(ino);
	struct snapshot_ref latest;
	struct attr base;
	int r = made_base(c, folder, &base);

	if (r < 0)
		return r;
	r = snapshot_resolve(call_db(c), folder, "latest", &latest, NULL);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0)
		base.mtime_ns = latest.time_ns;
	made_dir(ino, &base, 0777, ret);
	return 0;
}

static int versions_node(struct call *c, int64_t folder, struct node *ret)
{
	uint64_t ino = inum_make(INUM_VERSIONS, (uint64_t)folder);

	return kind_versions.getattr(c, ino, ret);
}

/*
 * How long a name means the same moment: a number or name for ever, since
 * neither is given twice; an instant as soon as it is over. What is newest
 * moves.
 */
static double valid_for(struct call *c, const char *name)
{
	int64_t now_ns = env_now_ns(store_env(c->fs->repo->store));
	int64_t instant_ns;

	if (strcmp(name, "latest") == 0)
		return 0;
	if (name[0] == '@' && (instant_parse(name + 1, &instant_ns, NULL) < 0 ||
			       instant_ns >= now_ns))
		return 0;
	return NODE_FOREVER;
}

static int find(struct call *c, int64_t folder, const char *name,
		struct node *ret)
{
	struct snapshot_ref ref;
	int r = 0;

	/* After a commit all readers are cold; the writer's is not. */
	if (!c->reader.db)
		r = store_peek(c->fs->repo->store, &c->reader, &c->why);
	if (r == 0)
		r = snapshot_resolve(call_db(c), folder, name, &ref, &c->why);
	if (r == 0)
		r = past_root(c, folder, name, &ref, ret);
	if (r == 0)
		ret->entry_valid = valid_for(c, name);
	return r;
}

static int lookup(struct call *c, uint64_t dir, const char *name,
		  struct node *ret)
{
	int64_t folder = inum_payload(dir);

	if (strcmp(name, "versions") == 0)
		return versions_node(c, folder, ret);
	return find(c, folder, name, ret);
}

struct snapdir_listing {
	struct call *c;
	int64_t folder;
	struct listing *out;
};

static int list_snapshot(const struct revision *row, void *arg)
{
	const struct snapdir_listing *l = arg;
	struct snapshot_ref ref = {
		.moment = row->after,
		.id = row->id,
		.time_ns = row->time_ns,
		.uid = row->who.uid,
	};
	char name[256];
	struct node node;
	int r = snapshot_listed_name(call_db(l->c), l->folder, row, name,
				     sizeof(name), &l->c->why);

	if (r == 0)
		r = past_root(l->c, l->folder, name, &ref, &node);
	if (r < 0)
		return r;
	return listing_add(l->out, name, &node, row->id);
}

/* 1: full. */
static int list_latest(const struct snapdir_listing *l)
{
	struct node node;
	int r = find(l->c, l->folder, "latest", &node);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : listing_add(l->out, "latest", &node, AT_LATEST);
}

static int list_versions(const struct snapdir_listing *l)
{
	struct node node;
	int r = versions_node(l->c, l->folder, &node);

	return r < 0 ? r : listing_add(l->out, "versions", &node, AT_VERSIONS);
}

static int list(struct call *c, uint64_t ino, struct file *dir, int64_t offset,
		struct listing *out)
{
	struct snapdir_listing l = {c, inum_payload(ino), out};
	struct db *db = call_db(c);
	int r = 0;

	(void)dir;
	if (!db)
		return c->why.code;
	if (offset < AT_LATEST)
		r = snapshot_list(db, l.folder, offset, list_snapshot, &l,
				  &c->why);
	if (r == 0 && offset < AT_LATEST)
		r = list_latest(&l);
	if (r == 0 && offset < AT_VERSIONS)
		r = list_versions(&l);
	return r < 0 ? r : 0;
}

static int make(struct call *c, int64_t folder, const char *name)
{
	struct repo *repo = c->fs->repo;
	struct who who = call_who(c);
	DROP(moment_end) struct moment m = {0};
	int64_t id;
	int r = moment_begin(repo->store, &who, &m, &c->why);

	if (r == 0)
		r = batches_end_in(repo->batches, &m, folder, &c->why);
	if (r == 0)
		r = snapshot_create(&m, folder, name, "", &id, &c->why);
	if (r == 0)
		r = moment_commit(&m, &c->why);
	if (r == 0)
		r = store_sync(repo->store, &c->why);
	return r;
}

static int make_snapshot(struct call *c, uint64_t dir, const char *name,
			 mode_t mode, struct node *ret)
{
	int64_t folder = inum_payload(dir);
	int r = make(c, folder, name);

	(void)mode;
	if (r < 0)
		return control_failed(c, folder, r);
	return find(c, folder, name, ret);
}

static int remove_snapshot(struct call *c, uint64_t dir, const char *name)
{
	(void)why_set(&c->why, -EPERM,
		      "'%.200s' stays: snapshots are kept for ever", name);
	return control_failed(c, inum_payload(dir), -EPERM);
}

static int rename_snapshot(struct call *c, uint64_t dir, const char *name,
			   uint64_t new_dir, const char *new_name,
			   unsigned flags)
{
	(void)new_dir;
	(void)new_name;
	(void)flags;
	(void)why_set(&c->why, -EPERM,
		      "'%.200s' keeps its name: so that it always means the "
		      "same",
		      name);
	return control_failed(c, inum_payload(dir), -EPERM);
}

const struct node_kind kind_snapdir = {
	.name = "snapshots",
	.getattr = getattr,
	.lookup = lookup,
	.list = list,
	.mkdir = make_snapshot,
	.rmdir = remove_snapshot,
	.rename = rename_snapshot,
};
