/*
 * What both sides made, and made alike.
 *
 * Two new items mean the same only if what they refer to does, which may be new
 * as well. So all that have a namesake here are taken for one with it at first,
 * and those that then differ are not; what refers to them differs thereby too,
 * until no more do.
 */
#include "core/pull_priv.h"

#include "core/bits.h"
#include "core/moment.h"
#include "core/why.h"
#include "core/work.h"

#include <errno.h>
#include <stdlib.h>

/* References from one new item to the next; what is left then is said to
 * differ, and comes under a number. */
enum { ROUNDS_MAX = 32 };

struct namesake {
	int64_t theirs, ours, content;
};

struct namesakes {
	struct namesake *list;
	size_t len, cap;
};

static void namesakes_done(struct namesakes *n)
{
	free(n->list);
}

static int add(struct pull *p, struct namesakes *n, const struct namesake *one)
{
	if (n->len == n->cap) {
		size_t cap = n->cap ? 2 * n->cap : 16;
		struct namesake *more =
			reallocarray(n->list, cap, sizeof(*more));

		if (!more)
			return pull_no_memory(p);
		n->list = more;
		n->cap = cap;
	}
	n->list[n->len++] = *one;
	return 0;
}

static int set_pair(struct pull *p, int64_t theirs, int64_t ours)
{
	return pull_pair_set(
		p, &(struct pull_pair){.theirs = theirs, .ours = ours});
}

/* 1: an item here has the name that theirs has there. */
static int find_namesake(struct pull *p, const struct entry *theirs,
			 struct namesake *ret)
{
	DROP(buf_done) struct buf name = {0};
	struct entry ours;
	int64_t parent;
	int r = pull_folder(p, theirs->parent, &parent);

	if (r < 0 || !parent)
		return r;
	r = tree_name(p->db, MOMENT_NOW, theirs->id, &name, p->why);
	buf_byte(&name, '\0');
	if (r < 0 || buf_error(&name))
		return r < 0 ? r : pull_no_memory(p);
	r = tree_lookup(p->db, MOMENT_NOW, parent, name.data, &ours, NULL);
	if (r == -ENOENT || (r == 0 && ours.folder))
		return 0;
	if (r < 0)
		return why_set(p->why, r, "looking for a name");
	*ret = (struct namesake){theirs->id, ours.id, theirs->content};
	return 1;
}

static int find_all(struct pull *p, const struct bits *found,
		    struct namesakes *n)
{
	int64_t item = 0;
	int r = 0;

	while (r >= 0 && bits_next(found, &item) > 0) {
		struct pull_pair pair;
		struct pull_look look;
		struct namesake one;

		p->work->done++;
		r = pull_pair(p, item, &pair);
		if (r == 0)
			r = pull_is_here(p, pair.ours);
		if (r == 0)
			r = pull_look(p, item, &look);
		else
			continue; /* the usual case, at little cost */
		if (r < 0 || look.folder || !pull_is_new(&look))
			continue;
		r = find_namesake(p, &look.theirs, &one);
		if (r > 0)
			r = add(p, n, &one);
	}
	return r < 0 ? r : 0;
}

/* What is ours for another item, which has left that name there, is not taken
 * for this one. */
static int pair_all(struct pull *p, struct namesakes *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->len; i++)
		if (!bits_has(&p->paired, n->list[i].ours))
			n->list[kept++] = n->list[i];
	n->len = kept;
	for (size_t i = 0; i < n->len; i++) {
		int r = set_pair(p, n->list[i].theirs, n->list[i].ours);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Drop those that differ. *any: there were some. */
static int sift(struct pull *p, struct namesakes *n, bool *any)
{
	size_t kept = 0;

	*any = false;
	for (size_t i = 0; i < n->len; i++) {
		const struct namesake one = n->list[i];
		int r = pull_same_ours(p, one.theirs, one.content, one.ours);

		if (r > 0)
			n->list[kept++] = one;
		else if (r == 0)
			r = set_pair(p, one.theirs, 0);
		if (r < 0)
			return r;
		*any |= kept <= i;
	}
	n->len = kept;
	return 0;
}

static int sift_all(struct pull *p, struct namesakes *n)
{
	bool any = true;
	int r = 0;

	for (int round = 0; round < ROUNDS_MAX && any && r == 0; round++)
		r = sift(p, n, &any);
	while (any && n->len && r == 0)
		r = set_pair(p, n->list[--n->len].theirs, 0);
	return r;
}

int pull_alike(struct pull *p, struct bits *found)
{
	DROP(namesakes_done) struct namesakes n = {0};
	int r = find_all(p, found, &n);

	if (r == 0)
		r = pair_all(p, &n);
	if (r == 0)
		r = sift_all(p, &n);
	for (size_t i = 0; i < n.len && r == 0; i++) {
		r = pull_pair_keep(p, n.list[i].theirs, n.list[i].ours);
		bits_remove(found, n.list[i].theirs);
	}
	return r;
}
