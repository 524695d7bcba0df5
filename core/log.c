#include "core/log.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/defer.h"
#include "core/diff.h"
#include "core/env.h"
#include "core/moment.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>

struct telling {
	const struct moment_row *row;
	int64_t moment;
	struct buf *out;
};

static const char *word(char what)
{
	switch (what) {
	case '+':
		return "created";
	case '-':
		return "removed";
	case 'M':
		return "edited";
	case 'R':
		return "moved";
	default:
		return "attributes";
	}
}

static int tell(const struct difference *d, void *arg)
{
	const struct telling *t = arg;
	const struct moment_row *row = t->row;
	char time[ENV_TIME_SIZE], user[ENV_USER_SIZE];

	env_format_time(row->time_ns, false, time);
	env_user_name(row->who.uid, user);
	buf_addf(t->out,
		 "{\"moment\":%" PRId64 ",\"time\":\"%s\",\"user\":", t->moment,
		 time);
	buf_json_string(t->out, user);
	buf_addf(t->out, ",\"uid\":%u,\"pid\":%d,\"program\":", row->who.uid,
		 (int)row->who.pid);
	buf_json_string(t->out, row->who.program);
	if (row->revision)
		buf_addf(t->out, ",\"revision\":%" PRId64, row->revision);
	else
		buf_text(t->out, ",\"revision\":null");
	buf_addf(t->out, ",\"change\":\"%s\"", word(d->what));
	diff_json_path(t->out, "path", d->to ? d->to : d->from, d->folder);
	if (d->what == 'R')
		diff_json_path(t->out, "from", d->from, d->folder);
	buf_text(t->out, "}\n");
	return buf_error(t->out);
}

static int show_moment(struct db *db, int64_t folder, int64_t moment,
		       struct buf *out, struct why *why)
{
	struct moment_row row;
	struct telling t = {&row, moment, out};
	int r = moment_get(db, moment, &row, why);

	/* What was taken back has left a gap. */
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r
		     : diff_run(db, folder, moment - 1, moment, tell, &t, why);
}

int log_show(struct db *db, int64_t folder, struct buf *out, struct why *why)
{
	DROP(reading_end) struct reading reading = {0};
	int64_t newest = 0, first;
	int r = reading_begin(&reading, db, why);

	if (r == 0)
		r = moment_newest(db, &newest, why);
	first = newest > LOG_MOMENTS ? newest - LOG_MOMENTS + 1 : 1;
	if (r == 0 && first > 1)
		buf_addf(out, "{\"omitted\":%" PRId64 "}\n", first - 1);
	for (int64_t m = first; r == 0 && m <= newest; m++)
		r = show_moment(db, folder, m, out, why);
	return r == -ENOMEM || (r == 0 && buf_error(out))
		       ? why_set(why, -ENOMEM, "out of memory")
		       : r;
}
