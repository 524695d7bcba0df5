#include "core/ref.h"

#include "core/db.h"
#include "core/kind.h"
#include "core/ref_row.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* ---- what a reference may lead to ---- */

struct ref_bits ref_place_bits(const struct kinds *kinds, const char *path,
			       const struct ref_place *place)
{
	size_t len = strlen(path);
	const struct kind *item = kinds_by_path(kinds, path, len, 0);
	const struct kind *folder = kinds_by_path(kinds, path, len, 1);
	struct ref_bits bits = {0};

	/* What is under no kind's folder may be meant by any. */
	if (place->item)
		bits.item = item ? KIND_BIT(item) : KIND_ANY;
	if (place->folder)
		bits.folder = folder ? KIND_BIT(folder) : KIND_ANY;
	return bits;
}

bool ref_leads_to_item(uint64_t leads, const struct ref_bits *bits)
{
	return (leads & bits->item) != 0;
}

bool ref_leads_to_folder(uint64_t leads, const struct ref_bits *bits)
{
	return leads & KIND_FOLDER && bits->folder &&
	       (leads & bits->folder || !(leads & KIND_ANY));
}

/* ---- ids ---- */

int ref_next_owner(struct db *db, const char *id, int64_t *item,
		   unsigned *ret_kind, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_OWN_NEXT);
	int r;

	q_text(&q, 1, id);
	q_i64(&q, 2, *item);
	r = q_next(&q, item, why);
	if (r > 0)
		*ret_kind = (unsigned)q_col_i64(&q, 1);
	return r;
}

int ref_owners(struct db *db, const char *id, ref_owner_fn fn, void *arg,
	       struct why *why)
{
	int64_t item = 0;
	unsigned kind;
	int r;

	while ((r = ref_next_owner(db, id, &item, &kind, why)) > 0) {
		r = fn(item, kind, arg);
		if (r != 0)
			return r;
	}
	return r;
}

/* As above, but of the kinds @leads. */
static int next_meant(struct db *db, const char *id, uint64_t leads,
		      int64_t *item, struct why *why)
{
	unsigned kind;
	int r;

	while ((r = ref_next_owner(db, id, item, &kind, why)) > 0)
		if (leads >> kind & 1)
			return 1;
	return r;
}

size_t ref_shared_folders(const char *a, const char *b)
{
	size_t count = 0;

	for (; *a && *a == *b; a++, b++)
		count += *a == '/';
	return count;
}

/* Of several that have the id, the nearest to who refers. */
static int nearest(struct db *db, const struct ref *ref, int64_t first,
		   int64_t *ret, struct why *why)
{
	DROP(buf_done) struct buf from = {0};
	DROP(buf_done) struct buf to = {0};
	size_t best = 0;
	int64_t item = first;
	int r = ref_path(db, INT64_MAX, ref->item, &from, why);
	int more = 1;

	while (r == 0 && more > 0) {
		size_t shared;

		buf_reset(&to);
		r = ref_path(db, INT64_MAX, item, &to, why);
		if (r < 0)
			break;
		shared = ref_shared_folders(from.data, to.data);
		if (shared > best) {
			best = shared;
			*ret = item;
		}
		more = next_meant(db, ref->target, ref->leads, &item, why);
	}
	return r < 0 ? r : more;
}

static int resolve_id(struct db *db, const struct ref *ref, int64_t *ret,
		      struct why *why)
{
	int64_t first = 0, second;
	int r = next_meant(db, ref->target, ref->leads, &first, why);

	if (r <= 0)
		return r < 0 ? r
			     : why_set(why, -ENOENT, "nothing has the id '%s'",
				       ref->target);
	*ret = first;
	second = first;
	r = next_meant(db, ref->target, ref->leads, &second, why);
	return r > 0 ? nearest(db, ref, first, ret, why) : r;
}

/* ---- what it leads to ---- */

static int resolve_path(struct db *db, const struct kinds *kinds,
			const struct ref *ref, int64_t *ret, struct why *why)
{
	struct ref_place place;
	struct ref_bits bits;
	int r = ref_find(db, ref->target, &place, why);

	if (r < 0)
		return r;
	bits = ref_place_bits(kinds, ref->target, &place);
	if (ref_leads_to_item(ref->leads, &bits))
		*ret = place.item;
	else if (ref_leads_to_folder(ref->leads, &bits))
		*ret = place.folder;
	else
		return why_set(why, -ENOENT, "'%s' is not there", ref->target);
	return 0;
}

