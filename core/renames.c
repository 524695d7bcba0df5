#include "core/renames.h"

#include "core/db.h"
#include "core/env.h"
#include "core/kind_row.h"
#include "core/moment.h"
#include "core/ref.h"
#include "core/ref_text.h"
#include "core/rewrite.h"
#include "core/store.h"
#include "core/tree.h"
#include "core/why.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID_BYTES = 12, ID_SIZE = 2 * ID_BYTES + 1 };

struct renaming {
	struct moment *m;
	const struct kinds *kinds;
	const struct renames_batch *batch;
	const struct renames_line *line;
	const struct kind *kind;   /* of the item, or NULL */
	struct buf asked, went;	   /* paths, with a NUL */
	bool renamed;		   /* they differ */
	struct buf old_id, new_id; /* of the item; len 0: none, unchanged */
	/* Used again for each text. */
	struct ref_text text, sent;
	struct rewrite rewrite;
	struct buf out, target;
	struct why *why;
};

static struct renaming renaming_of(struct moment *m,
				   const struct renames_batch *batch,
				   const struct renames_line *line,
				   struct why *why)
{
	return (struct renaming){
		.m = m,
		.kinds = store_kinds(m->store),
		.batch = batch,
		.line = line,
		.why = why,
	};
}

static void renaming_done(struct renaming *w)
{
	buf_done(&w->asked);
	buf_done(&w->went);
	buf_done(&w->old_id);
	buf_done(&w->new_id);
	ref_text_done(&w->text);
	ref_text_done(&w->sent);
	rewrite_done(&w->rewrite);
	buf_done(&w->out);
	buf_done(&w->target);
}

static int no_memory(const struct renaming *w)
{
	return why_set(w->why, -ENOMEM, "out of memory");
}

/* ---- the notes ---- */

static void id_key(char key[], size_t size, unsigned kind, const char *id)
{
	(void)snprintf(key, size, "%u:%s", kind, id);
}

/* 1: the batch means *ret_item by @asked. */
static int noted(struct renaming *w, enum ref_form form, const char *asked,
		 int64_t *ret_item)
{
	DROP(q_close) struct q q = q_open(w->m->db, STMT_RENAMED_GET);
	int r;

	q_i64(&q, 1, *w->batch->id);
	q_i64(&q, 2, form);
	q_text(&q, 3, asked);
	r = q_step(&q, w->why);
	if (r > 0)
		*ret_item = q_col_i64(&q, 0);
	return r;
}

static int note(struct renaming *w, enum ref_form form, const char *asked)
{
	DROP(q_close) struct q q = q_open(w->m->db, STMT_RENAMED_PUT);

	if (!*w->batch->id)
		*w->batch->id = store_next_id(w->m->store);
	q_i64(&q, 1, *w->batch->id);
	q_i64(&q, 2, form);
	q_text(&q, 3, asked);
	q_i64(&q, 4, w->line->item);
	return q_run(&q, w->why);
}

int renames_end(struct moment *m, int64_t id, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_RENAMED_END);

	if (!id)
		return 0;
	q_i64(&q, 1, id);
	return q_run(&q, why);
}

/* ---- what is of the batch ---- */

/* 1: @item came with this round of the batch. */
static int is_ours(struct renaming *w, int64_t item)
{
	DROP(q_close) struct q q = q_open(w->m->db, STMT_RENAMED_BORN);
	const struct renames_batch *b = w->batch;
	int64_t born;
	int r;

	q_i64(&q, 1, item);
	r = q_step(&q, w->why);
	if (r <= 0)
		return r;
	born = q_col_i64(&q, 0);
	if (born < *b->round)
		return 0;
	if (born == w->m->id)
		return 1;
	if (b->revision)
		return q_col_i64(&q, 1) == b->revision;
	for (size_t i = 0; i < b->part_count; i++)
		if (b->parts[i] == born)
			return 1;
	return 0;
}

static int is_renamed(struct renaming *w, int64_t item)
{
	DROP(q_close) struct q q = q_open(w->m->db, STMT_RENAMED_ITEM);

	q_i64(&q, 1, *w->batch->id);
	q_i64(&q, 2, item);
	return q_step(&q, w->why);
}

