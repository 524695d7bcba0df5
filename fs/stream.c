#include "fs/stream.h"

#include "core/backup.h"
#include "core/env.h"
#include "core/repo.h"
#include "fs/call.h"
#include "fs/file.h"
#include "fs/fs.h"
#include "fs/sentences.h"
#include "fs/texts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- who may read what ---- */

enum { GROUPS_MAX = 256 };

struct reading_user {
	uid_t uid;
	gid_t groups[GROUPS_MAX + 1];
	int count;  /* of groups; the first is that of the request */
	bool known; /* are these all of them? */
};

static void find_user(const struct call *c, struct reading_user *user)
{
	int more = fuse_req_getgroups(c->req, GROUPS_MAX, user->groups + 1);

	user->uid = c->uid;
	user->groups[0] = c->gid;
	user->known = more >= 0 && more <= GROUPS_MAX;
	user->count = user->known ? 1 + more : 1;
}

static bool is_in(const struct reading_user *user, gid_t gid)
{
	for (int i = 0; i < user->count; i++)
		if (user->groups[i] == gid)
			return true;
	return false;
}

/* The three bits that are meant for this user, as the kernel has it. */
static mode_t bits_for(const struct reading_user *user,
		       const struct archive_entry *e)
{
	if (user->uid == e->uid)
		return e->mode >> 6 & 7;
	if (is_in(user, e->gid))
		return e->mode >> 3 & 7;
	/* It may be in a group that may do less than others. */
	return e->mode & (user->known ? 7 : e->mode >> 3 & 7);
}

static bool may_read(const struct archive_entry *e, void *arg)
{
	const struct reading_user *user = arg;
	mode_t needed = e->folder ? 05 : 04;

	return user->uid == 0 || (bits_for(user, e) & needed) == needed;
}

/* ---- an open archive ---- */

struct stream {
	struct backup *backup;
	void *filter_arg;
	int64_t folder;
};

static void stream_free(struct file *file)
{
	struct stream *stream = file->own;

	if (!stream)
		return;
	backup_free(stream->backup);
	free(stream->filter_arg);
	free(stream);
}

/* Whoever reads hears of a number. */
static int read_failed(struct call *c, const struct stream *stream, int r)
{
	c->told = true;
	sentences_add(c->fs->errors, env_now_ns(store_env(c->fs->repo->store)),
		      stream->folder, r,
		      c->why.code == r ? c->why.text : strerrordesc_np(-r));
	return r;
}

/* One after another: the places in the tree are shared. */
static int stream_read(struct call *c, struct file *file, size_t size,
		       int64_t offset)
{
	const struct stream *stream = file->own;
	struct db *db = call_db(c);
	int r;

	if (!db)
		return c->why.code;
	c->reply.data = malloc(size + 1);
	if (!c->reply.data)
		return -ENOMEM;
	c->reply.kind = REPLY_DATA;
	pthread_mutex_lock(&file->lock);
	r = backup_read(stream->backup, db, offset, c->reply.data, size,
			&c->reply.count, &c->why);
	pthread_mutex_unlock(&file->lock);
	return r < 0 ? read_failed(c, stream, r) : 0;
}

static void stream_release(struct call *c, struct file *file)
{
	texts_close(c->fs->texts, file->ino);
}

/* What an open archive can do; the node itself is of another kind. */
static const struct node_kind kind_stream = {
	.name = "archive",
	.read = stream_read,
	.release = stream_release,
	.free_own = stream_free,
};

static int make_stream(struct call *c, const struct backup_spec *spec,
		       struct file *file)
{
	struct backup_spec checked = *spec;
	struct stream *stream = calloc(1, sizeof(*stream));
	struct reading_user user;
	struct db *db;

	if (!stream) {
		free(spec->filter_arg);
		return -ENOMEM;
	}
	file->own = stream;
	stream->filter_arg = spec->filter_arg;
	stream->folder = spec->folder;
	find_user(c, &user);
	checked.allow = may_read;
	checked.allow_arg = &user;
	db = call_db(c);
	if (!db)
		return c->why.code;
	return backup_open(db, &checked, &stream->backup, &c->why);
}

int stream_open(struct call *c, uint64_t ino, const struct backup_spec *spec,
		struct fuse_file_info *fi)
{
	DROP(file_put_p) struct file *file = NULL;
	const struct stream *stream;
	int r = file_new(&kind_stream, ino, &file);

	if (r < 0) {
		free(spec->filter_arg);
		return r;
	}
	r = make_stream(c, spec, file);
	if (r < 0)
		return r;
	stream = file->own;
	r = texts_open(c->fs->texts, ino, backup_size(stream->backup));
	if (r < 0)
		return r;
	fi->fh = (uintptr_t)TAKE(file);
	fi->direct_io = 1;
	return 0;
}
