#include "core/history.h"

#include "core/db.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static struct version version_from_row(const struct q *q)
{
	struct version v = {
		.born = q_col_i64(q, 0),
		.content = q_col_i64(q, 1),
		.size = q_col_i64(q, 2),
		.attr =
			{
				.mode = (mode_t)q_col_i64(q, 3),
				.uid = (uid_t)q_col_i64(q, 4),
				.gid = (gid_t)q_col_i64(q, 5),
				.mtime_ns = q_col_i64(q, 6),
				.ctime_ns = q_col_i64(q, 7),
			},
		.who.uid = (uid_t)q_col_i64(q, 8),
		.who.pid = (pid_t)q_col_i64(q, 9),
		.time_ns = q_col_i64(q, 11),
	};
	const char *program = q_col_text(q, 10);

	(void)snprintf(v.who.program, sizeof(v.who.program), "%s",
		       program ? program : "");
	return v;
}

int history_versions(struct db *db, int64_t item, version_fn fn, void *arg,
		     struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_HISTORY_STATES);
	int64_t number = 0, content = 0;
	int r;

	q_i64(&q, 1, item);
	while ((r = q_step(&q, why)) > 0) {
		struct version v = version_from_row(&q);

		if (v.content == content)
			continue;
		content = v.content;
		v.item = item;
		v.number = ++number;
		r = fn(&v, arg);
		if (r != 0)
			return r;
	}
	return r;
}

struct search {
	int64_t born;
	struct version *ret;
};

static int is_wanted(const struct version *v, void *arg)
{
	const struct search *s = arg;

	if (v->born != s->born)
		return 0;
	*s->ret = *v;
	return 1;
}

int history_version(struct db *db, int64_t item, int64_t born,
		    struct version *ret, struct why *why)
{
	struct search s = {born, ret};
	int r = history_versions(db, item, is_wanted, &s, why);

	if (r == 0)
		return why_set(why, -ENOENT,
			       "item %" PRId64 " has no version born at "
			       "moment %" PRId64,
			       item, born);
	return r < 0 ? r : 0;
}

int history_names(struct db *db, int64_t folder, int64_t after, former_fn fn,
		  void *arg, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_HISTORY_NAMES);
	int r;

	q_i64(&q, 1, folder);
	q_i64(&q, 2, after);
	while ((r = q_next(&q, &after, why)) > 0) {
		r = fn(q_col_i64(&q, 0), q_col_text(&q, 1),
		       q_col_i64(&q, 2) != 0, arg);
		if (r != 0)
			return r;
	}
	return r;
}

int history_lookup(struct db *db, int64_t folder, const char *name,
		   int64_t *ret_item, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_HISTORY_LOOKUP);
	int r;

	q_i64(&q, 1, folder);
	q_text(&q, 2, name);
	r = q_step(&q, why);
	if (r < 0)
		return r;
	if (r == 0)
		return why_set(why, -ENOENT,
			       "no item was ever called '%s' here", name);
	*ret_item = q_col_i64(&q, 0);
	return 0;
}
