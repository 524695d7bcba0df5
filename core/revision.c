#include "core/revision.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/revision_row.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	COL_ID,
	COL_KIND,
	COL_STATUS,
	COL_SCOPE,
	COL_BEFORE,
	COL_AFTER,
	COL_NAME,
	COL_DESCRIPTION,
	COL_COUNTS,
	COL_UID,
	COL_PID,
	COL_PROGRAM,
	COL_TIME,
};

/* The texts go to @text first, and are pointed at when it moves no more. */
static int revision_from_row(const struct q *q, struct buf *text,
			     struct revision *ret, struct why *why)
{
	static const int columns[] = {COL_KIND, COL_STATUS, COL_DESCRIPTION,
				      COL_COUNTS, COL_NAME};
	size_t at[5];

	text->len = 0;
	for (size_t i = 0; i < 5; i++) {
		const char *value = q_col_text(q, columns[i]);

		at[i] = text->len;
		buf_text(text, value ? value : "");
		buf_byte(text, '\0');
	}
	if (buf_error(text))
		return why_set(why, -ENOMEM, "out of memory");
	*ret = (struct revision){
		.id = q_col_i64(q, COL_ID),
		.kind = text->data + at[0],
		.status = text->data + at[1],
		.scope = q_col_i64(q, COL_SCOPE),
		.before = q_col_i64(q, COL_BEFORE),
		.after = q_col_i64(q, COL_AFTER),
		.name = text->data[at[4]] ? text->data + at[4] : NULL,
		.description = text->data + at[2],
		.counts = text->data + at[3],
		.who.uid = (uid_t)q_col_i64(q, COL_UID),
		.who.pid = (pid_t)q_col_i64(q, COL_PID),
		.time_ns = q_col_i64(q, COL_TIME),
	};
	(void)snprintf(ret->who.program, sizeof(ret->who.program), "%s",
		       q_col_text(q, COL_PROGRAM));
	return 0;
}

int revision_get(struct db *db, int64_t id, struct buf *text,
		 struct revision *ret, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_REVISION_GET);
	int r;

	q_i64(&q, 1, id);
	r = q_step(&q, why);
	if (r < 0)
		return r;
	if (r == 0)
		return why_set(why, -ENOENT, "there is no revision %" PRId64,
			       id);
	return revision_from_row(&q, text, ret, why);
}

static int revision_next(struct db *db, int64_t after, struct buf *text,
			 struct revision *ret, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_REVISION_NEXT);
	int r;

	q_i64(&q, 1, after);
	r = q_next(&q, &after, why);
	if (r <= 0)
		return r;
	r = revision_from_row(&q, text, ret, why);
	return r < 0 ? r : 1;
}

/* 1: the folder that @r is of is @folder or below it; one that is gone counts
 * by where it was. */
static int revision_is_below(struct db *db, int64_t folder,
			     const struct revision *r, struct why *why)
{
	struct entry e;
	int below;

	if (folder == TREE_ROOT || folder == r->scope)
		return 1;
	below = tree_is_below(db, MOMENT_NOW, folder, r->scope, why);
	if (below != 0 || tree_get(db, MOMENT_NOW, r->scope, &e, NULL) == 0)
		return below;
	return tree_is_below(db, r->before, folder, r->scope, why);
}

int revision_list(struct db *db, int64_t folder, int64_t after, revision_fn fn,
		  void *arg, struct why *why)
{
	DROP(reading_end) struct reading reading = {0};
	DROP(buf_done) struct buf text = {0};
	struct revision row;
	int r = reading_begin(&reading, db, why);

	if (r < 0)
		return r;
	while ((r = revision_next(db, after, &text, &row, why)) > 0) {
		after = row.id;
		r = revision_is_below(db, folder, &row, why);
		if (r > 0)
			r = fn(&row, arg);
		if (r != 0)
			return r;
	}
	return r;
}

int revision_insert(struct moment *m, const struct revision *row,
		    int64_t *ret_id, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_REVISION_INSERT);
	int r;

	q_text(&q, 1, row->kind);
	q_text(&q, 2, row->status);
	q_i64(&q, 3, row->scope);
	q_i64(&q, 4, row->before);
	if (strcmp(row->status, "in progress") != 0)
		q_i64(&q, 5, row->after);
	q_text(&q, 6, row->name);
	q_text(&q, 7, row->description);
	q_i64(&q, 8, m->who.uid);
	q_i64(&q, 9, m->who.pid);
	q_text(&q, 10, m->who.program);
	q_i64(&q, 11, m->time_ns);
	r = q_step(&q, why);
	if (r < 0)
		return r;
	*ret_id = q_col_i64(&q, 0);
	return 0;
}

int revision_begin(struct moment *m, const char *kind, int64_t scope,
		   int64_t before, const char *description, int64_t *ret_id,
		   struct why *why)
{
	const struct revision row = {
		.kind = kind,
		.status = "in progress",
		.scope = scope,
		.before = before,
		.description = description,
	};

	return revision_insert(m, &row, ret_id, why);
}

int revision_end(struct moment *m, int64_t id, const char *status,
		 int64_t after, const char *counts, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_REVISION_END);

	q_i64(&q, 1, id);
	q_text(&q, 2, status);
	q_i64(&q, 3, after);
	q_text(&q, 4, counts);
	return q_run(&q, why);
}
