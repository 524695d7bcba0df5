/*
 * The texts of a batch with what has been renamed in it.
 */
#include "core/renames_priv.h"

#include "core/kind_row.h"
#include "core/moment.h"
#include "core/own_id.h"
#include "core/tree.h"

#include <errno.h>
#include <string.h>

/* ---- where references lead ---- */

/* 1: w->target says what the batch means by a path. */
static int find_path(struct renaming *w, const char *asked, uint64_t leads)
{
	int64_t item;
	int r = (leads & KIND_ANY) ? renames_noted_path(w, asked, &item) : 0;

	if (r <= 0)
		return r;
	buf_reset(&w->target);
	r = ref_path(w->m->db, MOMENT_NOW, item, &w->target, w->why);
	if (r == -ENOENT)
		return 0; /* it is gone again */
	return r < 0 ? r : 1;
}

static int find_id_of(struct renaming *w, int64_t item)
{
	unsigned kind;

	buf_reset(&w->target);
	if (item != w->line->item)
		return ref_own_id(w->m->db, item, &kind, &w->target, w->why);
	if (!w->new_id.len)
		return 0;
	buf_add(&w->target, w->new_id.data, w->new_id.len);
	return buf_error(&w->target) ? renames_no_memory(w) : 1;
}

/* ... by an id, in what has the path w->reader. */
static int find_id(struct renaming *w, const char *asked, uint64_t leads)
{
	int r = 0;

	for (unsigned k = 0; k < KIND_MAX && r == 0; k++) {
		int64_t item;

		if (!(leads >> k & 1))
			continue;
		r = renames_noted_id(w, k, asked, &item);
		if (r > 0)
			r = find_id_of(w, item);
	}
	return r;
}

/* ---- clones that came in parts ---- */

/* So many copies of one item are looked at, the newest: each is a clone. */
enum { COPIES_MAX = 64 };

struct nearest {
	struct renaming *w;
	const struct kind *reader; /* of who refers, w->reader */
	uint64_t leads;
	size_t shared; /* folders with who refers */
	int64_t copy;  /* 0: what has the id is nearest */
};

/* 1: the item is nearer than what is known so far. @kind: and it must be of the
 * same clone as who refers. */
static int is_nearer(struct nearest *n, int64_t item, const struct kind *kind)
{
	struct renaming *w = n->w;
	DROP(buf_done) struct buf path = {0};
	int r = ref_path(w->m->db, MOMENT_NOW, item, &path, w->why);
	size_t shared;

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (kind &&
	    !own_id_together(n->reader, w->reader.data, kind, path.data))
		return 0;
	shared = ref_shared_folders(w->reader.data, path.data);
	if (shared <= n->shared)
		return 0;
	n->shared = shared;
	return 1;
}

static int look_at_owner(int64_t item, unsigned kind, void *arg)
{
	struct nearest *n = arg;
	struct renaming *w = n->w;
	int64_t copy = MOMENT_NOW;
	int r;

	if (!(n->leads >> kind & 1))
		return 0;
	r = is_nearer(n, item, NULL);
	if (r > 0)
		n->copy = 0;
	for (int i = 0; i < COPIES_MAX && r >= 0; i++) {
		r = own_id_copy(w->m->db, item, &copy, w->why);
		if (r <= 0)
			break;
		r = copy == w->line->item
			    ? 0
			    : is_nearer(n, copy, kinds_get(w->kinds, kind));
		if (r > 0)
			n->copy = copy;
	}
	return r < 0 ? r : 0;
}

/* 1: w->target is the id of the copy of what has the id @asked, that is of the
 * clone of which what has the path w->reader is. */
static int find_copy(struct renaming *w, const char *asked, uint64_t leads)
{
	struct nearest n = {.w = w, .leads = leads};
	int r;

	n.reader = kinds_by_path(w->kinds, w->reader.data,
				 strlen(w->reader.data), 0);
	if (!n.reader)
		return 0;
	r = ref_owners(w->m->db, asked, look_at_owner, &n, w->why);
	return r < 0 || !n.copy ? r : find_id_of(w, n.copy);
}

/* 1: an item of a kind with the path w->reader, and as it was sent but for what
 * has followed, is of the clone of which the item that came is. */
static bool is_of_clone(const struct renaming *w, const struct kind *kind,
			const struct entry *e)
{
	const char *reader = w->reader.data;

	return e->arrived &&
	       own_id_together(kind, reader, w->kind, w->went.data) &&
	       ref_shared_folders(reader, w->went.data) >
		       ref_shared_folders(reader, w->origin.data);
}

/* ---- references ---- */

static bool is_id(const struct reference *ref)
{
	return ref->rule->form == KIND_FORM_ID;
}

/* Reference @ref of w->text, which was sent as @sent, leads to what the batch
 * means by that. */
static int lead(struct renaming *w, const struct reference *ref,
		const char *sent)
{
	const struct ref_text *text = &w->text;
	int r = is_id(ref) ? find_id(w, sent, ref->rule->leads)
			   : find_path(w, sent, ref->rule->leads);

	if (r == 0 && w->copy && is_id(ref))
		r = find_copy(w, sent, ref->rule->leads);
	if (r <= 0)
		return r;
	if (strcmp(reference_target(&text->found, ref), w->target.data) == 0)
		return 0;
	r = is_id(ref) ? rewrite_string(&w->rewrite, text->bytes.data, ref->at,
					ref->len, w->target.data)
		       : rewrite_reference(&w->rewrite, text->bytes.data,
					   &text->found, ref, w->target.data);
	return r < 0 ? renames_no_memory(w) : 0;
}

