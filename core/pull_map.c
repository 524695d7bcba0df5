/*
 * Texts of the clone as they are here: what names something of the clone names
 * ours.
 */
#include "core/pull_priv.h"

#include "core/blob.h"
#include "core/kind_row.h"
#include "core/moment.h"
#include "core/own_id.h"
#include "core/ref.h"
#include "core/ref_text.h"
#include "core/rewrite.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct mapping {
	struct pull *p;
	struct ref_text text;
	struct rewrite rewrite;
	struct buf target;
};

static void mapping_done(struct mapping *w)
{
	ref_text_done(&w->text);
	rewrite_done(&w->rewrite);
	buf_done(&w->target);
}

/* ---- ids that the index does not have ---- */

static void free_ids(struct pull_id *ids, size_t len)
{
	for (size_t i = 0; i < len; i++)
		free(ids[i].id);
	free(ids);
}

void pull_map_done(struct pull *p)
{
	free_ids(p->gone, p->gone_len);
	free_ids(p->fresh, p->fresh_len);
}

static int add_id(struct pull *p, struct pull_id **list, size_t *len,
		  const struct pull_id *one)
{
	struct pull_id *more = reallocarray(*list, *len + 1, sizeof(*more));

	if (!more)
		return pull_no_memory(p);
	*list = more;
	more[*len] = *one;
	more[*len].id = strdup(one->id);
	if (!more[*len].id)
		return pull_no_memory(p);
	++*len;
	return 0;
}

/* The id that a text has of itself, in @text; NULL: none. */
static int read_id(struct pull *p, const struct kind *kind, int64_t content,
		   struct ref_text *text, char **ret)
{
	int r = ref_text_read(p->db, kind, content, text, p->why);

	*ret = NULL;
	if (r == 0 && text->found.id_at)
		*ret = text->found.names.data + text->found.id;
	return r;
}

int pull_map_gone(struct pull *p, int64_t theirs, const struct kind *kind,
		  int64_t content)
{
	DROP(ref_text_done) struct ref_text text = {0};
	struct pull_id one = {.item = theirs};
	int r = 0;

	if (!kind)
		return 0;
	one.kind = kind->number;
	r = read_id(p, kind, content, &text, &one.id);
	if (r < 0 || !one.id)
		return r;
	return add_id(p, &p->gone, &p->gone_len, &one);
}

/* ---- an id of its own ---- */

int pull_map_fresh(struct pull *p, int64_t ours, const struct kind *kind,
		   int64_t content)
{
	DROP(ref_text_done) struct ref_text text = {0};
	DROP(buf_done) struct buf made = {0};
	struct own_id own = {.item = ours, .kind = kind};
	int64_t other = 0;
	char *id = NULL;
	int r = kind ? read_id(p, kind, content, &text, &id) : 0;

	if (r < 0 || !id)
		return r;
	own.id = id;
	r = own_id_rival(p->db, &own, &other, p->why);
	if (r > 0)
		r = own_id_make(p->m, &made, p->why);
	if (r < 0)
		return r;
	return add_id(p, &p->fresh, &p->fresh_len,
		      &(struct pull_id){ours, kind->number,
					made.len ? made.data : id});
}

/* ---- what an id of the clone means ---- */

struct owner {
	struct pull *p;
	uint64_t leads;
	int64_t item;
};

static int take_owner(int64_t item, unsigned kind, void *arg)
{
	struct owner *o = arg;
	int r;

	if (!(o->leads >> kind & 1))
		return 0;
	r = tree_is_below(o->p->db, MOMENT_NOW, o->p->there, item, o->p->why);
	if (r > 0)
		o->item = item;
	return r;
}

/* The item of the clone that has the id, or had it; 0: none. */
static int find_owner(struct pull *p, const char *id, uint64_t leads,
		      int64_t *ret)
{
	struct owner o = {.p = p, .leads = leads};
	int r = ref_owners(p->db, id, take_owner, &o, p->why);

	*ret = o.item;
	if (r != 0)
		return r < 0 ? r : 0;
	for (size_t i = 0; i < p->gone_len; i++)
		if ((leads >> p->gone[i].kind & 1) &&
		    strcmp(p->gone[i].id, id) == 0)
			*ret = p->gone[i].item;
	return 0;
}

/* The id of ours that is not in the tree any more. */
static int last_id(struct mapping *w, const struct kind *kind, int64_t ours)
{
	DROP(ref_text_done) struct ref_text text = {0};
	struct entry e;
	char *id;
	int r = tree_former(w->p->db, ours, MOMENT_NOW, &e, NULL);

	if (r < 0 || !kind)
		return r == -ENOENT ? 0 : r;
	r = read_id(w->p, kind, e.content, &text, &id);
	if (r < 0 || !id)
		return r;
	buf_text(&w->target, id);
	buf_byte(&w->target, '\0');
	return buf_error(&w->target) ? pull_no_memory(w->p) : 1;
}

