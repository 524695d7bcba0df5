#include "core/report.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/env.h"
#include "core/lineage.h"
#include "core/report_row.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

enum {
	REPORT_KEEP = 20000, /* lines */
	REPORT_SPARE = 256,  /* lines too many before they are dropped */
};

static const char *const outcome_names[] = {
	[OUTCOME_CREATED] = "created", [OUTCOME_RENAMED] = "renamed",
	[OUTCOME_EDITED] = "edited",   [OUTCOME_UNCHANGED] = "unchanged",
	[OUTCOME_SKIPPED] = "skipped", [OUTCOME_REJECTED] = "rejected",
};

static int prune(struct moment *m, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_REPORT_PRUNE);

	q_i64(&q, 1, REPORT_KEEP);
	return q_run(&q, why);
}

int report_add(struct moment *m, int64_t batch, const struct report_line *line,
	       int64_t *ret_id, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_REPORT_ADD);
	int64_t id;
	int r;

	q_id(&q, 1, batch);
	q_i64(&q, 2, m->time_ns);
	q_i64(&q, 3, m->who.uid);
	q_text(&q, 4, m->who.program);
	q_i64(&q, 5, line->folder);
	q_text(&q, 6, line->asked);
	q_text(&q, 7, line->went);
	q_id(&q, 8, line->item);
	q_text(&q, 9, outcome_names[line->outcome]);
	q_text(&q, 10, line->reason ? line->reason : "");
	q_text(&q, 11, line->detail ? line->detail : "{}");
	r = q_step(&q, why);
	if (r < 0)
		return r;
	id = q_col_i64(&q, 0);
	if (id % REPORT_SPARE == 0)
		r = prune(m, why);
	if (r < 0)
		return r;
	*ret_id = id;
	return 0;
}

int report_is_of(struct moment *m, int64_t revision, int64_t batch,
		 struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_REPORT_IS_OF);

	q_i64(&q, 1, revision);
	q_i64(&q, 2, batch);
	return q_run(&q, why);
}

int report_take_back(struct moment *m, int64_t item, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_REPORT_TAKE_BACK);

	q_i64(&q, 1, item);
	return q_run(&q, why);
}

/* ---- as text ---- */

struct row {
	int64_t id, time_ns, folder, item, batch;
	uid_t uid;
	const char *program, *asked, *went, *outcome, *reason, *detail;
};

struct showing {
	struct db *db;
	const struct kinds *kinds;
	int64_t folder; /* whose report it is */
	struct buf *out;
	/* Most lines follow one of the same folder: */
	int64_t last_folder; /* 0: none */
	bool shown;	     /* it is the folder or below it */
	struct buf path;     /* its path, with a final '/' unless empty */
	/* ... and of the same batch. */
	int64_t batch, revision;
};

/* Where the folder of @row is, or was when the line was written. */
static int find_folder(struct showing *s, const struct row *row,
		       struct why *why)
{
	int64_t moment;
	int r = tree_path(s->db, MOMENT_NOW, s->folder, row->folder, &s->path,
			  NULL);

	if (r != -ENOENT)
		return r;
	s->path.len = 0;
	r = moment_at(s->db, row->time_ns, &moment, why);
	if (r == 0)
		r = tree_path(s->db, moment, s->folder, row->folder, &s->path,
			      NULL);
	return r;
}

static int enter_folder(struct showing *s, const struct row *row,
			struct why *why)
{
	int r;

	if (s->last_folder == row->folder)
		return 0;
	s->last_folder = row->folder;
	s->path.len = 0;
	r = find_folder(s, row, why);
	if (r < 0 && r != -ENOENT && r != -EXDEV)
		return why_set(why, r, "the folder of a report");
	s->shown = r == 0;
	if (s->path.len)
		buf_byte(&s->path, '/');
	return 0;
}

static int add_path(struct showing *s, const char *name, struct why *why)
{
	DROP(buf_done) struct buf path = {0};

	buf_add(&path, s->path.data, s->path.len);
	buf_text(&path, name);
	buf_byte(&path, '\0');
	if (buf_error(&path))
		return why_set(why, -ENOMEM, "out of memory");
	buf_json_string(s->out, path.data);
	return 0;
}

/* ---- references that were rewritten ---- */

struct references {
	struct buf *out;
	const char *comma;
};

static int show_reference(const struct lineage_change *change, void *arg)
{
	struct references *r = arg;

	buf_addf(r->out, "%s{\"at\":", r->comma);
	buf_json_string(r->out, change->at);
	buf_text(r->out, ",\"sent\":");
	buf_json_string(r->out, change->sent);
	buf_text(r->out, ",\"now\":");
	buf_json_string(r->out, change->now);
	buf_byte(r->out, '}');
	r->comma = ",";
	return 0;
}

