#include "core/show.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/diff.h"
#include "core/env.h"
#include "core/moment.h"
#include "core/revision.h"
#include "core/snapshot_cover.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int finish(const struct buf *out, struct why *why)
{
	return buf_error(out) ? why_set(why, -ENOMEM, "out of memory") : 0;
}

/* The path of a folder from the root, "/" for that: where it is, or was at
 * moment @at. */
static int folder_path(struct db *db, int64_t folder, int64_t at,
		       struct buf *out, struct why *why)
{
	int r;

	buf_byte(out, '/');
	r = tree_path(db, MOMENT_NOW, TREE_ROOT, folder, out, NULL);
	if (r == -ENOENT)
		r = tree_path(db, at, TREE_ROOT, folder, out, why);
	else if (r < 0)
		r = why_set(why, r, "the path of a folder");
	buf_byte(out, '\0');
	return r < 0 ? r : finish(out, why);
}

/* ---- status ---- */

static int count_in(struct db *db, const struct span *span, int64_t *count,
		    struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SHOW_SNAPSHOTS);
	int r;

	q_i64(&q, 1, span->folder);
	q_i64(&q, 2, span->lo);
	q_i64(&q, 3, span->hi);
	r = q_step(&q, why);
	if (r > 0)
		*count += q_col_i64(&q, 0);
	return r < 0 ? r : 0;
}

static int count_snapshots(struct db *db, int64_t folder, int64_t *ret_count,
			   struct why *why)
{
	DROP(cover_done) struct cover cover = {0};
	int64_t count = 0;
	int r = cover_load(db, folder, &cover, why);

	for (size_t i = 0; i < cover.len && r == 0; i++)
		r = count_in(db, &cover.spans[i], &count, why);
	*ret_count = count;
	return r;
}

static int show_file(struct db *db, struct buf *out, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SHOW_COUNTS);
	int r = q_step(&q, why);

	if (r < 0)
		return r;
	buf_addf(out,
		 "revisions %" PRId64 "\ncontents %" PRId64 "\nbytes %" PRId64
		 "\n",
		 q_col_i64(&q, 1), q_col_i64(&q, 0), q_col_i64(&q, 2));
	return 0;
}

static int show_newest(struct db *db, struct buf *out, struct why *why)
{
	char time[ENV_TIME_SIZE];
	struct moment_row row;
	int64_t newest;
	int r = moment_newest(db, &newest, why);

	if (r == 0)
		buf_addf(out, "moment %" PRId64 "\n", newest);
	if (r < 0 || !newest)
		return r;
	r = moment_get(db, newest, &row, why);
	if (r < 0)
		return r;
	env_format_time(row.time_ns, false, time);
	buf_addf(out, "changed %s\n", time);
	return 0;
}

int show_status(struct db *db, int64_t folder, struct buf *out, struct why *why)
{
	DROP(buf_done) struct buf path = {0};
	int64_t snapshots = 0;
	int r = folder_path(db, folder, MOMENT_NOW, &path, why);

	if (r < 0)
		return r;
	buf_addf(out, "folder %s\n", path.data);
	r = show_newest(db, out, why);
	if (r == 0)
		r = count_snapshots(db, folder, &snapshots, why);
	if (r < 0)
		return r;
	buf_addf(out, "snapshots %" PRId64 "\n", snapshots);
	r = show_file(db, out, why);
	return r < 0 ? r : finish(out, why);
}

/* ---- revisions ---- */

struct listing {
	struct db *db;
	struct buf *out;
	struct why *why;
};

static int add_revision(const struct revision *row, void *arg)
{
	const struct listing *l = arg;
	DROP(buf_done) struct buf scope = {0};
	char time[ENV_TIME_SIZE], user[ENV_USER_SIZE];
	int r = folder_path(l->db, row->scope, row->before, &scope, l->why);

	if (r < 0)
		return r;
	env_format_time(row->time_ns, false, time);
	env_user_name(row->who.uid, user);
	buf_addf(l->out,
		 "{\"id\":%" PRId64
		 ",\"kind\":\"%s\",\"status\":\"%s\",\"name\":",
		 row->id, row->kind, row->status);
	if (row->name)
		buf_json_string(l->out, row->name);
	else
		buf_text(l->out, "null");
	buf_text(l->out, ",\"description\":");
	buf_json_string(l->out, row->description);
	buf_text(l->out, ",\"user\":");
	buf_json_string(l->out, user);
	buf_addf(l->out,
		 ",\"uid\":%" PRIuMAX ",\"program\":", (uintmax_t)row->who.uid);
	buf_json_string(l->out, row->who.program);
	buf_addf(l->out, ",\"time\":\"%s\",\"scope\":", time);
	buf_json_string(l->out, scope.data);
	buf_addf(l->out, ",\"before\":%" PRId64 ",\"after\":", row->before);
	if (strcmp(row->status, "in progress") == 0)
		buf_text(l->out, "null");
	else
		buf_addf(l->out, "%" PRId64, row->after);
	buf_addf(l->out, ",\"counts\":%s}\n", row->counts);
	return 0;
}

int show_revisions(struct db *db, int64_t folder, struct buf *out,
		   struct why *why)
{
	struct listing l = {db, out, why};
	int r = revision_list(db, folder, 0, add_revision, &l, why);

	return r < 0 ? r : finish(out, why);
}

/* ---- what differs ---- */

/* The two sides that one asks for when one names @row. */
static int sides_of(struct db *db, int64_t folder, const struct revision *row,
		    int64_t *ret_from, int64_t *ret_to, struct why *why)
{
	*ret_from = row->before;
	*ret_to = row->after;
	if (strcmp(row->status, "in progress") == 0)
		*ret_to = MOMENT_NOW;
	if (strcmp(row->kind, "snapshot") != 0)
		return 0;
	*ret_to = MOMENT_NOW;
	if (tree_is_below(db, row->after, row->scope, folder, why) > 0)
		return 0;
	return why_set(why, -ENOENT,
		       "snapshot %" PRId64 " is not of this folder", row->id);
}

int show_revision(struct db *db, int64_t folder, int64_t id, struct buf *out,
		  struct why *why)
{
	DROP(buf_done) struct buf text = {0};
	struct listing l = {db, out, why};
	struct revision row;
	int64_t from = 0, to = MOMENT_NOW;
	int r = revision_get(db, id, &text, &row, why);

	if (r == 0)
		r = add_revision(&row, &l);
	if (r < 0 || strcmp(row.kind, "snapshot") == 0)
		return r < 0 ? r : finish(out, why);
	r = sides_of(db, folder, &row, &from, &to, why);
	return r < 0 ? r : diff_show(db, folder, from, to, out, why);
}

int show_diff(struct db *db, int64_t folder, const char *spec, struct buf *out,
	      struct why *why)
{
	DROP(buf_done) struct buf text = {0};
	struct snapshot_ref ref;
	struct revision row;
	int64_t from = 0, to = MOMENT_NOW;
	int r;

	if (*spec && spec[strspn(spec, "0123456789")] == '\0') {
		r = revision_get(db, strtoll(spec, NULL, 10), &text, &row, why);
		if (r == 0)
			r = sides_of(db, folder, &row, &from, &to, why);
	} else {
		r = snapshot_resolve(db, folder, spec, &ref, why);
		if (r == 0)
			from = ref.moment;
	}
	return r < 0 ? r : diff_show(db, folder, from, to, out, why);
}
