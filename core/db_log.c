/*
 * What db does with the write-ahead log, where SQLite's own ways do not do.
 */
#include "core/db_priv.h"

#include "core/why.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>

/* Called by SQLite after each commit. */
static int note_log(void *arg, sqlite3 *sql, const char *name, int pages)
{
	struct db *db = arg;

	(void)sql;
	(void)name;
	db->log_pages = pages;
	return SQLITE_OK;
}

void db_watch_log(struct db *db)
{
	(void)sqlite3_wal_hook(db->sql, note_log, db);
}

int db_sync(struct db *db, struct why *why)
{
	sqlite3_file *log = NULL;
	int rc = sqlite3_file_control(db->sql, "main",
				      SQLITE_FCNTL_JOURNAL_POINTER, &log);

	if (rc != SQLITE_OK || !log || !log->pMethods)
		return 0; /* nothing was ever written, or in memory */
	rc = log->pMethods->xSync(log, SQLITE_SYNC_FULL);
	if (rc == SQLITE_OK)
		return 0;
	return why_set(why, -EIO, "the log could not be synced to the disk");
}

int64_t db_log_pages(const struct db *db)
{
	return db->log_pages;
}

void db_patience(struct db *db, int ms)
{
	(void)sqlite3_busy_timeout(db->sql, ms);
}

int db_checkpoint(struct db *db, bool truncate, int64_t *ret_left,
		  struct why *why)
{
	int in_log = 0, copied = 0;
	int rc = sqlite3_wal_checkpoint_v2(db->sql, "main",
					   truncate ? SQLITE_CHECKPOINT_TRUNCATE
						    : SQLITE_CHECKPOINT_PASSIVE,
					   &in_log, &copied);

	if (rc != SQLITE_OK)
		return db_fail(db, rc, "checkpoint", why);
	*ret_left = in_log > copied ? in_log - copied : 0;
	return 0;
}

static int rewrite(sqlite3_file *file, char *chunk, int size)
{
	sqlite3_int64 end = 0;
	int rc = file->pMethods->xFileSize(file, &end);

	for (sqlite3_int64 at = 0; rc == SQLITE_OK && at < end; at += size) {
		int len = end - at < size ? (int)(end - at) : size;

		rc = file->pMethods->xRead(file, chunk, len, at);
		if (rc == SQLITE_OK)
			rc = file->pMethods->xWrite(file, chunk, len, at);
	}
	return rc == SQLITE_OK ? file->pMethods->xSync(file, SQLITE_SYNC_FULL)
			       : rc;
}

int db_mend(struct db *db, struct why *why)
{
	enum { CHUNK = 1 << 16 }; /* what xWrite() takes at once */
	sqlite3_file *file = NULL;
	char *chunk = malloc(CHUNK);
	int rc = chunk ? sqlite3_file_control(db->sql, "main",
					      SQLITE_FCNTL_FILE_POINTER, &file)
		       : SQLITE_NOMEM;

	if (rc == SQLITE_OK && file && file->pMethods)
		rc = rewrite(file, chunk, CHUNK);
	free(chunk);
	if (rc == SQLITE_OK)
		return 0;
	return why_set(why, db_errno(db->sql, rc),
		       "the file could not be written again");
}