/* 1: this name has been asked for in this round already. */
static int asked_again(struct renaming *w)
{
	struct ref_place place;
	int64_t item;
	int r = *w->batch->id ? noted(w, REF_PATH, w->asked.data, &item) : 0;

	if (r != 0)
		return r;
	r = ref_find(w->m->db, w->asked.data, &place, w->why);
	if (r < 0 || !place.item || place.item == w->line->item)
		return r;
	r = is_ours(w, place.item);
	if (r <= 0 || !*w->batch->id)
		return r;
	/* A copy that got this name by its number was asked for by another. */
	r = is_renamed(w, place.item);
	return r < 0 ? r : !r;
}

static int begin_round(struct renaming *w)
{
	int r = asked_again(w);

	if (r <= 0)
		return r;
	*w->batch->round = w->m->id;
	return renames_end(w->m, *w->batch->id, w->why);
}

/* ---- ids ---- */

static int make_id(struct renaming *w)
{
	unsigned char bytes[ID_BYTES];
	int r = env_random(store_env(w->m->store), bytes, sizeof(bytes));

	if (r < 0)
		return why_set(w->why, r, "no random bytes for an id");
	for (size_t i = 0; i < sizeof(bytes); i++)
		buf_addf(&w->new_id, "%02x", bytes[i]);
	buf_byte(&w->new_id, '\0');
	return buf_error(&w->new_id) ? no_memory(w) : 0;
}

/* The length of the path of the nearest folder that says the kind. */
static size_t kind_folder_len(const struct kind *kind, const char *path)
{
	size_t end = strlen(path);

	while (end > 0) {
		size_t start;

		while (end > 0 && path[end - 1] != '/')
			end--;
		if (end == 0)
			break;
		start = --end;
		while (start > 0 && path[start - 1] != '/')
			start--;
		if (end - start == kind->folder_len &&
		    memcmp(path + start, kind->folder, end - start) == 0)
			return end;
	}
	return 0;
}

struct rival {
	struct renaming *w;
	bool found;
};

/* Does another item of the kind, below the same folder of it, have the id? */
static int look_at_owner(int64_t item, unsigned kind, void *arg)
{
	struct rival *rival = arg;
	struct renaming *w = rival->w;
	DROP(buf_done) struct buf path = {0};
	size_t len = kind_folder_len(w->kind, w->went.data);
	int r;

	if (item == w->line->item || kind != w->kind->number)
		return 0;
	r = ref_path(w->m->db, MOMENT_NOW, item, &path, w->why);
	if (r < 0)
		return r;
	rival->found |= kind_folder_len(w->kind, path.data) == len &&
			strncmp(path.data, w->went.data, len) == 0;
	return rival->found;
}

/* Does the item need an id of its own? */
static int choose_id(struct renaming *w)
{
	const struct examination *e = &w->text.found;
	struct rival rival = {.w = w};
	int r = 0;

	if (!e->id_at)
		return 0;
	buf_text(&w->old_id, e->names.data + e->id);
	buf_byte(&w->old_id, '\0');
	if (buf_error(&w->old_id))
		return no_memory(w);
	if (!w->line->fresh)
		return 0;
	if (!w->renamed) {
		r = ref_owners(w->m->db, w->old_id.data, look_at_owner, &rival,
			       w->why);
		if (r < 0 || !rival.found)
			return r;
	}
	return make_id(w);
}

/* ---- where references lead ---- */

/* 1: w->target says what the batch means by a path. */
static int find_path(struct renaming *w, const char *asked, uint64_t leads)
{
	int64_t item;
	int r = (leads & KIND_ANY) ? noted(w, REF_PATH, asked, &item) : 0;

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
	return buf_error(&w->target) ? no_memory(w) : 1;
}

static int find_id(struct renaming *w, const char *asked, uint64_t leads)
{
	DROP(buf_done) struct buf key = {0};
	int r = 0;

	if (buf_reserve(&key, strlen(asked) + 16) < 0)
		return no_memory(w);
	for (unsigned k = 0; k < KIND_MAX && r == 0; k++) {
		int64_t item;

		if (!(leads >> k & 1))
			continue;
		id_key(key.data, key.cap, k, asked);
		r = noted(w, REF_ID, key.data, &item);
		if (r > 0)
			r = find_id_of(w, item);
	}
	return r;
}