/* ---- the item that came ---- */

static int save(struct renaming *w, const struct entry *e, bool amend)
{
	if (!w->rewrite.len)
		return 0;
	buf_reset(&w->out);
	if (rewrite_apply(&w->rewrite, w->text.bytes.data, w->text.bytes.len,
			  &w->out) < 0)
		return renames_no_memory(w);
	/* What nobody has seen need not be amended. */
	return rewrite_save(w->m, e, &w->out, amend && !w->m->unseen, w->why);
}

static int add_own_id(struct renaming *w)
{
	const struct examination *e = &w->text.found;

	return rewrite_string(&w->rewrite, w->text.bytes.data, e->id_at,
			      e->id_len, w->new_id.data) < 0
		       ? renames_no_memory(w)
		       : 0;
}

static int read_as(struct renaming *w, const struct buf *path)
{
	buf_reset(&w->reader);
	buf_add(&w->reader, path->data, path->len);
	return buf_error(&w->reader) ? renames_no_memory(w) : 0;
}

int renames_text_arrived(struct renaming *w, const struct entry *e)
{
	const struct examination *found = &w->text.found;
	int r = read_as(w, &w->went);

	rewrite_reset(&w->rewrite);
	for (size_t i = 0; i < found->ref_count && r >= 0; i++) {
		const struct reference *ref = &found->refs[i];

		r = lead(w, ref, reference_target(found, ref));
	}
	if (r >= 0 && w->new_id.len)
		r = add_own_id(w);
	return r < 0 ? r : save(w, e, true);
}

int renames_text_own_id(struct renaming *w, const struct entry *e)
{
	int r;

	rewrite_reset(&w->rewrite);
	r = add_own_id(w);
	return r < 0 ? r : save(w, e, true);
}

/* ---- what came before it ---- */

struct earlier {
	struct renaming *w;
	enum ref_form form;
	const char *says, *sent;
	int64_t last; /* done; one item may have several rows */
};

/* Was reference @i, which says what is looked for, sent as that? */
static bool was_sent_so(const struct earlier *a, const struct entry *e,
			size_t i)
{
	const struct renaming *w = a->w;
	const struct examination *sent = &w->sent.found;

	if (!e->arrived || sent->ref_count != w->text.found.ref_count)
		return strcmp(a->says, a->sent) == 0;
	return strcmp(reference_target(sent, &sent->refs[i]), a->sent) == 0;
}

static int note_edits(struct earlier *a, const struct entry *entry)
{
	struct renaming *w = a->w;
	const struct examination *e = &w->text.found;
	int r = 0;

	rewrite_reset(&w->rewrite);
	for (size_t i = 0; i < e->ref_count && r >= 0; i++) {
		const struct reference *ref = &e->refs[i];

		if (is_id(ref) == (a->form == REF_ID) &&
		    strcmp(reference_target(e, ref), a->says) == 0 &&
		    was_sent_so(a, entry, i))
			r = lead(w, ref, a->sent);
	}
	return r < 0 ? r : 0;
}

static int read_path(struct renaming *w, const struct entry *e,
		     const struct kind **ret_kind)
{
	DROP(buf_done) struct buf path = {0};
	int r = ref_path(w->m->db, MOMENT_NOW, e->id, &path, w->why);

	if (r == 0)
		r = read_as(w, &path);
	if (r == 0)
		*ret_kind = kinds_by_path(w->kinds, path.data, path.len - 1, 0);
	return r;
}

static int read_earlier(struct renaming *w, const struct entry *e,
			const struct kind *kind)
{
	int r = ref_text_read(w->m->db, kind, e->content, &w->text, w->why);

	if (r == 0 && e->arrived)
		r = ref_text_read(w->m->db, kind, e->arrived, &w->sent, w->why);
	return r;
}

/* Is the item of the batch, 1, or perhaps of one clone with what came, 0?
 * -ENOENT: neither. */
static int whose(struct renaming *w, int64_t item)
{
	int64_t original;
	int r = renames_is_ours(w, item);

	if (r != 0)
		return r;
	r = w->copy ? own_id_original(w->m->db, item, &original, w->why) : 0;
	if (r < 0)
		return r;
	return r > 0 ? 0 : -ENOENT;
}

static int rewrite_one(struct earlier *a, int64_t item)
{
	struct renaming *w = a->w;
	const struct kind *kind = NULL;
	struct entry e;
	int ours = whose(w, item);
	int r = ours < 0 ? ours
			 : tree_get(w->m->db, MOMENT_NOW, item, &e, w->why);

	if (r == 0)
		r = read_path(w, &e, &kind);
	if (r < 0 || !kind || (!ours && !is_of_clone(w, kind, &e)))
		return r;
	r = read_earlier(w, &e, kind);
	if (r == 0)
		r = note_edits(a, &e);
	/* What others may have recorded gets a version of its own. */
	return r < 0 ? r : save(w, &e, ours);
}

static int rewrite_earlier(const struct ref *ref, void *arg)
{
	struct earlier *a = arg;
	int r;

	if (ref->item == a->w->line->item || ref->item == a->last)
		return 0;
	a->last = ref->item;
	r = rewrite_one(a, ref->item);
	return r == -ENOENT ? 0 : r;
}

int renames_text_earlier(struct renaming *w, enum ref_form form,
			 const char *says, const char *sent)
{
	struct earlier a = {.w = w, .form = form, .says = says, .sent = sent};

	return ref_naming(w->m->db, form, says, rewrite_earlier, &a, w->why);
}
