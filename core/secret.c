#include "core/secret.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/defer.h"
#include "core/examine.h"
#include "core/key.h"
#include "core/kind_row.h"
#include "core/secret_key.h"
#include "core/secret_text.h"
#include "core/why.h"

#include <errno.h>
#include <string.h>

static int no_memory(struct why *why)
{
	return why_set(why, -ENOMEM, "out of memory");
}

bool secret_in_kind(const struct kind *kind)
{
	return kind && kind->secret_count > 0;
}

static struct key_place place_of(int64_t item, const char *at)
{
	return (struct key_place){"secret", item, at};
}

/* ---- values ---- */

int secret_put(struct db *db, const struct key *key, int64_t item,
	       const char *at, const char *value, size_t len, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SECRET_PUT);
	DROP(buf_done) struct buf sealed = {0};
	const struct key_place place = place_of(item, at);
	int r = key_seal(key, &place, value, len, &sealed, why);

	if (r < 0)
		return r;
	q_i64(&q, 1, item);
	q_text(&q, 2, at);
	q_blob(&q, 3, sealed.data, sealed.len);
	return q_run(&q, why);
}

int secret_drop(struct db *db, int64_t item, const char *at, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SECRET_DROP);

	q_i64(&q, 1, item);
	q_text(&q, 2, at);
	return q_run(&q, why);
}

int secret_size(struct db *db, int64_t item, const char *at, size_t *ret,
		struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SECRET_GET);
	int r;

	q_i64(&q, 1, item);
	q_text(&q, 2, at);
	r = q_step(&q, why);
	if (r > 0)
		*ret = q_col_len(&q, 0) > KEY_OVERHEAD
			       ? q_col_len(&q, 0) - KEY_OVERHEAD
			       : 0;
	return r;
}

int secret_has(struct db *db, int64_t item, const char *at, struct why *why)
{
	size_t size;

	return secret_size(db, item, at, &size, why);
}

int secret_get(struct db *db, const struct key *key, int64_t item,
	       const char *at, struct buf *out, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SECRET_GET);
	const struct key_place place = place_of(item, at);
	struct why reason = {0};
	int r;

	q_i64(&q, 1, item);
	q_text(&q, 2, at);
	r = q_step(&q, why);
	if (r <= 0)
		return r;
	r = key_unseal(key, &place, q_col_blob(&q, 0), q_col_len(&q, 0), out,
		       &reason);
	return r < 0 ? why_set(why, r, "%s: %s", at, reason.text) : 1;
}

int secret_next(struct db *db, int64_t item, struct buf *at, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SECRET_NEXT);
	DROP(buf_done) struct buf after = {0};
	int r;

	buf_add(&after, at->data, at->len);
	buf_byte(&after, '\0');
	if (buf_error(&after))
		return no_memory(why);
	q_i64(&q, 1, item);
	q_text(&q, 2, after.data);
	r = q_next_text(&q, after.data, why);
	if (r <= 0)
		return r;
	buf_reset(at);
	buf_text(at, q_col_text(&q, 0));
	buf_byte(at, '\0');
	return buf_error(at) ? no_memory(why) : 1;
}

/* The number that @stmt finds above @after. */
static int next_number(struct db *db, enum stmt stmt, int64_t after,
		       int64_t *ret, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, stmt);
	int r;

	q_i64(&q, 1, after);
	r = q_next(&q, &after, why);
	if (r > 0)
		*ret = after;
	return r;
}

int secret_next_item(struct db *db, int64_t after, int64_t *ret,
		     struct why *why)
{
	return next_number(db, STMT_SECRET_NEXT_ITEM, after, ret, why);
}

/* ---- in their places ---- */

struct filling {
	struct db *db;
	int64_t item;
	bool opened;
	struct key key;
	struct why *why;
};

static void filling_done(struct filling *f)
{
	key_forget(&f->key);
}

/* The key is needed by items that have values only. */
static int value_of(const char *path, struct buf *out, void *arg)
{
	struct filling *f = arg;
	int r = secret_has(f->db, f->item, path, f->why);

	if (r > 0 && !f->opened) {
		r = secret_key(f->db, &f->key, f->why);
		f->opened = r == 0;
		r = r < 0 ? r : 1;
	}
	if (r > 0)
		r = secret_get(f->db, &f->key, f->item, path, out, f->why);
	return r < 0 ? r : 0;
}

