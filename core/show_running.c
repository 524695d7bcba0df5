/*
 * What is under way, of which there is no row before it is done.
 */
#include "core/show_priv.h"

#include "core/buf.h"
#include "core/env.h"
#include "core/tree.h"
#include "core/why.h"
#include "core/work.h"

#include <errno.h>
#include <inttypes.h>

struct running {
	struct db *db;
	const struct show_ask *ask;
	struct buf *out;
	struct why *why;
};

static int add_object(const struct running *r, const struct work *work)
{
	DROP(buf_done) struct buf path = {0};
	char time[ENV_TIME_SIZE], user[ENV_USER_SIZE];
	int64_t done = atomic_load(&work->done);
	int64_t total = atomic_load(&work->total);
	int e = show_folder(r->db, work->folder, MOMENT_NOW, &path, r->why);

	if (e < 0)
		return e;
	env_format_time(work->since_ns, false, time);
	env_user_name(work->who.uid, user);
	buf_text(r->out, "{\"running\":");
	buf_json_string(r->out, work->what);
	buf_text(r->out, ",\"scope\":");
	buf_json_string(r->out, path.data);
	buf_text(r->out, ",\"user\":");
	buf_json_string(r->out, user);
	buf_addf(r->out,
		 ",\"uid\":%" PRIuMAX ",\"pid\":%" PRIdMAX ",\"program\":",
		 (uintmax_t)work->who.uid, (intmax_t)work->who.pid);
	buf_json_string(r->out, work->who.program);
	buf_addf(r->out, ",\"since\":\"%s\"", time);
	if (done)
		buf_addf(r->out, ",\"done\":%" PRId64, done);
	if (done && total)
		buf_addf(r->out, ",\"total\":%" PRId64, total);
	buf_text(r->out, "}\n");
	return 0;
}

/* 1: one of the two folders is the other, or below it. */
static int concerns(const struct running *r, const struct work *work)
{
	int64_t folder = r->ask->folder;
	int e = tree_is_below(r->db, MOMENT_NOW, work->folder, folder, r->why);

	return e == 0 ? tree_is_below(r->db, MOMENT_NOW, folder, work->folder,
				      r->why)
		      : e;
}

static int add_work(const struct work *work, void *arg)
{
	const struct running *r = arg;
	int e = concerns(r, work);

	if (e <= 0)
		return e == -ENOENT ? 0 : e;
	if (r->ask->form == DIFF_JSON)
		return add_object(r, work);
	e = work_say(r->db, work, r->out, r->why);
	buf_byte(r->out, '\n');
	return e;
}

int show_running(struct db *db, struct works *works, const struct show_ask *ask,
		 struct buf *out, struct why *why)
{
	struct running running = {db, ask, out, why};
	int r = works_each(works, add_work, &running);

	return r < 0 ? r : show_finish(out, why);
}
