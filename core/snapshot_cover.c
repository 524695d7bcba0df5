#include "core/snapshot_cover.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/revision.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void cover_done(struct cover *cover)
{
	free(cover->spans);
}

static int cover_add(struct cover *cover, struct span span, struct why *why)
{
	if (cover->len == cover->cap) {
		size_t cap = cover->cap ? 2 * cover->cap : 8;
		struct span *more =
			reallocarray(cover->spans, cap, sizeof(*more));

		if (!more)
			return why_set(why, -ENOMEM, "out of memory");
		cover->spans = more;
		cover->cap = cap;
	}
	cover->spans[cover->len++] = span;
	return 0;
}

int cover_load(struct db *db, int64_t folder, struct cover *cover,
	       struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SNAPSHOT_COVER);
	int r;

	q_i64(&q, 1, folder);
	while ((r = q_step(&q, why)) > 0) {
		r = cover_add(cover,
			      (struct span){
				      .folder = q_col_i64(&q, 0),
				      .lo = q_col_i64(&q, 1),
				      .hi = q_col_i64(&q, 2),
			      },
			      why);
		if (r < 0)
			return r;
	}
	return r;
}

/* 1: the next snapshot of the span is in *span; 0: there is none. */
static int step_span(struct db *db, struct span *span, enum stmt id,
		     int64_t bound, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, id);
	int r;

	q_i64(&q, 1, span->folder);
	q_i64(&q, 2, span->moment);
	q_i64(&q, 3, bound);
	r = q_step(&q, why);
	span->id = r > 0 ? q_col_i64(&q, 0) : span->id;
	span->moment = r > 0 ? q_col_i64(&q, 1) : span->moment;
	return r;
}

/* From snapshot @span->id at @span->moment to the next; id 0: at its end. */
int cover_advance(struct db *db, struct span *span, struct why *why)
{
	int r = 0;

	if (span->moment >= span->lo)
		r = step_span(db, span, STMT_SNAPSHOT_SAME, span->id, why);
	else
		span->moment = span->lo - 1;
	if (r == 0)
		r = step_span(db, span, STMT_SNAPSHOT_NEXT, span->hi, why);
	if (r == 0)
		span->id = 0;
	return r < 0 ? r : 0;
}

/* The moment of snapshot @id; 0 if it is none. */
static int moment_of(struct db *db, int64_t id, int64_t *ret_moment,
		     struct why *why)
{
	DROP(buf_done) struct buf text = {0};
	struct revision row;
	int r = revision_get(db, id, &text, &row, why);

	if (r == -ENOENT)
		return 0;
	if (r == 0 && strcmp(row.kind, "snapshot") == 0)
		*ret_moment = row.after;
	return r;
}

int cover_start(struct db *db, struct cover *cover, int64_t after,
		struct why *why)
{
	int64_t moment = -1;
	int r = after ? moment_of(db, after, &moment, why) : 0;

	for (size_t i = 0; i < cover->len && r == 0; i++) {
		struct span *span = &cover->spans[i];

		if (moment >= span->hi)
			continue;
		span->id = after;
		span->moment = moment;
		do {
			r = cover_advance(db, span, why);
		} while (r == 0 && span->id && span->id <= after);
	}
	return r;
}

struct span *cover_next(struct cover *cover)
{
	struct span *next = NULL;

	for (size_t i = 0; i < cover->len; i++) {
		struct span *span = &cover->spans[i];

		if (span->id && (!next || span->id < next->id))
			next = span;
	}
	return next;
}