int ref_resolve(struct db *db, const struct kinds *kinds, const struct ref *ref,
		int64_t *ret_item, struct why *why)
{
	return ref->form == REF_ID
		       ? resolve_id(db, ref, ret_item, why)
		       : resolve_path(db, kinds, ref, ret_item, why);
}

int ref_there(struct db *db, const struct kinds *kinds, const struct ref *ref,
	      struct why *why)
{
	int64_t item = 0;
	int r;

	if (ref->form == REF_ID)
		return next_meant(db, ref->target, ref->leads, &item, why);
	r = resolve_path(db, kinds, ref, &item, why);
	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

/* ---- who refers ---- */

static int next_naming(struct db *db, struct ref *ref, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_REF_TO);
	int r;

	q_i64(&q, 1, ref->form);
	q_text(&q, 2, ref->target);
	q_i64(&q, 3, ref->item);
	q_i64(&q, 4, (int64_t)ref->leads);
	r = q_step(&q, why);
	if (r <= 0)
		return r;
	if (q_col_i64(&q, 0) < ref->item ||
	    (q_col_i64(&q, 0) == ref->item &&
	     q_col_i64(&q, 1) <= (int64_t)ref->leads))
		return why_set(why, -EBADMSG,
			       "database: the index of references is damaged");
	ref->item = q_col_i64(&q, 0);
	ref->leads = (uint64_t)q_col_i64(&q, 1);
	ref->missing = q_col_i64(&q, 2) != 0;
	return 1;
}

int ref_naming(struct db *db, enum ref_form form, const char *target, ref_fn fn,
	       void *arg, struct why *why)
{
	struct ref ref = {.form = form, .target = target};
	int r;

	while ((r = next_naming(db, &ref, why)) > 0) {
		r = fn(&ref, arg);
		if (r != 0)
			return r;
	}
	return r;
}

int ref_next_below(struct db *db, const char *path, struct buf *target,
		   struct why *why)
{
	DROP(buf_done) struct buf after = *target;
	DROP(buf_done) struct buf end = {0};
	DROP(q_close) struct q q = q_open(db, STMT_REF_NEXT_TARGET);
	int r;

	*target = (struct buf){0};
	if (!after.len) {
		buf_addf(&after, "%s/", path);
		buf_byte(&after, '\0');
	}
	buf_addf(&end, "%s0", path); /* '0' comes after '/' */
	buf_byte(&end, '\0');
	if (buf_error(&after) || buf_error(&end))
		return why_set(why, -ENOMEM, "out of memory");
	q_i64(&q, 1, REF_PATH);
	q_text(&q, 2, after.data);
	q_text(&q, 3, end.data);
	r = q_next_text(&q, after.data, why);
	if (r <= 0)
		return r;
	buf_text(target, q_col_text(&q, 0));
	buf_byte(target, '\0');
	return buf_error(target) ? why_set(why, -ENOMEM, "out of memory") : 1;
}

/* Those that name the target and really lead to the item. */
struct leading {
	struct db *db;
	const struct kinds *kinds;
	int64_t item;
	ref_fn fn;
	void *arg;
	struct why *why;
};

static int if_it_leads(const struct ref *ref, void *arg)
{
	const struct leading *l = arg;
	int64_t item = 0;
	int r = ref_resolve(l->db, l->kinds, ref, &item, l->why);

	if (r < 0 && r != -ENOENT)
		return r;
	return r == 0 && item == l->item ? l->fn(ref, l->arg) : 0;
}

int ref_to(struct db *db, const struct kinds *kinds, int64_t item, ref_fn fn,
	   void *arg, struct why *why)
{
	struct leading l = {db, kinds, item, fn, arg, why};
	DROP(buf_done) struct buf name = {0};
	unsigned kind;
	int r = ref_path(db, INT64_MAX, item, &name, why);

	if (r == 0)
		r = ref_naming(db, REF_PATH, name.data, if_it_leads, &l, why);
	if (r != 0)
		return r;
	buf_reset(&name);
	r = ref_own_id(db, item, &kind, &name, why);
	return r > 0 ? ref_naming(db, REF_ID, name.data, if_it_leads, &l, why)
		     : r;
}

int ref_next_missing(struct db *db, int64_t after, int64_t *ret_item,
		     struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_REF_NEXT_MISSING);
	int r;

	q_i64(&q, 1, after);
	r = q_next(&q, &after, why);
	if (r > 0)
		*ret_item = after;
	return r;
}
