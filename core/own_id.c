#include "core/own_id.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/env.h"
#include "core/kind_row.h"
#include "core/moment.h"
#include "core/ref.h"
#include "core/store.h"
#include "core/why.h"

#include <errno.h>
#include <string.h>

enum { ID_BYTES = 12 };

/* ---- ids ---- */

int own_id_rival(struct db *db, const struct own_id *own, int64_t *other,
		 struct why *why)
{
	unsigned kind;
	int r;

	while ((r = ref_next_owner(db, own->id, other, &kind, why)) > 0)
		if (*other != own->item && kind == own->kind->number)
			return 1;
	return r;
}

int own_id_make(struct moment *m, struct buf *out, struct why *why)
{
	unsigned char bytes[ID_BYTES];
	int r = env_random(store_env(m->store), bytes, sizeof(bytes));

	if (r < 0)
		return why_set(why, r, "no random bytes for an id");
	for (size_t i = 0; i < sizeof(bytes); i++)
		buf_addf(out, "%02x", bytes[i]);
	buf_byte(out, '\0');
	return buf_error(out) ? why_set(why, -ENOMEM, "out of memory") : 0;
}

size_t own_id_part(const struct kind *kind, const char *path)
{
	size_t end = 0;

	for (const char *at = path; (at = strchr(at, '/')); at++)
		if (strncmp(at + 1, kind->folder, kind->folder_len) == 0 &&
		    at[1 + kind->folder_len] == '/')
			end = (size_t)(at - path) + 1 + kind->folder_len;
	return end;
}

/* 1: @other is below what holds the folder of the kind in @path. */
static bool holds(const struct kind *kind, const char *path, const char *other)
{
	size_t len = own_id_part(kind, path);

	while (len > 0 && path[len - 1] != '/')
		len--;
	return strncmp(path, other, len) == 0;
}

bool own_id_together(const struct kind *a_kind, const char *a,
		     const struct kind *b_kind, const char *b)
{
	return holds(a_kind, a, b) && holds(b_kind, b, a);
}

/* ---- copies ---- */

int own_id_copied(struct moment *m, int64_t item, int64_t original,
		  struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_COPIED_ADD);

	q_i64(&q, 1, item);
	q_i64(&q, 2, original);
	return q_run(&q, why);
}

int own_id_original(struct db *db, int64_t item, int64_t *ret, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_COPIED_GET);

	q_i64(&q, 1, item);
	return q_find(&q, ret, why);
}

int own_id_copy(struct db *db, int64_t original, int64_t *item, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_COPIED_TO);

	q_i64(&q, 1, original);
	q_i64(&q, 2, *item);
	return q_find(&q, item, why);
}
