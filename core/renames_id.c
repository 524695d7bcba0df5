/*
 * Which items of a batch get an id of their own.
 */
#include "core/renames_priv.h"

#include "core/kind_row.h"
#include "core/moment.h"
#include "core/own_id.h"
#include "core/tree.h"

#include <string.h>

static int take_id(struct renaming *w, const struct ref_text *text)
{
	buf_reset(&w->old_id);
	buf_text(&w->old_id, text->found.names.data + text->found.id);
	buf_byte(&w->old_id, '\0');
	return buf_error(&w->old_id) ? renames_no_memory(w) : 0;
}

/* 1: the item is below the same folder of the kind. */
static int is_beside(struct renaming *w, int64_t item)
{
	DROP(buf_done) struct buf path = {0};
	size_t len = own_id_part(w->kind, w->went.data);
	int r = ref_path(w->m->db, MOMENT_NOW, item, &path, w->why);

	if (r < 0)
		return r;
	return own_id_part(w->kind, path.data) == len &&
	       strncmp(path.data, w->went.data, len) == 0;
}

/* Who else has the id. */
struct rivals {
	int64_t original; /* not of the batch; 0: none */
	bool beside;	  /* of the batch, side by side with the item */
};

/* Items of the batch that came with one id keep it if they are apart: then each
 * is the nearest to what came with it. */
static int find_rivals(struct renaming *w, struct rivals *ret)
{
	const struct own_id own = {w->line->item, w->kind, w->old_id.data};
	int64_t other = 0;
	int r;

	*ret = (struct rivals){0};
	while ((r = own_id_rival(w->m->db, &own, &other, w->why)) > 0) {
		r = renames_is_ours(w, other);
		if (r == 0) {
			ret->original = other;
			return 0;
		}
		if (r > 0 && !ret->beside)
			r = is_beside(w, other);
		if (r < 0)
			return r;
		ret->beside |= r > 0;
	}
	return r;
}

static int note_original(struct renaming *w, int64_t original)
{
	int r = own_id_copied(w->m, w->line->item, original, w->why);

	w->copy = true;
	return r < 0 ? r
		     : ref_path(w->m->db, MOMENT_NOW, original, &w->origin,
				w->why);
}

int renames_choose_id(struct renaming *w)
{
	struct rivals rivals;
	int r = 0;

	if (!w->text.found.id_at)
		return 0;
	r = take_id(w, &w->text);
	if (r < 0 || !w->line->fresh)
		return r;
	w->known_by_id = w->renamed;
	if (!w->renamed) {
		r = find_rivals(w, &rivals);
		if (r < 0 || (!rivals.original && !rivals.beside))
			return r;
		w->known_by_id = rivals.original != 0;
		if (rivals.original)
			r = note_original(w, rivals.original);
	}
	return r < 0 ? r : own_id_make(w->m, &w->new_id, w->why);
}

int renames_recall_id(struct renaming *w, const struct entry *e)
{
	unsigned kind;
	int r;

	if (!e->arrived || !w->old_id.len)
		return 0;
	r = ref_text_read(w->m->db, w->kind, e->arrived, &w->sent, w->why);
	if (r < 0 || !w->sent.found.id_at)
		return r;
	buf_reset(&w->new_id);
	r = ref_own_id(w->m->db, e->id, &kind, &w->new_id, w->why);
	if (r < 0)
		return r;
	if (take_id(w, &w->sent) < 0)
		return renames_no_memory(w);
	if (r > 0 && strcmp(w->old_id.data, w->new_id.data) == 0)
		buf_reset(&w->new_id);
	w->known_by_id = w->new_id.len > 0;
	return 0;
}
