#include "fs/made.h"

#include "core/buf.h"
#include "core/repo.h"
#include "core/store.h"
#include "fs/call.h"
#include "fs/file.h"
#include "fs/fs.h"
#include "fs/texts.h"

#include <errno.h>
#include <string.h>

/* Seconds for which the kernel takes the permission of a directory for granted:
 * every path through .snapshots would ask for it else. */
#define DIR_VALID 1.0

struct timespec made_time(int64_t ns)
{
	struct timespec ts = {
		.tv_sec = ns / 1000000000,
		.tv_nsec = ns % 1000000000,
	};

	if (ts.tv_nsec < 0) { /* before 1970 */
		ts.tv_nsec += 1000000000;
		ts.tv_sec--;
	}
	return ts;
}

int made_base(struct call *c, int64_t folder, struct attr *ret)
{
	DROP(store_put) struct reader peek = {0};
	struct db *db = c->reader.db;
	struct entry entry;
	int r = 0;

	if (!db)
		r = store_peek(c->fs->repo->store, &peek, &c->why);
	if (r == 0)
		r = tree_get(db ? db : peek.db, MOMENT_NOW, folder, &entry,
			     &c->why);
	if (r < 0)
		return r;
	if (!entry.folder)
		return -ENOENT;
	*ret = entry.attr;
	return 0;
}

static void fill(uint64_t ino, const struct attr *base, mode_t mode,
		 struct node *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->st.st_ino = ino;
	ret->st.st_mode = mode;
	ret->st.st_uid = base->uid;
	ret->st.st_gid = base->gid;
	ret->st.st_blksize = 4096;
	ret->st.st_mtim = made_time(base->mtime_ns);
	ret->st.st_atim = ret->st.st_mtim;
	ret->st.st_ctim = ret->st.st_mtim;
	ret->entry_valid = NODE_FOREVER;
}

void made_dir(uint64_t ino, const struct attr *base, mode_t mask,
	      struct node *ret)
{
	fill(ino, base, S_IFDIR | (base->mode & mask & 0777), ret);
	ret->st.st_nlink = 2;
	ret->attr_valid = DIR_VALID;
}

int made_dir_getattr(struct call *c, uint64_t ino, struct node *ret)
{
	struct attr base;
	int r = made_base(c, inum_payload(ino), &base);

	if (r == 0)
		made_dir(ino, &base, 0555, ret);
	return r;
}

void made_file(uint64_t ino, const struct attr *base, mode_t mask, int64_t size,
	       struct node *ret)
{
	fill(ino, base, S_IFREG | (base->mode & mask & 0666), ret);
	ret->st.st_nlink = 1;
	ret->st.st_size = size;
	ret->st.st_blocks = (size + 511) / 512;
}

int made_open(struct call *c, const struct node_kind *kind, uint64_t ino,
	      struct buf *text, struct fuse_file_info *fi)
{
	DROP(file_put_p) struct file *file = NULL;
	int r;

	if (buf_error(text))
		return -ENOMEM;
	r = file_new(kind, ino, &file);
	if (r < 0)
		return r;
	r = texts_open(c->fs->texts, ino, (int64_t)text->len);
	if (r < 0)
		return r;
	file->bytes = *text;
	*text = (struct buf){0};
	fi->fh = (uintptr_t)TAKE(file);
	fi->direct_io = 1;
	return 0;
}

void made_release(struct call *c, struct file *file)
{
	texts_close(c->fs->texts, file->ino);
}
