#include "core/tree.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/moment.h"
#include "core/store.h"
#include "core/tree_row.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

int tree_keep_node(struct moment *m, int64_t item, const struct spot *spot,
		   struct why *why)
{
	if (spot->node)
		return 0;
	return tree_set_node(m, item, store_next_id(m->store), why);
}

int tree_spot_move(struct moment *m, int64_t item, const struct spot *old,
		   int64_t parent, const char *name, struct why *why)
{
	bool back = !spot_live(old) && old->died != m->id;
	int r = tree_keep_node(m, item, old, why);

	if (r == 0)
		r = tree_spot_begin(m, item, parent, name, why);
	/* What left its place a moment ago (tree_detach()) has only moved. */
	if (r == 0 && old->died == m->id)
		r = tree_unchange(m, m->id, item, CHANGE_REMOVED, why);
	if (r == 0)
		r = moment_change(m, item, back ? CHANGE_CREATED : CHANGE_MOVED,
				  why);
	return r;
}

int tree_check_loop(struct db *db, int64_t item, int64_t parent,
		    struct why *why)
{
	int r = tree_is_below(db, MOMENT_NOW, item, parent, why);

	if (r > 0)
		return why_set(why, -EINVAL,
			       "folder %" PRId64 " would be inside itself",
			       item);
	return r;
}

int tree_move(struct moment *m, int64_t item, int64_t parent, const char *name,
	      struct why *why)
{
	DROP(buf_done) struct buf was = {0};
	struct spot spot;
	int r = tree_spot(m->db, item, &spot, &was, why);

	if (r < 0)
		return r;
	if (spot_live(&spot) && spot.parent == parent &&
	    strcmp(was.data, name) == 0)
		return 0;
	r = tree_spot_free(m->db, parent, name, why);
	if (r == 0 && spot.folder)
		r = tree_check_loop(m->db, item, parent, why);
	if (r == 0 && spot_live(&spot))
		r = tree_spot_end(m, item, &spot, why);
	if (r == 0)
		r = tree_spot_move(m, item, &spot, parent, name, why);
	return r;
}

int tree_exchange(struct moment *m, int64_t a, int64_t b, struct why *why)
{
	DROP(buf_done) struct buf name_a = {0};
	DROP(buf_done) struct buf name_b = {0};
	struct spot at_a, at_b;
	int r = tree_spot_live(m->db, a, &at_a, &name_a, why);

	if (r == 0)
		r = tree_spot_live(m->db, b, &at_b, &name_b, why);
	if (r != 0 || a == b)
		return r;
	if (at_a.folder)
		r = tree_check_loop(m->db, a, at_b.parent, why);
	if (r == 0 && at_b.folder)
		r = tree_check_loop(m->db, b, at_a.parent, why);
	if (r == 0)
		r = tree_spot_end(m, a, &at_a, why);
	if (r == 0)
		r = tree_spot_end(m, b, &at_b, why);
	if (r == 0)
		r = tree_spot_move(m, a, &at_a, at_b.parent, name_b.data, why);
	if (r == 0)
		r = tree_spot_move(m, b, &at_b, at_a.parent, name_a.data, why);
	return r;
}

/* ---- out of the tree ---- */

/* What came and went within this moment was never there. */
static int forget_unborn(struct moment *m, int64_t item, struct why *why)
{
	const enum stmt all[] = {STMT_TREE_FORGET_STATES,
				 STMT_TREE_FORGET_ITEM};
	struct spot spot;
	int r = tree_spot(m->db, item, &spot, NULL, NULL);

	if (r != -ENOENT)
		return r;
	r = 0;
	for (size_t i = 0; r == 0 && i < sizeof(all) / sizeof(all[0]); i++) {
		DROP(q_close) struct q q = q_open(m->db, all[i]);

		q_i64(&q, 1, item);
		r = q_run(&q, why);
	}
	if (r < 0)
		return r;
	return tree_unchange(m, m->id, item, ~0U, why);
}

/* What the record of changes says of an item whose place @was has ended. */
static int note_end(struct moment *m, int64_t item, const struct spot *was,
		    struct why *why)
{
	struct spot left;
	int r;

	if (was->born != m->id)
		return moment_change(m, item, CHANGE_REMOVED, why);
	r = tree_spot(m->db, item, &left, NULL, NULL);
	if (r == -ENOENT)
		return 0;
	/* It came back at this moment and goes again: nothing happened. */
	if (r == 0 && left.died != m->id)
		return tree_unchange(m, m->id, item,
				     CHANGE_CREATED | CHANGE_MOVED, why);
	return r < 0 ? r : moment_change(m, item, CHANGE_REMOVED, why);
}

int tree_detach(struct moment *m, int64_t item, struct why *why)
{
	struct spot spot;
	int r = tree_spot_live(m->db, item, &spot, NULL, why);

	if (r < 0)
		return r;
	if (!spot.parent)
		return why_set(why, -EBUSY, "the root folder stays");
	r = tree_spot_end(m, item, &spot, why);
	return r < 0 ? r : note_end(m, item, &spot, why);
}

static int check_empty(struct db *db, int64_t item, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_TREE_ANY_CHILD);
	int r;

	q_i64(&q, 1, item);
	r = q_step(&q, why);
	if (r > 0)
		return why_set(why, -ENOTEMPTY,
			       "folder %" PRId64 " is not empty", item);
	return r;
}

int tree_remove(struct moment *m, int64_t item, struct why *why)
{
	int r = check_empty(m->db, item, why);

	if (r == 0)
		r = tree_detach(m, item, why);
	if (r == 0)
		r = forget_unborn(m, item, why);
	return r;
}
