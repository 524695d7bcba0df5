/*
 * news - which names came, went or changed at a moment: what somebody who
 * watches a folder should hear.
 *
 * Names are what counts here, not items: where one item took the name of
 * another, that name has changed, and neither came nor went.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_NEWS_H
#define CORE_NEWS_H

#include "core/tree.h"

#include <stddef.h>

struct db;
struct why;

enum news_what {
	NEWS_CREATED,
	NEWS_REMOVED,
	NEWS_MOVED,   /* from a name that is gone to one that was free */
	NEWS_CHANGED, /* bytes or attributes */
};

struct news {
	enum news_what what;
	bool folder; /* the name is, or was, that of a folder */
	int64_t item;
	struct attr attr; /* NEWS_REMOVED: as it was */
	int64_t parent, from_parent;
	char name[256];
	char from_name[256]; /* NEWS_MOVED only, as from_parent */
};

/* An item that changed at a moment; @what are bits of enum change_what. */
struct news_item {
	int64_t item;
	unsigned what;
};

/* The moment at which revision @id, a revert, a pull or a restored archive, did
 * all that it did: 1; 0: it has done nothing (yet). */
int news_moment(struct db *db, int64_t id, int64_t *ret, struct why *why);

/* The next items that changed at @moment, in id order, after item @after; at
 * most @max of them. Returns how many. */
int news_items(struct db *db, int64_t moment, int64_t after,
	       struct news_item *ret, int max, struct why *why);

/* @item alone: 1, or 0: it did not change then. */
int news_item(struct db *db, int64_t moment, int64_t item,
	      struct news_item *ret, struct why *why);

/* What became of the names that one item had and got at @moment. Returns how
 * many pieces of news that is. */
enum { NEWS_OF_ITEM = 2 };
int news_of_item(struct db *db, int64_t moment, const struct news_item *item,
		 struct news ret[NEWS_OF_ITEM], struct why *why);

#endif