static int add_edit(struct renaming *w, const struct ref_text *text,
		    const struct reference *ref)
{
	int r = ref->rule->form == KIND_FORM_ID
			? rewrite_string(&w->rewrite, text->bytes.data, ref->at,
					 ref->len, w->target.data)
			: rewrite_reference(&w->rewrite, text->bytes.data,
					    &text->found, ref, w->target.data);

	return r < 0 ? no_memory(w) : 0;
}

/* ---- the item that came ---- */

static int save(struct renaming *w, const struct entry *e)
{
	if (!w->rewrite.len)
		return 0;
	buf_reset(&w->out);
	if (rewrite_apply(&w->rewrite, w->text.bytes.data, w->text.bytes.len,
			  &w->out) < 0)
		return no_memory(w);
	/* What nobody has seen need not be amended. */
	return rewrite_save(w->m, e, &w->out, !w->m->unseen, w->why);
}

/* What has been renamed so far, in the text of the item. */
static int rewrite_arrived(struct renaming *w, const struct entry *entry)
{
	const struct examination *e = &w->text.found;
	int r = 0;

	rewrite_reset(&w->rewrite);
	for (size_t i = 0; i < e->ref_count && r >= 0; i++) {
		const struct reference *ref = &e->refs[i];
		const char *target = reference_target(e, ref);

		r = ref->rule->form == KIND_FORM_ID
			    ? find_id(w, target, ref->rule->leads)
			    : find_path(w, target, ref->rule->leads);
		if (r > 0)
			r = add_edit(w, &w->text, ref);
	}
	if (r >= 0 && w->new_id.len)
		r = rewrite_string(&w->rewrite, w->text.bytes.data, e->id_at,
				   e->id_len, w->new_id.data);
	return r < 0 ? r : save(w, entry);
}

/* ---- what came before it ---- */

struct earlier {
	struct renaming *w;
	enum ref_form form;
	const char *asked;
	int64_t last; /* done; one item may have several rows */
};

/* Reference @i, which is what the batch asked for: was it so when it came? */
static bool was_sent_so(const struct renaming *w, const struct entry *entry,
			size_t i, const char *asked)
{
	const struct examination *sent = &w->sent.found;

	if (!entry->arrived || sent->ref_count != w->text.found.ref_count)
		return true;
	return strcmp(reference_target(sent, &sent->refs[i]), asked) == 0;
}

static int note_edits(struct earlier *a, const struct entry *entry)
{
	struct renaming *w = a->w;
	const struct examination *e = &w->text.found;
	bool id = a->form == REF_ID;
	int r = 0;

	rewrite_reset(&w->rewrite);
	for (size_t i = 0; i < e->ref_count && r >= 0; i++) {
		const struct reference *ref = &e->refs[i];

		if ((ref->rule->form == KIND_FORM_ID) != id ||
		    strcmp(reference_target(e, ref), a->asked) != 0 ||
		    !was_sent_so(w, entry, i, a->asked))
			continue;
		r = id ? find_id(w, a->asked, ref->rule->leads)
		       : find_path(w, a->asked, ref->rule->leads);
		if (r > 0)
			r = add_edit(w, &w->text, ref);
	}
	return r < 0 ? r : 0;
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
	r = is_ours(w, ref->item);
	if (r > 0)
		r = tree_get(w->m->db, MOMENT_NOW, ref->item, &e, w->why);
	else if (r == 0)
		return 0;
	if (r == 0)
		r = ref_kind(w->m->db, w->kinds, ref->item, &kind, w->why);
	if (r < 0 || !kind)
		return r == -ENOENT ? 0 : r;
	r = ref_text_read(w->m->db, kind, e.content, &w->text, w->why);
	if (r == 0 && e.arrived)
		r = ref_text_read(w->m->db, kind, e.arrived, &w->sent, w->why);
	if (r == 0)
		r = note_edits(a, &e);
	return r < 0 ? r : save(w, &e);
}

static int rewrite_all_earlier(struct renaming *w, enum ref_form form,
			       const char *asked)
{
	struct earlier a = {.w = w, .form = form, .asked = asked};

	return ref_naming(w->m->db, form, asked, rewrite_earlier, &a, w->why);
}

/* ---- all of it ---- */

/* What others of the batch mean by the name and the id of this one. */
static int note_names(struct renaming *w)
{
	DROP(buf_done) struct buf key = {0};
	int r = w->renamed ? note(w, REF_PATH, w->asked.data) : 0;

	if (r < 0 || !w->new_id.len)
		return r;
	if (buf_reserve(&key, w->old_id.len + 16) < 0)
		return no_memory(w);
	id_key(key.data, key.cap, w->kind->number, w->old_id.data);
	return note(w, REF_ID, key.data);
}

