#include "core/db_priv.h"

#include "core/why.h"

#include <errno.h>
#include <sqlite3.h>
#include <sys/stat.h>

/* So many steps of SQLite's machine pass between two looks at the copy. */
enum { STEPS = 200000 };

struct copying {
	const char *to;
	int64_t total;
	db_copy_fn progress;
	void *arg;
};

static int look(void *arg)
{
	const struct copying *c = arg;
	struct stat st;

	if (stat(c->to, &st) == 0)
		c->progress(st.st_size, c->total, c->arg);
	return 0;
}

static int vacuum(struct db *db, const char *to, struct why *why)
{
	sqlite3_stmt *st = NULL;
	int rc;

	/* It writes to no file that is there, but a reader is told no more
	 * than that it may not write. */
	rc = sqlite3_exec(db->sql, "PRAGMA query_only = 0", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(db->sql, "VACUUM INTO ?1", -1, &st,
					NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(st, 1, to, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc != SQLITE_DONE)
		rc = db_fail(db, rc, "the copy", why);
	else
		rc = 0;
	(void)sqlite3_finalize(st);
	return rc;
}

int db_copy(const char *from, const char *to, db_copy_fn progress, void *arg,
	    struct why *why)
{
	struct copying copying = {to, 0, progress, arg};
	DROP(db_close_p) struct db *db = NULL;
	struct stat st;
	int r = db_open(from, DB_READ, &db, why);

	if (r < 0)
		return r;
	if (stat(from, &st) == 0)
		copying.total = st.st_size;
	if (progress)
		sqlite3_progress_handler(db->sql, STEPS, look, &copying);
	return vacuum(db, to, why);
}
