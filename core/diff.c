#include "core/diff.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/moment.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- what changed ---- */

struct items {
	int64_t *list;
	size_t len, cap;
};

static void items_done(struct items *items)
{
	free(items->list);
}

static int add_item(struct items *items, int64_t item, struct why *why)
{
	if (items->len == items->cap) {
		size_t cap = items->cap ? 2 * items->cap : 64;
		int64_t *more = reallocarray(items->list, cap, sizeof(*more));

		if (!more)
			return why_set(why, -ENOMEM, "out of memory");
		items->list = more;
		items->cap = cap;
	}
	items->list[items->len++] = item;
	return 0;
}

static int item_order(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int load_items(struct db *db, int64_t after, int64_t until,
		      struct items *items, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_DIFF_CHANGED);
	size_t kept = 0;
	int r;

	q_i64(&q, 1, after);
	q_i64(&q, 2, until);
	while ((r = q_step(&q, why)) > 0) {
		r = add_item(items, q_col_i64(&q, 0), why);
		if (r < 0)
			return r;
	}
	if (r < 0 || items->len == 0)
		return r;
	qsort(items->list, items->len, sizeof(*items->list), item_order);
	for (size_t i = 1; i < items->len; i++)
		if (items->list[i] != items->list[kept])
			items->list[++kept] = items->list[i];
	items->len = kept + 1;
	return 0;
}

int diff_changed(struct db *db, int64_t from, int64_t to, changed_fn fn,
		 void *arg, struct why *why)
{
	DROP(items_done) struct items items = {0};
	int r = load_items(db, from, to, &items, why);

	for (size_t i = 0; i < items.len && r == 0; i++)
		r = fn(items.list[i], arg);
	return r;
}

/* Most changes share a few folders, so the path of a folder is kept until
 * another one takes its slot. */
enum { SLOTS = 256 };

struct slot {
	int64_t folder; /* 0: empty */
	char *path;	/* NULL: not below the folder that is compared */
};

/* The tree at one of the two moments. */
struct side {
	struct db *db;
	int64_t at, folder;
	struct slot slots[SLOTS];
};

/* A difference, with the paths that it borrows. */
struct found {
	struct difference d;
	char *from, *to;
};

struct comparison {
	struct side from, to;
	struct why *why;
	struct found *found;
	size_t found_count, found_cap;
};

static void found_done(struct found *f)
{
	free(f->from);
	free(f->to);
}

static void side_done(struct side *side)
{
	for (size_t i = 0; i < SLOTS; i++)
		free(side->slots[i].path);
}

static void comparison_done(struct comparison *c)
{
	for (size_t i = 0; i < c->found_count; i++) {
		found_done(&c->found[i]);
	}
	free(c->found);
	side_done(&c->from);
	side_done(&c->to);
}

/* ---- where an item is on one side ---- */

/* The path of @folder, in its slot: "" for the compared folder itself, NULL
 * if it is not below that. */
static int folder_path(struct side *side, int64_t folder, const char **ret,
		       struct why *why)
{
	DROP(buf_done) struct buf path = {0};
	struct slot *slot = &side->slots[folder % SLOTS];
	int r;

	if (slot->folder == folder) {
		*ret = slot->path;
		return 0;
	}
	slot->folder = 0;
	free(slot->path);
	slot->path = NULL;
	r = tree_path(side->db, side->at, side->folder, folder, &path, NULL);
	buf_byte(&path, '\0');
	if (r == 0)
		r = buf_error(&path);
	if (r < 0 && r != -EXDEV && r != -ENOENT)
		return why_set(why, r, "the path of a folder");
	if (r == 0)
		slot->path = TAKE(path.data);
	slot->folder = folder;
	*ret = slot->path;
	return 0;
}

/* 1: @item is in the compared folder, *ret_path is the caller's; 0: it is
 * not. */
static int find_item(struct side *side, int64_t item, struct entry *ret,
		     char **ret_path, struct why *why)
{
	DROP(buf_done) struct buf path = {0};
	const char *folder = "";
	int r = tree_get(side->db, side->at, item, ret, NULL);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return why_set(why, r, "reading what changed");
	if (item != side->folder) {
		r = ret->parent ? folder_path(side, ret->parent, &folder, why)
				: 0;
		if (r < 0 || !ret->parent || !folder)
			return r;
		buf_addf(&path, "%s%s", folder, *folder ? "/" : "");
		r = tree_name(side->db, side->at, item, &path, why);
		if (r < 0)
			return r;
	}
	buf_byte(&path, '\0');
	if (buf_error(&path))
		return why_set(why, -ENOMEM, "out of memory");
	*ret_path = TAKE(path.data);
	return 1;
}

