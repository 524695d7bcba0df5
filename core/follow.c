#include "core/follow.h"

#include "core/db.h"
#include "core/kind_row.h"
#include "core/moment.h"
#include "core/ref_row.h"
#include "core/ref_text.h"
#include "core/rewrite.h"
#include "core/store.h"
#include "core/tree.h"
#include "core/why.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void follow_done(struct follow *f)
{
	for (size_t i = 0; i < f->len; i++) {
		buf_done(&f->list[i].was);
		buf_done(&f->list[i].now);
	}
	f->len = 0;
}

int follow_watch(struct follow *f, int64_t item, struct why *why)
{
	struct follow_one *one = &f->list[f->len];
	struct entry e;
	int r = tree_get(f->m->db, MOMENT_NOW, item, &e, why);

	assert(f->len < FOLLOW_MAX);
	if (r < 0)
		return r;
	*one = (struct follow_one){.item = item, .folder = e.folder};
	f->len++;
	return ref_path(f->m->db, MOMENT_NOW, item, &one->was, why);
}

/* Used again for each text. */
struct following {
	struct follow *f;
	struct moment *m;
	const struct kinds *kinds;
	struct follow_result result;
	struct ref_text text;
	struct rewrite rewrite;
	struct buf out, target;
	int64_t *items; /* who refers */
	size_t len, cap;
	struct why *why;
};

static void following_done(struct following *w)
{
	ref_text_done(&w->text);
	rewrite_done(&w->rewrite);
	buf_done(&w->out);
	buf_done(&w->target);
	free(w->items);
}

static int no_memory(const struct following *w)
{
	return why_set(w->why, -ENOMEM, "out of memory");
}

/* ---- who refers ---- */

static int add_item(const struct ref *ref, void *arg)
{
	struct following *w = arg;

	if (w->len == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 64;
		int64_t *items = realloc(w->items, cap * sizeof(*items));

		if (!items)
			return no_memory(w);
		w->items = items;
		w->cap = cap;
	}
	w->items[w->len++] = ref->item;
	return 0;
}

static int add_naming(struct following *w, const char *target)
{
	return ref_naming(w->m->db, REF_PATH, target, add_item, w, w->why);
}

static int collect(struct following *w, const struct follow_one *one)
{
	DROP(buf_done) struct buf target = {0};
	int r = add_naming(w, one->was.data);

	if (r < 0 || !one->folder)
		return r;
	while ((r = ref_next_below(w->m->db, one->was.data, &target, w->why)) >
	       0) {
		r = add_naming(w, target.data);
		if (r < 0)
			return r;
	}
	return r;
}

static int item_order(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* ---- what they say now ---- */

/* Does what @ref leads to, if that is the path of @one, mean the folder and
 * not an item of that name? */
static int means_folder(struct following *w, const struct follow_one *one,
			uint64_t leads)
{
	struct ref_place place;
	struct ref_bits bits;
	int r = ref_find(w->m->db, one->was.data, &place, w->why);

	if (r < 0)
		return r;
	bits = ref_place_bits(w->kinds, one->was.data, &place);
	return leads & KIND_FOLDER && !ref_leads_to_item(leads, &bits);
}

/* 1: what @target names has moved with @one, and w->target says where to. */
static int follows(struct following *w, const struct follow_one *one,
		   const char *target, uint64_t leads)
{
	size_t len = one->was.len - 1;
	int r;

	if (strncmp(target, one->was.data, len) != 0 ||
	    (target[len] && (!one->folder || target[len] != '/')))
		return 0;
	if (!target[len] && !one->folder && !(leads & KIND_ANY))
		return 0;
	if (!target[len] && one->folder) {
		r = means_folder(w, one, leads);
		if (r <= 0)
			return r;
	}
	buf_reset(&w->target);
	buf_text(&w->target, one->now.data);
	buf_text(&w->target, target + len);
	buf_byte(&w->target, '\0');
	return buf_error(&w->target) ? no_memory(w) : 1;
}

/* The items that moved are asked before the folders. */
static int find_target(struct following *w, const char *target, uint64_t leads)
{
	int r = 0;

	for (size_t i = 0; i < w->f->len && r == 0; i++)
		if (!w->f->list[i].folder)
			r = follows(w, &w->f->list[i], target, leads);
	for (size_t i = 0; i < w->f->len && r == 0; i++)
		if (w->f->list[i].folder)
			r = follows(w, &w->f->list[i], target, leads);
	return r;
}

static int note_edits(struct following *w)
{
	const struct examination *e = &w->text.found;

	rewrite_reset(&w->rewrite);
	for (size_t i = 0; i < e->ref_count; i++) {
		const struct reference *ref = &e->refs[i];
		int r = 0;

		if (ref->rule->form != KIND_FORM_ID)
			r = find_target(w, reference_target(e, ref),
					ref->rule->leads);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		r = rewrite_reference(&w->rewrite, w->text.bytes.data, e, ref,
				      w->target.data);
		if (r < 0)
			return no_memory(w);
		w->result.references += r > 0;
		w->result.left += r == 0;
	}
	return 0;
}

static int rewrite_item(struct following *w, int64_t item)
{
	const struct kind *kind = NULL;
	struct entry e;
	int r = tree_get(w->m->db, MOMENT_NOW, item, &e, w->why);

	if (r == 0)
		r = ref_kind(w->m->db, w->kinds, item, &kind, w->why);
	if (r < 0 || !kind)
		return r;
	r = ref_text_read(w->m->db, kind, e.content, &w->text, w->why);
	if (r == 0)
		r = note_edits(w);
	if (r < 0 || !w->rewrite.len)
		return r;
	buf_reset(&w->out);
	r = rewrite_apply(&w->rewrite, w->text.bytes.data, w->text.bytes.len,
			  &w->out);
	if (r < 0)
		return no_memory(w);
	e.attr.mtime_ns = w->m->time_ns;
	r = rewrite_save(w->m, &e, &w->out, false, w->why);
	w->result.items += r == 0;
	return r;
}

/* ---- all of it ---- */

/* Drop those that have not moved; say where the others are. */
static int find_moved(struct follow *f, struct why *why)
{
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < f->len && r == 0; i++) {
		struct follow_one *one = &f->list[i];

		r = ref_path(f->m->db, MOMENT_NOW, one->item, &one->now, why);
		if (r == 0 && strcmp(one->was.data, one->now.data) != 0) {
			struct follow_one moved = *one;

			*one = f->list[kept];
			f->list[kept++] = moved;
		}
	}
	while (r == 0 && f->len > kept) {
		buf_done(&f->list[--f->len].was);
		buf_done(&f->list[f->len].now);
	}
	return r;
}

int follow_run(struct follow *f, struct follow_result *ret, struct why *why)
{
	DROP(following_done)
	struct following w = {
		.f = f,
		.m = f->m,
		.kinds = store_kinds(f->m->store),
		.why = why,
	};
	int r = find_moved(f, why);

	for (size_t i = 0; i < f->len && r == 0; i++)
		r = collect(&w, &f->list[i]);
	if (w.len > 1)
		qsort(w.items, w.len, sizeof(*w.items), item_order);
	for (size_t i = 0; i < w.len && r == 0; i++)
		if (i == 0 || w.items[i] != w.items[i - 1])
			r = rewrite_item(&w, w.items[i]);
	if (r == 0 && ret)
		*ret = w.result;
	return r;
}
