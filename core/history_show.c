#include "core/history.h"

#include "core/blob.h"
#include "core/buf.h"
#include "core/db.h"
#include "core/env.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Of more than so many changes the newest are shown: a text that nobody could
 * read must not cost all the memory there is. */
enum { HISTORY_MAX = 10000 };

/* Something happened to an item. */
struct event {
	int64_t moment, item;
	int64_t version; /* the newest then */
};

struct events {
	struct event *events;
	size_t len, cap;
	int64_t omitted;
};

static void events_done(struct events *events)
{
	free(events->events);
}

static int event_order(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->moment != y->moment)
		return x->moment < y->moment ? -1 : 1;
	return (x->item > y->item) - (x->item < y->item);
}

/* Sort, and keep the newest. */
static void trim(struct events *e)
{
	size_t extra = e->len > HISTORY_MAX ? e->len - HISTORY_MAX : 0;

	if (e->len)
		qsort(e->events, e->len, sizeof(*e->events), event_order);
	if (!extra)
		return;
	memmove(e->events, e->events + extra, HISTORY_MAX * sizeof(*e->events));
	e->len = HISTORY_MAX;
	e->omitted += (int64_t)extra;
}

static int add(struct events *e, const struct event *event, struct why *why)
{
	if (e->len == 2 * (size_t)HISTORY_MAX)
		trim(e);
	if (e->len == e->cap) {
		size_t cap = e->cap ? 2 * e->cap : 64;
		struct event *more =
			reallocarray(e->events, cap, sizeof(*more));

		if (!more)
			return why_set(why, -ENOMEM, "out of memory");
		e->events = more;
		e->cap = cap;
	}
	e->events[e->len++] = *event;
	return 0;
}

static int collect_item(struct db *db, int64_t item, struct events *events,
			struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_HISTORY_EVENTS);
	struct event event = {.item = item};
	int64_t content = 0;
	int r;

	q_i64(&q, 1, item);
	while ((r = q_step(&q, why)) > 0) {
		int64_t moment = q_col_i64(&q, 0);

		if (event.moment && moment != event.moment)
			r = add(events, &event, why);
		if (r < 0)
			return r;
		event.moment = moment;
		if (q_is_null(&q, 1) || q_col_i64(&q, 1) == content)
			continue;
		content = q_col_i64(&q, 1);
		event.version++;
	}
	return r == 0 && event.moment ? add(events, &event, why) : r;
}

/* The first item that is or was in @folder after *@item. 1, or 0: none. */
static int next_item(struct db *db, int64_t folder, int64_t *item,
		     struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_HISTORY_ITEMS);

	q_i64(&q, 1, folder);
	q_i64(&q, 2, *item);
	return q_next(&q, item, why);
}

static int collect_folder(struct db *db, int64_t folder, struct events *events,
			  struct why *why)
{
	int64_t item = 0;
	int r;

	while ((r = next_item(db, folder, &item, why)) > 0) {
		r = collect_item(db, item, events, why);
		if (r < 0)
			return r;
	}
	return r;
}

/* ---- one line ---- */

/* The item just before an event, or just after it. */
struct view {
	bool there;
	struct entry e;
	struct buf name, path; /* with NUL; the path from the root */
};

static void view_done(struct view *v)
{
	buf_done(&v->name);
	buf_done(&v->path);
}

static int look(struct db *db, int64_t at, int64_t item, struct view *v,
		struct why *why)
{
	int r = tree_get(db, at, item, &v->e, NULL);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = tree_name(db, at, item, &v->name, NULL);
	buf_byte(&v->path, '/');
	if (r == 0)
		r = tree_path(db, at, TREE_ROOT, item, &v->path, NULL);
	buf_byte(&v->name, '\0');
	buf_byte(&v->path, '\0');
	if (r == 0)
		r = buf_error(&v->name) < 0 ? -ENOMEM : buf_error(&v->path);
	if (r < 0)
		return why_set(why, r, "reading the history");
	v->there = true;
	return 0;
}

struct telling {
	struct db *db;
	int64_t folder; /* 0: what happened elsewhere is told too */
	int64_t here;	/* the folder that paths are relative to */
	struct buf *out;
	struct why *why;
};

