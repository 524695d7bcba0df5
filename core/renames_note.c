/*
 * What the batch was asked for and is called otherwise, and which items are of
 * the batch.
 */
#include "core/renames_priv.h"

#include "core/db.h"
#include "core/kind.h"
#include "core/moment.h"
#include "core/store.h"

#include <string.h>

/* ---- the notes ---- */

static int noted(struct renaming *w, enum ref_form form, const char *asked,
		 const char *home, int64_t *ret_item)
{
	DROP(q_close) struct q q = q_open(w->m->db, STMT_RENAMED_GET);

	q_i64(&q, 1, *w->batch->id);
	q_i64(&q, 2, form);
	q_text(&q, 3, asked);
	q_text(&q, 4, home);
	return q_find(&q, ret_item, w->why);
}

static int note(struct renaming *w, enum ref_form form, const char *asked,
		const char *home)
{
	DROP(q_close) struct q q = q_open(w->m->db, STMT_RENAMED_PUT);

	if (!*w->batch->id)
		*w->batch->id = store_next_id(w->m->store);
	q_i64(&q, 1, *w->batch->id);
	q_i64(&q, 2, form);
	q_text(&q, 3, asked);
	q_text(&q, 4, home);
	q_i64(&q, 5, w->line->item);
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

int renames_noted_path(struct renaming *w, const char *asked, int64_t *ret_item)
{
	return *w->batch->id ? noted(w, REF_PATH, asked, "", ret_item) : 0;
}

/* ---- ids ---- */

static int make_key(struct renaming *w, unsigned kind, const char *id)
{
	buf_reset(&w->key);
	buf_addf(&w->key, "%u:%s", kind, id);
	buf_byte(&w->key, '\0');
	return buf_error(&w->key) ? renames_no_memory(w) : 0;
}

/* Without its last part. */
static void go_up(struct buf *path)
{
	char *slash = strrchr(path->data, '/');

	if (slash)
		*slash = '\0';
	else
		path->data[0] = '\0';
}

/* The path of the folder that the item with the path is in. */
static int folder_of(struct renaming *w, const struct buf *path,
		     struct buf *ret)
{
	buf_add(ret, path->data, path->len);
	if (buf_error(ret))
		return renames_no_memory(w);
	go_up(ret);
	return 0;
}

int renames_noted_id(struct renaming *w, unsigned kind, const char *id,
		     int64_t *ret_item)
{
	DROP(buf_done) struct buf home = {0};
	int r = *w->batch->id ? make_key(w, kind, id) : 0;

	if (r < 0 || !*w->batch->id)
		return r;
	r = folder_of(w, &w->reader, &home);
	while (r == 0) {
		r = noted(w, REF_ID, w->key.data, home.data, ret_item);
		if (!home.data[0])
			break;
		go_up(&home);
	}
	return r;
}

static void add_namesake(struct renaming *w, int64_t item)
{
	for (size_t i = 0; i < w->namesake_count; i++)
		if (w->namesakes[i] == item)
			return;
	if (w->namesake_count < RENAMES_NAMESAKES)
		w->namesakes[w->namesake_count++] = item;
}

/*
 * Several items of a batch may have been sent with one id, if clones are copied
 * in one go. Each folder knows the first that came below it, so that who refers
 * finds the nearest one on the way up.
 */
static int note_id(struct renaming *w)
{
	DROP(buf_done) struct buf home = {0};
	int r = make_key(w, kind_number(w->kind), w->old_id.data);

	if (r == 0)
		r = folder_of(w, &w->went, &home);
	while (r >= 0) {
		int64_t first = w->line->item;

		r = *w->batch->id
			    ? noted(w, REF_ID, w->key.data, home.data, &first)
			    : 0;
		if (r == 0)
			r = note(w, REF_ID, w->key.data, home.data);
		else if (r > 0 && first != w->line->item)
			add_namesake(w, first);
		if (!home.data[0])
			break;
		go_up(&home);
	}
	return r < 0 ? r : 0;
}

int renames_note(struct renaming *w)
{
	int r = w->renamed ? note(w, REF_PATH, w->asked.data, "") : 0;

	return r < 0 || !w->known_by_id ? r : note_id(w);
}

/* ---- what is of the batch ---- */

int renames_is_ours(struct renaming *w, int64_t item)
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
	int r = renames_noted_path(w, w->asked.data, &item);

	if (r != 0)
		return r;
	r = ref_find(w->m->db, w->asked.data, &place, w->why);
	if (r < 0 || !place.item || place.item == w->line->item)
		return r;
	r = renames_is_ours(w, place.item);
	if (r <= 0 || !*w->batch->id)
		return r;
	/* A copy that got this name by its number was asked for by another. */
	r = is_renamed(w, place.item);
	return r < 0 ? r : !r;
}

int renames_begin_round(struct renaming *w)
{
	int r = asked_again(w);

	if (r <= 0)
		return r;
	*w->batch->round = w->m->id;
	return renames_end(w->m, *w->batch->id, w->why);
}
