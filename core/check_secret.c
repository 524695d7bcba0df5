#include "core/check_secret.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/defer.h"
#include "core/key.h"
#include "core/report.h"
#include "core/scratch.h"
#include "core/secret.h"
#include "core/secret_key.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

struct sealed {
	struct db *db;
	check_fn fn;
	void *arg;
	struct why *why;
};

/* @r of opening @what; @reason says what was wrong. */
static int judge(struct sealed *s, int r, const char *what, int64_t id,
		 const struct why *reason)
{
	char text[320];

	if (r >= 0)
		return 0;
	if (r != -EBADMSG)
		return why_set(s->why, r, "%s %" PRId64 ": %s", what, id,
			       reason->text);
	(void)snprintf(text, sizeof(text), "%s %" PRId64 ": %s", what, id,
		       reason->text);
	return s->fn(text, s->arg);
}

static int check_values(struct sealed *s, const struct key *key, int64_t item)
{
	DROP(buf_done) struct buf at = {0}, value = {0};
	int r;

	while ((r = secret_next(s->db, item, &at, s->why)) > 0) {
		struct why reason = {0};

		buf_reset(&value);
		r = secret_get(s->db, key, item, at.data, &value, &reason);
		r = judge(s, r, "secret of item", item, &reason);
		if (r < 0)
			return r;
	}
	return r;
}

static int check_items(struct sealed *s, const struct key *key)
{
	int64_t item = 0;
	int r;

	while ((r = secret_next_item(s->db, item, &item, s->why)) > 0) {
		r = check_values(s, key, item);
		if (r < 0)
			return r;
	}
	return r;
}

/* The next row of @stmt above *@id: 1 or 0. */
static int next_row(struct sealed *s, enum stmt stmt, int64_t *id)
{
	DROP(q_close) struct q q = q_open(s->db, stmt);

	q_i64(&q, 1, *id);
	return q_next(&q, id, s->why);
}

static int check_files(struct sealed *s)
{
	DROP(buf_done) struct buf bytes = {0};
	int64_t id = 0;
	int r;

	while ((r = next_row(s, STMT_CHECK_SEALED_FILE, &id)) > 0) {
		struct why reason = {0};

		buf_reset(&bytes);
		r = scratch_read(s->db, id, &bytes, &reason);
		r = judge(s, r, "sealed file", id, &reason);
		if (r < 0)
			return r;
	}
	return r;
}

static int check_refused(struct sealed *s)
{
	DROP(buf_done) struct buf bytes = {0};
	int64_t id = 0;
	int r;

	while ((r = next_row(s, STMT_CHECK_SEALED_REFUSED, &id)) > 0) {
		struct why reason = {0};

		buf_reset(&bytes);
		r = rejected_get(s->db, id, &bytes, NULL, NULL, NULL, &reason);
		r = judge(s, r, "refused bytes", id, &reason);
		if (r < 0)
			return r;
	}
	return r;
}

int check_secrets(struct db *db, check_fn fn, void *arg, struct why *why)
{
	struct sealed s = {db, fn, arg, why};
	DROP(key_forget) struct key key = {0};
	int r = secret_key(db, &key, NULL);

	if (r < 0)
		return r == -ENOKEY ? 0 : why_set(why, r, "reading the key");
	r = check_items(&s, &key);
	if (r == 0)
		r = check_files(&s);
	return r < 0 ? r : check_refused(&s);
}
