/*
 * The thread's part: from what happened to errands.
 */
#include "core/moment.h"
#include "core/repo.h"
#include "core/tree.h"
#include "fs/fs.h"
#include "fs/inum.h"
#include "fs/witness_priv.h"

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Errands of one visit: whoever unmounts waits for so many. */
enum { VISIT_MAX = 256 };

/* ---- one errand ---- */

static void set_mission(struct witness *w, const struct mission *m)
{
	pthread_mutex_lock(&w->lock);
	w->mission = *m;
	pthread_mutex_unlock(&w->lock);
}

/* @m is what the errand is about, in numbers. */
static int send_out(struct witness *w, const struct errand *e,
		    const struct mission *m)
{
	int r;

	if (atomic_load(&w->stop) || !atomic_load(&w->pid))
		return -EPIPE;
	set_mission(w, m);
	r = errand_run(w->fd, e);
	set_mission(w, &(struct mission){0});
	if (r == -EPIPE && !atomic_load(&w->stop))
		witness_end_process(w);
	return r;
}

void witness_rest(struct witness *w)
{
	const struct errand e = {.what = ERRAND_LEAVE};

	if (w->visiting)
		(void)send_out(w, &e, &(struct mission){0});
	w->visiting = false;
}

/* The name that the process finds here alone, and in no other mount that might
 * have taken our place. */
static int begin_visit(struct witness *w)
{
	char sign[64];
	const struct errand e = {
		.what = ERRAND_VISIT,
		.dir = w->fs->mountpoint,
		.name = sign,
	};
	const struct mission m = {
		.what = ERRAND_VISIT,
		.dir = TREE_ROOT,
		.name = sign,
	};
	int r;

	if (w->visiting && w->errands++ < VISIT_MAX)
		return 0;
	witness_rest(w);
	(void)snprintf(sign, sizeof(sign), ".witness-%d-%lld",
		       (int)atomic_load(&w->pid), (long long)witness_number(w));
	r = send_out(w, &e, &m);
	if (r < 0)
		return r == -EPIPE ? r : -ESTALE;
	w->visiting = true;
	w->errands = 0;
	return 0;
}

/* 1: @path is where @folder is now; 0: it is not there any more. */
static int find_folder(struct witness *w, int64_t folder, struct buf *path)
{
	DROP(store_put) struct reader reader = {0};
	int r = store_read(w->fs->repo->store, &reader, NULL);

	if (r == 0)
		r = tree_path(reader.db, MOMENT_NOW, TREE_ROOT, folder, path,
			      NULL);
	buf_byte(path, '\0');
	return r == 0 && buf_error(path) == 0;
}

/* The process must ask for the name, whatever the kernel thinks of it. */
static void forget(struct witness *w, int64_t dir, const char *name)
{
	(void)fuse_lowlevel_notify_inval_entry(
		w->fs->session, inum_make(INUM_LIVE, (uint64_t)dir), name,
		strlen(name));
}

static int run_errand(struct witness *w, const struct mission *m)
{
	DROP(buf_done) struct buf dir = {0}, to_dir = {0};
	struct errand e = {
		.what = m->what, .name = m->name, .to_name = m->to_name};
	int r;

	if (!find_folder(w, m->dir, &dir) ||
	    (m->to_dir && !find_folder(w, m->to_dir, &to_dir)))
		return 0;
	e.dir = dir.data;
	e.to_dir = to_dir.data;
	r = begin_visit(w);
	if (r < 0)
		return r;
	if (m->what != ERRAND_CHANGE && m->what != ERRAND_TOUCH)
		forget(w, m->dir, m->name);
	/* One call that fails tells nothing about the next. */
	return send_out(w, &e, m) == -EPIPE ? -EPIPE : 0;
}

/* Those who watch the folder itself hear of it. */
static int tell_inside(struct witness *w, const struct news *news)
{
	const struct mission m = {
		.what = ERRAND_LOOK,
		.dir = news->parent,
		.name = news->name,
		.item = news->item,
		.attr = news->attr,
	};

	return run_errand(w, &m);
}

int witness_tell(struct witness *w, const struct news *news)
{
	static const enum errand_what files[] = {
		[NEWS_CREATED] = ERRAND_CREATE,
		[NEWS_REMOVED] = ERRAND_UNLINK,
		[NEWS_MOVED] = ERRAND_MOVE,
		[NEWS_CHANGED] = ERRAND_CHANGE,
	};
	static const enum errand_what folders[] = {
		[NEWS_CREATED] = ERRAND_MKDIR,
		[NEWS_REMOVED] = ERRAND_RMDIR,
		[NEWS_MOVED] = ERRAND_MOVE,
		[NEWS_CHANGED] = ERRAND_TOUCH,
	};
	struct mission m = {
		.what = (news->folder ? folders : files)[news->what],
		.dir = news->parent,
		.name = news->name,
		.folder = news->folder,
	};
	int r = 0;

	if (news->what == NEWS_MOVED) {
		m.dir = news->from_parent;
		m.name = news->from_name;
		m.to_dir = news->parent;
		m.to_name = news->name;
	}
	/* The errand to take it away makes the kernel forget the name. */
	if (m.what == ERRAND_RMDIR && news->item)
		r = tell_inside(w, news);
	return r < 0 ? r : run_errand(w, &m);
}

int witness_touch(struct witness *w, int64_t folder)
{
	const struct mission m = {
		.what = ERRAND_TOUCH, .dir = folder, .name = ""};

	return run_errand(w, &m);
}
