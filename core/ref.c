#include "core/ref.h"

#include "core/db.h"
#include "core/examine.h"
#include "core/folders.h"
#include "core/kind_row.h"
#include "core/moment.h"
#include "core/ref_row.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- lists ---- */

void ref_list_done(struct ref_list *list)
{
	free(list->rows);
	buf_done(&list->texts);
	*list = (struct ref_list){0};
}

struct ref ref_list_get(const struct ref_list *list, size_t i)
{
	const struct ref_row *row = &list->rows[i];

	return (struct ref){
		.form = row->form,
		.target = list->texts.data + row->target,
		.leads = row->leads,
		.missing = row->missing,
	};
}

static int list_add(struct ref_list *list, const struct ref *ref)
{
	size_t start = list->texts.len;

	if (list->len == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 16;
		struct ref_row *rows = realloc(list->rows, cap * sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		list->rows = rows;
		list->cap = cap;
	}
	buf_text(&list->texts, ref->target);
	buf_byte(&list->texts, '\0');
	list->rows[list->len++] = (struct ref_row){
		.form = ref->form,
		.target = start,
		.leads = ref->leads,
		.missing = ref->missing,
	};
	return buf_error(&list->texts);
}

int ref_compare(const struct ref *a, const struct ref *b)
{
	int order;

	if (a->form != b->form)
		return a->form < b->form ? -1 : 1;
	order = strcmp(a->target, b->target);
	if (order == 0 && a->leads != b->leads)
		order = a->leads < b->leads ? -1 : 1;
	return order;
}

static int row_order(const void *a, const void *b, void *arg)
{
	const struct ref_list *list = arg;
	const struct ref_row *x = a, *y = b;
	const struct ref one = {.form = x->form,
				.target = list->texts.data + x->target,
				.leads = x->leads};
	const struct ref other = {.form = y->form,
				  .target = list->texts.data + y->target,
				  .leads = y->leads};

	return ref_compare(&one, &other);
}

static void sort_unique(struct ref_list *list)
{
	size_t kept = 0;

	qsort_r(list->rows, list->len, sizeof(*list->rows), row_order, list);
	for (size_t i = 0; i < list->len; i++) {
		if (kept > 0 &&
		    row_order(&list->rows[kept - 1], &list->rows[i], list) == 0)
			continue;
		list->rows[kept++] = list->rows[i];
	}
	list->len = kept;
}

static void list_reset(struct ref_list *list)
{
	list->len = 0;
	buf_reset(&list->texts);
}

static struct ref ref_of(const struct examination *e,
			 const struct reference *found)
{
	return (struct ref){
		.form = found->rule->form == KIND_FORM_ID ? REF_ID : REF_PATH,
		.target = reference_target(e, found),
		.leads = found->rule->leads,
	};
}

int ref_list_take(struct ref_list *list, const struct examination *e)
{
	list_reset(list);
	for (size_t i = 0; i < e->ref_count; i++) {
		const struct ref ref = ref_of(e, &e->refs[i]);
		int r = list_add(list, &ref);

		if (r < 0)
			return r;
	}
	if (list->len > 1)
		sort_unique(list);
	return 0;
}

bool ref_list_misses(const struct ref_list *list, const struct examination *e,
		     const struct reference *found)
{
	const struct ref ref = ref_of(e, found);
	size_t low = 0, high = list->len;

	while (low < high) {
		size_t middle = (low + high) / 2;
		struct ref row = ref_list_get(list, middle);
		int order = ref_compare(&row, &ref);

		if (order == 0)
			return row.missing;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false; /* the text has changed meanwhile */
}

int ref_read(struct db *db, int64_t item, struct ref_list *list,
	     struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_REF_READ);
	int r;

	list_reset(list);
	q_i64(&q, 1, item);
	while ((r = q_step(&q, why)) > 0) {
		const struct ref ref = {
			.form = (enum ref_form)q_col_i64(&q, 0),
			.target = q_col_text(&q, 1),
			.leads = (uint64_t)q_col_i64(&q, 2),
			.missing = q_col_i64(&q, 3) != 0,
		};

		if (list_add(list, &ref) < 0)
			return why_set(why, -ENOMEM, "out of memory");
	}
	return r;
}

/* ---- paths ---- */

/* The live entry @name of a folder: 1 (*ret its id), 0: none. @folder: which
 * of the two it must be. */
static int look(struct db *db, int64_t parent, const char *name, bool folder,
		int64_t *ret, struct why *why)
{
	int64_t known = folder ? folders_down(db, parent, name) : 0;
	int r;

	if (known) {
		*ret = known;
		return 1;
	}
	DROP(q_close) struct q q = q_open(db, STMT_REF_LOOK);
	q_i64(&q, 1, parent);
	q_text(&q, 2, name);
	r = q_step(&q, why);
	if (r <= 0)
		return r;
	if ((q_col_i64(&q, 1) != 0) != folder)
		return 0;
	*ret = q_col_i64(&q, 0);
	if (folder)
		folders_note(db, *ret, parent, name);
	return 1;
}

enum { JSON_LEN = sizeof(".json") - 1, NAME_SIZE = 256 };

/* What the last part of a path is, in the folder @parent. */
static int find_last(struct db *db, int64_t parent, const char *part,
		     size_t len, struct ref_place *ret, struct why *why)
{
	char name[NAME_SIZE];
	int r;

	memcpy(name, part, len);
	name[len] = '\0';
	r = look(db, parent, name, true, &ret->folder, why);
	if (r < 0 || len + JSON_LEN >= NAME_SIZE)
		return r;
	memcpy(name + len, ".json", JSON_LEN + 1);
	return look(db, parent, name, false, &ret->item, why);
}

int ref_find(struct db *db, const char *path, struct ref_place *ret,
	     struct why *why)
{
	int64_t folder = TREE_ROOT;
	struct ref_place place = {0};
	int r = 1;

	*ret = place;
	if (path[0] != '/')
		return 0;
	if (!path[1])
		place.folder = TREE_ROOT;
	while (r > 0 && *path == '/' && path[1]) {
		char name[NAME_SIZE];
		size_t len = strcspn(++path, "/");

		if (len == 0 || len >= NAME_SIZE)
			return 0;
		if (!path[len]) {
			r = find_last(db, folder, path, len, &place, why);
			break;
		}
		memcpy(name, path, len);
		name[len] = '\0';
		path += len;
		r = look(db, folder, name, true, &folder, why);
	}
	if (r < 0)
		return r;
	*ret = place;
	return 0;
}

int ref_path_in(struct db *db, int64_t at, int64_t parent, const char *name,
		bool folder, struct buf *out, struct why *why)
{
	size_t start = out->len, len = strlen(name);
	int r;

	buf_byte(out, '/');
	r = tree_path(db, at, TREE_ROOT, parent, out, why);
	if (r < 0)
		return r;
	if (out->len > start + 1)
		buf_byte(out, '/');
	if (!folder && len > JSON_LEN &&
	    strcmp(name + len - JSON_LEN, ".json") == 0)
		len -= JSON_LEN;
	buf_add(out, name, len);
	buf_byte(out, '\0');
	return buf_error(out) ? why_set(why, -ENOMEM, "out of memory") : 0;
}

int ref_path(struct db *db, int64_t at, int64_t item, struct buf *out,
	     struct why *why)
{
	char name[256];
	struct entry e;
	int r = tree_get_named(db, at, item, &e, name, why);

	if (r == 0 && !e.parent)
		return buf_add(out, "/", 2), 0;
	return r < 0 ? r
		     : ref_path_in(db, at, e.parent, name, e.folder, out, why);
}

int ref_next_child(struct db *db, int64_t parent, struct ref_child *child,
		   const struct kinds *kinds, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_REF_CHILD);
	int r;

	q_i64(&q, 1, parent);
	q_i64(&q, 2, child->item);
	r = q_next(&q, &child->item, why);
	if (r <= 0)
		return r;
	child->folder = q_col_i64(&q, 1) != 0;
	child->bears_kind =
		child->folder && kinds &&
		kinds_by_folder(kinds, q_col_text(&q, 2), q_col_len(&q, 2));
	return 1;
}

