#include "core/news.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/moment.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <string.h>

int news_moment(struct db *db, int64_t id, int64_t *ret, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_NEWS_MOMENT);

	q_i64(&q, 1, id);
	return q_find(&q, ret, why);
}

int news_items(struct db *db, int64_t moment, int64_t after,
	       struct news_item *ret, int max, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_NEWS_ITEMS);
	int count = 0, r;

	q_i64(&q, 1, moment);
	q_i64(&q, 2, after);
	q_i64(&q, 3, max);
	while ((r = q_step(&q, why)) > 0) {
		ret[count].item = q_col_i64(&q, 0);
		ret[count++].what = (unsigned)q_col_i64(&q, 1);
	}
	return r < 0 ? r : count;
}

int news_item(struct db *db, int64_t moment, int64_t item,
	      struct news_item *ret, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_NEWS_ITEM);
	int r;

	q_i64(&q, 1, moment);
	q_i64(&q, 2, item);
	r = q_step(&q, why);
	if (r > 0)
		*ret = (struct news_item){item, (unsigned)q_col_i64(&q, 0)};
	return r;
}

/* A name in a folder at one of the two moments, before and after. */
struct spot {
	bool there;
	bool folder;
	int64_t item, parent;
	struct attr attr;
	char name[256];
};

static int find_spot(struct db *db, int64_t at, int64_t item, struct spot *ret,
		     struct why *why)
{
	DROP(buf_done) struct buf name = {0};
	struct entry e;
	int r = tree_get(db, at, item, &e, NULL);

	*ret = (struct spot){0};
	if (r == -ENOENT || (r == 0 && !e.parent))
		return 0;
	if (r == 0)
		r = tree_name(db, at, item, &name, NULL);
	if (r == 0)
		r = buf_error(&name);
	if (r < 0 || name.len >= sizeof(ret->name))
		return why_set(why, r < 0 ? r : -EBADMSG, "reading a name");
	memcpy(ret->name, name.data, name.len);
	ret->there = true;
	ret->folder = e.folder;
	ret->item = item;
	ret->parent = e.parent;
	ret->attr = e.attr;
	return 0;
}

/* 1: somebody had the name at @at. */
static int is_taken(struct db *db, int64_t at, const struct spot *spot,
		    struct why *why)
{
	struct entry e;
	int r = tree_lookup(db, at, spot->parent, spot->name, &e, why);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : 1;
}

static bool same_spot(const struct spot *a, const struct spot *b)
{
	return a->there && b->there && a->parent == b->parent &&
	       strcmp(a->name, b->name) == 0;
}

static struct news news_at(const struct spot *spot, enum news_what what)
{
	struct news n = {
		.what = what,
		.folder = spot->folder,
		.item = spot->item,
		.attr = spot->attr,
		.parent = spot->parent,
	};

	memcpy(n.name, spot->name, sizeof(n.name));
	return n;
}

/* Both names are others' now, or were before. */
static int place_changed(struct db *db, int64_t moment, const struct spot *old,
			 const struct spot *new, struct news *ret,
			 struct why *why)
{
	int kept = old->there ? is_taken(db, moment, old, why) : 1;
	int had = !new->there ? 1 : is_taken(db, moment - 1, new, why);
	int count = 0;

	if (kept < 0 || had < 0)
		return kept < 0 ? kept : had;
	if (!kept && !had) {
		ret[0] = news_at(new, NEWS_MOVED);
		ret[0].from_parent = old->parent;
		memcpy(ret[0].from_name, old->name, sizeof(old->name));
		return 1;
	}
	if (!kept)
		ret[count++] = news_at(old, NEWS_REMOVED);
	if (new->there)
		ret[count++] = news_at(new, had ? NEWS_CHANGED : NEWS_CREATED);
	return count;
}

int news_of_item(struct db *db, int64_t moment, const struct news_item *item,
		 struct news ret[NEWS_OF_ITEM], struct why *why)
{
	static const unsigned place = CHANGE_CREATED | CHANGE_REMOVED |
				      CHANGE_MOVED;
	struct spot old = {0}, new;
	int r = find_spot(db, moment, item->item, &new, why);
	int count;

	if (r == 0 && (item->what & place))
		r = find_spot(db, moment - 1, item->item, &old, why);
	if (r < 0)
		return r;
	if (!(item->what & place) || same_spot(&old, &new)) {
		ret[0] = news_at(&new, NEWS_CHANGED);
		return new.there;
	}
	count = place_changed(db, moment, &old, &new, ret, why);
	if (count == 1 && ret[0].what == NEWS_MOVED &&
	    (item->what & (CHANGE_CONTENT | CHANGE_ATTR)))
		ret[count++] = news_at(&new, NEWS_CHANGED);
	return count;
}
