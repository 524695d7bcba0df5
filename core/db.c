#include "core/db_priv.h"

#include "core/why.h"
#include "schema.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "rpfs": PRAGMA application_id, so that file(1) and we know our files. */
enum { APPLICATION_ID = 0x72706673 };

/* A full disk shows as a failed write, too. */
static bool disk_is_full(sqlite3 *sql)
{
	int err = sql ? sqlite3_system_errno(sql) : 0;

	return err == ENOSPC || err == EDQUOT;
}

int db_errno(sqlite3 *sql, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_IOERR:
		if (rc == SQLITE_IOERR_NOMEM)
			return -ENOMEM;
		return disk_is_full(sql) ? -ENOSPC : -EIO;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	case SQLITE_TOOBIG:
		return -EFBIG;
	default:
		return -EIO;
	}
}

int db_fail(struct db *db, int rc, const char *doing, struct why *why)
{
	return why_set(why, db_errno(db->sql, rc), "%s: %s", doing,
		       sqlite3_errmsg(db->sql));
}

static int db_exec(struct db *db, const char *sql, struct why *why)
{
	int rc = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : db_fail(db, rc, "database", why);
}

static int pragma_i64(struct db *db, const char *sql, int64_t *ret,
		      struct why *why)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db->sql, sql, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int64(st, 0);
	if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
		(void)sqlite3_finalize(st);
		return 0;
	}
	rc = db_fail(db, rc, "database", why);
	(void)sqlite3_finalize(st);
	return rc;
}

/* ---- opening ---- */

/* Run the versions of the schema that the file does not have yet. */
static int migrate(struct db *db, int64_t version, struct why *why)
{
	DROP(txn_end) struct txn tx = {0};
	char pragma[64];
	int r = txn_begin(&tx, db, why);

	for (int64_t v = version; r == 0 && v < SCHEMA_VERSIONS; v++)
		r = db_exec(db, schema_sql[v], why);
	if (r < 0)
		return r;
	(void)snprintf(pragma, sizeof(pragma), "PRAGMA application_id = %d",
		       APPLICATION_ID);
	r = db_exec(db, pragma, why);
	(void)snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d",
		       SCHEMA_VERSIONS);
	if (r == 0)
		r = db_exec(db, pragma, why);
	return r < 0 ? r : txn_commit(&tx, why);
}

static int check_ours(struct db *db, const char *path, int64_t *ret_version,
		      struct why *why)
{
	int64_t id = 0, version = 0;
	int r = pragma_i64(db, "PRAGMA application_id", &id, why);

	if (r == 0)
		r = pragma_i64(db, "PRAGMA user_version", &version, why);
	if (r == -EBADMSG || (r == 0 && id != APPLICATION_ID))
		return why_set(why, -EBADMSG, "'%s' is not a repository", path);
	if (r < 0)
		return r;
	if (version > SCHEMA_VERSIONS)
		return why_set(why, -EBADMSG, "'%s' was made by a newer repofs",
			       path);
	*ret_version = version;
	return 0;
}

static int set_up(struct db *db, const char *path, enum db_mode mode,
		  struct why *why)
{
	int64_t version = 0;
	int r = 0;

	(void)sqlite3_extended_result_codes(db->sql, 1);
	(void)sqlite3_busy_timeout(db->sql, 5000);
	if (mode != DB_CREATE)
		r = check_ours(db, path, &version, why);
	if (r < 0)
		return r;
	if (mode == DB_READ)
		return db_exec(db,
			       "PRAGMA query_only = 1;"
			       "PRAGMA cache_size = -8192;"
			       "PRAGMA temp_store = MEMORY;"
			       "PRAGMA mmap_size = 0",
			       why);
	/* A commit survives the death of the process; store_sync() is what
	 * makes it survive loss of power. Checkpoints are the store's. */
	r = db_exec(db,
		    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
		    "PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -16384;"
		    "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0",
		    why);
	db_watch_log(db);
	if (r < 0 || version == SCHEMA_VERSIONS)
		return r;
	return migrate(db, version, why);
}

static bool is_memory(const char *path)
{
	return strcmp(path, ":memory:") == 0;
}