/* 1: w->target is the id of ours for @theirs. */
static int id_of(struct mapping *w, int64_t theirs, const struct kind *kind)
{
	struct pull *p = w->p;
	struct pull_pair pair;
	unsigned number;
	int r = pull_pair(p, theirs, &pair);

	if (r < 0 || !pair.ours)
		return r;
	buf_reset(&w->target);
	for (size_t i = 0; i < p->fresh_len; i++)
		if (p->fresh[i].item == pair.ours) {
			buf_text(&w->target, p->fresh[i].id);
			buf_byte(&w->target, '\0');
			return buf_error(&w->target) ? pull_no_memory(p) : 1;
		}
	r = ref_own_id(p->db, pair.ours, &number, &w->target, p->why);
	return r == 0 ? last_id(w, kind, pair.ours) : r;
}

static int map_id(struct mapping *w, const struct reference *ref,
		  const char *target)
{
	const struct kind *kind = NULL;
	int64_t owner;
	int r = find_owner(w->p, target, ref->rule->leads, &owner);

	if (r < 0 || !owner)
		return r;
	for (size_t i = 0; i < kinds_count(w->p->kinds) && !kind; i++)
		if (ref->rule->leads >> i & 1)
			kind = kinds_get(w->p->kinds, i);
	r = id_of(w, owner, kind);
	if (r <= 0 || strcmp(w->target.data, target) == 0)
		return r < 0 ? r : 0;
	return rewrite_string(&w->rewrite, w->text.bytes.data, ref->at,
			      ref->len, w->target.data);
}

/* ---- what a path into the clone means ---- */

/* 1: w->target is the path of ours for what has the path now. */
static int path_of_pair(struct mapping *w, const char *path, uint64_t leads)
{
	struct pull *p = w->p;
	struct ref_place place;
	struct pull_pair pair;
	int64_t theirs;
	int r = ref_find(p->db, path, &place, p->why);

	if (r < 0)
		return r;
	theirs = place.item && leads & KIND_ANY ? place.item : place.folder;
	if (!theirs)
		return 0;
	r = pull_pair(p, theirs, &pair);
	if (r == 0)
		r = pull_is_here(p, pair.ours);
	if (r <= 0)
		return r;
	r = ref_path(p->db, MOMENT_NOW, pair.ours, &w->target, p->why);
	return r < 0 ? r : 1;
}

static int map_path(struct mapping *w, const struct reference *ref,
		    const char *target)
{
	struct pull *p = w->p;
	size_t len = p->there_path.len - 1;
	int r;

	if (strncmp(target, p->there_path.data, len) != 0 ||
	    (target[len] && target[len] != '/'))
		return 0;
	buf_reset(&w->target);
	r = path_of_pair(w, target, ref->rule->leads);
	if (r < 0)
		return r;
	if (r == 0) {
		buf_reset(&w->target);
		buf_text(&w->target, p->here_path.data);
		buf_text(&w->target, target + len);
		buf_byte(&w->target, '\0');
		if (buf_error(&w->target))
			return pull_no_memory(p);
	}
	r = rewrite_reference(&w->rewrite, w->text.bytes.data, &w->text.found,
			      ref, w->target.data);
	return r < 0 ? pull_no_memory(p) : 0;
}

/* ---- a text ---- */

static int map_own(struct mapping *w, int64_t owner, const struct kind *kind)
{
	const struct examination *e = &w->text.found;
	int r;

	if (!e->id_at)
		return 0;
	r = id_of(w, owner, kind);
	if (r <= 0 || strcmp(w->target.data, e->names.data + e->id) == 0)
		return r < 0 ? r : 0;
	return rewrite_string(&w->rewrite, w->text.bytes.data, e->id_at,
			      e->id_len, w->target.data);
}

int pull_map(struct pull *p, int64_t owner, const struct kind *kind,
	     int64_t content, struct buf *out)
{
	DROP(mapping_done) struct mapping w = {.p = p};
	const struct examination *e = &w.text.found;
	int r;

	buf_reset(out);
	if (!kind)
		return blob_get(p->db, content, false, out, p->why);
	r = ref_text_read(p->db, kind, content, &w.text, p->why);
	if (r == 0)
		r = map_own(&w, owner, kind);
	for (size_t i = 0; i < e->ref_count && r == 0; i++) {
		const char *target = reference_target(e, &e->refs[i]);

		r = e->refs[i].rule->form == KIND_FORM_ID
			    ? map_id(&w, &e->refs[i], target)
			    : map_path(&w, &e->refs[i], target);
	}
	if (r == 0 && rewrite_apply(&w.rewrite, w.text.bytes.data,
				    w.text.bytes.len, out) < 0)
		r = pull_no_memory(p);
	return r;
}
