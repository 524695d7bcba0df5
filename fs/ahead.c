#include "fs/ahead.h"

#include "core/repo.h"
#include "fs/call.h"
#include "fs/file.h"
#include "fs/fs.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SLOTS = 1 << 16 };

struct ahead {
	atomic_bool busy;
	_Atomic uint64_t slots[SLOTS]; /* marks, each where it belongs */
};

int ahead_new(struct ahead **ret)
{
	struct ahead *ahead = calloc(1, sizeof(*ahead));

	if (!ahead)
		return -ENOMEM;
	*ret = ahead;
	return 0;
}

void ahead_free(struct ahead *ahead)
{
	free(ahead);
}

/* Two that have the same cost a question of the kernel, nothing else. */
static uint64_t mark_of(uint64_t ino, int64_t version)
{
	uint64_t mark = ino * UINT64_C(0x9e3779b97f4a7c15);

	mark = (mark ^ mark >> 29 ^ (uint64_t)version) *
	       UINT64_C(0xbf58476d1ce4e5b9);
	return mark ^ mark >> 32;
}

/* Was it there already? It is from now on. */
static bool remember(struct ahead *ahead, uint64_t ino, int64_t version)
{
	uint64_t mark = mark_of(ino, version);

	return atomic_exchange(&ahead->slots[mark % SLOTS], mark) == mark;
}

void ahead_asked(struct ahead *ahead, uint64_t ino, int64_t version)
{
	(void)remember(ahead, ino, version);
}

/*
 * Whoever commits another content makes the kernel forget afterwards: if that
 * was before this, it is seen by the generation.
 */
static void put_in_place(struct call *c, const struct ahead_file *what)
{
	const struct fs *fs = c->fs;
	struct fuse_bufvec bytes = FUSE_BUFVEC_INIT(what->file->bytes.len);
	uint64_t ino = what->file->ino;

	bytes.buf[0].mem = what->file->bytes.data;
	(void)fuse_lowlevel_notify_store(fs->session, ino, 0, &bytes, 0);
	if (store_generation(fs->repo->store) != what->generation)
		(void)fuse_lowlevel_notify_inval_inode(fs->session, ino, 0, 0);
}

void ahead_give(struct call *c, const struct ahead_file *what)
{
	struct ahead *ahead = c->fs->ahead;
	struct file *file = what->file;
	int r;

	/* What others may write into the file meanwhile is not kept. */
	if (c->fs->options.read_only ||
	    remember(ahead, file->ino, what->version) ||
	    atomic_exchange(&ahead->busy, true))
		return;
	pthread_mutex_lock(&file->lock);
	r = what->load(c, file);
	pthread_mutex_unlock(&file->lock);
	store_put(&c->reader);
	if (r == 0 && file->bytes.len > 0 && file->bytes.len <= AHEAD_BYTES)
		put_in_place(c, what);
	atomic_store(&ahead->busy, false);
}