static void add_place(struct telling *t, const struct view *v)
{
	buf_json_string(t->out,
			v->e.parent == t->here ? v->name.data : v->path.data);
}

static int add_line(struct telling *t, const struct event *event,
		    const char *change, const struct view *was,
		    const struct view *is)
{
	const struct view *v = is->there ? is : was;
	char time[ENV_TIME_SIZE], user[ENV_USER_SIZE];
	unsigned char sha[BLOB_SHA256] = {0};
	struct moment_row row;
	int r = moment_get(t->db, event->moment, &row, t->why);

	if (r == 0)
		r = blob_stat(t->db, v->e.content, NULL, sha, t->why);
	if (r < 0)
		return r;
	env_format_time(row.time_ns, false, time);
	env_user_name(row.who.uid, user);
	buf_text(t->out, "{\"item\":");
	buf_json_string(t->out, v->name.data);
	buf_addf(t->out,
		 ",\"version\":%" PRId64 ",\"moment\":%" PRId64
		 ",\"time\":\"%s\",\"user\":",
		 event->version, event->moment, time);
	buf_json_string(t->out, user);
	buf_text(t->out, ",\"program\":");
	buf_json_string(t->out, row.who.program);
	buf_addf(t->out,
		 ",\"change\":\"%s\",\"size\":%" PRId64 ",\"sha256\":\"",
		 change, v->e.size);
	for (size_t i = 0; i < sizeof(sha); i++)
		buf_addf(t->out, "%02x", sha[i]);
	buf_byte(t->out, '"');
	if (was->there && is->there && strcmp(change, "moved") == 0) {
		buf_text(t->out, ",\"from\":");
		add_place(t, was);
		buf_text(t->out, ",\"to\":");
		add_place(t, is);
	}
	buf_text(t->out, "}\n");
	return 0;
}

static bool same_attr(const struct attr *a, const struct attr *b)
{
	return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
	       a->mtime_ns == b->mtime_ns;
}

/* One moment may have moved an item and changed it: a line for each. */
static int tell(struct telling *t, const struct event *event)
{
	DROP(view_done) struct view was = {0};
	DROP(view_done) struct view is = {0};
	int r = look(t->db, event->moment - 1, event->item, &was, t->why);

	if (r == 0)
		r = look(t->db, event->moment, event->item, &is, t->why);
	if (r < 0 || (!was.there && !is.there))
		return r;
	if (t->folder && !(was.there && was.e.parent == t->folder) &&
	    !(is.there && is.e.parent == t->folder))
		return 0;
	if (!was.there || !is.there)
		return add_line(t, event, is.there ? "created" : "deleted",
				&was, &is);
	if (was.e.parent != is.e.parent ||
	    strcmp(was.name.data, is.name.data) != 0)
		r = add_line(t, event, "moved", &was, &is);
	if (r == 0 && was.e.content != is.e.content)
		r = add_line(t, event, "edited", &was, &is);
	else if (r == 0 && !same_attr(&was.e.attr, &is.e.attr))
		r = add_line(t, event, "attributes", &was, &is);
	return r;
}

int history_show(struct db *db, int64_t folder, const char *name,
		 struct buf *out, struct why *why)
{
	DROP(reading_end) struct reading reading = {0};
	DROP(events_done) struct events events = {0};
	struct telling t = {db, name ? 0 : folder, folder, out, why};
	int64_t item;
	int r = reading_begin(&reading, db, why);

	if (r < 0)
		return r;
	if (name) {
		r = history_lookup(db, folder, name, &item, why);
		if (r == 0)
			r = collect_item(db, item, &events, why);
	} else {
		r = collect_folder(db, folder, &events, why);
	}
	trim(&events);
	if (events.omitted)
		buf_addf(out, "{\"omitted\":%" PRId64 "}\n", events.omitted);
	for (size_t i = 0; i < events.len && r == 0; i++)
		r = tell(&t, &events.events[i]);
	if (r == 0 && buf_error(out))
		return why_set(why, -ENOMEM, "out of memory");
	return r;
}
