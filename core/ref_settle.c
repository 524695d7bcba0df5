#include "core/ref_settle.h"

#include "core/db.h"
#include "core/kind.h"
#include "core/store.h"
#include "core/tree.h"
#include "core/tree_row.h"
#include "core/why.h"

#include <errno.h>

static void settling_done(struct settling *s)
{
	ref_text_done(&s->text);
	ref_list_done(&s->was);
	ref_list_done(&s->now);
	buf_done(&s->path);
}

/* ---- who is there ---- */

static int path_there(struct settling *s, const char *path)
{
	DROP(q_close) struct q q = q_open(s->db, STMT_REF_PATH_THERE);
	struct ref_place place;
	struct ref_bits bits;
	int r = ref_find(s->db, path, &place, s->why);

	if (r < 0)
		return r;
	bits = ref_place_bits(s->kinds, path, &place);
	q_text(&q, 1, path);
	q_i64(&q, 2, (int64_t)bits.item);
	q_i64(&q, 3, (int64_t)bits.folder);
	q_i64(&q, 4, (int64_t)KIND_FOLDER);
	q_i64(&q, 5, (int64_t)KIND_ANY);
	return q_run(&q, s->why);
}

/* The path and all below it. */
static int paths_there(struct settling *s, const char *path)
{
	DROP(buf_done) struct buf target = {0};
	int r = path_there(s, path);

	while (r == 0 && (r = ref_next_below(s->db, path, &target, s->why)) > 0)
		r = path_there(s, target.data);
	return r;
}

/* ---- below a folder that moved ---- */

static int parent_of(struct settling *s, int64_t item, int64_t *ret)
{
	struct spot spot;
	int r = tree_spot(s->db, item, &spot, NULL, s->why);

	if (r == 0)
		*ret = spot.parent;
	return r;
}

/* Everything below the folder @top is of another kind now. */
static int read_below(struct settling *s, int64_t top, const struct kind *kind)
{
	struct ref_child child = {0};
	int64_t folder = top;
	int r = 0;

	while (r >= 0) {
		r = ref_next_child(s->db, folder, &child, s->kinds, s->why);
		if (r > 0 && !child.folder) {
			r = ref_settle_item(s, child.item, kind);
		} else if (r > 0 && !child.bears_kind) {
			folder = child.item;
			child.item = 0;
		} else if (r == 0 && folder != top) {
			/* Up again, and on behind the folder. */
			child.item = folder;
			r = parent_of(s, folder, &folder);
		} else if (r == 0) {
			break;
		}
	}
	return r;
}

/* ---- one entry that changed ---- */

/* Where it was before this moment and where it is, as paths; len 0: nowhere. */
struct moved {
	bool folder;
	struct buf was, now;
};

static void moved_done(struct moved *v)
{
	buf_done(&v->was);
	buf_done(&v->now);
}

/* The place that ended at this moment. */
static int find_was(struct settling *s, int64_t item, struct moved *v)
{
	DROP(q_close) struct q q = q_open(s->db, STMT_TREE_PLACE_BEFORE);
	int r;

	q_i64(&q, 1, item);
	q_i64(&q, 2, s->m->id);
	r = q_step(&q, s->why);
	if (r <= 0 || q_col_i64(&q, 1) != s->m->id)
		return r < 0 ? r : 0;
	/* The folder may have moved at this moment too. */
	r = ref_path_in(s->db, s->m->id - 1, q_col_i64(&q, 2),
			q_col_text(&q, 3), v->folder, &v->was, s->why);
	if (r == -ENOENT)
		buf_reset(&v->was);
	return r == -ENOENT ? 0 : r;
}

static int find_moved(struct settling *s, int64_t item, struct moved *v)
{
	DROP(buf_done) struct buf name = {0};
	struct spot spot;
	int r = tree_spot(s->db, item, &spot, &name, s->why);

	if (r < 0)
		return r;
	v->folder = spot.folder;
	if (spot_live(&spot) && spot.parent)
		r = ref_path_in(s->db, MOMENT_NOW, spot.parent, name.data,
				spot.folder, &v->now, s->why);
	return r < 0 ? r : find_was(s, item, v);
}

