#include "core/tree.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/folders.h"
#include "core/moment.h"
#include "core/tree_row.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The columns of every statement that yields an entry; see queries_tree.sql. */
enum column {
	COL_ITEM,
	COL_PARENT,
	COL_NODE,
	COL_FOLDER,
	COL_PLACED,
	COL_BORN,
	COL_CONTENT,
	COL_ARRIVED,
	COL_SIZE,
	COL_MODE,
	COL_UID,
	COL_GID,
	COL_MTIME,
	COL_CTIME,
	COL_TOUCHED,
	COL_NAME,
};

struct entry tree_row(const struct q *q)
{
	struct entry e = {
		.id = q_col_i64(q, COL_ITEM),
		.parent = q_col_i64(q, COL_PARENT),
		.node = q_col_i64(q, COL_NODE),
		.folder = q_col_i64(q, COL_FOLDER) != 0,
		.placed = q_col_i64(q, COL_PLACED),
		.born = q_col_i64(q, COL_BORN),
		.content = q_col_i64(q, COL_CONTENT),
		.arrived = q_col_i64(q, COL_ARRIVED),
		.size = q_col_i64(q, COL_SIZE),
		.attr =
			{
				.mode = (mode_t)q_col_i64(q, COL_MODE),
				.uid = (uid_t)q_col_i64(q, COL_UID),
				.gid = (gid_t)q_col_i64(q, COL_GID),
				.mtime_ns = q_col_i64(q, COL_MTIME),
				.ctime_ns = q_col_i64(q, COL_CTIME),
			},
		.name = q_col_text(q, COL_NAME),
	};
	int64_t touched_ns = e.folder ? q_col_i64(q, COL_TOUCHED) : 0;

	if (touched_ns) {
		e.attr.mtime_ns = touched_ns;
		if (touched_ns > e.attr.ctime_ns)
			e.attr.ctime_ns = touched_ns;
	}
	return e;
}

int64_t tree_moment(int64_t at)
{
	return at == MOMENT_NOW ? MOMENT_NOW - 1 : at;
}

/* The one row of @q; its name, which does not outlive the query, is copied
 * unless @ret_name is NULL. */
static int take_entry(struct q *q, struct entry *ret, char ret_name[256],
		      struct why *why)
{
	int r = q_step(q, why);

	if (r <= 0)
		return r;
	*ret = tree_row(q);
	if (ret_name)
		(void)snprintf(ret_name, 256, "%s", ret->name);
	ret->name = NULL;
	return 1;
}

int tree_get_named(struct db *db, int64_t at, int64_t item, struct entry *ret,
		   char ret_name[256], struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_TREE_GET);
	int r;

	q_i64(&q, 1, item);
	q_i64(&q, 2, tree_moment(at));
	r = take_entry(&q, ret, ret_name, why);
	if (r == 0)
		return why_set(why, -ENOENT, "item %" PRId64 " is not there",
			       item);
	return r < 0 ? r : 0;
}

int tree_get(struct db *db, int64_t at, int64_t item, struct entry *ret,
	     struct why *why)
{
	return tree_get_named(db, at, item, ret, NULL, why);
}

int tree_lookup(struct db *db, int64_t at, int64_t parent, const char *name,
		struct entry *ret, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_TREE_LOOKUP);
	int r;

	q_i64(&q, 1, parent);
	q_i64(&q, 2, tree_moment(at));
	q_text(&q, 3, name);
	r = take_entry(&q, ret, NULL, why);
	if (r == 0)
		return why_set(why, -ENOENT, "'%s' is not there", name);
	return r < 0 ? r : 0;
}

int tree_by_node(struct db *db, int64_t node, struct entry *ret,
		 char ret_name[256], struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_TREE_BY_NODE);
	int r;

	q_i64(&q, 1, node);
	r = take_entry(&q, ret, ret_name, why);
	if (r == 0)
		return why_set(why, -ENOENT, "node %" PRId64 " is no item",
			       node);
	return r < 0 ? r : 0;
}

int tree_former(struct db *db, int64_t item, int64_t born, struct entry *ret,
		struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_TREE_FORMER);
	int r;

	q_i64(&q, 1, item);
	q_i64(&q, 2, born);
	r = take_entry(&q, ret, NULL, why);
	if (r == 0)
		return why_set(why, -ENOENT,
			       "item %" PRId64 " had no version before", item);
	return r < 0 ? r : 0;
}

/* The next part of a path and its length; 0: the path is at its end. */
static size_t next_part(const char **path)
{
	*path += strspn(*path, "/");
	return strcspn(*path, "/");
}

int tree_resolve(struct db *db, int64_t at, int64_t folder, const char *path,
		 struct entry *ret, struct why *why)
{
	char name[256];
	struct entry e;
	size_t len;
	int r = tree_get(db, at, folder, &e, why);

	while (r == 0 && (len = next_part(&path)) > 0) {
		if (len >= sizeof(name))
			return why_set(why, -ENAMETOOLONG,
				       "a name of %zu bytes is too long", len);
		if (!e.folder)
			return why_set(why, -ENOENT, "'%.*s' is below an item",
				       (int)len, path);
		memcpy(name, path, len);
		name[len] = '\0';
		path += len;
		r = tree_lookup(db, at, e.id, name, &e, why);
	}
	if (r < 0)
		return r;
	*ret = e;
	return 0;
}

