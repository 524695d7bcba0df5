/*
 * What a revision is: who, when, why, and what it is about.
 */
#include "core/show_priv.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/env.h"
#include "core/json.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool show_is_open(const struct revision *row)
{
	return strcmp(row->status, "in progress") == 0;
}

bool show_is_snapshot(const struct revision *row)
{
	return strcmp(row->kind, "snapshot") == 0;
}

/* ---- what a snapshot covers ---- */

/* More is not counted: it would take as long as a walk through all. */
enum { COVER_MAX = 10000 };

struct covered {
	int64_t items, folders, bytes;
	int64_t *stack; /* folders that are still to be looked into */
	size_t len, cap;
};

static void covered_done(struct covered *c)
{
	free(c->stack);
}

static int add_covered(const struct entry *entry, void *arg)
{
	struct covered *c = arg;

	if (c->items + c->folders == COVER_MAX)
		return 1;
	if (!entry->folder) {
		c->items++;
		c->bytes += entry->size;
		return 0;
	}
	c->folders++;
	if (c->len == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 64;
		int64_t *more = reallocarray(c->stack, cap, sizeof(*more));

		if (!more)
			return -ENOMEM;
		c->stack = more;
		c->cap = cap;
	}
	c->stack[c->len++] = entry->id;
	return 0;
}

/* 1: there is more. */
static int cover(const struct showing *s, struct covered *c)
{
	int64_t folder = s->row->scope;
	int r;

	for (;;) {
		r = tree_list(s->db, s->row->after, folder, 0, add_covered, c,
			      s->why);
		if (r != 0 || !c->len)
			break;
		folder = c->stack[--c->len];
	}
	return r == -ENOMEM ? why_set(s->why, r, "out of memory") : r;
}

static const char *plural(int64_t count)
{
	return count == 1 ? "" : "s";
}

static int add_cover(const struct showing *s)
{
	DROP(covered_done) struct covered c = {0};
	int more = cover(s, &c);

	if (more < 0)
		return more;
	if (s->ask->form == DIFF_JSON)
		buf_addf(s->out,
			 ",\"covers\":{\"items\":%" PRId64
			 ",\"folders\":%" PRId64 ",\"bytes\":%" PRId64
			 ",\"more\":%s}",
			 c.items, c.folders, c.bytes, more ? "true" : "false");
	else
		buf_addf(s->out,
			 "covers       %" PRId64 " item%s and %" PRId64
			 " folder%s, %" PRId64 " bytes%s\n",
			 c.items, plural(c.items), c.folders, plural(c.folders),
			 c.bytes, more ? ", and more" : "");
	return 0;
}

/* ---- what goes on ---- */

static int64_t count_conflicts(const char *said)
{
	int64_t count = 0;

	for (; said; said = strchr(said, '\n')) {
		said += *said == '\n';
		count += said[0] == 'C' && said[1] == ' ';
	}
	return count;
}

/* A pull that waits: 1; 0: it is none. */
static int add_pull(const struct showing *s)
{
	DROP(q_close) struct q q = q_open(s->db, STMT_SHOW_PULL);
	int64_t conflicts;
	int r;

	q_i64(&q, 1, s->row->id);
	r = q_step(&q, s->why);
	if (r <= 0)
		return r;
	conflicts = count_conflicts(q_col_text(&q, 1));
	if (s->ask->form == DIFF_JSON) {
		buf_text(s->out, ",\"live\":{\"waits\":\"answers\",\"from\":");
		buf_json_string(s->out, q_col_text(&q, 0));
		buf_addf(s->out,
			 ",\"conflicts\":%" PRId64 ",\"answers\":%" PRId64 "}",
			 conflicts, q_col_i64(&q, 2));
	} else {
		buf_addf(s->out,
			 "now          waits for answers: %" PRId64
			 " conflicts with %s, %" PRId64 " answers given\n",
			 conflicts, q_col_text(&q, 0), q_col_i64(&q, 2));
	}
	return 1;
}

/* Items are still coming in. */
static int add_batch(const struct showing *s)
{
	DROP(q_close) struct q q = q_open(s->db, STMT_SHOW_LAST);
	char time[ENV_TIME_SIZE];
	int r;

	q_i64(&q, 1, s->row->id);
	q_i64(&q, 2, s->row->before);
	r = q_step(&q, s->why);
	if (r <= 0)
		return r;
	env_format_time(q_col_i64(&q, 0), false, time);
	if (s->ask->form == DIFF_JSON)
		buf_addf(s->out, ",\"live\":{\"last\":\"%s\"}", time);
	else
		buf_addf(s->out,
			 "now          items are coming in, the last one at "
			 "%s\n",
			 time);
	return 0;
}

