#include "core/show.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/env.h"
#include "core/moment.h"
#include "core/revision.h"
#include "core/show_priv.h"
#include "core/snapshot_cover.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int show_finish(const struct buf *out, struct why *why)
{
	return buf_error(out) ? why_set(why, -ENOMEM, "out of memory") : 0;
}

int show_folder(struct db *db, int64_t folder, int64_t at, struct buf *out,
		struct why *why)
{
	int r;

	buf_byte(out, '/');
	r = tree_path(db, MOMENT_NOW, TREE_ROOT, folder, out, NULL);
	if (r == -ENOENT)
		r = tree_path(db, at, TREE_ROOT, folder, out, why);
	else if (r < 0)
		r = why_set(why, r, "the path of a folder");
	buf_byte(out, '\0');
	return r < 0 ? r : show_finish(out, why);
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
	int r = show_folder(db, folder, MOMENT_NOW, &path, why);

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
	return r < 0 ? r : show_finish(out, why);
}

/* ---- revisions ---- */

int show_row(struct db *db, const struct revision *row, struct buf *out,
	     struct why *why)
{
	DROP(buf_done) struct buf scope = {0};
	char time[ENV_TIME_SIZE], user[ENV_USER_SIZE];
	int r = show_folder(db, row->scope, row->before, &scope, why);

	if (r < 0)
		return r;
	env_format_time(row->time_ns, false, time);
	env_user_name(row->who.uid, user);
	buf_addf(out,
		 "{\"id\":%" PRId64
		 ",\"kind\":\"%s\",\"status\":\"%s\",\"name\":",
		 row->id, row->kind, row->status);
	if (row->name)
		buf_json_string(out, row->name);
	else
		buf_text(out, "null");
	buf_text(out, ",\"description\":");
	buf_json_string(out, row->description);
	buf_text(out, ",\"user\":");
	buf_json_string(out, user);
	buf_addf(out,
		 ",\"uid\":%" PRIuMAX ",\"program\":", (uintmax_t)row->who.uid);
	buf_json_string(out, row->who.program);
	buf_addf(out, ",\"time\":\"%s\",\"scope\":", time);
	buf_json_string(out, scope.data);
	buf_addf(out, ",\"before\":%" PRId64 ",\"after\":", row->before);
	if (show_is_open(row))
		buf_text(out, "null");
	else
		buf_addf(out, "%" PRId64, row->after);
	buf_addf(out, ",\"counts\":%s", row->counts);
	return 0;
}

struct listing {
	struct db *db;
	struct buf *out;
	struct why *why;
};

static int add_revision(const struct revision *row, void *arg)
{
	const struct listing *l = arg;
	int r = show_row(l->db, row, l->out, l->why);

	buf_text(l->out, "}\n");
	return r;
}

int show_revisions(struct db *db, int64_t folder, struct buf *out,
		   struct why *why)
{
	struct listing l = {db, out, why};
	int r = revision_list(db, folder, 0, add_revision, &l, why);

	return r < 0 ? r : show_finish(out, why);
}