static const struct kind *kind_at(const struct settling *s,
				  const struct buf *path, bool folder)
{
	return path->len ? kinds_by_path(s->kinds, path->data, path->len - 1,
					 folder)
			 : NULL;
}

static int settle_folder(struct settling *s, int64_t item,
			 const struct moved *v)
{
	bool both = v->was.len && v->now.len;
	const struct kind *kind = kind_at(s, &v->now, true);
	int r = 0;

	/* What was below a folder that came or went has changed itself. */
	if (v->was.len)
		r = both ? paths_there(s, v->was.data)
			 : path_there(s, v->was.data);
	if (r == 0 && v->now.len)
		r = both ? paths_there(s, v->now.data)
			 : path_there(s, v->now.data);
	if (r == 0 && both && kind_at(s, &v->was, true) != kind)
		r = read_below(s, item, kind);
	return r;
}

static int settle_document(struct settling *s, int64_t item,
			   const struct moved *v, unsigned what)
{
	const struct kind *kind = kind_at(s, &v->now, false);
	bool same_text = what == CHANGE_MOVED && v->was.len && v->now.len;
	int r = 0;

	if (v->was.len)
		r = path_there(s, v->was.data);
	if (r == 0 && v->now.len)
		r = path_there(s, v->now.data);
	if (r < 0 || (same_text && kind_at(s, &v->was, false) == kind))
		return r;
	return ref_settle_item(s, item, kind);
}

/* It says something else, where it was. */
static int settle_text(struct settling *s, int64_t item)
{
	const struct kind *kind;
	int r = ref_kind(s->db, s->kinds, item, &kind, s->why);

	return r < 0 ? r : ref_settle_item(s, item, kind);
}

static int settle_item(struct settling *s, int64_t item, unsigned what)
{
	DROP(moved_done) struct moved v = {0};
	int r;

	if (what == CHANGE_CONTENT)
		return settle_text(s, item);
	r = find_moved(s, item, &v);
	if (r == -ENOENT) /* it came and went within the moment */
		return 0;
	if (r < 0)
		return r;
	return v.folder ? settle_folder(s, item, &v)
			: settle_document(s, item, &v, what);
}

/* ---- all of a moment ---- */

static int settle_changes(struct settling *s)
{
	DROP(q_close) struct q q = q_open(s->db, STMT_REF_CHANGED);
	const unsigned what = CHANGE_CREATED | CHANGE_REMOVED | CHANGE_MOVED |
			      CHANGE_CONTENT;
	int r;

	q_i64(&q, 1, s->m->id);
	q_i64(&q, 2, what);
	while ((r = q_step(&q, s->why)) > 0) {
		r = settle_item(s, q_col_i64(&q, 0),
				(unsigned)q_col_i64(&q, 1) & what);
		if (r < 0)
			return r;
	}
	return r;
}

/* What an amended item left by that, if anything. */
static int settle_left(struct settling *s, const struct moment_note *note)
{
	int r;

	if (!note->name)
		return 0;
	buf_reset(&s->path);
	r = ref_path_in(s->db, MOMENT_NOW, note->parent, note->name, false,
			&s->path, s->why);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : paths_there(s, s->path.data);
}

/* It is again what and where it was before earlier moments. */
static int settle_amended(struct settling *s, int64_t item)
{
	DROP(moved_done) struct moved v = {0};
	int r = find_moved(s, item, &v);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!v.folder)
		return settle_document(s, item, &v, CHANGE_CONTENT);
	if (!v.now.len)
		return 0;
	r = paths_there(s, v.now.data);
	return r < 0 ? r : read_below(s, item, kind_at(s, &v.now, true));
}

static int settle_notes(struct settling *s)
{
	size_t count;
	const struct moment_note *notes = moment_noted(s->m, &count);
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		if (notes[i].what != NOTE_AMENDED)
			continue;
		r = settle_left(s, &notes[i]);
		if (r == 0)
			r = settle_amended(s, notes[i].item);
	}
	return r;
}

int ref_settle(struct moment *m, struct why *why)
{
	DROP(settling_done)
	struct settling s = {
		.m = m,
		.db = m->db,
		.kinds = store_kinds(m->store),
		.why = why,
	};
	int r;

	if (kinds_count(s.kinds) == 0)
		return 0;
	r = settle_changes(&s);
	return r < 0 ? r : settle_notes(&s);
}
