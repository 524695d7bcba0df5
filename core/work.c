#include "core/work.h"

#include "core/buf.h"
#include "core/env.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

struct works {
	const struct env *env;
	pthread_mutex_t lock;
	struct work *first, **last;
};

int works_new(const struct env *env, struct works **ret, struct why *why)
{
	struct works *works = calloc(1, sizeof(*works));

	if (!works)
		return why_set(why, -ENOMEM, "out of memory");
	(void)pthread_mutex_init(&works->lock, NULL); /* cannot fail */
	works->env = env;
	works->last = &works->first;
	*ret = works;
	return 0;
}

void works_free(struct works *works)
{
	if (!works)
		return;
	(void)pthread_mutex_destroy(&works->lock);
	free(works);
}

/* 1: one of the folders is the other, or below it. */
static int overlap(struct db *db, int64_t a, int64_t b, struct why *why)
{
	int r = tree_is_below(db, MOMENT_NOW, a, b, why);

	return r == 0 ? tree_is_below(db, MOMENT_NOW, b, a, why) : r;
}

static int refuse(struct db *db, const struct work *holder, struct why *why)
{
	DROP(buf_done) struct buf text = {0};
	int r = work_say(db, holder, &text, why);

	return r < 0 ? r
		     : why_set(why, -EBUSY, "%.*s", (int)text.len, text.data);
}

static int check_free(struct works *works, struct db *db, int64_t folder,
		      struct why *why)
{
	for (const struct work *w = works->first; w; w = w->next) {
		int r = overlap(db, w->folder, folder, why);

		if (r != 0)
			return r < 0 ? r : refuse(db, w, why);
	}
	return 0;
}

int work_begin(struct works *works, struct db *db, struct work *work,
	       struct why *why)
{
	int r;

	(void)pthread_mutex_lock(&works->lock);
	r = check_free(works, db, work->folder, why);
	if (r == 0) {
		work->works = works;
		work->since_ns = env_now_ns(works->env);
		work->next = NULL;
		*works->last = work;
		works->last = &work->next;
	}
	(void)pthread_mutex_unlock(&works->lock);
	return r;
}

void work_end(struct work *work)
{
	struct works *works = work->works;
	struct work **link;

	if (!works)
		return;
	(void)pthread_mutex_lock(&works->lock);
	link = &works->first;
	while (*link != work)
		link = &(*link)->next;
	*link = work->next;
	if (!*link)
		works->last = link;
	(void)pthread_mutex_unlock(&works->lock);
	work->works = NULL;
}

int works_each(struct works *works, work_fn fn, void *arg)
{
	int r = 0;

	(void)pthread_mutex_lock(&works->lock);
	for (const struct work *w = works->first; w && r == 0; w = w->next)
		r = fn(w, arg);
	(void)pthread_mutex_unlock(&works->lock);
	return r;
}

/* ---- in words ---- */

static void say_progress(const struct work *work, struct buf *out)
{
	int64_t done = atomic_load(&work->done);
	int64_t total = atomic_load(&work->total);

	if (done)
		buf_addf(out, ": %" PRId64, done);
	if (done && total)
		buf_addf(out, " of %" PRId64, total);
}

int work_say(struct db *db, const struct work *work, struct buf *out,
	     struct why *why)
{
	DROP(buf_done) struct buf path = {0};
	char time[ENV_TIME_SIZE], user[ENV_USER_SIZE];
	const char *program = work->who.program[0] ? work->who.program : "?";
	int r = tree_path(db, MOMENT_NOW, TREE_ROOT, work->folder, &path, why);

	if (r < 0 && r != -ENOENT)
		return r;
	buf_byte(&path, '\0');
	if (buf_error(&path))
		return why_set(why, -ENOMEM, "out of memory");
	env_format_time(work->since_ns, false, time);
	env_user_name(work->who.uid, user);
	buf_addf(out,
		 "%s is under way since %s, by %s (%s, process %" PRIdMAX
		 "), in /%s",
		 work->what, time, user, program, (intmax_t)work->who.pid,
		 path.data);
	say_progress(work, out);
	return buf_error(out) ? why_set(why, -ENOMEM, "out of memory") : 0;
}

struct shown {
	struct db *db;
	int64_t folder;
	struct buf *out;
	struct why *why;
};

static int show_one(const struct work *work, void *arg)
{
	const struct shown *s = arg;
	int r = overlap(s->db, work->folder, s->folder, s->why);

	if (r <= 0)
		return r;
	buf_text(s->out, "working ");
	r = work_say(s->db, work, s->out, s->why);
	buf_byte(s->out, '\n');
	return r;
}

int works_show(struct works *works, struct db *db, int64_t folder,
	       struct buf *out, struct why *why)
{
	struct shown shown = {db, folder, out, why};

	return works_each(works, show_one, &shown);
}