static int add_live(const struct showing *s)
{
	int r = add_pull(s);

	if (r == 0)
		r = add_batch(s);
	return r < 0 ? r : 0;
}

/* ---- the moments ---- */

/* When the moment was, "" if there is none. */
static int time_of(const struct showing *s, int64_t moment,
		   char ret[ENV_TIME_SIZE])
{
	struct moment_row row;
	int r = moment ? moment_get(s->db, moment, &row, NULL) : -ENOENT;

	ret[0] = '\0';
	if (r == 0)
		env_format_time(row.time_ns, false, ret);
	else if (r != -ENOENT)
		return why_set(s->why, r, "the time of a moment");
	return 0;
}

static int times_of(const struct showing *s, char before[ENV_TIME_SIZE],
		    char after[ENV_TIME_SIZE])
{
	int r = time_of(s, s->row->before, before);

	return r < 0 ? r
		     : time_of(s, show_is_open(s->row) ? 0 : s->row->after,
			       after);
}

/* ---- for people ---- */

static void add_line(const struct showing *s, const char *key,
		     const char *value)
{
	if (!*value)
		return;
	buf_addf(s->out, "%-12s ", key);
	for (const char *p = value; *p; p++) {
		char c = *p;

		if (c == '\n')
			c = ' ';
		buf_byte(s->out, c);
	}
	buf_byte(s->out, '\n');
}

static void add_moment(const struct showing *s, const char *key, int64_t moment,
		       const char *time)
{
	buf_addf(s->out, "%-12s moment %" PRId64 "%s%s\n", key, moment,
		 *time ? ", " : "", time);
}

struct counting {
	const char *counts;
	struct buf text;
};

static int add_count(const struct json_value *v, void *arg)
{
	struct counting *c = arg;

	if (v->kind == JSON_KIND_NUMBER && v->depth == 1 && v->path[0].key &&
	    c->counts[v->at] != '0')
		buf_addf(&c->text, "%s%.*s %.*s", c->text.len ? ", " : "",
			 (int)v->len, c->counts + v->at,
			 (int)v->path[0].key_len, v->path[0].key);
	return 0;
}

/* "2 edited, 1 moved" */
static void add_counts(const struct showing *s)
{
	struct counting c = {.counts = s->row->counts};

	(void)json_scan(c.counts, strlen(c.counts), 0, add_count, &c, NULL);
	buf_byte(&c.text, '\0');
	if (!buf_error(&c.text))
		add_line(s, "counts", c.text.data);
	buf_done(&c.text);
}

static int head_text(const struct showing *s)
{
	const struct revision *row = s->row;
	DROP(buf_done) struct buf scope = {0};
	char time[ENV_TIME_SIZE], user[ENV_USER_SIZE];
	char before[ENV_TIME_SIZE], after[ENV_TIME_SIZE];
	int r = show_folder(s->db, row->scope, row->before, &scope, s->why);

	if (r == 0)
		r = times_of(s, before, after);
	if (r < 0)
		return r;
	env_format_time(row->time_ns, false, time);
	env_user_name(row->who.uid, user);
	buf_addf(s->out, "%-12s %" PRId64 "\n", "revision", row->id);
	add_line(s, "kind", row->kind);
	add_line(s, "status", row->status);
	add_line(s, "name", row->name ? row->name : "");
	add_line(s, "description", row->description);
	add_line(s, "user", user);
	add_line(s, "program", row->who.program);
	add_line(s, "time", time);
	add_line(s, "folder", scope.data);
	add_moment(s, "before", row->before, before);
	if (!show_is_open(row))
		add_moment(s, "after", row->after, after);
	add_counts(s);
	return 0;
}

static int head_json(const struct showing *s)
{
	char before[ENV_TIME_SIZE], after[ENV_TIME_SIZE];
	int r = show_row(s->db, s->row, s->out, s->why);

	if (r == 0)
		r = times_of(s, before, after);
	if (r < 0)
		return r;
	buf_text(s->out, ",\"before_time\":");
	if (*before)
		buf_json_string(s->out, before);
	else
		buf_text(s->out, "null");
	buf_text(s->out, ",\"after_time\":");
	if (*after)
		buf_json_string(s->out, after);
	else
		buf_text(s->out, "null");
	return 0;
}

int show_head(const struct showing *s)
{
	bool json = s->ask->form == DIFF_JSON;
	int r = json ? head_json(s) : head_text(s);

	if (r == 0 && show_is_open(s->row))
		r = add_live(s);
	if (r == 0 && show_is_snapshot(s->row))
		r = add_cover(s);
	if (json)
		buf_text(s->out, "}\n");
	return r;
}
