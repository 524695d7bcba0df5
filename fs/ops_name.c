#include "core/name.h"
#include "fs/file.h"
#include "fs/filing.h"
#include "fs/node.h"
#include "fs/ops.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static bool is_too_long(const char *name)
{
	return strnlen(name, NAME_MAX_BYTES + 1) > NAME_MAX_BYTES;
}

/* May an entry @name be made in a directory of @kind, which is @able to? */
static int check_new(const struct node_kind *kind, bool able, const char *name)
{
	if (!able)
		return ops_denied(kind);
	if (is_too_long(name))
		return -ENAMETOOLONG;
	if (name_is_reserved(name))
		return -EEXIST;
	return 0;
}

/* May the entry @name be taken away? */
static int check_old(const struct node_kind *kind, bool able, const char *name)
{
	if (!able)
		return ops_denied(kind);
	if (is_too_long(name))
		return -ENAMETOOLONG;
	if (name_is_reserved(name))
		return -EPERM;
	return 0;
}

static int reply_entry(struct call *c, int r)
{
	if (r < 0)
		return r;
	c->reply.kind = REPLY_ENTRY;
	return 0;
}

static int lookup(struct call *c, uint64_t dir, const char *name)
{
	const struct node_kind *kind = ops_kind(c, dir);

	if (is_too_long(name))
		return -ENAMETOOLONG;
	if (!kind->lookup)
		return -ENOENT;
	return reply_entry(c, kind->lookup(c, dir, name, &c->reply.node));
}

void op_lookup(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	struct call c = ops_begin_quick(req, dir);

	int r = lookup(&c, dir, name);

	filing_after_notices(&c);
	call_end(&c, r);
}

/* A regular file made by mknod(2) is one that is created and closed. */
static int make_node(struct call *c, uint64_t dir, const char *name,
		     mode_t mode)
{
	const struct node_kind *kind = ops_kind(c, dir);
	struct fuse_file_info fi = {.flags = O_CREAT | O_EXCL | O_WRONLY};
	int r = check_new(kind, kind->create, name);

	if (r < 0)
		return r;
	if (!S_ISREG(mode))
		return -EPERM;
	r = kind->create(c, dir, name, mode, &fi, &c->reply.node);
	if (r < 0)
		return r;
	call_close(c, file_of(fi.fh));
	return reply_entry(c, 0);
}

void op_mknod(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode,
	      dev_t device)
{
	struct call c = ops_begin(req, dir);

	(void)device;
	call_end(&c, make_node(&c, dir, name, mode));
}

static int make_dir(struct call *c, uint64_t dir, const char *name, mode_t mode)
{
	const struct node_kind *kind = ops_kind(c, dir);
	int r = check_new(kind, kind->mkdir, name);

	if (r < 0)
		return r;
	return reply_entry(c, kind->mkdir(c, dir, name, mode, &c->reply.node));
}

void op_mkdir(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode)
{
	struct call c = ops_begin_quick(req, dir);

	call_end(&c, make_dir(&c, dir, name, mode));
}

static int make_symlink(struct call *c, uint64_t dir, const char *name,
			const char *target)
{
	const struct node_kind *kind = ops_kind(c, dir);
	int r = check_new(kind, kind->symlink, name);

	if (r < 0)
		return r;
	return reply_entry(c,
			   kind->symlink(c, dir, name, target, &c->reply.node));
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t dir,
		const char *name)
{
	struct call c = ops_begin(req, dir);

	call_end(&c, make_symlink(&c, dir, name, target));
}

/* One content under two names would have two histories. */
void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t dir, const char *name)
{
	struct call c = ops_begin(req, dir);

	(void)ino;
	(void)name;
	call_end(&c, ops_denied(ops_kind(&c, dir)));
}

static int remove_file(struct call *c, uint64_t dir, const char *name)
{
	const struct node_kind *kind = ops_kind(c, dir);
	int r = check_old(kind, kind->unlink, name);

	return r < 0 ? r : kind->unlink(c, dir, name);
}

void op_unlink(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	struct call c = ops_begin(req, dir);

	call_end(&c, remove_file(&c, dir, name));
}

static int remove_dir(struct call *c, uint64_t dir, const char *name)
{
	const struct node_kind *kind = ops_kind(c, dir);
	int r = check_old(kind, kind->rmdir, name);

	return r < 0 ? r : kind->rmdir(c, dir, name);
}

void op_rmdir(fuse_req_t req, fuse_ino_t dir, const char *name)
{
	struct call c = ops_begin(req, dir);

	call_end(&c, remove_dir(&c, dir, name));
}

/* Never -EXDEV between trees: mv would answer it by copying, and removing. */
static int move(struct call *c, uint64_t dir, const char *name,
		uint64_t new_dir, const char *new_name, unsigned flags)
{
	const struct node_kind *kind = ops_kind(c, dir);
	int r;

	if (kind != ops_kind(c, new_dir))
		return -EROFS;
	r = check_old(kind, kind->rename, name);
	if (r == 0)
		r = check_new(kind, kind->rename, new_name);
	if (r < 0)
		return r;
	return kind->rename(c, dir, name, new_dir, new_name, flags);
}

void op_rename(fuse_req_t req, fuse_ino_t dir, const char *name,
	       fuse_ino_t new_dir, const char *new_name, unsigned flags)
{
	struct call c = ops_begin(req, dir);

	call_end(&c, move(&c, dir, name, new_dir, new_name, flags));
}

static int create(struct call *c, uint64_t dir, const char *name, mode_t mode)
{
	const struct node_kind *kind = ops_kind(c, dir);
	int r = check_new(kind, kind->create, name);

	if (r < 0)
		return r;
	r = kind->create(c, dir, name, mode, &c->reply.fi, &c->reply.node);
	if (r < 0)
		return r;
	c->reply.kind = REPLY_CREATE;
	return 0;
}

void op_create(fuse_req_t req, fuse_ino_t dir, const char *name, mode_t mode,
	       struct fuse_file_info *fi)
{
	struct call c = ops_begin_quick(req, dir);

	c.reply.fi = *fi;
	call_end(&c, create(&c, dir, name, mode));
}