/* ---- kinds ---- */

enum { DEPTH_MAX = 65536 };

int ref_kind(struct db *db, const struct kinds *kinds, int64_t item,
	     const struct kind **ret, struct why *why)
{
	DROP(buf_done) struct buf name = {0};
	bool self = true; /* its own name does not count */
	int r = 1, steps = 0;

	*ret = NULL;
	while (!*ret && item != TREE_ROOT && r > 0) {
		buf_reset(&name);
		r = tree_up(db, MOMENT_NOW, &item, !self, &name, why);
		if (r > 0 && !self)
			*ret = kinds_by_folder(kinds, name.data, name.len - 1);
		self = false;
		if (++steps > DEPTH_MAX)
			return why_set(why, -EBADMSG,
				       "a folder stands below itself");
	}
	return r < 0 ? r : 0;
}

int ref_own_id(struct db *db, int64_t item, unsigned *ret_kind, struct buf *out,
	       struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_OWN_GET);
	int r;

	q_i64(&q, 1, item);
	r = q_step(&q, why);
	if (r <= 0)
		return r;
	*ret_kind = (unsigned)q_col_i64(&q, 0);
	buf_text(out, q_col_text(&q, 1));
	buf_byte(out, '\0');
	return buf_error(out) ? why_set(why, -ENOMEM, "out of memory") : 1;
}
