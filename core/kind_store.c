#include "core/kind.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/kind_load.h"
#include "core/why.h"
#include "kinds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int kinds_load(struct db *db, struct kinds **ret, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_KIND_LIST);
	DROP(kinds_free_p) struct kinds *kinds = NULL;
	int r = kinds_new(&kinds, why);

	while (r == 0 && (r = q_step(&q, why)) > 0)
		r = kinds_add(kinds, q_col_text(&q, 0), q_col_len(&q, 0), why);
	if (r < 0)
		return r;
	*ret = TAKE(kinds);
	return 0;
}

int kinds_text(struct db *db, struct buf *out, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_KIND_LIST);
	int r;

	while ((r = q_step(&q, why)) > 0) {
		buf_add(out, q_col_text(&q, 0), q_col_len(&q, 0));
		buf_byte(out, '\n');
	}
	return r == 0 && buf_error(out) ? why_set(why, -ENOMEM, "out of memory")
					: r;
}

static int check_unused(struct db *db, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_KIND_USED);
	int r = q_step(&q, why);

	if (r > 0)
		return why_set(why, -EBUSY,
			       "there are items already, which were read by "
			       "the kinds of before");
	return r;
}

static void free_text(char **text)
{
	free(*text);
}

static int put(struct db *db, const char *json, size_t len, struct why *why)
{
	DROP(free_text) char *name = NULL;
	int r = kind_set_name(json, len, &name, why);

	if (r == 0) {
		DROP(q_close) struct q q = q_open(db, STMT_KIND_PUT);

		q_text(&q, 1, name);
		q_textn(&q, 2, json, len);
		r = q_run(&q, why);
	}
	return r;
}

static int put_built_in(struct db *db, struct why *why)
{
	int r = 0;

	for (size_t i = 0; built_in_kinds[i] && r == 0; i++)
		r = put(db, built_in_kinds[i], strlen(built_in_kinds[i]), why);
	return r;
}

int kinds_install(struct db *db, const char *json, size_t len, struct why *why)
{
	DROP(kinds_free_p) struct kinds *all = NULL;
	DROP(txn_end) struct txn tx = {0};
	int r = txn_begin(&tx, db, why);

	if (r == 0)
		r = check_unused(db, why);
	if (r == 0)
		r = json ? put(db, json, len, why) : put_built_in(db, why);
	/* Only with all others can it be told whether the folders clash. */
	if (r == 0)
		r = kinds_load(db, &all, why);
	return r < 0 ? r : txn_commit(&tx, why);
}
