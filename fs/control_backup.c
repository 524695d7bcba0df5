/*
 * backup.tar, backup.zip and repository.tar: a folder as an archive, as it is
 * when the file is opened.
 */
#include "core/backup.h"
#include "core/repo.h"
#include "fs/call.h"
#include "fs/control.h"
#include "fs/fs.h"
#include "fs/stream.h"

static int open_live(struct call *c, uint64_t ino, enum archive_format format,
		     struct fuse_file_info *fi)
{
	int64_t folder = control_folder(ino);
	struct backup_spec spec = {.format = format, .folder = folder};
	int r = store_pin(c->fs->repo->store, &spec.moment, &c->why);

	if (r == 0)
		r = stream_open(c, ino, &spec, fi);
	return r < 0 ? control_failed(c, folder, r) : 0;
}

int control_open_tar(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	return open_live(c, ino, ARCHIVE_TAR, fi);
}

int control_open_zip(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	return open_live(c, ino, ARCHIVE_ZIP, fi);
}
