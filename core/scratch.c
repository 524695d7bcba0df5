#include "core/scratch.h"

#include "core/blob.h"
#include "core/buf.h"
#include "core/db.h"
#include "core/moment.h"
#include "core/scratch_bytes.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static struct scratch scratch_from_row(const struct q *q)
{
	return (struct scratch){
		.id = q_col_i64(q, 0),
		.parent = q_col_i64(q, 1),
		.type = (enum scratch_type)q_col_i64(q, 2),
		.attr =
			{
				.mode = (mode_t)q_col_i64(q, 3),
				.uid = (uid_t)q_col_i64(q, 4),
				.gid = (gid_t)q_col_i64(q, 5),
				.mtime_ns = q_col_i64(q, 6),
				.ctime_ns = q_col_i64(q, 7),
			},
		.size = q_col_i64(q, 8),
		.content = q_col_i64(q, 9),
		.was = q_col_i64(q, 10),
		.name = q_col_text(q, 11),
		.sealed = q_col_i64(q, 12) != 0,
	};
}

static int no_scratch(int64_t id, struct why *why)
{
	return why_set(why, -ENOENT, "there is no scratch file %" PRId64, id);
}

int scratch_get(struct db *db, int64_t id, struct scratch *ret, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SCRATCH_GET);
	int r;

	q_i64(&q, 1, id);
	r = q_step(&q, why);
	if (r < 0)
		return r;
	if (r == 0)
		return no_scratch(id, why);
	*ret = scratch_from_row(&q);
	ret->name = NULL;
	return 0;
}

int scratch_lookup(struct db *db, int64_t parent, const char *name,
		   struct scratch *ret, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SCRATCH_LOOKUP);
	int r;

	q_i64(&q, 1, parent);
	q_text(&q, 2, name);
	r = q_step(&q, why);
	if (r < 0)
		return r;
	if (r == 0)
		return why_set(why, -ENOENT, "'%s' is not there", name);
	*ret = scratch_from_row(&q);
	ret->name = NULL;
	return 0;
}

int scratch_list(struct db *db, int64_t parent, int64_t after, scratch_fn fn,
		 void *arg, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SCRATCH_LIST);
	int r;

	q_i64(&q, 1, parent);
	q_i64(&q, 2, after);
	while ((r = q_next(&q, &after, why)) > 0) {
		struct scratch s = scratch_from_row(&q);

		r = fn(&s, arg);
		if (r != 0)
			return r;
	}
	return r;
}

int scratch_any(struct db *db, int64_t parent, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SCRATCH_ANY);

	q_i64(&q, 1, parent);
	return q_step(&q, why);
}

static int add_text(struct buf *out, const char *text, struct why *why)
{
	buf_text(out, text);
	return buf_error(out) ? why_set(why, -ENOMEM, "out of memory") : 0;
}

int scratch_name(struct db *db, int64_t id, struct buf *out, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SCRATCH_GET);
	int r;

	q_i64(&q, 1, id);
	r = q_step(&q, why);
	if (r < 0)
		return r;
	if (r == 0)
		return no_scratch(id, why);
	return add_text(out, q_col_text(&q, 11), why);
}

int scratch_link_target(struct db *db, int64_t id, struct buf *out,
			struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SCRATCH_TARGET);
	int r;

	q_i64(&q, 1, id);
	r = q_step(&q, why);
	if (r < 0)
		return r;
	if (r == 0 || q_is_null(&q, 0))
		return why_set(why, -EINVAL,
			       "scratch file %" PRId64 " is no link", id);
	return add_text(out, q_col_text(&q, 0), why);
}

/* ---- writers ---- */

int scratch_or_items(struct db *db, int64_t id, struct why *why)
{
	struct scratch s;
	struct entry entry;
	int r = tree_get(db, MOMENT_NOW, id, &entry, why);

	if (r == 0)
		return entry.folder ? 1 : -ENOTDIR;
	if (r == -ENOENT)
		r = scratch_get(db, id, &s, why);
	if (r == 0)
		return s.type == SCRATCH_FOLDER ? 0 : -ENOTDIR;
	return r == -ENOENT
		       ? why_set(why, r, "the folder is not there any more")
		       : r;
}

int scratch_add(struct moment *m, const struct scratch *s, const char *name,
		const char *target, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_SCRATCH_ADD);
	/* It may have been taken since somebody found it. */
	int r = scratch_or_items(m->db, s->parent, why);

	if (r < 0)
		return r;
	q_i64(&q, 1, s->id);
	q_i64(&q, 2, s->parent);
	q_text(&q, 3, name);
	q_i64(&q, 4, s->type);
	q_i64(&q, 5, s->attr.mode);
	q_i64(&q, 6, s->attr.uid);
	q_i64(&q, 7, s->attr.gid);
	q_i64(&q, 8, s->attr.mtime_ns);
	q_i64(&q, 9, s->attr.ctime_ns);
	q_i64(&q, 10, s->size);
	q_id(&q, 11, s->content);
	q_id(&q, 12, s->was);
	q_text(&q, 13, target);
	r = q_run(&q, why);
	if (r == -EEXIST)
		return why_set(why, r, "'%s' is there already", name);
	return r;
}

int scratch_set_attr(struct moment *m, int64_t id, const struct attr *attr,
		     struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_SCRATCH_SET_ATTR);

	q_i64(&q, 1, id);
	q_i64(&q, 2, attr->mode);
	q_i64(&q, 3, attr->uid);
	q_i64(&q, 4, attr->gid);
	q_i64(&q, 5, attr->mtime_ns);
	q_i64(&q, 6, m->time_ns);
	return q_run(&q, why);
}

int scratch_move(struct moment *m, int64_t id, int64_t parent, const char *name,
		 struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_SCRATCH_MOVE);
	int r = scratch_or_items(m->db, parent, why);

	if (r < 0)
		return r;
	q_i64(&q, 1, id);
	q_i64(&q, 2, parent);
	q_text(&q, 3, name);
	q_i64(&q, 4, m->time_ns);
	r = q_run(&q, why);
	if (r == -EEXIST)
		return why_set(why, r, "'%s' is there already", name);
	return r;
}

int scratch_remove(struct moment *m, int64_t id, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_SCRATCH_REMOVE);
	int r = scratch_any(m->db, id, why);

	if (r > 0)
		return why_set(why, -ENOTEMPTY,
			       "scratch folder %" PRId64 " is not empty", id);
	if (r == 0)
		r = scratch_drop_chunks(m, id, why);
	if (r < 0)
		return r;
	q_i64(&q, 1, id);
	return q_run(&q, why);
}
