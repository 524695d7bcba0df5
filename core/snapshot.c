#include "core/revision.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/instant.h"
#include "core/name.h"
#include "core/revision_row.h"
#include "core/snapshot_cover.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- making one ---- */

int snapshot_name_ok(const char *name, struct why *why)
{
	int r = name_check(name, why);

	if (r < 0)
		return r;
	if (name[strspn(name, "0123456789")] == '\0')
		return why_set(why, -EINVAL, "'%s' would be taken for a number",
			       name);
	if (name[0] == '@' || name[0] == '.')
		return why_set(why, -EINVAL,
			       "the name of a snapshot must not begin with %c",
			       name[0]);
	if (strcmp(name, "latest") == 0 || strcmp(name, "versions") == 0)
		return why_set(why, -EINVAL,
			       "'%s' means something else among snapshots",
			       name);
	return 0;
}

/* 1: @folder has a snapshot called @name; 0: it has none. */
static int named(struct db *db, int64_t folder, const char *name,
		 int64_t *ret_id, int64_t *ret_moment, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SNAPSHOT_BY_NAME);
	int r;

	q_i64(&q, 1, folder);
	q_text(&q, 2, name);
	r = q_step(&q, why);
	if (r <= 0)
		return r;
	*ret_id = q_col_i64(&q, 0);
	*ret_moment = q_col_i64(&q, 1);
	return 1;
}

static int check_name(struct db *db, int64_t folder, const char *name,
		      struct why *why)
{
	int64_t id, moment;
	int r = snapshot_name_ok(name, why);

	if (r < 0)
		return r;
	r = named(db, folder, name, &id, &moment, why);
	if (r > 0)
		return why_set(why, -EEXIST,
			       "snapshot %" PRId64 " is called '%s' already",
			       id, name);
	return r;
}

int snapshot_create(struct moment *m, int64_t folder, const char *name,
		    const char *description, int64_t *ret_id, struct why *why)
{
	struct revision row = {
		.kind = "snapshot",
		.status = "completed",
		.scope = folder,
		.name = name,
		.description = description,
	};
	int r = name ? check_name(m->db, folder, name, why) : 0;

	if (r < 0)
		return r;
	row.before = row.after = m->changed ? m->id : m->id - 1;
	return revision_insert(m, &row, ret_id, why);
}

/* ---- finding one ---- */

static int no_snapshot(const char *name, struct why *why)
{
	return why_set(why, -ENOENT, "no snapshot '%s' is of this folder",
		       name);
}

/* A number as it is printed, so that each snapshot has one spelling. */
static bool parse_id(const char *name, int64_t *ret_id)
{
	char *end;

	if (name[0] < '1' || name[0] > '9' ||
	    name[strspn(name, "0123456789")] != '\0')
		return false;
	errno = 0;
	*ret_id = strtoll(name, &end, 10);
	return errno == 0;
}

static int resolve_id(struct db *db, int64_t folder, int64_t id,
		      struct snapshot_ref *ret, struct why *why)
{
	DROP(buf_done) struct buf text = {0};
	struct revision row;
	int r = revision_get(db, id, &text, &row, why);

	if (r < 0)
		return r;
	if (strcmp(row.kind, "snapshot") != 0)
		return why_set(why, -ENOENT,
			       "revision %" PRId64 " is a %s, not a snapshot",
			       id, row.kind);
	r = tree_is_below(db, row.after, row.scope, folder, why);
	if (r < 0)
		return r;
	if (r == 0)
		return why_set(why, -ENOENT,
			       "snapshot %" PRId64 " is not of this folder",
			       id);
	*ret = (struct snapshot_ref){
		.moment = row.after,
		.id = id,
		.time_ns = row.time_ns,
		.uid = row.who.uid,
	};
	return 0;
}

/* Its time is that of the last commit before it, whose state it shows. */
static int resolve_instant(struct db *db, int64_t folder, const char *text,
			   struct snapshot_ref *ret, struct why *why)
{
	struct snapshot_ref ref = {0};
	struct moment_row row = {0};
	struct entry e;
	int r = instant_parse(text, &ref.time_ns, why);

