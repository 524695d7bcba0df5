/*
 * A layer between SQLite and the disk that makes one write of a commit.
 *
 * SQLite writes the log page by page, each as a header and its bytes: some
 * thirty system calls for a small commit, which is half of what one costs.
 * Here what is appended to a log is gathered until the page that ends the
 * transaction, and written at once. Nothing is told to anybody before that:
 * the write of that last page fails if any of it fails, and only after it does
 * SQLite publish the commit in the shared index. The disk sees the same bytes
 * in the same order.
 */
#include "core/db_priv.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum {
	FRAME_HEADER = 24,    /* before each page; see SQLite's file format */
	COMMIT_AT = 4,	      /* in it: not zero in the last of a commit */
	GATHER_MAX = 1 << 18, /* a larger commit is written in parts */
	WRITE_MAX = 0x1f000,  /* what the layer below takes at once */
};

/* A log; the file of the layer below stands right behind it. */
struct log_file {
	sqlite3_file base;
	sqlite3_file *real;
	char *bytes; /* GATHER_MAX, or NULL */
	int len;
	sqlite3_int64 at;  /* where they belong */
	sqlite3_int64 end; /* what was ever written ends here at most */
	bool last;	   /* the page to come ends a commit */
};

static sqlite3_vfs *real_vfs;

static struct log_file *log_of(sqlite3_file *file)
{
	return (struct log_file *)file;
}

static int write_out(struct log_file *log, const char *bytes, int len,
		     sqlite3_int64 at)
{
	int rc = SQLITE_OK;

	while (rc == SQLITE_OK && len > 0) {
		int part = len < WRITE_MAX ? len : WRITE_MAX;

		rc = log->real->pMethods->xWrite(log->real, bytes, part, at);
		bytes += part;
		at += part;
		len -= part;
	}
	return rc;
}

static int flush(struct log_file *log)
{
	int len = log->len;

	log->len = 0;
	return len ? write_out(log, log->bytes, len, log->at) : SQLITE_OK;
}

/* Not an append, or too large: in its turn, but at once. */
static int write_through(struct log_file *log, const char *bytes, int len,
			 sqlite3_int64 at)
{
	int rc = flush(log);

	log->last = false;
	return rc == SQLITE_OK ? write_out(log, bytes, len, at) : rc;
}

static bool is_commit(const char *header)
{
	static const char none[4];

	return memcmp(header + COMMIT_AT, none, sizeof(none)) != 0;
}

static int log_write(sqlite3_file *file, const void *bytes, int len,
		     sqlite3_int64 at)
{
	struct log_file *log = log_of(file);
	bool append = at >= log->end && at > 0;
	int rc = SQLITE_OK;

	if (at == 0) /* the header of a log that begins anew */
		log->end = len;
	else if (at + len > log->end)
		log->end = at + len;
	if (!log->bytes)
		log->bytes = malloc(GATHER_MAX);
	if (!append || !log->bytes || len > GATHER_MAX)
		return write_through(log, bytes, len, at);
	if (at != log->at + log->len || log->len + len > GATHER_MAX)
		rc = flush(log);
	if (rc != SQLITE_OK)
		return rc;
	if (log->len == 0)
		log->at = at;
	memcpy(log->bytes + log->len, bytes, (size_t)len);
	log->len += len;
	if (len != FRAME_HEADER && log->last) {
		log->last = false;
		return flush(log);
	}
	log->last = len == FRAME_HEADER && is_commit(bytes);
	return SQLITE_OK;
}

static int log_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at)
{
	struct log_file *log = log_of(file);
	int rc = flush(log);

	return rc == SQLITE_OK
		       ? log->real->pMethods->xRead(log->real, bytes, len, at)
		       : rc;
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct log_file *log = log_of(file);
	int rc = flush(log);

	return rc == SQLITE_OK ? log->real->pMethods->xTruncate(log->real, size)
			       : rc;
}

static int log_sync(sqlite3_file *file, int flags)
{
	struct log_file *log = log_of(file);
	int rc = flush(log);

	return rc == SQLITE_OK ? log->real->pMethods->xSync(log->real, flags)
			       : rc;
}

static int log_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	struct log_file *log = log_of(file);
	int rc = flush(log);

	return rc == SQLITE_OK
		       ? log->real->pMethods->xFileSize(log->real, ret_size)
		       : rc;
}

static int log_close(sqlite3_file *file)
{
	struct log_file *log = log_of(file);

	(void)flush(log); /* no commit is among them */
	free(log->bytes);
	return log->real->pMethods->xClose(log->real);
}

static int log_lock(sqlite3_file *file, int level)
{
	return log_of(file)->real->pMethods->xLock(log_of(file)->real, level);
}

static int log_unlock(sqlite3_file *file, int level)
{
	return log_of(file)->real->pMethods->xUnlock(log_of(file)->real, level);
}

static int log_check_lock(sqlite3_file *file, int *ret)
{
	sqlite3_file *real = log_of(file)->real;

	return real->pMethods->xCheckReservedLock(real, ret);
}

static int log_control(sqlite3_file *file, int op, void *arg)
{
	sqlite3_file *real = log_of(file)->real;

	return real->pMethods->xFileControl(real, op, arg);
}

static int log_sector(sqlite3_file *file)
{
	return log_of(file)->real->pMethods->xSectorSize(log_of(file)->real);
}

static int log_device(sqlite3_file *file)
{
	sqlite3_file *real = log_of(file)->real;

	return real->pMethods->xDeviceCharacteristics(real);
}

static const sqlite3_io_methods log_methods = {
	.iVersion = 1, /* a log has no shared memory of its own */
	.xClose = log_close,
	.xRead = log_read,
	.xWrite = log_write,
	.xTruncate = log_truncate,
	.xSync = log_sync,
	.xFileSize = log_size,
	.xLock = log_lock,
	.xUnlock = log_unlock,
	.xCheckReservedLock = log_check_lock,
	.xFileControl = log_control,
	.xSectorSize = log_sector,
	.xDeviceCharacteristics = log_device,
};

/* Files that are no logs go straight to the layer below. */
static int gather_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
		       int flags, int *ret_flags)
{
	struct log_file *log = log_of(file);
	int rc;

	(void)vfs;
	if (!(flags & SQLITE_OPEN_WAL))
		return real_vfs->xOpen(real_vfs, name, file, flags, ret_flags);
	memset(log, 0, sizeof(*log));
	log->real = (sqlite3_file *)(log + 1);
	rc = real_vfs->xOpen(real_vfs, name, log->real, flags, ret_flags);
	log->base.pMethods = log->real->pMethods ? &log_methods : NULL;
	return rc;
}

static sqlite3_vfs gather_vfs;

static void register_gather(void)
{
	real_vfs = sqlite3_vfs_find(NULL);
	if (!real_vfs)
		return;
	gather_vfs = *real_vfs;
	gather_vfs.zName = "repofs";
	gather_vfs.pNext = NULL;
	gather_vfs.szOsFile += (int)sizeof(struct log_file);
	gather_vfs.xOpen = gather_open;
	if (sqlite3_vfs_register(&gather_vfs, 0) != SQLITE_OK)
		real_vfs = NULL;
}

const char *db_layer(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, register_gather); /* cannot fail */
	return real_vfs ? gather_vfs.zName : NULL;
}
