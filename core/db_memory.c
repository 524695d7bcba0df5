/*
 * What db keeps of the file in memory. One connection has room for the listing
 * of a folder whose items have long histories, which needs a page for each
 * item; all connections together have not many times that.
 */
#include "core/db_priv.h"

#include <pthread.h>
#include <sqlite3.h>

/*
 * At the limit no connection grows: each puts to other use what it has. That
 * alone would leave next to nothing, for ever, to one that comes last, while
 * others are idle and keep the rest. So none is left large whose use ends with
 * more than plenty in use.
 */
enum {
	LIMIT = 44 << 20, /* bytes of all together */
	PLENTY = 30 << 20,
	LITTLE = 1 << 20, /* bytes of one */
};

static void limit_memory(void)
{
	(void)sqlite3_soft_heap_limit64(LIMIT);
}

void db_limit_memory(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, limit_memory);
}

void db_spare_memory(struct db *db)
{
	int now = 0, most;

	if (sqlite3_memory_used() <= PLENTY)
		return;
	(void)sqlite3_db_status(db->sql, SQLITE_DBSTATUS_CACHE_USED, &now,
				&most, 0);
	/* All of it, once for every so much: what is needed comes back soon. */
	if (now > LITTLE)
		(void)sqlite3_db_release_memory(db->sql);
}
