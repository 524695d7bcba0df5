#include "core/moment.h"

#include "core/db.h"
#include "core/env.h"
#include "core/store_priv.h"
#include "core/why.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void moment_back(struct moment *m, int64_t time_ns)
{
	int64_t newest_ns = m->store->newest_ns;

	if (time_ns < m->time_ns)
		m->time_ns = time_ns > newest_ns ? time_ns : newest_ns;
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
	int r = m->changed || m->notes ? moment_settle(m, why) : 0;

	if (r == 0 && m->changed)
		r = add_row(m, why);
	if (r == 0)
		r = store_commit(store, why);
	if (r == 0 && m->changed) {
		store->newest = m->id;
		store->newest_ns = m->time_ns;
	}
	if (r == 0 && !m->narrow)
		store_disturb(store);
	end(m, r == 0);
	return r;
}

/* ---- notes ---- */

struct moment_notes {
	struct moment_note *list;
	size_t len, cap;
};

static int make_room(struct moment_notes *notes)
{
	size_t cap = notes->cap ? notes->cap * 2 : 8;
	struct moment_note *room;

	if (notes->len < notes->cap)
		return 0;
	room = realloc(notes->list, cap * sizeof(*room));
	if (!room)
		return -ENOMEM;
	notes->list = room;
	notes->cap = cap;
	return 0;
}

int moment_note(struct moment *m, const struct moment_note *note,
		struct why *why)
{
	char *name = NULL;

	if (m->unseen && note->what == NOTE_REWRITTEN)
		return 0;
	if (!m->notes)
		m->notes = calloc(1, sizeof(*m->notes));
	if (!m->notes || make_room(m->notes) < 0)
		return why_set(why, -ENOMEM, "out of memory");
	if (note->name) {
		name = strdup(note->name);
		if (!name)
			return why_set(why, -ENOMEM, "out of memory");
	}
	m->notes->list[m->notes->len] = *note;
	m->notes->list[m->notes->len++].name = name;
	return 0;
}

const struct moment_note *moment_noted(const struct moment *m,
				       size_t *ret_count)
{
	*ret_count = m->notes ? m->notes->len : 0;
	return m->notes ? m->notes->list : NULL;
}

static void drop_notes(struct moment *m)
{
	if (!m->notes)
		return;
	for (size_t i = 0; i < m->notes->len; i++)
		free((void *)(uintptr_t)m->notes->list[i].name);
	free(m->notes->list);
	free(m->notes);
	m->notes = NULL;
}

void moment_end(struct moment *m)
{
	end(m, false);
	drop_notes(m);
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

/* Id and time of the newest moment up to @until; zeros: there is none. */
static int newest_until(struct db *db, int64_t until, int64_t *ret_id,
			int64_t *ret_ns, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_MOMENT_UNTIL);
	int r;

	q_i64(&q, 1, until);
	r = q_step(&q, why);
	if (r < 0)
		return r;
	*ret_id = r > 0 ? q_col_i64(&q, 0) : 0;
	*ret_ns = r > 0 ? q_col_i64(&q, 1) : 0;
	return 0;
}

int moment_at(struct db *db, int64_t time_ns, int64_t *ret_id, struct why *why)
{
	int64_t low = 0, high; /* @low is not after it, all above @high are */
	int r = moment_newest(db, &high, why);

	while (r == 0 && low < high) {
		int64_t middle = low + (high - low + 1) / 2;
		int64_t id, at_ns;

		r = newest_until(db, middle, &id, &at_ns, why);
		if (r == 0 && at_ns <= time_ns)
			low = middle;
		else if (r == 0)
			high = id - 1;
	}
	return r < 0 ? r : newest_until(db, low, ret_id, &low, why);
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
