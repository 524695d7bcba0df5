#include "core/check.h"

#include "core/blob.h"
#include "core/buf.h"
#include "core/check_ref.h"
#include "core/check_secret.h"
#include "core/db.h"
#include "core/name.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

/* The order is that of a reader: the file, the tree, the record, the rest. */
static const enum stmt invariants[] = {
	STMT_CHECK_FILE,	 STMT_CHECK_ITEM,
	STMT_CHECK_ROOT,	 STMT_CHECK_PLACE_OWNER,
	STMT_CHECK_PLACE_ITEM,	 STMT_CHECK_PLACE_NAME,
	STMT_CHECK_NAME_SCRATCH, STMT_CHECK_PARENT_FOLDER,
	STMT_CHECK_PARENT_LIVES, STMT_CHECK_LOOP,
	STMT_CHECK_REACH,	 STMT_CHECK_STATE,
	STMT_CHECK_BASE,	 STMT_CHECK_MOMENT,
	STMT_CHECK_CHANGED,	 STMT_CHECK_CHANGE,
	STMT_CHECK_TOUCH,	 STMT_CHECK_REVISION,
	STMT_CHECK_NODE,	 STMT_CHECK_SCRATCH,
};

enum {
	INVARIANTS = sizeof(invariants) / sizeof(invariants[0]),
	PROGRESS_EVERY = 64, /* contents */
};

struct checking {
	struct db *db;
	check_fn fn;
	check_progress_fn progress;
	void *arg;
	int64_t done, total;
	int found;
	struct why *why;
};

static int violation(const char *sentence, void *arg)
{
	struct checking *c = arg;
	int r = c->fn(sentence, c->arg);

	if (r < 0)
		return r;
	c->found++;
	return 0;
}

static void advance(struct checking *c)
{
	c->done++;
	if (c->progress &&
	    (c->done % PROGRESS_EVERY == 0 || c->done == c->total))
		c->progress(c->done, c->total, c->arg);
}

static int check_invariant(struct checking *c, enum stmt id)
{
	DROP(q_close) struct q q = q_open(c->db, id);
	int r;

	while ((r = q_step(&q, c->why)) > 0) {
		r = violation(q_col_text(&q, 0), c);
		if (r < 0)
			return r;
	}
	return r;
}

static int check_name(struct checking *c, const struct q *q)
{
	const char *name = q_col_text(q, 1);
	bool folder = q_col_i64(q, 2) != 0;
	struct why reason = {0};
	char text[512];

	if (name_check(name, &reason) < 0)
		(void)snprintf(text, sizeof(text), "item %" PRId64 ": %s",
			       q_col_i64(q, 0), reason.text);
	else if (folder ? name_is_scratch_folder(name) : !name_is_item(name))
		(void)snprintf(text, sizeof(text),
			       "item %" PRId64 " is called '%s' at moment "
			       "%" PRId64 ", which is a scratch file's name",
			       q_col_i64(q, 0), name, q_col_i64(q, 3));
	else
		return 0;
	return violation(text, c);
}

static int check_names(struct checking *c)
{
	DROP(q_close) struct q q = q_open(c->db, STMT_CHECK_NAMES);
	int r;

	while ((r = q_step(&q, c->why)) > 0) {
		r = check_name(c, &q);
		if (r < 0)
			return r;
	}
	return r;
}

/* 1, or 0: there is none after *id. */
static int next_content(struct checking *c, int64_t *id)
{
	DROP(q_close) struct q q = q_open(c->db, STMT_CHECK_CONTENT_NEXT);

	q_i64(&q, 1, *id);
	return q_next(&q, id, c->why);
}

/* Its bytes, against its size and its SHA-256. */
static int check_content(struct checking *c, int64_t id, struct buf *bytes)
{
	struct why reason = {0};
	char text[320];
	int r;

	bytes->len = 0;
	r = blob_get(c->db, id, true, bytes, &reason);
	if (r == 0)
		return 0;
	if (r != -EBADMSG && r != -ENOENT)
		return why_set(c->why, r, "content %" PRId64 ": %s", id,
			       reason.text);
	(void)snprintf(text, sizeof(text), "content %" PRId64 ": %s", id,
		       reason.text);
	return violation(text, c);
}

static int check_contents(struct checking *c)
{
	DROP(buf_done) struct buf bytes = {0};
	int64_t id = 0;
	int r;

	while ((r = next_content(c, &id)) > 0) {
		r = check_content(c, id, &bytes);
		if (r < 0)
			return r;
		advance(c);
	}
	return r;
}

static int count_contents(struct db *db, int64_t *ret_count, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_CHECK_CONTENTS);
	int r = q_step(&q, why);

	if (r < 0)
		return r;
	*ret_count = q_col_i64(&q, 0);
	return 0;
}

static int check_all(struct checking *c)
{
	int64_t contents;
	int r = count_contents(c->db, &contents, c->why);

	if (r < 0)
		return r;
	c->total = contents + INVARIANTS + 3;
	for (size_t i = 0; i < INVARIANTS && r == 0; i++) {
		r = check_invariant(c, invariants[i]);
		advance(c);
	}
	if (r == 0)
		r = check_names(c);
	advance(c);
	if (r == 0)
		r = check_refs(c->db, violation, c, c->why);
	advance(c);
	if (r == 0)
		r = check_secrets(c->db, violation, c, c->why);
	advance(c);
	if (r == 0)
		r = check_contents(c);
	return r < 0 ? r : c->found;
}

int check_run(struct db *db, check_fn fn, check_progress_fn progress, void *arg,
	      struct why *why)
{
	struct checking c = {
		.db = db,
		.fn = fn,
		.progress = progress,
		.arg = arg,
		.why = why,
	};
	/* One state of the file, whoever writes meanwhile. */
	DROP(reading_end) struct reading reading = {0};
	int r = reading_begin(&reading, db, why);

	return r < 0 ? r : check_all(&c);
}
