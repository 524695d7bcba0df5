/*
 * The texts of a batch with what has been renamed in it.
 */
#include "core/renames_priv.h"

#include "core/kind_row.h"
#include "core/moment.h"
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

static int save(struct renaming *w, const struct entry *e)
{
	if (!w->rewrite.len)
		return 0;
	buf_reset(&w->out);
	if (rewrite_apply(&w->rewrite, w->text.bytes.data, w->text.bytes.len,
			  &w->out) < 0)
		return renames_no_memory(w);
	/* What nobody has seen need not be amended. */
	return rewrite_save(w->m, e, &w->out, !w->m->unseen, w->why);
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
	return r < 0 ? r : save(w, e);
}

int renames_text_own_id(struct renaming *w, const struct entry *e)
{
	int r;

	rewrite_reset(&w->rewrite);
	r = add_own_id(w);
	return r < 0 ? r : save(w, e);
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

static int read_earlier(struct renaming *w, const struct entry *e,
			const struct kind **ret_kind)
{
	DROP(buf_done) struct buf path = {0};
	int r = ref_path(w->m->db, MOMENT_NOW, e->id, &path, w->why);

	if (r == 0)
		r = read_as(w, &path);
	if (r < 0)
		return r;
	*ret_kind = kinds_by_path(w->kinds, path.data, path.len - 1, 0);
	if (!*ret_kind)
		return 0;
	r = ref_text_read(w->m->db, *ret_kind, e->content, &w->text, w->why);
	if (r == 0 && e->arrived)
		r = ref_text_read(w->m->db, *ret_kind, e->arrived, &w->sent,
				  w->why);
	return r;
}

static int rewrite_earlier(const struct ref *ref, void *arg)
{
	struct earlier *a = arg;
	struct renaming *w = a->w;
	const struct kind *kind = NULL;
	struct entry e;
	int r;

	if (ref->item == w->line->item || ref->item == a->last)
		return 0;
	a->last = ref->item;
	r = renames_is_ours(w, ref->item);
	if (r <= 0)
		return r;
	r = tree_get(w->m->db, MOMENT_NOW, ref->item, &e, w->why);
	if (r == 0)
		r = read_earlier(w, &e, &kind);
	if (r < 0 || !kind)
		return r == -ENOENT ? 0 : r;
	r = note_edits(a, &e);
	return r < 0 ? r : save(w, &e);
}

int renames_text_earlier(struct renaming *w, enum ref_form form,
			 const char *says, const char *sent)
{
	struct earlier a = {.w = w, .form = form, .says = says, .sent = sent};

	return ref_naming(w->m->db, form, says, rewrite_earlier, &a, w->why);
}
