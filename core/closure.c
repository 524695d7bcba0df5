#include "core/closure.h"

#include "core/bits.h"
#include "core/db.h"
#include "core/moment.h"
#include "core/ref_row.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>

struct closure {
	struct db *db;
	const struct kinds *kinds;
	struct bits seen, due; /* due: seen, but not looked into */
	struct ref_list refs;
	struct why *why;
};

static void closure_done(struct closure *c)
{
	bits_done(&c->seen);
	bits_done(&c->due);
	ref_list_done(&c->refs);
}

static int need(struct closure *c, int64_t item)
{
	int r = bits_add(&c->seen, item);

	if (r > 0)
		r = bits_add(&c->due, item);
	return r < 0 ? why_set(c->why, r, "out of memory") : 0;
}

static int need_children(struct closure *c, int64_t folder)
{
	struct ref_child child = {0};
	int r;

	while ((r = ref_next_child(c->db, folder, &child, NULL, c->why)) > 0) {
		r = need(c, child.item);
		if (r < 0)
			return r;
	}
	return r;
}

static int need_targets(struct closure *c, int64_t item)
{
	int r = ref_read(c->db, item, &c->refs, c->why);

	for (size_t i = 0; i < c->refs.len && r == 0; i++) {
		struct ref ref = ref_list_get(&c->refs, i);
		int64_t target;

		if (ref.missing)
			continue;
		ref.item = item;
		r = ref_resolve(c->db, c->kinds, &ref, &target, c->why);
		if (r == 0)
			r = need(c, target);
		else if (r == -ENOENT)
			r = 0;
	}
	return r;
}

/* One after another in the order of their numbers, and again from the start,
 * until nothing is due: as many rounds as the longest chain at the most. */
static int walk(struct closure *c, closure_fn fn, void *arg)
{
	int64_t item = 0;
	int r = 0;

	while (r == 0) {
		struct entry e;

		if (!bits_next(&c->due, &item)) {
			if (item == 0)
				break;
			item = 0;
			continue;
		}
		bits_remove(&c->due, item);
		r = tree_get(c->db, MOMENT_NOW, item, &e, c->why);
		if (r == 0)
			r = e.folder ? need_children(c, item)
				     : need_targets(c, item);
		if (r == 0)
			r = fn(item, e.folder, arg);
	}
	return r;
}

int closure_walk(struct db *db, const struct kinds *kinds, int64_t item,
		 closure_fn fn, void *arg, struct why *why)
{
	DROP(closure_done)
	struct closure c = {
		.db = db,
		.kinds = kinds,
		.why = why,
	};
	int r = need(&c, item);

	return r < 0 ? r : walk(&c, fn, arg);
}
