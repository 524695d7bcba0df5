/*
 * A save that turned out to be a copy: what it put into the store of secrets
 * is the copy's.
 */
#include "core/intake_priv.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/defer.h"
#include "core/moment.h"
#include "core/secret.h"
#include "core/secret_key.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>

/* The next member that was sent with a value, above *@at; @former: what was
 * there before, or nothing. */
static int next_former(struct moment *m, int64_t item, int64_t moment,
		       struct buf *at, struct buf *former, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_SECRET_FORMER_NEXT);
	DROP(buf_done) struct buf after = {0};
	int r;

	buf_text(&after, at->len ? at->data : "");
	buf_byte(&after, '\0');
	if (buf_error(&after))
		return why_set(why, -ENOMEM, "out of memory");
	q_i64(&q, 1, item);
	q_i64(&q, 2, moment);
	q_text(&q, 3, after.data);
	r = q_next_text(&q, after.data, why);
	if (r <= 0)
		return r;
	buf_reset(at);
	buf_reset(former);
	buf_text(at, q_col_text(&q, 0));
	buf_byte(at, '\0');
	buf_add(former, q_col_blob(&q, 1), q_col_len(&q, 1));
	if (buf_error(at) || buf_error(former))
		return why_set(why, -ENOMEM, "out of memory");
	return 1;
}

static int put_sealed(struct moment *m, int64_t item, const char *at,
		      const struct buf *sealed, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_SECRET_PUT);

	q_i64(&q, 1, item);
	q_text(&q, 2, at);
	q_blob(&q, 3, sealed->data, sealed->len);
	return q_run(&q, why);
}

static int hand_over(struct moment *m, const struct key *key, int64_t item,
		     int64_t to, const char *at, const struct buf *former,
		     struct why *why)
{
	DROP(buf_done) struct buf value = {0};
	int r = secret_get(m->db, key, item, at, &value, why);

	if (r > 0)
		r = secret_put(m->db, key, to, at, value.data, value.len, why);
	if (r < 0)
		return r;
	return former->len ? put_sealed(m, item, at, former, why)
			   : secret_drop(m->db, item, at, why);
}

static int move_digest(struct moment *m, int64_t item, int64_t to,
		       struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_SECRET_SENT_MOVE);
	struct entry e;
	int r = tree_get(m->db, MOMENT_NOW, to, &e, why);

	if (r < 0)
		return r;
	q_i64(&q, 1, item);
	q_i64(&q, 2, e.arrived ? e.arrived : e.content);
	q_i64(&q, 3, to);
	return q_run(&q, why);
}

int intake_refile(struct moment *m, int64_t item, int64_t moment, int64_t to,
		  struct why *why)
{
	DROP(buf_done) struct buf at = {0}, former = {0};
	DROP(key_forget) struct key key = {0};
	bool opened = false;
	int r;

	while ((r = next_former(m, item, moment, &at, &former, why)) > 0) {
		r = opened ? 0 : secret_key(m->db, &key, why);
		if (r == 0 && !opened)
			r = move_digest(m, item, to, why);
		opened = true;
		if (r == 0)
			r = hand_over(m, &key, item, to, at.data, &former, why);
		if (r < 0)
			return r;
	}
	return r < 0 || !opened ? r : intake_forget_former(m, item, why);
}
