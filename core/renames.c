#include "core/renames_priv.h"

#include "core/defer.h"
#include "core/kind.h"
#include "core/moment.h"
#include "core/own_id.h"
#include "core/store.h"
#include "core/tree.h"
#include "core/why.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

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
	struct buf *bufs[] = {&w->asked,  &w->went, &w->old_id,
			      &w->new_id, &w->out,  &w->target,
			      &w->reader, &w->key,  &w->origin};

	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
		buf_done(bufs[i]);
	ref_text_done(&w->text);
	ref_text_done(&w->sent);
	rewrite_done(&w->rewrite);
}

int renames_no_memory(const struct renaming *w)
{
	return why_set(w->why, -ENOMEM, "out of memory");
}

/* What it was asked for, and where it is. */
static int find_paths(struct renaming *w, struct entry *e)
{
	struct db *db = w->m->db;
	char name[256];
	int r = tree_get_named(db, MOMENT_NOW, w->line->item, e, name, w->why);

	if (r == 0)
		r = ref_path_in(db, MOMENT_NOW, e->parent, name, e->folder,
				&w->went, w->why);
	if (r == 0)
		r = ref_path_in(db, MOMENT_NOW, w->line->folder, w->line->asked,
				false, &w->asked, w->why);
	if (r < 0)
		return r;
	assert(w->asked.data && w->went.data);
	w->renamed = strcmp(w->asked.data, w->went.data) != 0;
	w->kind = kinds_by_path(w->kinds, w->went.data, w->went.len - 1, 0);
	return 0;
}

static int look_at_text(struct renaming *w, const struct entry *e)
{
	int r;

	if (!w->kind)
		return 0;
	r = ref_text_read(w->m->db, w->kind, e->content, &w->text, w->why);
	if (r == 0)
		r = renames_choose_id(w);
	if (r == 0 && !w->line->fresh)
		r = renames_recall_id(w, e);
	return r;
}

/* What leads to another that was sent with the same id. */
static int rewrite_if_nearer(struct renaming *w, int64_t other)
{
	DROP(buf_done) struct buf id = {0};
	unsigned kind;
	int r = ref_own_id(w->m->db, other, &kind, &id, w->why);

	return r <= 0 ? r
		      : renames_text_earlier(w, REF_ID, id.data,
					     w->old_id.data);
}

/* In what came before. */
static int rewrite_earlier(struct renaming *w)
{
	int r = 0;

	if (w->renamed)
		r = renames_text_earlier(w, REF_PATH, w->asked.data,
					 w->asked.data);
	if (r == 0 && w->known_by_id)
		r = renames_text_earlier(w, REF_ID, w->old_id.data,
					 w->old_id.data);
	for (size_t i = 0; i < w->namesake_count && r == 0; i++)
		r = rewrite_if_nearer(w, w->namesakes[i]);
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
	r = find_paths(&w, &e);
	if (r == -ENOENT)
		return 0; /* nothing has come of it */
	if (r == 0)
		r = renames_begin_round(&w);
	if (r == 0)
		r = look_at_text(&w, &e);
	if (r == 0)
		r = renames_note(&w);
	if (r == 0 && w.kind && line->fresh && (*batch->id || w.new_id.len))
		r = renames_text_arrived(&w, &e);
	return r < 0 ? r : rewrite_earlier(&w);
}

/* ---- a batch that is at hand as a whole ---- */

int renames_placed(struct moment *m, const struct renames_batch *batch,
		   const struct renames_line *line, struct why *why)
{
	DROP(renaming_done)
	struct renaming w = renaming_of(m, batch, line, why);
	struct entry e;
	int r;

	if (kinds_count(w.kinds) == 0)
		return 0;
	r = find_paths(&w, &e);
	if (r == 0)
		r = look_at_text(&w, &e);
	if (r == 0)
		r = renames_note(&w);
	if (r < 0 || !line->fresh || !w.new_id.len)
		return r;
	r = renames_text_own_id(&w, &e);
	return r < 0 ? r : 1;
}

int renames_apply(struct moment *m, const struct renames_batch *batch,
		  int64_t item, struct why *why)
{
	/* Of no item: what ids there are is known by now. */
	const struct renames_line line = {0};
	DROP(renaming_done)
	struct renaming w = renaming_of(m, batch, &line, why);
	int64_t original;
	struct entry e;
	int r = ref_path(m->db, MOMENT_NOW, item, &w.went, why);

	if (r < 0)
		return r;
	w.kind = kinds_by_path(w.kinds, w.went.data, w.went.len - 1, 0);
	if (!w.kind)
		return 0;
	r = own_id_original(m->db, item, &original, why);
	if (r < 0)
		return r;
	w.copy = r > 0;
	r = tree_get(m->db, MOMENT_NOW, item, &e, why);
	if (r == 0)
		r = ref_text_read(m->db, w.kind, e.content, &w.text, why);
	return r < 0 ? r : renames_text_arrived(&w, &e);
}
