#include "core/choice.h"

#include "core/closure.h"
#include "core/moment.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>

void choice_done(struct choice *choice)
{
	bits_done(&choice->chosen);
	bits_done(&choice->needed);
	bits_done(&choice->leading);
}

static int mark(struct bits *bits, int64_t item, struct why *why)
{
	int r = bits_add(bits, item);

	return r < 0 ? why_set(why, r, "out of memory") : r;
}

static int parent_of(struct db *db, int64_t moment, int64_t item,
		     int64_t *ret_parent, struct why *why)
{
	struct entry e;
	int r = tree_get(db, moment, item, &e, why);

	if (r == 0)
		*ret_parent = e.parent;
	return r;
}

/* The folders from @folder up to the root lead to what is wanted. */
static int lead(struct choice *c, struct db *db, int64_t moment, int64_t folder,
		struct why *why)
{
	int r = 1;

	while (r > 0 && folder > 0) {
		r = mark(&c->leading, folder, why);
		if (r > 0 && parent_of(db, moment, folder, &folder, why) < 0)
			return -ENOENT;
	}
	return r < 0 ? r : 0;
}

/* What is in @folder is wanted, too: go up until all is below. */
static int widen(struct choice *c, struct db *db, int64_t moment,
		 int64_t folder, struct why *why)
{
	int r = 0;

	if (!c->common)
		c->common = folder;
	while (r == 0 && c->common != TREE_ROOT) {
		r = tree_is_below(db, moment, c->common, folder, why);
		if (r > 0)
			return 0;
		if (r == 0)
			r = parent_of(db, moment, c->common, &c->common, why);
	}
	return r;
}

int choice_add(struct choice *choice, struct db *db, int64_t moment,
	       int64_t item, struct why *why)
{
	int64_t parent = 0;
	int r = parent_of(db, moment, item, &parent, why);

	if (r == 0)
		r = mark(&choice->chosen, item, why);
	if (r >= 0)
		r = lead(choice, db, moment, parent, why);
	return r < 0 ? r : widen(choice, db, moment, parent, why);
}

/* ---- what is needed ---- */

struct needing {
	struct choice *choice;
	struct db *db;
	struct why *why;
};

static int need(int64_t item, bool folder, void *arg)
{
	const struct needing *n = arg;
	int64_t parent = 0;
	int r = mark(&n->choice->needed, item, n->why);

	(void)folder;
	if (r >= 0)
		r = parent_of(n->db, MOMENT_NOW, item, &parent, n->why);
	return r < 0 ? r : lead(n->choice, n->db, MOMENT_NOW, parent, n->why);
}

int choice_add_closure(struct choice *choice, struct db *db,
		       const struct kinds *kinds, int64_t item, struct why *why)
{
	struct needing n = {choice, db, why};

	choice->common = TREE_ROOT;
	return closure_walk(db, kinds, item, need, &n, why);
}

enum backup_want choice_filter(int64_t item, bool folder, void *arg)
{
	const struct choice *c = arg;

	if (bits_has(&c->chosen, item))
		return BACKUP_ALL;
	if (bits_has(&c->needed, item))
		return BACKUP_THIS;
	return folder && bits_has(&c->leading, item) ? BACKUP_THIS : BACKUP_NOT;
}