static int find_members(const struct kind *kind, const struct buf *text,
			struct secret_members *ret, struct why *why)
{
	DROP(examination_done) struct examination found = {0};
	int r = examine(kind, text->data, text->len, &found, why);

	return r < 0 ? r
		     : secret_members_find(text->data, text->len,
					   &found.secrets, ret, why);
}

int secret_fill(struct db *db, const struct kind *kind, int64_t item,
		const struct buf *text, struct buf *out, struct why *why)
{
	DROP(secret_members_done) struct secret_members members = {0};
	DROP(filling_done)
	struct filling f = {.db = db, .item = item, .why = why};
	int r = secret_in_kind(kind) ? find_members(kind, text, &members, why)
				     : 0;

	if (r == 0)
		r = secret_text_fill(text->data, text->len, &members, value_of,
				     &f, out);
	return r == -ENOMEM ? no_memory(why) : r;
}

int secret_fill_size(struct db *db, const struct kind *kind, int64_t item,
		     const struct buf *text, size_t *ret, struct why *why)
{
	DROP(secret_members_done) struct secret_members members = {0};
	size_t size = text->len, value;
	int r = secret_in_kind(kind) ? find_members(kind, text, &members, why)
				     : 0;

	for (size_t i = 0; i < members.len && r >= 0; i++) {
		if (members.list[i].says != SECRET_NULL)
			continue;
		r = secret_size(db, item, secret_path(&members, i), &value,
				why);
		if (r > 0)
			size += value - members.list[i].len;
	}
	*ret = size;
	return r < 0 ? r : 0;
}

/* ---- what items lack ---- */

static int change_lack(struct db *db, enum stmt stmt, int64_t item,
		       enum secret_lack lack, const char *at, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, stmt);

	q_i64(&q, 1, item);
	q_i64(&q, 2, lack);
	if (at)
		q_text(&q, 3, at);
	return q_run(&q, why);
}

int secret_lack_add(struct db *db, int64_t item, enum secret_lack lack,
		    const char *at, struct why *why)
{
	return change_lack(db, STMT_SECRET_LACK_ADD, item, lack, at, why);
}

int secret_lack_drop(struct db *db, int64_t item, enum secret_lack lack,
		     const char *at, struct why *why)
{
	return change_lack(db, STMT_SECRET_LACK_DROP, item, lack, at, why);
}

int secret_lack_clear(struct db *db, int64_t item, enum secret_lack lack,
		      struct why *why)
{
	return change_lack(db, STMT_SECRET_LACK_CLEAR, item, lack, NULL, why);
}

int secret_lack_has(struct db *db, int64_t item, enum secret_lack lack,
		    const char *at, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SECRET_LACK_HAS);

	q_i64(&q, 1, item);
	q_i64(&q, 2, lack);
	q_text(&q, 3, at);
	return q_step(&q, why);
}

int secret_lack_next(struct db *db, int64_t after, int64_t *ret,
		     struct why *why)
{
	return next_number(db, STMT_SECRET_LACK_NEXT_ITEM, after, ret, why);
}

int secret_settle(struct db *db, int64_t item, const struct kind *kind,
		  const struct buf *text, const struct examination *found,
		  struct why *why)
{
	DROP(secret_members_done) struct secret_members members = {0};
	int r = secret_lack_clear(db, item, SECRET_LACKS_VALUE, why);

	if (r == 0 && secret_in_kind(kind))
		r = secret_members_find(text->data, text->len, &found->secrets,
					&members, why);
	for (size_t i = 0; i < members.len && r == 0; i++) {
		const char *at = secret_path(&members, i);

		if (members.list[i].says != SECRET_NULL)
			continue;
		r = secret_has(db, item, at, why);
		if (r == 0)
			r = secret_lack_add(db, item, SECRET_LACKS_VALUE, at,
					    why);
		r = r < 0 ? r : 0;
	}
	if (r < 0)
		return r;
	return secret_members_count(&members, SECRET_VALUE) > 0;
}
