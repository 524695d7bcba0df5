#include "core/tree.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/folders.h"
#include "core/moment.h"
#include "core/store.h"
#include "core/tree_row.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>

/* ---- places ---- */

bool spot_live(const struct spot *spot)
{
	return spot->died == MOMENT_NOW;
}

int tree_spot(struct db *db, int64_t item, struct spot *ret, struct buf *name,
	      struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_TREE_SPOT);
	int r;

	q_i64(&q, 1, item);
	r = q_step(&q, why);
	if (r < 0)
		return r;
	if (r == 0)
		return why_set(why, -ENOENT, "there is no item %" PRId64, item);
	if (name) {
		buf_text(name, q_col_text(&q, 3));
		buf_byte(name, '\0');
		if (buf_error(name))
			return why_set(why, -ENOMEM, "out of memory");
	}
	ret->born = q_col_i64(&q, 0);
	ret->died = q_col_i64(&q, 1);
	ret->parent = q_col_i64(&q, 2);
	ret->folder = q_col_i64(&q, 4) != 0;
	ret->node = q_col_i64(&q, 5);
	return 0;
}

int tree_spot_live(struct db *db, int64_t item, struct spot *ret,
		   struct buf *name, struct why *why)
{
	int r = tree_spot(db, item, ret, name, why);

	if (r == 0 && !spot_live(ret))
		return why_set(why, -ENOENT,
			       "item %" PRId64 " is not there any more", item);
	return r;
}

static int check_folder(struct db *db, int64_t folder, struct why *why)
{
	struct spot spot;
	int r = tree_spot_live(db, folder, &spot, NULL, why);

	if (r == -ENOENT)
		return why_set(why, r, "the folder is not there any more");
	if (r == 0 && !spot.folder)
		return why_set(why, -ENOTDIR, "item %" PRId64 " is no folder",
			       folder);
	return r;
}

int tree_spot_free(struct db *db, int64_t folder, const char *name,
		   struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_TREE_LIVE_NAME);
	int r = check_folder(db, folder, why);

	if (r < 0)
		return r;
	q_i64(&q, 1, folder);
	q_text(&q, 2, name);
	r = q_step(&q, why);
	if (r > 0)
		return why_set(why, -EEXIST, "'%s' is there already", name);
	return r;
}

static int touch(struct moment *m, int64_t folder, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_TREE_TOUCH);

	q_i64(&q, 1, folder);
	q_i64(&q, 2, m->id);
	return q_run(&q, why);
}

int tree_spot_end(struct moment *m, int64_t item, const struct spot *spot,
		  struct why *why)
{
	/* What was born at this very moment was never there. */
	bool drop = spot->born == m->id;
	DROP(q_close)
	struct q q = q_open(m->db,
			    drop ? STMT_TREE_DROP_PLACE : STMT_TREE_END_PLACE);
	int r;

	q_i64(&q, 1, item);
	q_i64(&q, 2, spot->born);
	if (!drop)
		q_i64(&q, 3, m->id);
	folders_forget(m->db);
	r = q_run(&q, why);
	return r < 0 ? r : touch(m, spot->parent, why);
}

int tree_spot_begin(struct moment *m, int64_t item, int64_t parent,
		    const char *name, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_TREE_ADD_PLACE);
	int r;

	q_i64(&q, 1, item);
	q_i64(&q, 2, m->id);
	q_i64(&q, 3, parent);
	q_text(&q, 4, name);
	r = q_run(&q, why);
	return r < 0 ? r : touch(m, parent, why);
}

/* ---- states ---- */

int tree_put_state(struct moment *m, const struct entry *e, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_TREE_PUT_STATE);

	q_i64(&q, 1, e->id);
	q_i64(&q, 2, m->id);
	q_id(&q, 3, e->content);
	q_id(&q, 4, e->arrived);
	q_i64(&q, 5, e->size);
	q_i64(&q, 6, e->attr.mode);
	q_i64(&q, 7, e->attr.uid);
	q_i64(&q, 8, e->attr.gid);
	q_i64(&q, 9, e->attr.mtime_ns);
	q_i64(&q, 10, m->time_ns);
	return q_run(&q, why);
}

/* ---- new entries ---- */

static int add_row(struct moment *m, const struct entry *e, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_TREE_ADD_ITEM);

	q_i64(&q, 1, e->id);
	q_i64(&q, 2, e->folder);
	q_i64(&q, 3, e->id);
	return q_run(&q, why);
}

static int add_entry(struct moment *m, struct entry *e, const char *name,
		     struct why *why)
{
	int64_t node = e->node;
	int r = store_room(m->store, why);

	if (r == 0)
		r = tree_spot_free(m->db, e->parent, name, why);
	if (r < 0)
		return r;
	e->id = store_next_id(m->store);
	r = add_row(m, e, why);
	if (r == 0 && node)
		r = tree_set_node(m, e->id, node, why);
	if (r == 0)
		r = tree_spot_begin(m, e->id, e->parent, name, why);
	if (r == 0)
		r = tree_put_state(m, e, why);
	if (r == 0)
		r = moment_change(m, e->id, CHANGE_CREATED, why);
	return r;
}

int tree_add_folder(struct moment *m, int64_t parent, const char *name,
		    const struct attr *attr, int64_t *ret_id, struct why *why)
{
	struct entry e = {.parent = parent, .folder = true, .attr = *attr};
	int r = add_entry(m, &e, name, why);

	if (r < 0)
		return r;
	*ret_id = e.id;
	return 0;
}

int tree_add_item(struct moment *m, int64_t parent, const char *name,
		  const struct new_item *new, int64_t *ret_id, struct why *why)
{
	struct entry e = {
		.parent = parent,
		.node = new->node,
		.content = new->content,
		.size = new->size,
		.attr = new->attr,
	};
	int r = add_entry(m, &e, name, why);

	if (r < 0)
		return r;
	*ret_id = e.id;
	return 0;
}

/* ---- what is there ---- */

int tree_save(struct moment *m, int64_t item, int64_t content, int64_t arrived,
	      int64_t size, const struct attr *attr, struct why *why)
{
	struct entry e = {
		.id = item,
		.content = content,
		.arrived = arrived,
		.size = size,
		.attr = *attr,
	};
	struct spot spot;
	int r = store_room(m->store, why);

	if (r == 0)
		r = tree_spot_live(m->db, item, &spot, NULL, why);
	if (r < 0)
		return r;
	r = tree_put_state(m, &e, why);
	return r < 0 ? r : moment_change(m, item, CHANGE_CONTENT, why);
}

/* Another entry may have left the tree and kept the number; it loses it. */
static int free_node(struct moment *m, int64_t item, int64_t node,
		     struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_TREE_FREE_NODE);

	q_i64(&q, 1, node);
	q_i64(&q, 2, item);
	return q_run(&q, why);
}

int tree_set_node(struct moment *m, int64_t item, int64_t node, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_TREE_SET_NODE);
	int r = node ? free_node(m, item, node, why) : 0;

	if (r < 0)
		return r;
	q_i64(&q, 1, item);
	q_id(&q, 2, node);
	r = q_run(&q, why);
	if (r == -EEXIST)
		return why_set(why, r, "node %" PRId64 " is another item",
			       node);
	return r;
}