/* In the version that the line is about. */
static int show_references(struct showing *s, const struct row *row,
			   struct why *why)
{
	struct references references = {s->out, ""};
	int64_t moment;
	int r = 0;

	buf_text(s->out, ",\"references\":[");
	if (s->kinds && row->item) {
		r = moment_at(s->db, row->time_ns, &moment, why);
		if (r == 0)
			r = lineage_changes(s->db, s->kinds, moment, row->item,
					    show_reference, &references, NULL);
	}
	buf_byte(s->out, ']');
	if (r == -ENOENT) /* it was never committed so, or is forgotten */
		return 0;
	return r < 0 ? why_set(why, r, "the references of '%s'", row->asked)
		     : 0;
}

static int enter_batch(struct showing *s, const struct row *row,
		       struct why *why)
{
	DROP(q_close) struct q q = q_open(s->db, STMT_REPORT_REVISION);
	int r;

	if (s->batch == row->batch)
		return 0;
	s->batch = row->batch;
	q_i64(&q, 1, row->batch);
	r = q_step(&q, why);
	s->revision = r > 0 ? q_col_i64(&q, 0) : 0;
	return r < 0 ? r : 0;
}

static int show_batch(struct showing *s, const struct row *row, struct why *why)
{
	int r = enter_batch(s, row, why);

	if (r < 0)
		return r;
	buf_addf(s->out, ",\"batch\":%" PRId64 ",\"revision\":", row->batch);
	if (s->revision)
		buf_addf(s->out, "%" PRId64, s->revision);
	else
		buf_text(s->out, "null");
	return show_references(s, row, why);
}

static int show_row(struct showing *s, const struct row *row, struct why *why)
{
	char time[ENV_TIME_SIZE], user[ENV_USER_SIZE];
	/* A file of an archive that is no item is skipped, too. */
	bool refused = strcmp(row->outcome, "rejected") == 0 ||
		       (!row->item && strcmp(row->outcome, "skipped") == 0);
	int r;

	buf_text(s->out, "{\"path\":");
	r = add_path(s, row->asked, why);
	buf_addf(s->out, ",\"outcome\":\"%s\",\"went\":", row->outcome);
	if (refused)
		buf_text(s->out, "null");
	else if (r == 0)
		r = add_path(s, row->went ? row->went : row->asked, why);
	buf_text(s->out, ",\"reason\":");
	buf_json_string(s->out, row->reason);
	env_format_time(row->time_ns, false, time);
	buf_addf(s->out, ",\"time\":\"%s\",\"user\":", time);
	env_user_name(row->uid, user);
	buf_json_string(s->out, user);
	buf_text(s->out, ",\"program\":");
	buf_json_string(s->out, row->program);
	if (r == 0)
		r = show_batch(s, row, why);
	buf_addf(s->out, ",\"detail\":%s}\n", row->detail);
	return r;
}

/* 1: the line after *after was added to the text or left out; 0: there is
 * none. */
static int show_next(struct showing *s, int64_t *after, struct why *why)
{
	DROP(q_close) struct q q = q_open(s->db, STMT_REPORT_NEXT);
	struct row row;
	int r;

	q_i64(&q, 1, *after);
	r = q_next(&q, after, why);
	if (r <= 0)
		return r;
	row = (struct row){
		.id = *after,
		.time_ns = q_col_i64(&q, 1),
		.uid = (uid_t)q_col_i64(&q, 2),
		.program = q_col_text(&q, 3),
		.folder = q_col_i64(&q, 4),
		.asked = q_col_text(&q, 5),
		.went = q_col_text(&q, 6),
		.outcome = q_col_text(&q, 7),
		.reason = q_col_text(&q, 8),
		.detail = q_col_text(&q, 9),
		.item = q_col_i64(&q, 10),
		.batch = q_col_i64(&q, 11),
	};
	r = enter_folder(s, &row, why);
	if (r == 0 && s->shown)
		r = show_row(s, &row, why);
	return r < 0 ? r : 1;
}

int report_show(struct db *db, const struct kinds *kinds, int64_t folder,
		struct buf *out, struct why *why)
{
	struct showing s = {
		.db = db, .kinds = kinds, .folder = folder, .out = out};
	DROP(reading_end) struct reading reading = {0};
	int64_t after = 0;
	int r = reading_begin(&reading, db, why);

	if (r < 0)
		return r;
	do {
		r = show_next(&s, &after, why);
	} while (r > 0);
	buf_done(&s.path);
	if (r == 0 && buf_error(out))
		return why_set(why, -ENOMEM, "out of memory");
	return r;
}
