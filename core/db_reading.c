#include "core/db.h"

#include "core/db_priv.h"

int reading_begin(struct reading *reading, struct db *db, struct why *why)
{
	int r;

	if (db->in_txn || db->in_read)
		return 0;
	r = db_read_begin(db, why);
	if (r == 0)
		reading->db = db;
	return r;
}

void reading_end(struct reading *reading)
{
	db_read_end(reading->db);
	reading->db = NULL;
}
