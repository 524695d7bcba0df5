/*
 * The thread's part: what happened, item by item.
 */
#include "core/moment.h"
#include "core/repo.h"
#include "core/tree.h"
#include "fs/fs.h"
#include "fs/witness_priv.h"

#include <errno.h>
#include <string.h>

enum {
	NAMES_MAX = 8192,   /* a watcher's queue holds 16384 events, mostly */
	FOLDERS_MAX = 1024, /* that stand for the names after those */
	FOLDERS_KNOWN = 64,
	PAGE = 32,
};

struct story {
	struct witness *w;
	int names, folders;
	int64_t known[FOLDERS_KNOWN]; /* that were touched, a ring */
};

static bool is_known(const struct story *s, int64_t folder)
{
	for (int i = 0; i < FOLDERS_KNOWN; i++)
		if (s->known[i] == folder)
			return true;
	return false;
}

/* 1: enough. */
static int tell(struct story *s, const struct news *news)
{
	if (s->names < NAMES_MAX) {
		s->names++;
		return witness_tell(s->w, news);
	}
	if (s->folders >= FOLDERS_MAX)
		return 1;
	if (is_known(s, news->parent))
		return 0;
	s->known[s->folders++ % FOLDERS_KNOWN] = news->parent;
	return witness_touch(s->w, news->parent);
}

/* What a few items had and got, read at once: nothing is held while it is
 * told. */
struct page {
	struct news_item items[PAGE];
	struct news news[PAGE * NEWS_OF_ITEM];
	int count;
};

static int read_news(struct db *db, int64_t moment, int items,
		     struct page *page)
{
	for (int i = 0; i < items; i++) {
		int r = news_of_item(db, moment, &page->items[i],
				     page->news + page->count, NULL);

		if (r < 0)
			return r;
		page->count += r;
	}
	return 0;
}

/* How many items there are after @after, at most PAGE of them. */
static int read_page(struct story *s, int64_t moment, int64_t after,
		     struct page *page)
{
	DROP(store_put) struct reader reader = {0};
	int items = store_read(s->w->fs->repo->store, &reader, NULL);
	int r = 0;

	page->count = 0;
	if (items == 0)
		items = news_items(reader.db, moment, after, page->items, PAGE,
				   NULL);
	if (items > 0)
		r = read_news(reader.db, moment, items, page);
	return r < 0 ? r : items;
}

static void tell_moment(struct story *s, int64_t moment)
{
	struct page page;
	int64_t after = 0;
	int items, r = 0;

	do {
		items = read_page(s, moment, after, &page);
		for (int i = 0; i < page.count && r == 0; i++)
			r = tell(s, &page.news[i]);
		if (items > 0)
			after = page.items[items - 1].item;
	} while (r == 0 && items == PAGE);
}

/* 0: nothing was done. */
static int64_t moment_of(const struct witness *w, int64_t revision)
{
	DROP(store_put) struct reader reader = {0};
	int64_t moment = 0;
	int r = store_read(w->fs->repo->store, &reader, NULL);

	if (r == 0)
		r = news_moment(reader.db, revision, &moment, NULL);
	return r > 0 ? moment : 0;
}

static int read_item(const struct witness *w, const struct tidings *t,
		     struct news *ret)
{
	DROP(store_put) struct reader reader = {0};
	struct news_item item = {.item = t->item, .what = CHANGE_CONTENT};
	int r = store_read(w->fs->repo->store, &reader, NULL);

	if (r == 0)
		r = t->moment ? news_item(reader.db, t->moment, t->item, &item,
					  NULL)
			      : 1;
	return r > 0 ? news_of_item(reader.db,
				    t->moment ? t->moment : MOMENT_NOW, &item,
				    ret, NULL)
		     : r;
}

static void tell_item(struct story *s, const struct tidings *t)
{
	struct news news[NEWS_OF_ITEM];
	int count = read_item(s->w, t, news);

	for (int i = 0; i < count; i++)
		(void)tell(s, &news[i]);
}

static void tell_name(struct story *s, const struct tidings *t)
{
	DROP(store_put) struct reader reader = {0};
	struct news news = {.what = NEWS_REMOVED, .parent = t->parent};
	struct entry entry;
	size_t len = strlen(t->name);
	int r = store_read(s->w->fs->repo->store, &reader, NULL);

	if (r < 0 || len >= sizeof(news.name))
		return;
	memcpy(news.name, t->name, len + 1);
	r = tree_lookup(reader.db, MOMENT_NOW, t->parent, t->name, &entry,
			NULL);
	if (r == 0) {
		news.what = NEWS_CREATED;
		news.folder = entry.folder;
	}
	store_put(&reader);
	if (r == 0 || r == -ENOENT)
		(void)tell(s, &news);
}

void witness_relate(struct witness *w, const struct tidings *t)
{
	struct story story = {.w = w};
	int64_t moment = t->revision ? moment_of(w, t->revision) : 0;

	if (t->name)
		tell_name(&story, t);
	else if (t->item)
		tell_item(&story, t);
	else if (moment)
		tell_moment(&story, moment);
}
