/*
 * The live tree as the process of the witness finds it (fs/witness): it may do
 * everything that it is sent for, and nothing comes of it.
 */
#include "fs/file.h"
#include "fs/fs.h"
#include "fs/kinds.h"
#include "fs/live_priv.h"
#include "fs/witness.h"

#include <errno.h>

const struct node_kind kind_shade = {.name = "shade"};

static const struct node_kind kind_opened = {.name = "witnessed file"};

static int64_t folder_of(uint64_t dir)
{
	return inum_kind(dir) == INUM_LIVE ? inum_payload(dir) : 0;
}

/* What is not there, for the call that takes it away. Never cached: whoever
 * else asks for the name hears the truth. */
static void show_shade(struct call *c, bool folder, struct node *ret)
{
	*ret = (struct node){.attr_valid = NODE_FOREVER};
	ret->st.st_ino =
		inum_make(INUM_SHADE, (uint64_t)witness_number(c->fs->witness));
	ret->st.st_mode = folder ? S_IFDIR | 0777 : S_IFREG | 0666;
	ret->st.st_nlink = folder ? 2 : 1;
	ret->st.st_uid = c->uid;
	ret->st.st_gid = c->gid;
}

/*
 * A folder that is gone, as one that no name leads to. When the kernel forgets
 * this name next, those who watch the folder hear that it was deleted. It is not
 * deleted for the kernel, as by rmdir(2), since shells that stand in it must be
 * able to go on if it comes back.
 */
static void show_gone(struct call *c, struct node *ret)
{
	const struct entry gone = witness_gone(c->fs->witness);

	live_node(&gone, ret);
	ret->generation = live_generation(c->fs->live, gone.id);
	ret->st.st_nlink = 0;
	ret->entry_valid = 0;
}

/* The truth; but what the copier of a new item does next to it may be told to
 * the kernel before it has got that from here: it must ask again. */
static int look_up_live(struct call *c, uint64_t dir, const char *name,
			struct node *ret)
{
	int r = live_lookup(c, dir, name, ret);

	ret->attr_valid = 0;
	return r;
}

static int look_up(struct call *c, uint64_t dir, const char *name,
		   struct node *ret)
{
	int64_t folder = folder_of(dir);
	int r = folder ? look_up_live(c, dir, name, ret) : -ENOENT;

	if (r < 0 && r != -ENOENT)
		return r;
	switch (witness_view(c->fs->witness, folder, name, r == 0)) {
	case WITNESS_TRUTH:
		return r;
	case WITNESS_NOTHING:
		return -ENOENT;
	case WITNESS_FILE:
		show_shade(c, false, ret);
		break;
	case WITNESS_FOLDER:
		show_shade(c, true, ret);
		break;
	case WITNESS_GONE:
		show_gone(c, ret);
		break;
	}
	return 0;
}

static int get_attr(struct call *c, uint64_t ino, struct node *ret)
{
	return folder_of(ino) ? live_getattr(c, ino, ret) : -ESTALE;
}

static int set_attr(struct call *c, uint64_t ino, struct file *file,
		    const struct stat *st, int set, struct node *ret)
{
	(void)file;
	(void)st;
	(void)set;
	return get_attr(c, ino, ret);
}

/* Nothing is read or written: the pages of others stay as they are. */
static int open_file(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	struct file *file;
	int r = file_new(&kind_opened, ino, &file);

	(void)c;
	if (r < 0)
		return r;
	fi->fh = (uintptr_t)file;
	fi->keep_cache = 1;
	fi->noflush = 1;
	return 0;
}

/* What is there already, as if it came just now. */
static int find_made(struct call *c, enum errand_what what, uint64_t dir,
		     const char *name, struct node *ret)
{
	int r;

	if (!witness_may(c->fs->witness, what, folder_of(dir), name))
		return -EPERM;
	r = look_up_live(c, dir, name, ret);
	if (r < 0)
		return r;
	return S_ISDIR(ret->st.st_mode) == (what == ERRAND_MKDIR) ? 0 : -EPERM;
}

static int create(struct call *c, uint64_t dir, const char *name, mode_t mode,
		  struct fuse_file_info *fi, struct node *ret)
{
	int r = find_made(c, ERRAND_CREATE, dir, name, ret);

	(void)mode;
	if (r == 0 && !S_ISREG(ret->st.st_mode))
		return -EPERM;
	return r < 0 ? r : open_file(c, ret->st.st_ino, fi);
}

static int make_dir(struct call *c, uint64_t dir, const char *name, mode_t mode,
		    struct node *ret)
{
	(void)mode;
	return find_made(c, ERRAND_MKDIR, dir, name, ret);
}

static int unlink_file(struct call *c, uint64_t dir, const char *name)
{
	return witness_may(c->fs->witness, ERRAND_UNLINK, folder_of(dir), name)
		       ? 0
		       : -EPERM;
}

static int remove_dir(struct call *c, uint64_t dir, const char *name)
{
	return witness_may(c->fs->witness, ERRAND_RMDIR, folder_of(dir), name)
		       ? 0
		       : -EPERM;
}

static int move(struct call *c, uint64_t dir, const char *name,
		uint64_t new_dir, const char *new_name, unsigned flags)
{
	struct node node;

	(void)flags;
	if (!witness_may_move(c->fs->witness, folder_of(dir), name,
			      folder_of(new_dir), new_name))
		return -EPERM;
	return live_lookup(c, new_dir, new_name, &node);
}

const struct node_kind kind_witnessed = {
	.fixed = true, /* nothing at all is asked */
	.name = "witnessed",
	.getattr = get_attr,
	.lookup = look_up,
	.open = open_file,
	.setattr = set_attr,
	.mkdir = make_dir,
	.create = create,
	.unlink = unlink_file,
	.rmdir = remove_dir,
	.rename = move,
};
