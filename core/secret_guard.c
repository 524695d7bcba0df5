#include "core/secret_guard.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/examine.h"
#include "core/json.h"
#include "core/kind_row.h"
#include "core/moment.h"
#include "core/secret.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>

enum { DEPTH_MAX = 65536 };

/* One step up from a live folder, or from a scratch folder: 1, or 0: it is
 * neither. */
static int step_up(struct db *db, int64_t *folder, struct buf *name,
		   struct why *why)
{
	int r = tree_up(db, MOMENT_NOW, folder, true, name, why);

	if (r != 0)
		return r;
	DROP(q_close) struct q q = q_open(db, STMT_SECRET_SCRATCH);
	q_i64(&q, 1, *folder);
	r = q_step(&q, why);
	if (r <= 0)
		return r;
	*folder = q_col_i64(&q, 0);
	buf_text(name, q_col_text(&q, 1));
	buf_byte(name, '\0');
	return buf_error(name) ? why_set(why, -ENOMEM, "out of memory") : 1;
}

int secret_folder_kind(struct db *db, const struct kinds *kinds, int64_t folder,
		       const struct kind **ret, struct why *why)
{
	DROP(buf_done) struct buf name = {0};
	int r = 1, steps = 0;

	*ret = NULL;
	while (!*ret && folder && folder != TREE_ROOT && r > 0) {
		buf_reset(&name);
		r = step_up(db, &folder, &name, why);
		if (r > 0)
			*ret = kinds_by_folder(kinds, name.data, name.len - 1);
		if (++steps > DEPTH_MAX)
			return why_set(why, -EBADMSG,
				       "a folder stands below itself");
	}
	return r < 0 ? r : 0;
}

/* 1: what was found says a value. */
static int says_value(const struct examination *found)
{
	for (size_t i = 0; i < found->secrets.len; i++) {
		const struct examined *e = &found->secrets.list[i];

		if (e->kind == JSON_KIND_NUMBER ||
		    (e->kind == JSON_KIND_STRING && e->len > 2))
			return 1;
	}
	return 0;
}

int secret_suspect(const struct kind *kind, const void *bytes, size_t len,
		   struct why *why)
{
	DROP(examination_done) struct examination found = {0};
	int r;

	if (!secret_in_kind(kind) || !len)
		return 0;
	r = examine(kind, bytes, len, &found, why);
	if (r == -EINVAL)
		return 1;
	return r < 0 ? r : says_value(&found);
}

static bool any_secrets(const struct kinds *kinds)
{
	for (size_t i = 0; i < kinds->len; i++)
		if (kinds->list[i].secret_count)
			return true;
	return false;
}

/* What is the beginning of an item may be one when it is done. */
static int suspect_by_all(const struct kinds *kinds, const void *bytes,
			  size_t len, struct why *why)
{
	int r = json_check(bytes, len, 0, NULL);

	if (r < 0)
		return why_set(why, r, "out of memory");
	if (r != JSON_VALID)
		return r == JSON_PARTIAL;
	for (size_t i = 0; i < kinds->len; i++) {
		r = secret_suspect(&kinds->list[i], bytes, len, why);
		if (r != 0)
			return r;
	}
	return 0;
}

int secret_suspect_file(struct db *db, const struct kinds *kinds,
			int64_t folder, const void *bytes, size_t len,
			struct why *why)
{
	const struct kind *kind;
	int r;

	if (!len || !any_secrets(kinds))
		return 0;
	r = secret_folder_kind(db, kinds, folder, &kind, why);
	if (r < 0)
		return r;
	return kind ? secret_suspect(kind, bytes, len, why)
		    : suspect_by_all(kinds, bytes, len, why);
}

int secret_child(struct db *db, int64_t folder, int64_t item, int64_t *ret,
		 struct why *why)
{
	int64_t parent = 0;
	int r = 1;

	for (int steps = 0; steps < DEPTH_MAX && item && r > 0; steps++) {
		parent = item;
		r = tree_up(db, MOMENT_NOW, &parent, steps > 0, NULL, why);
		if (r > 0 && parent == folder) {
			*ret = item;
			return 1;
		}
		item = parent;
	}
	return r < 0 ? r : 0;
}
