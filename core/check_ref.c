#include "core/check_ref.h"

#include "core/db.h"
#include "core/kind.h"
#include "core/moment.h"
#include "core/ref_row.h"
#include "core/ref_text.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct check_index {
	struct db *db;
	struct kinds *kinds;
	check_fn fn;
	void *arg;
	struct ref_text text;
	struct ref_list kept, fresh;
	struct buf id;
	struct why *why;
};

static void check_index_done(struct check_index *c)
{
	kinds_free(c->kinds);
	ref_text_done(&c->text);
	ref_list_done(&c->kept);
	ref_list_done(&c->fresh);
	buf_done(&c->id);
}

__attribute__((format(printf, 3, 4))) static int
wrong(struct check_index *c, int64_t item, const char *fmt, ...)
{
	char text[400];
	int len = snprintf(text, sizeof(text),
			   "references of item %" PRId64 ": ", item);
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text + len, sizeof(text) - (size_t)len, fmt, args);
	va_end(args);
	return c->fn(text, c->arg);
}

/* ---- one item ---- */

/* Fill c->text and c->fresh; *ret_kind NULL: it says nothing. 1, or 0: its
 * content cannot be read, which is another check's to say. */
static int examine_item(struct check_index *c, int64_t item,
			const struct kind **ret_kind)
{
	struct entry e;
	int r = ref_kind(c->db, c->kinds, item, ret_kind, c->why);

	c->fresh.len = 0;
	if (r == -EBADMSG)
		return 0;
	if (r < 0 || !*ret_kind)
		return r < 0 ? r : 1;
	r = tree_get(c->db, MOMENT_NOW, item, &e, c->why);
	if (r == 0)
		r = ref_text_read(c->db, *ret_kind, e.content, &c->text,
				  c->why);
	if (r == -EBADMSG || r == -ENOENT)
		return 0;
	if (r == 0 && ref_list_take(&c->fresh, &c->text.found) < 0)
		r = why_set(c->why, -ENOMEM, "out of memory");
	return r < 0 ? r : 1;
}

static int check_id(struct check_index *c, int64_t item,
		    const struct kind *kind)
{
	const struct examination *found = &c->text.found;
	const char *id = kind && found->id_at ? found->names.data + found->id
					      : NULL;
	unsigned number;
	int r;

	buf_reset(&c->id);
	r = ref_own_id(c->db, item, &number, &c->id, c->why);
	if (r < 0)
		return r;
	if (!id && r == 0)
		return 0;
	if (!id || r == 0 || strcmp(id, c->id.data) != 0 ||
	    number != kind_number(kind))
		return wrong(c, item,
			     "the index has the id '%s', its text "
			     "'%s'",
			     r > 0 ? c->id.data : "", id ? id : "");
	return 0;
}

static int check_list(struct check_index *c, int64_t item)
{
	if (c->kept.len != c->fresh.len)
		return wrong(c, item, "the index has %zu, its text %zu",
			     c->kept.len, c->fresh.len);
	for (size_t i = 0; i < c->kept.len; i++) {
		struct ref kept = ref_list_get(&c->kept, i);
		struct ref fresh = ref_list_get(&c->fresh, i);
		int r;

		fresh.item = item;
		if (ref_compare(&kept, &fresh) != 0)
			return wrong(c, item,
				     "the index has '%.80s', its "
				     "text '%.80s'",
				     kept.target, fresh.target);
		r = ref_there(c->db, c->kinds, &fresh, c->why);
		if (r < 0)
			return r;
		if (kept.missing == (r > 0))
			return wrong(c, item,
				     "'%.80s' is %s, but the index "
				     "has it otherwise",
				     kept.target, r > 0 ? "there" : "missing");
	}
	return 0;
}

static int check_item(struct check_index *c, int64_t item)
{
	const struct kind *kind = NULL;
	int r = examine_item(c, item, &kind);

	if (r <= 0)
		return r;
	r = ref_read(c->db, item, &c->kept, c->why);
	if (r == 0)
		r = check_id(c, item, kind);
	if (r == 0)
		r = check_list(c, item);
	return r;
}

/* ---- all of them ---- */

/* 1: *item becomes the next one that @id, a statement, yields. */
static int next(struct check_index *c, enum stmt id, int64_t *item)
{
	DROP(q_close) struct q q = q_open(c->db, id);

	q_i64(&q, 1, *item);
	return q_next(&q, item, c->why);
}

/* What the index knows of items that are not there. */
static int check_gone(struct check_index *c, enum stmt id)
{
	int64_t item = 0;
	struct entry e;
	int r;

	while ((r = next(c, id, &item)) > 0) {
		r = tree_get(c->db, MOMENT_NOW, item, &e, NULL);
		if (r == -ENOENT || (r == 0 && e.folder))
			r = wrong(c, item,
				  "the index has some, but it is no "
				  "live item");
		if (r < 0)
			return r;
	}
	return r;
}

int check_refs(struct db *db, check_fn fn, void *arg, struct why *why)
{
	DROP(check_index_done)
	struct check_index c = {
		.db = db,
		.fn = fn,
		.arg = arg,
		.why = why,
	};
	int64_t item = 0;
	int r = kinds_load(db, &c.kinds, why);

	while (r == 0 && (r = next(&c, STMT_CHECK_NEXT_LIVE, &item)) > 0)
		r = check_item(&c, item);
	if (r == 0)
		r = check_gone(&c, STMT_REF_NEXT_ITEM);
	if (r == 0)
		r = check_gone(&c, STMT_OWN_NEXT_ITEM);
	return r;
}