/* ---- what differs ---- */

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A folder's modification time follows from what else changed. */
static bool same_attr(const struct entry *a, const struct entry *b)
{
	return a->attr.mode == b->attr.mode && a->attr.uid == b->attr.uid &&
	       a->attr.gid == b->attr.gid &&
	       (a->folder || a->attr.mtime_ns == b->attr.mtime_ns);
}

/* @d is complete but for what it says; '\0': nothing differs. */
static void judge(struct difference *d, bool itself)
{
	bool moved = false;

	if (!d->from || !d->to) {
		d->what = d->to ? '+' : '-';
		return;
	}
	d->content = d->old.content != d->new.content;
	d->attr = !same_attr(&d->old, &d->new);
	if (!itself)
		moved = d->old.parent != d->new.parent ||
			strcmp(last_part(d->from), last_part(d->to)) != 0;
	if (moved)
		d->what = 'R';
	else if (d->content)
		d->what = 'M';
	else if (d->attr)
		d->what = 'A';
}

static int add_found(struct comparison *c, const struct found *found)
{
	if (c->found_count == c->found_cap) {
		size_t cap = c->found_cap ? 2 * c->found_cap : 64;
		struct found *more = reallocarray(c->found, cap, sizeof(*more));

		if (!more)
			return why_set(c->why, -ENOMEM, "out of memory");
		c->found = more;
		c->found_cap = cap;
	}
	c->found[c->found_count++] = *found;
	return 0;
}

static int compare_item(int64_t item, void *arg)
{
	struct comparison *c = arg;
	DROP(found_done) struct found f = {.d.item = item};
	int before = find_item(&c->from, item, &f.d.old, &f.from, c->why);
	int after = before < 0
			    ? before
			    : find_item(&c->to, item, &f.d.new, &f.to, c->why);
	int r;

	if (after < 0 || (!before && !after))
		return after;
	f.d.from = f.from;
	f.d.to = f.to;
	f.d.folder = before ? f.d.old.folder : f.d.new.folder;
	judge(&f.d, item == c->from.folder);
	if (!f.d.what)
		return 0;
	r = add_found(c, &f);
	if (r < 0)
		return r;
	f.from = f.to = NULL;
	return 0;
}

/* ---- the order ---- */

static const char *path_of(const struct difference *d)
{
	return d->to ? d->to : d->from;
}

/* As a walk would meet them: what is in a folder directly after it. */
int diff_path_order(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return 0;
	if (!*a || !*b)
		return *a ? 1 : -1;
	if (*a == '/' || *b == '/')
		return *b == '/' ? 1 : -1;
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

static int found_order(const void *a, const void *b)
{
	const struct found *f = a, *g = b;
	const struct difference *x = &f->d, *y = &g->d;
	int order = diff_path_order(path_of(x), path_of(y));

	/* What made room comes before what took it. */
	if (order == 0)
		order = (y->what == '-') - (x->what == '-');
	return order ? order : item_order(&x->item, &y->item);
}

int diff_run(struct db *db, int64_t folder, int64_t from, int64_t to,
	     diff_fn fn, void *arg, struct why *why)
{
	DROP(reading_end) struct reading reading = {0};
	DROP(comparison_done)
	struct comparison c = {
		.from = {.db = db, .folder = folder},
		.to = {.db = db, .folder = folder},
		.why = why,
	};
	int r = reading_begin(&reading, db, why);

	if (from == MOMENT_NOW && r == 0)
		r = moment_newest(db, &from, why);
	if (to == MOMENT_NOW && r == 0)
		r = moment_newest(db, &to, why);
	c.from.at = from;
	c.to.at = to;
	if (r == 0)
		r = diff_changed(db, from < to ? from : to,
				 from < to ? to : from, compare_item, &c, why);
	if (r == 0 && c.found_count)
		qsort(c.found, c.found_count, sizeof(c.found[0]), found_order);
	for (size_t i = 0; i < c.found_count && r == 0; i++)
		r = fn(&c.found[i].d, arg);
	return r;
}
