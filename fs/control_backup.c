/*
 * backup.tar, backup.zip and repository.tar: a folder as an archive, as it is
 * when the file is opened. Nothing of it is kept but the place in the tree.
 *
 * The kernel gives who may open the file; the tree below may be narrower than
 * the folder's own permission, and an archive with less than all would be no
 * backup. So it is refused then.
 */
#include "core/backup.h"
#include "core/buf.h"
#include "core/repo.h"
#include "core/tree.h"
#include "fs/call.h"
#include "fs/control.h"
#include "fs/file.h"
#include "fs/fs.h"
#include "fs/made.h"
#include "fs/texts.h"

#include <errno.h>
#include <stdlib.h>
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
	struct store *store;
	struct backup *backup;
};

static void stream_free(struct file *file)
{
	struct stream *stream = file->own;

	if (!stream)
		return;
	backup_free(stream->backup);
	store_unpin(stream->store);
	free(stream);
}

/* One after another: a reader's place in the tree is shared. */
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
	return r;
}

/* What an open archive can do; the node itself is a control file. */
static const struct node_kind kind_stream = {
	.name = "archive",
	.read = stream_read,
	.release = made_release,
	.free_own = stream_free,
};

static int make_stream(struct call *c, int64_t folder,
		       enum archive_format format, struct file *file)
{
	struct store *store = c->fs->repo->store;
	struct stream *stream = calloc(1, sizeof(*stream));
	struct reading_user user;
	struct backup_spec spec = {
		.format = format,
		.folder = folder,
		.allow = may_read,
		.allow_arg = &user,
	};
	struct db *db;
	int r;

	if (!stream)
		return -ENOMEM;
	find_user(c, &user);
	stream->store = store;
	r = store_pin(store, &spec.moment, &c->why);
	if (r < 0) {
		free(stream);
		return r;
	}
	file->own = stream;
	db = call_db(c);
	if (!db)
		return c->why.code;
	return backup_open(db, &spec, &stream->backup, &c->why);
}

static int open_stream(struct call *c, uint64_t ino, enum archive_format format,
		       struct fuse_file_info *fi)
{
	DROP(file_put_p) struct file *file = NULL;
	int64_t folder = control_folder(ino);
	const struct stream *stream;
	int r = file_new(&kind_stream, ino, &file);

	if (r == 0)
		r = make_stream(c, folder, format, file);
	if (r < 0)
		return control_failed(c, folder, r);
	stream = file->own;
	r = texts_open(c->fs->texts, ino, backup_size(stream->backup));
	if (r < 0)
		return r;
	fi->fh = (uintptr_t)TAKE(file);
	fi->direct_io = 1;
	return 0;
}

int control_open_tar(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	return open_stream(c, ino, ARCHIVE_TAR, fi);
}

int control_open_zip(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	return open_stream(c, ino, ARCHIVE_ZIP, fi);
}