	if (r < 0)
		return why_set(why, -ENOENT,
			       "'@%s' is no time: it looks like "
			       "@2026-11-20T10:30:00Z",
			       text);
	r = moment_at(db, ref.time_ns, &ref.moment, why);
	if (r < 0)
		return r;
	r = tree_get(db, ref.moment, folder, &e, NULL);
	if (r == -ENOENT)
		return why_set(why, r, "this folder was not there at %s", text);
	if (r == 0 && ref.moment)
		r = moment_get(db, ref.moment, &row, why);
	if (r < 0)
		return r;
	if (ref.moment)
		ref.time_ns = row.time_ns;
	ref.uid = e.attr.uid;
	*ret = ref;
	return 0;
}

static int latest_in(struct db *db, const struct span *span, int64_t *ret_id,
		     struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SNAPSHOT_LATEST);

	q_i64(&q, 1, span->folder);
	q_i64(&q, 2, span->lo);
	q_i64(&q, 3, span->hi);
	return q_find(&q, ret_id, why);
}

/* 0 in *ret_id: none. */
static int find_latest(struct db *db, const struct cover *cover,
		       int64_t *ret_id, struct why *why)
{
	int64_t best = 0;

	for (size_t i = 0; i < cover->len; i++) {
		int64_t id = 0;
		int r = latest_in(db, &cover->spans[i], &id, why);

		if (r < 0)
			return r;
		if (id > best)
			best = id;
	}
	*ret_id = best;
	return 0;
}

/* The snapshot called so of the nearest folder that has one, so that each
 * folder may have its own "weekly". */
static int find_named(struct db *db, const struct cover *cover,
		      const char *name, int64_t *ret_id, struct why *why)
{
	*ret_id = 0;
	for (size_t i = 0; i < cover->len; i++) {
		const struct span *span = &cover->spans[i];
		int64_t id, moment;
		int r = named(db, span->folder, name, &id, &moment, why);

		if (r < 0)
			return r;
		if (r > 0 && moment >= span->lo && moment < span->hi) {
			*ret_id = id;
			return 0;
		}
	}
	return 0;
}

int snapshot_resolve(struct db *db, int64_t folder, const char *name,
		     struct snapshot_ref *ret, struct why *why)
{
	DROP(cover_done) struct cover cover = {0};
	int64_t id;
	int r;

	if (name[0] == '@')
		return resolve_instant(db, folder, name + 1, ret, why);
	if (parse_id(name, &id))
		return resolve_id(db, folder, id, ret, why);
	r = cover_load(db, folder, &cover, why);
	if (r < 0)
		return r;
	if (strcmp(name, "latest") == 0)
		r = find_latest(db, &cover, &id, why);
	else
		r = find_named(db, &cover, name, &id, why);
	if (r < 0)
		return r;
	return id ? resolve_id(db, folder, id, ret, why)
		  : no_snapshot(name, why);
}

/* ---- all of them ---- */

int snapshot_list(struct db *db, int64_t folder, int64_t after, revision_fn fn,
		  void *arg, struct why *why)
{
	DROP(reading_end) struct reading reading = {0};
	DROP(cover_done) struct cover cover = {0};
	DROP(buf_done) struct buf text = {0};
	struct revision row;
	struct span *span;
	int r = reading_begin(&reading, db, why);

	if (r == 0)
		r = cover_load(db, folder, &cover, why);
	if (r == 0)
		r = cover_start(db, &cover, after, why);
	while (r == 0 && (span = cover_next(&cover))) {
		r = revision_get(db, span->id, &text, &row, why);
		if (r == 0)
			r = fn(&row, arg);
		if (r == 0)
			r = cover_advance(db, span, why);
	}
	return r;
}

int snapshot_listed_name(struct db *db, int64_t folder,
			 const struct revision *row, char *out, size_t size,
			 struct why *why)
{
	struct snapshot_ref ref = {0};
	int r = 0;

	if (row->name)
		r = snapshot_resolve(db, folder, row->name, &ref, why);
	if (r < 0 && r != -ENOENT)
		return r;
	if (ref.id == row->id)
		(void)snprintf(out, size, "%s", row->name);
	else
		(void)snprintf(out, size, "%" PRId64, row->id);
	return 0;
}
