/*
 * The one place where writing to the past fails.
 */
#include "fs/call.h"
#include "fs/past.h"

#include <errno.h>

static int refuse(struct call *c)
{
	return why_set(&c->why, -EROFS,
		       "the past cannot be changed: copy out of it, or "
		       "revert to it");
}

int past_setattr(struct call *c, uint64_t ino, struct file *file,
		 const struct stat *st, int set, struct node *ret)
{
	(void)ino;
	(void)file;
	(void)st;
	(void)set;
	(void)ret;
	return refuse(c);
}

int past_mkdir(struct call *c, uint64_t dir, const char *name, mode_t mode,
	       struct node *ret)
{
	(void)dir;
	(void)name;
	(void)mode;
	(void)ret;
	return refuse(c);
}

int past_create(struct call *c, uint64_t dir, const char *name, mode_t mode,
		struct fuse_file_info *fi, struct node *ret)
{
	(void)dir;
	(void)name;
	(void)mode;
	(void)fi;
	(void)ret;
	return refuse(c);
}

int past_symlink(struct call *c, uint64_t dir, const char *name,
		 const char *target, struct node *ret)
{
	(void)dir;
	(void)name;
	(void)target;
	(void)ret;
	return refuse(c);
}

int past_unlink(struct call *c, uint64_t dir, const char *name)
{
	(void)dir;
	(void)name;
	return refuse(c);
}

int past_rename(struct call *c, uint64_t dir, const char *name,
		uint64_t new_dir, const char *new_name, unsigned flags)
{
	(void)dir;
	(void)name;
	(void)new_dir;
	(void)new_name;
	(void)flags;
	return refuse(c);
}