/* -EEXIST instead of an open of what is there. */
static int reserve_name(const char *path, struct why *why)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0)
		return why_set(why, -errno, "'%s': %m", path);
	(void)close(fd);
	return 0;
}

static void free_text(char **text)
{
	free(*text);
}

/*
 * Of a file that nobody writes (there is no log beside it), in a folder that we
 * may not write to: SQLite could not make the log that even a reader wants, but
 * needs none if it is told that nothing is going to change.
 */
static bool is_frozen(const char *path)
{
	DROP(free_text) char *log = NULL, *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;

	if (!folder || asprintf(&log, "%s-wal", path) < 0) {
		log = NULL;
		return false;
	}
	if (slash)
		slash[slash == folder] = '\0';
	return access(slash ? folder : ".", W_OK) < 0 &&
	       access(log, F_OK) < 0 && errno == ENOENT;
}

/* "file:PATH?immutable=1", to be freed; NULL: out of memory. */
static char *frozen_uri(const char *path)
{
	static const char begin[] = "file:", end[] = "?immutable=1";
	char *uri = malloc(sizeof(begin) + 3 * strlen(path) + sizeof(end));
	char *to = uri ? stpcpy(uri, begin) : NULL;

	if (!to)
		return NULL;
	while (path[0] == '/' && path[1] == '/') /* would name a host */
		path++;
	for (; *path; path++)
		if (strchr("%?#", *path))
			to += sprintf(to, "%%%02X", (unsigned)*path);
		else
			*to++ = *path;
	(void)stpcpy(to, end);
	return uri;
}

static int connect_to(struct db *db, const char *path, enum db_mode mode,
		      struct why *why)
{
	bool reads = mode == DB_READ;
	int flags = reads ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	DROP(free_text) char *uri = NULL;
	int rc;

	db_limit_memory();
	if (is_memory(path))
		flags |= SQLITE_OPEN_CREATE;
	else if (access(path, reads ? R_OK : R_OK | W_OK) < 0)
		return why_set(why, -errno, "'%s': %s", path,
			       strerrordesc_np(errno));
	if (reads && is_frozen(path)) {
		uri = frozen_uri(path);
		if (!uri)
			return why_set(why, -ENOMEM, "out of memory");
		flags |= SQLITE_OPEN_URI;
	}
	rc = sqlite3_open_v2(uri ? uri : path, &db->sql,
			     flags | SQLITE_OPEN_NOMUTEX, db_layer());
	if (rc == SQLITE_OK)
		return 0;
	return why_set(why, db_errno(db->sql, rc), "'%s': %s", path,
		       sqlite3_errmsg(db->sql));
}

static int open_file(const char *path, enum db_mode mode, struct db **ret_db,
		     struct why *why)
{
	DROP(db_close_p) struct db *db = calloc(1, sizeof(*db));
	int r;

	if (!db)
		return why_set(why, -ENOMEM, "out of memory opening '%s'",
			       path);
	r = connect_to(db, path, mode, why);
	if (r < 0)
		return r;
	r = set_up(db, path, mode, why);
	if (r < 0)
		return r;
	*ret_db = TAKE(db);
	return 0;
}

int db_open(const char *path, enum db_mode mode, struct db **ret_db,
	    struct why *why)
{
	bool make = mode == DB_CREATE && !is_memory(path);
	int r = make ? reserve_name(path, why) : 0;

	if (r < 0)
		return r;
	r = open_file(path, mode, ret_db, why);
	if (r < 0 && make)
		(void)unlink(path); /* a half-made file helps nobody */
	return r;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (int i = 0; i < STMT_COUNT; i++)
		(void)sqlite3_finalize(db->st[i]);
	for (int i = 0; i < TXN_WORDS; i++)
		(void)sqlite3_finalize(db->words[i]);
	(void)sqlite3_close(db->sql);
	free(db);
}

int64_t db_changes(const struct db *db)
{
	return sqlite3_changes64(db->sql);
}

void db_set_keys(struct db *db, struct keyring *keys)
{
	db->keys = keys;
}

struct keyring *db_keys(const struct db *db)
{
	return db->keys;
}