int tree_list(struct db *db, int64_t at, int64_t folder, int64_t after,
	      tree_fn fn, void *arg, struct why *why)
{
	DROP(q_close)
	struct q q = q_open(db, at == MOMENT_NOW ? STMT_TREE_LIST_LIVE
						 : STMT_TREE_LIST_AT);
	int r;

	q_i64(&q, 1, folder);
	q_i64(&q, 2, after);
	if (at != MOMENT_NOW)
		q_i64(&q, 3, at);
	while ((r = q_next(&q, &after, why)) > 0) {
		struct entry e = tree_row(&q);

		r = fn(&e, arg);
		if (r != 0)
			return r;
	}
	return r;
}

static int check_buf(const struct buf *buf, struct why *why)
{
	return buf_error(buf) ? why_set(why, -ENOMEM, "out of memory") : 0;
}

int tree_name(struct db *db, int64_t at, int64_t item, struct buf *out,
	      struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_TREE_PLACE);
	int r;

	q_i64(&q, 1, item);
	q_i64(&q, 2, tree_moment(at));
	r = q_step(&q, why);
	if (r < 0)
		return r;
	if (r == 0)
		return why_set(why, -ENOENT, "item %" PRId64 " is not there",
			       item);
	buf_text(out, q_col_text(&q, 1));
	return check_buf(out, why);
}

static int add_name(const char *text, struct buf *name, struct why *why)
{
	int r;

	if (!name)
		return 1;
	buf_text(name, text);
	buf_byte(name, '\0');
	r = check_buf(name, why);
	return r < 0 ? r : 1;
}

int tree_up(struct db *db, int64_t at, int64_t *item, bool folder,
	    struct buf *name, struct why *why)
{
	bool live = tree_moment(at) == tree_moment(MOMENT_NOW);
	int64_t parent;
	const char *known = live ? folders_up(db, *item, &parent) : NULL;
	int r;

	if (known) {
		*item = parent;
		return add_name(known, name, why);
	}
	DROP(q_close) struct q q = q_open(db, STMT_TREE_PLACE);
	q_i64(&q, 1, *item);
	q_i64(&q, 2, tree_moment(at));
	r = q_step(&q, why);
	if (r <= 0)
		return r;
	parent = q_col_i64(&q, 0);
	if (live && folder)
		folders_note(db, *item, parent, q_col_text(&q, 1));
	*item = parent;
	return add_name(q_col_text(&q, 1), name, why);
}

/* Append the names in @parts, each with its NUL, last one first. */
static void join_backwards(const char *parts, size_t len, struct buf *out)
{
	while (len > 0) {
		size_t start = len - 1;

		while (start > 0 && parts[start - 1] != '\0')
			start--;
		buf_text(out, parts + start);
		if (start > 0)
			buf_byte(out, '/');
		len = start;
	}
}

/*
 * Whoever climbs meets nothing twice, unless the file is damaged: a mark that is
 * moved after 1, 2, 4, 8 ... steps is met again then.
 */
struct climb {
	int64_t mark;
	uint64_t steps, limit;
};

static int climb_on(struct climb *c, int64_t step, struct why *why)
{
	if (step && step == c->mark)
		return why_set(why, -EBADMSG,
			       "folder %" PRId64 " is inside itself", step);
	if (c->steps++ < c->limit)
		return 0;
	c->mark = step;
	c->limit = 2 * c->limit + 1;
	c->steps = 0;
	return 0;
}

int tree_path(struct db *db, int64_t at, int64_t folder, int64_t item,
	      struct buf *out, struct why *why)
{
	DROP(buf_done) struct buf parts = {0};
	struct climb climb = {.mark = -1};
	int64_t step = item;
	int r;

	if (!folder)
		folder = TREE_ROOT;
	while (step != folder) {
		if (step == TREE_ROOT)
			return why_set(why, -EXDEV,
				       "item %" PRId64 " is outside", item);
		r = tree_up(db, at, &step, step != item, &parts, why);
		if (r < 0)
			return r;
		if (r == 0)
			return why_set(why, -ENOENT,
				       "item %" PRId64 " is not there", step);
		r = climb_on(&climb, step, why);
		if (r < 0)
			return r;
	}
	join_backwards(parts.data, parts.len, out);
	return check_buf(out, why);
}

int tree_is_below(struct db *db, int64_t at, int64_t folder, int64_t item,
		  struct why *why)
{
	struct climb climb = {.mark = -1};
	int64_t step = item;
	int r = 1;

	while (r > 0 && step != folder && step != 0) {
		r = tree_up(db, at, &step, step != item, NULL, why);
		if (r > 0 && climb_on(&climb, step, why) < 0)
			r = -EBADMSG;
	}
	if (r <= 0 || step != folder)
		return r < 0 ? r : 0;
	/* The folder itself may be gone at that moment. */
	return tree_up(db, at, &step, false, NULL, why);
}
