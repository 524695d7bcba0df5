#include "fs/live.h"

#include "core/repo.h"
#include "fs/filing.h"
#include "fs/kinds.h"
#include "fs/live_priv.h"
#include "fs/sentences.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

/* How long a closed temporary file may wait before it is stored. */
static const int64_t WAIT_NS = 1000000000;

const struct node_kind kind_live = {
	.name = "live",
	.settles = true,
	.getattr = live_getattr,
	.lookup = live_lookup,
	.list = live_list,
	.open_dir = live_open_dir,
	.open = live_open,
	.read = live_read,
	.write = live_write,
	.flush = live_flush,
	.fsync = live_fsync,
	.release = live_release,
	.free_own = live_free_own,
	.setattr = live_setattr,
	.readlink = live_readlink,
	.mkdir = live_mkdir,
	.create = live_create,
	.symlink = live_symlink,
	.unlink = live_unlink,
	.rmdir = live_rmdir,
	.rename = live_rename,
};

static void live_free(struct live *live)
{
	if (!live)
		return;
	loose_files_free(live->loose);
	seen_free(live->seen);
	entries_free(live->entries);
	pthread_mutex_destroy(&live->lock);
	free(live);
}

int live_start(struct fs *fs, struct why *why)
{
	struct live *live = calloc(1, sizeof(*live));
	int r = live ? 0 : -ENOMEM;

	if (r == 0)
		pthread_mutex_init(&live->lock, NULL);
	if (r == 0)
		r = loose_files_new(&live->loose);
	if (r == 0)
		r = seen_new(&live->seen);
	if (r == 0 && !fs->options.read_only)
		r = entries_new(&live->entries);
	if (r == 0)
		r = procs_new(&fs->procs);
	if (r < 0) {
		live_free(live);
		return why_set(why, r, "out of memory");
	}
	fs->live = live;
	return 0;
}

/* ---- files that wait ---- */

struct waiting {
	int64_t before_ns; /* closed before that */
	int64_t id;	   /* found: 0 none */
};

static int find_waiting(struct loose *f, void *arg)
{
	struct waiting *w = arg;

	if (f->opens || f->unlinked || f->hidden || f->item || f->filing ||
	    f->closed_ns > w->before_ns)
		return 0;
	w->id = f->id;
	return 1;
}

/* Store one file that was closed before @before_ns; 1: there may be more. */
static int store_waiting(struct fs *fs, int64_t before_ns, struct why *why)
{
	DROP(moment_end) struct moment m = {0};
	struct who who = {.program = "repofs"};
	struct waiting w = {.before_ns = before_ns};
	struct live *live = fs->live;
	struct loose *f;
	int r;

	live_lock(live);
	(void)loose_each(live->loose, find_waiting, &w);
	live_unlock(live);
	if (!w.id)
		return 0;
	r = moment_begin(fs->repo->store, &who, &m, why);
	if (r < 0)
		return r;
	live_lock(live);
	f = loose_by_id(live->loose, w.id);
	if (f && !f->opens && !f->filing)
		r = loose_store_away(live, &m, f, why);
	live_unlock(live);
	return r < 0 ? r : 1;
}

static int end_batches(struct fs *fs, struct why *why)
{
	DROP(moment_end) struct moment m = {0};
	struct who who = {.program = "repofs"};
	int r;

	if (batches_stale(fs->repo->batches, live_now(fs)) <= 0)
		return 0;
	r = moment_begin(fs->repo->store, &who, &m, why);
	if (r == 0)
		r = batches_end(fs->repo->batches, &m, false, why);
	return r < 0 ? r : moment_commit(&m, why);
}

void live_upkeep(struct fs *fs)
{
	struct why why = {0};
	int r;

	do {
		r = store_waiting(fs, live_now(fs) - WAIT_NS, &why);
	} while (r > 0);
	filing_upkeep(fs->filing);
	if (r == 0)
		r = end_batches(fs, &why);
	if (r < 0 && r != -EROFS)
		sentences_add(fs->errors, live_now(fs), TREE_ROOT, r, why.text);
}

void live_stop(struct fs *fs)
{
	struct why why = {0};

	filing_stop(fs->filing);
	fs->filing = NULL;
	if (fs->live) {
		while (store_waiting(fs, INT64_MAX, &why) > 0)
			;
	}
	live_free(fs->live);
	procs_free(fs->procs);
	fs->live = NULL;
	fs->procs = NULL;
}

/* ---- copies inside the mount ---- */

int live_copy_range(struct call *c, struct file *in, int64_t off_in,
		    struct file *out, int64_t off_out, size_t len)
{
	struct handle *h = handle_of(out);
	struct reply read;
	bool past = inum_kind(in->ino) == INUM_PAST ||
		    inum_kind(in->ino) == INUM_VERSION;
	int r;

	if ((!past && in->kind != &kind_live) || !in->kind->read)
		return -EOPNOTSUPP;
	if (len > SPOOL_IN_MEMORY)
		len = SPOOL_IN_MEMORY; /* the program asks for the rest */
	r = in->kind->read(c, in, len, off_in);
	if (r < 0)
		return r;
	read = c->reply;
	c->reply = (struct reply){.kind = REPLY_WRITE};
	if (read.count)
		r = live_write(c, out, read.data ? read.data : read.bytes,
			       read.count, off_out);
	free(read.data);
	file_put(read.file);
	if (r < 0 || !past)
		return r;
	live_lock(c->fs->live);
	if (h->loose)
		h->loose->from_past = true;
	else
		h->from_past = true;
	live_unlock(c->fs->live);
	return 0;
}
