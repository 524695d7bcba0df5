#include "core/moment.h"

#include "core/db.h"
#include "core/env.h"
#include "core/store_priv.h"
#include "core/why.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

int moment_begin(struct store *store, const struct who *who,
		 struct moment *ret_moment, struct why *why)
{
	int r = store_begin(store, why);
	int64_t now_ns;

	if (r < 0)
		return r;
	now_ns = env_now_ns(store->env);
	*ret_moment = (struct moment){
		.store = store,
		.db = store->writer,
		.id = store->newest + 1,
		/* A clock that was set back does not turn history round. */
		.time_ns = now_ns > store->newest_ns ? now_ns
						     : store->newest_ns,
		.who = *who,
	};
	return 0;
}

static int add_row(struct moment *m, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_MOMENT_ADD);

	q_i64(&q, 1, m->id);
	q_i64(&q, 2, m->time_ns);
	q_i64(&q, 3, m->who.uid);
	q_i64(&q, 4, m->who.pid);
	q_text(&q, 5, m->who.program);
	q_id(&q, 6, m->revision);
	return q_run(&q, why);
}

static void end(struct moment *m, bool committed)
{
	if (!m->store)
		return;
	if (m->over)
		m->over(committed, m->over_arg);
	m->over = NULL;
	store_end(m->store);
	m->store = NULL;
	m->db = NULL;
}

int moment_commit(struct moment *m, struct why *why)
{
	struct store *store = m->store;
	int r = m->changed ? add_row(m, why) : 0;

	if (r == 0)
		r = store_commit(store, why);
	if (r == 0 && m->changed) {
		store->newest = m->id;
		store->newest_ns = m->time_ns;
	}
	end(m, r == 0);
	return r;
}

void moment_end(struct moment *m)
{
	end(m, false);
}

void moment_watch(struct moment *m, moment_over_fn fn, void *arg)
{
	assert(!m->over);
	m->over = fn;
	m->over_arg = arg;
}

int moment_change(struct moment *m, int64_t item, unsigned what,
		  struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_CHANGE_ADD);
	int r;

	q_i64(&q, 1, m->id);
	q_i64(&q, 2, item);
	q_i64(&q, 3, what);
	r = q_run(&q, why);
	if (r < 0)
		return r;
	m->changed = true;
	return 0;
}

int moment_newest(struct db *db, int64_t *ret_id, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_MOMENT_NEWEST);
	int r = q_step(&q, why);

	if (r < 0)
		return r;
	*ret_id = r > 0 ? q_col_i64(&q, 0) : 0;
	return 0;
}

int moment_at(struct db *db, int64_t time_ns, int64_t *ret_id, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_MOMENT_AT);
	int r;

	q_i64(&q, 1, time_ns);
	r = q_step(&q, why);
	if (r < 0)
		return r;
	*ret_id = r > 0 ? q_col_i64(&q, 0) : 0;
	return 0;
}

int moment_get(struct db *db, int64_t id, struct moment_row *ret_row,
	       struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_MOMENT_GET);
	int r;

	q_i64(&q, 1, id);
	r = q_step(&q, why);
	if (r < 0)
		return r;
	if (r == 0)
		return why_set(why, -ENOENT, "there is no moment %" PRId64, id);
	*ret_row = (struct moment_row){
		.id = id,
		.time_ns = q_col_i64(&q, 0),
		.revision = q_col_i64(&q, 4),
		.who.uid = (uid_t)q_col_i64(&q, 1),
		.who.pid = (pid_t)q_col_i64(&q, 2),
	};
	(void)snprintf(ret_row->who.program, sizeof(ret_row->who.program), "%s",
		       q_col_text(&q, 3));
	return 0;
}