/* Of a copy that was there already, what it was called when it came. */
static int recall_id(struct renaming *w, const struct entry *e)
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
	buf_reset(&w->old_id);
	buf_text(&w->old_id, w->sent.found.names.data + w->sent.found.id);
	buf_byte(&w->old_id, '\0');
	if (buf_error(&w->old_id))
		return no_memory(w);
	if (r > 0 && strcmp(w->old_id.data, w->new_id.data) == 0)
		buf_reset(&w->new_id);
	return r < 0 ? r : 0;
}

static int look_at_item(struct renaming *w, struct entry *e)
{
	int r = tree_get(w->m->db, MOMENT_NOW, w->line->item, e, w->why);

	if (r == 0)
		r = ref_path(w->m->db, MOMENT_NOW, e->id, &w->went, w->why);
	if (r == 0)
		r = ref_path_in(w->m->db, MOMENT_NOW, w->line->folder,
				w->line->asked, false, &w->asked, w->why);
	if (r == 0)
		r = ref_kind(w->m->db, w->kinds, e->id, &w->kind, w->why);
	if (r < 0)
		return r;
	assert(w->asked.data && w->went.data);
	w->renamed = strcmp(w->asked.data, w->went.data) != 0;
	if (!w->kind)
		return 0;
	r = ref_text_read(w->m->db, w->kind, e->content, &w->text, w->why);
	if (r == 0)
		r = choose_id(w);
	if (r == 0 && !w->line->fresh)
		r = recall_id(w, e);
	return r;
}

int renames_arrived(struct moment *m, const struct renames_batch *batch,
		    const struct renames_line *line, struct why *why)
{
	DROP(renaming_done)
	struct renaming w = renaming_of(m, batch, line, why);
	struct entry e;
	int r;

	if (kinds_count(w.kinds) == 0)
		return 0;
	r = look_at_item(&w, &e);
	if (r == -ENOENT)
		return 0; /* nothing has come of it */
	if (r == 0)
		r = begin_round(&w);
	if (r == 0)
		r = note_names(&w);
	if (r == 0 && w.kind && line->fresh && *batch->id)
		r = rewrite_arrived(&w, &e);
	if (r == 0 && w.renamed)
		r = rewrite_all_earlier(&w, REF_PATH, w.asked.data);
	if (r == 0 && w.new_id.len)
		r = rewrite_all_earlier(&w, REF_ID, w.old_id.data);
	return r;
}

/* ---- a batch that is at hand as a whole ---- */

/* The text of the item says its new id. */
static int rewrite_id(struct renaming *w, const struct entry *e)
{
	rewrite_reset(&w->rewrite);
	if (rewrite_string(&w->rewrite, w->text.bytes.data, w->text.found.id_at,
			   w->text.found.id_len, w->new_id.data) < 0)
		return no_memory(w);
	return save(w, e);
}

int renames_placed(struct moment *m, const struct renames_batch *batch,
		   const struct renames_line *line, struct why *why)
{
	DROP(renaming_done)
	struct renaming w = renaming_of(m, batch, line, why);
	struct entry e;
	int r;

	if (kinds_count(w.kinds) == 0)
		return 0;
	r = look_at_item(&w, &e);
	if (r == 0)
		r = note_names(&w);
	if (r < 0 || !line->fresh || !w.new_id.len)
		return r;
	r = rewrite_id(&w, &e);
	return r < 0 ? r : 1;
}

int renames_apply(struct moment *m, const struct renames_batch *batch,
		  int64_t item, struct why *why)
{
	/* Of no item: what ids there are is known by now. */
	const struct renames_line line = {0};
	DROP(renaming_done)
	struct renaming w = renaming_of(m, batch, &line, why);
	struct entry e;
	int r = ref_kind(m->db, w.kinds, item, &w.kind, why);

	if (r < 0 || !w.kind)
		return r;
	r = tree_get(m->db, MOMENT_NOW, item, &e, why);
	if (r == 0)
		r = ref_text_read(m->db, w.kind, e.content, &w.text, why);
	return r < 0 ? r : rewrite_arrived(&w, &e);
}
