/*
 * What an item says: its own id, what it refers to, its secrets.
 */
#include "core/ref_settle.h"

#include "core/db.h"
#include "core/kind.h"
#include "core/secret.h"
#include "core/why.h"

#include <errno.h>
#include <string.h>

static int id_there(struct settling *s, const char *id)
{
	DROP(q_close) struct q q = q_open(s->db, STMT_REF_ID_THERE);

	q_text(&q, 1, id);
	return q_run(&q, s->why);
}

static int put_id(struct settling *s, int64_t item, const struct kind *kind,
		  const char *id)
{
	DROP(q_close)
	struct q q = q_open(s->db, id ? STMT_OWN_PUT : STMT_OWN_DROP);

	q_i64(&q, 1, item);
	if (id) {
		q_i64(&q, 2, kind_number(kind));
		q_text(&q, 3, id);
	}
	return q_run(&q, s->why);
}

/* The item's own id is @id from now on; NULL: none. */
static int set_id(struct settling *s, int64_t item, const struct kind *kind,
		  const char *id)
{
	DROP(buf_done) struct buf was = {0};
	unsigned was_kind = 0;
	int had = ref_own_id(s->db, item, &was_kind, &was, s->why);
	int r;

	if (had < 0 || (!had && !id))
		return had;
	if (had && id && strcmp(was.data, id) == 0 &&
	    was_kind == kind_number(kind))
		return 0;
	r = put_id(s, item, kind, id);
	if (r == 0 && had)
		r = id_there(s, was.data);
	if (r == 0 && id)
		r = id_there(s, id);
	return r;
}

static int put_ref(struct settling *s, int64_t item, const struct ref *ref,
		   bool add)
{
	DROP(q_close)
	struct q q = q_open(s->db, add ? STMT_REF_ADD : STMT_REF_REMOVE);
	int there = add ? ref_there(s->db, s->kinds, ref, s->why) : 0;

	if (there < 0)
		return there;
	q_i64(&q, 1, item);
	q_i64(&q, 2, ref->form);
	q_text(&q, 3, ref->target);
	q_i64(&q, 4, (int64_t)ref->leads);
	if (add)
		q_i64(&q, 5, !there);
	return q_run(&q, s->why);
}

/* Bring the rows of the item from s->was to s->now. */
static int set_refs(struct settling *s, int64_t item)
{
	size_t w = 0, n = 0;
	int r = 0;

	while (r == 0 && (w < s->was.len || n < s->now.len)) {
		struct ref was, now;
		int order = 0;

		if (w < s->was.len)
			was = ref_list_get(&s->was, w);
		else
			order = 1;
		if (n < s->now.len)
			now = ref_list_get(&s->now, n);
		else
			order = -1;
		if (order == 0)
			order = ref_compare(&was, &now);
		if (order < 0)
			r = put_ref(s, item, &was, false);
		else if (order > 0)
			r = put_ref(s, item, &now, true);
		w += order <= 0;
		n += order >= 0;
	}
	return r;
}

static int content_of(struct settling *s, int64_t item, int64_t *ret)
{
	DROP(q_close) struct q q = q_open(s->db, STMT_REF_CONTENT);
	int r;

	q_i64(&q, 1, item);
	r = q_find(&q, ret, s->why);
	return r == 0 ? -ENOENT : r < 0 ? r : 0;
}

/* Fill s->text and s->now. */
static int examine_item(struct settling *s, int64_t item,
			const struct kind *kind)
{
	int64_t content;
	int r = content_of(s, item, &content);

	if (r == 0)
		r = ref_text_read(s->db, kind, content, &s->text, s->why);
	if (r == 0 && ref_list_take(&s->now, &s->text.found) < 0)
		r = why_set(s->why, -ENOMEM, "out of memory");
	return r;
}

static int settle_secrets(struct settling *s, int64_t item,
			  const struct kind *kind)
{
	const struct moment_note note = {.what = NOTE_UNSEALED, .item = item};
	int r = secret_settle(s->db, item, kind, &s->text.bytes, &s->text.found,
			      s->why);

	return r <= 0 ? r : moment_note(s->m, &note, s->why);
}

int ref_settle_item(struct settling *s, int64_t item, const struct kind *kind)
{
	const char *id = NULL;
	int r = ref_read(s->db, item, &s->was, s->why);

	s->now.len = 0;
	if (r == 0 && kind) {
		r = examine_item(s, item, kind);
		if (s->text.found.id_at)
			id = s->text.found.names.data + s->text.found.id;
	}
	if (r == 0 && (!kind || secret_in_kind(kind)))
		r = settle_secrets(s, item, kind);
	/* First the id: the item may refer to itself. */
	if (r == 0)
		r = set_id(s, item, kind, id);
	return r < 0 ? r : set_refs(s, item);
}
