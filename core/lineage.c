#include "core/lineage.h"

#include "core/db.h"
#include "core/kind_row.h"
#include "core/moment.h"
#include "core/ref.h"
#include "core/ref_text.h"
#include "core/rewrite.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

int lineage_walk(struct db *db, int64_t item, lineage_fn fn, void *arg,
		 struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_LINEAGE);
	int64_t root = 0;
	int r;

	q_i64(&q, 1, item);
	while ((r = q_step(&q, why)) > 0) {
		if (!root)
			root = q_col_i64(&q, 1);
		if (q_col_i64(&q, 1) != root)
			return 0;
		r = fn(q_col_i64(&q, 0), arg);
		if (r == 0 && q_col_i64(&q, 0) != root)
			r = fn(root, arg);
		if (r != 0)
			return r;
	}
	return r;
}

/* Two texts of one lineage: the same references in the same order. */
struct pair {
	struct ref_text was, now;
};

static void pair_done(struct pair *p)
{
	ref_text_done(&p->was);
	ref_text_done(&p->now);
}

/* 1, or 0: they are no such pair. */
static int read_pair(struct db *db, const struct kind *kind, int64_t was,
		     int64_t now, struct pair *ret, struct why *why)
{
	int r = ref_text_read(db, kind, was, &ret->was, why);

	if (r == 0)
		r = ref_text_read(db, kind, now, &ret->now, why);
	if (r < 0)
		return r;
	return ret->was.found.ref_count == ret->now.found.ref_count;
}

static const char *target_of(const struct ref_text *text, size_t i)
{
	return reference_target(&text->found, &text->found.refs[i]);
}

/* What the own id is, or NULL. */
static const char *id_of(const struct ref_text *text)
{
	return text->found.id_at ? text->found.names.data + text->found.id
				 : NULL;
}

/* The id, if it differs now. */
static const char *new_id(const struct pair *pair)
{
	const char *was = id_of(&pair->was), *now = id_of(&pair->now);

	return was && now && strcmp(was, now) != 0 ? now : NULL;
}

/* ---- saving again ---- */

static bool is_id(const struct reference *ref)
{
	return ref->rule->form == KIND_FORM_ID;
}

/* What says @target in the content that was seen, and is something else now;
 * NULL: nothing. */
static const char *find_change(const struct pair *pair,
			       const struct reference *ref, const char *target)
{
	for (size_t i = 0; i < pair->was.found.ref_count; i++) {
		const char *now = target_of(&pair->now, i);

		if (is_id(&pair->was.found.refs[i]) == is_id(ref) &&
		    strcmp(target_of(&pair->was, i), target) == 0 &&
		    strcmp(now, target) != 0)
			return now;
	}
	return NULL;
}

static int note_edits(struct rewrite *rw, const struct pair *pair,
		      const struct examination *e, const char *bytes)
{
	const char *id = new_id(pair);
	int r = 0;

	for (size_t i = 0; i < e->ref_count && r >= 0; i++) {
		const struct reference *ref = &e->refs[i];
		const char *now =
			find_change(pair, ref, reference_target(e, ref));

		if (!now)
			continue;
		r = is_id(ref)
			    ? rewrite_string(rw, bytes, ref->at, ref->len, now)
			    : rewrite_reference(rw, bytes, e, ref, now);
	}
	if (r >= 0 && id && e->id_at &&
	    strcmp(e->names.data + e->id, id_of(&pair->was)) == 0)
		r = rewrite_string(rw, bytes, e->id_at, e->id_len, id);
	return r < 0 ? r : 0;
}

int lineage_rebase(struct db *db, const struct kinds *kinds,
		   const struct lineage_save *save, struct buf *out,
		   struct why *why)
{
	DROP(pair_done) struct pair pair = {0};
	DROP(examination_done) struct examination found = {0};
	DROP(rewrite_done) struct rewrite rw = {0};
	const struct kind *kind = NULL;
	struct entry e;
	int r = tree_get(db, MOMENT_NOW, save->item, &e, why);

	if (r == 0 && e.content != save->seen)
		r = ref_kind(db, kinds, save->item, &kind, why);
	if (r < 0 || e.content == save->seen || !kind)
		return r;
	r = read_pair(db, kind, save->seen, e.content, &pair, why);
	if (r <= 0)
		return r;
	r = examine(kind, save->bytes, save->len, &found, why);
	if (r == 0)
		r = note_edits(&rw, &pair, &found, save->bytes);
	if (r < 0 || !rw.len)
		return r;
	r = rewrite_apply(&rw, save->bytes, save->len, out);
	return r < 0 ? why_set(why, r, "out of memory") : 1;
}

/* ---- what was changed ---- */

struct changes {
	const struct pair *pair;
	struct buf at;
	lineage_change_fn fn;
	void *arg;
	struct why *why;
};

static int tell(struct changes *c, size_t at, const char *sent, const char *now)
{
	const struct ref_text *text = &c->pair->now;
	struct lineage_change change = {.sent = sent, .now = now};
	int r;

	buf_reset(&c->at);
	r = examine_where(text->bytes.data, text->bytes.len, at, &c->at,
			  c->why);
	buf_byte(&c->at, '\0');
	if (r == 0 && buf_error(&c->at))
		r = why_set(c->why, -ENOMEM, "out of memory");
	if (r < 0)
		return r;
	change.at = c->at.data;
	return c->fn(&change, c->arg);
}

static int tell_all(struct changes *c)
{
	const struct pair *pair = c->pair;
	const struct examination *e = &pair->now.found;
	const char *id = new_id(pair);
	int r = id ? tell(c, e->id_at, id_of(&pair->was), id) : 0;

	for (size_t i = 0; i < e->ref_count && r == 0; i++) {
		const char *sent = target_of(&pair->was, i);
		const char *now = target_of(&pair->now, i);

		if (strcmp(sent, now) != 0)
			r = tell(c, e->refs[i].at, sent, now);
	}
	return r;
}

/* The kind of an item at another time. */
static int kind_at(struct db *db, const struct kinds *kinds, int64_t at,
		   int64_t item, const struct kind **ret, struct why *why)
{
	DROP(buf_done) struct buf path = {0};
	int r = ref_path(db, at, item, &path, why);

	if (r == 0)
		*ret = kinds_by_path(kinds, path.data, path.len - 1, 0);
	return r;
}

int lineage_changes(struct db *db, const struct kinds *kinds, int64_t at,
		    int64_t item, lineage_change_fn fn, void *arg,
		    struct why *why)
{
	DROP(pair_done) struct pair pair = {0};
	struct changes c = {.pair = &pair, .fn = fn, .arg = arg, .why = why};
	const struct kind *kind = NULL;
	struct entry e;
	int r = tree_get(db, at, item, &e, why);

	if (r < 0 || !e.arrived)
		return r;
	r = kind_at(db, kinds, at, item, &kind, why);
	if (r < 0 || !kind)
		return r;
	r = read_pair(db, kind, e.arrived, e.content, &pair, why);
	if (r > 0)
		r = tell_all(&c);
	buf_done(&c.at);
	return r;
}
