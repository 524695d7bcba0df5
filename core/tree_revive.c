/*
 * A removal or move taken back.
 */
#include "core/tree.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/folders.h"
#include "core/moment.h"
#include "core/tree_row.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct ended {
	int64_t born, parent;
	struct buf name;
};

static void ended_done(struct ended *e)
{
	buf_done(&e->name);
}

/* The place of @item that ended at moment @removed. */
static int find_ended(struct db *db, int64_t item, int64_t removed,
		      struct ended *ret, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_TREE_PLACE_BEFORE);
	int r;

	q_i64(&q, 1, item);
	q_i64(&q, 2, removed);
	r = q_step(&q, why);
	if (r < 0)
		return r;
	if (r == 0 || q_col_i64(&q, 1) != removed)
		return why_set(why, -ENOENT,
			       "item %" PRId64 " did not leave a place at "
			       "moment %" PRId64,
			       item, removed);
	ret->born = q_col_i64(&q, 0);
	ret->parent = q_col_i64(&q, 2);
	buf_text(&ret->name, q_col_text(&q, 3));
	buf_byte(&ret->name, '\0');
	if (buf_error(&ret->name))
		return why_set(why, -ENOMEM, "out of memory");
	return 0;
}

/* Drop the places of @item since @removed, newest first, with what the record
 * of changes says of them. */
static int drop_since(struct moment *m, int64_t item, int64_t removed,
		      struct why *why)
{
	DROP(buf_done) struct buf name = {0};
	struct spot spot;
	int r = tree_spot(m->db, item, &spot, &name, why);

	while (r == 0 && spot.born >= removed) {
		DROP(q_close)
		struct q drop = q_open(m->db, STMT_TREE_DROP_PLACE);

		q_i64(&drop, 1, item);
		q_i64(&drop, 2, spot.born);
		folders_forget(m->db);
		r = q_run(&drop, why);
		if (r == 0 && spot_live(&spot))
			r = tree_note_amended(m, item, spot.parent, name.data,
					      why);
		if (r == 0)
			r = tree_unchange(m, spot.born, item,
					  CHANGE_CREATED | CHANGE_MOVED, why);
		if (r == 0 && !spot_live(&spot))
			r = tree_unchange(m, spot.died, item, CHANGE_REMOVED,
					  why);
		buf_reset(&name);
		if (r == 0)
			r = tree_spot(m->db, item, &spot, &name, why);
	}
	return r;
}

static int reopen(struct moment *m, int64_t item, int64_t born, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_TREE_REOPEN_PLACE);

	q_i64(&q, 1, item);
	q_i64(&q, 2, born);
	folders_forget(m->db);
	return q_run(&q, why);
}

/* Put the item back into the old place as if it had never left. */
static int heal(struct moment *m, int64_t item, int64_t removed, int64_t born,
		struct why *why)
{
	struct spot spot = {0};
	int r = drop_since(m, item, removed, why);

	if (r == 0)
		r = reopen(m, item, born, why);
	if (r == 0)
		r = tree_note_amended(m, item, 0, NULL, why);
	if (r == 0)
		r = tree_unchange(m, removed, item,
				  CHANGE_REMOVED | CHANGE_MOVED, why);
	if (r == 0)
		r = tree_spot(m->db, item, &spot, NULL, why);
	return r < 0 ? r : tree_keep_node(m, item, &spot, why);
}

/* May @item be where it was? It may be there again already. */
static int check_return(struct moment *m, int64_t item, const struct ended *old,
			struct why *why)
{
	DROP(buf_done) struct buf name = {0};
	struct spot spot;
	int r = tree_spot(m->db, item, &spot, &name, why);

	if (r < 0)
		return r;
	if (spot_live(&spot) && spot.parent == old->parent &&
	    strcmp(name.data, old->name.data) == 0)
		return 0;
	if (spot_live(&spot) && spot.folder)
		r = tree_check_loop(m->db, item, old->parent, why);
	return r < 0 ? r
		     : tree_spot_free(m->db, old->parent, old->name.data, why);
}

/* 1: another entry has had the name since @removed. */
static int name_used(struct db *db, int64_t item, int64_t removed,
		     const struct ended *old, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_TREE_NAME_SINCE);

	q_i64(&q, 1, old->parent);
	q_text(&q, 2, old->name.data);
	q_i64(&q, 3, removed);
	q_i64(&q, 4, item);
	return q_step(&q, why);
}

/*
 * 1: the old place may go on as if it had never ended. Besides what has been
 * recorded that depends on what happened meanwhile: two entries must not have
 * had one name at one moment, the folder must have been there all the time,
 * and of a folder that was elsewhere nobody knows what moved into it then.
 */
static int may_heal(struct moment *m, int64_t item, int64_t removed,
		    const struct ended *old, struct why *why)
{
	struct spot spot, parent;
	int r = tree_recorded(m, removed, why);

	if (r == 0)
		r = name_used(m->db, item, removed, old, why);
	if (r != 0)
		return r < 0 ? r : 0;
	r = tree_spot(m->db, item, &spot, NULL, why);
	if (r == 0)
		r = tree_spot(m->db, old->parent, &parent, NULL, why);
	if (r != 0)
		return r;
	return parent.born < removed && (!spot.folder || spot.born < removed);
}

int tree_revive(struct moment *m, int64_t item, int64_t removed,
		struct why *why)
{
	DROP(ended_done) struct ended old = {0};
	int r = find_ended(m->db, item, removed, &old, why);

	if (r == 0)
		r = check_return(m, item, &old, why);
	if (r == 0)
		r = may_heal(m, item, removed, &old, why);
	if (r < 0)
		return r;
	if (r > 0)
		return heal(m, item, removed, old.born, why);
	return tree_move(m, item, old.parent, old.name.data, why);
}
