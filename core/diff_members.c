#include "core/diff_members.h"

#include "core/blob.h"
#include "core/buf.h"
#include "core/defer.h"
#include "core/examine.h"
#include "core/kind_row.h"
#include "core/member_diff.h"
#include "core/secret_text.h"
#include "core/why.h"

#include <errno.h>
#include <stdbool.h>

/* ---- the two texts ---- */

/* Replace the values in @text that are secret by @kind with null: 1; 0: there
 * are none. A text that is no JSON has none. */
static int strip(const struct kind *kind, struct buf *text, struct why *why)
{
	DROP(examination_done) struct examination found = {0};
	DROP(secret_members_done) struct secret_members members = {0};
	DROP(buf_done) struct buf clean = {0};
	struct buf swap;
	int r;

	if (!kind || !kind->secret_count)
		return 0;
	r = examine(kind, text->data, text->len, &found, why);
	if (r < 0)
		return r == -EINVAL ? 0 : r;
	r = secret_members_find(text->data, text->len, &found.secrets, &members,
				why);
	if (r < 0 || !secret_members_count(&members, SECRET_VALUE))
		return r;
	r = secret_text_strip(text->data, text->len, &members, &clean);
	if (r < 0)
		return why_set(why, r, "out of memory");
	swap = *text;
	*text = clean;
	clean = swap;
	return 1;
}

/* 1: values in it are hidden. */
static int read_text(struct db *db, const struct diff_texts *texts,
		     int64_t content, struct buf *ret, struct why *why)
{
	int r = blob_get(db, content, false, ret, why);
	int hidden = r < 0 ? r : strip(texts->is, ret, why);

	if (hidden < 0 || texts->was == texts->is)
		return hidden;
	r = strip(texts->was, ret, why);
	return r == 0 ? hidden : r;
}

/* ---- what is told of them ---- */

struct telling {
	enum diff_form form;
	struct buf *out;
	size_t count;
	size_t start; /* of what is told */
};

static int tell(const struct member *member, void *arg)
{
	struct telling *t = arg;

	t->count++;
	if (t->form == DIFF_JSON) {
		buf_text(t->out, t->count == 1 ? ",\"members\":[" : ",");
		member_object(member, t->out);
	} else if (t->count <= DIFF_LINES_MAX) {
		buf_text(t->out, "  ");
		member_line(member, DIFF_VALUE_MAX, t->out);
		buf_byte(t->out, '\n');
	}
	return buf_error(t->out);
}

static int say_not_compared(const struct telling *t, const char *reason)
{
	t->out->len = t->start;
	if (t->form == DIFF_JSON)
		buf_text(t->out, ",\"members\":null");
	else
		buf_addf(t->out, "  (not compared: %s)\n", reason);
	return buf_error(t->out);
}

static void say_equal(const struct telling *t, bool secret)
{
	if (t->form == DIFF_JSON)
		buf_text(t->out,
			 secret ? ",\"members\":[]" : ",\"formatting\":true");
	else
		buf_text(t->out, secret ? "  (secret values only)\n"
					: "  (formatting only)\n");
}

/* @hidden: values are hidden, which may be all that differs. */
static int finish(const struct telling *t, bool hidden)
{
	if (t->count == 0)
		say_equal(t, hidden);
	else if (t->form == DIFF_JSON)
		buf_byte(t->out, ']');
	else if (t->count > DIFF_LINES_MAX)
		buf_addf(t->out, "  (%zu more)\n", t->count - DIFF_LINES_MAX);
	return buf_error(t->out);
}

static int compare(struct db *db, const struct diff_texts *texts,
		   struct telling *t, struct why *why)
{
	DROP(buf_done) struct buf old = {0};
	DROP(buf_done) struct buf new = {0};
	int before = read_text(db, texts, texts->old->content, &old, why);
	int after = before < 0 ? before
			       : read_text(db, texts, texts->new->content, &new,
					   why);
	int r;

	if (after < 0)
		return after;
	r = member_diff((struct merge_text){old.data, old.len},
			(struct merge_text){new.data, new.len}, tell, t, why);
	if (r == -EFBIG)
		return say_not_compared(t, "too many values");
	if (r == -EINVAL)
		return say_not_compared(t, "no JSON");
	return r < 0 ? r : finish(t, before || after);
}

int diff_members(struct db *db, const struct diff_texts *texts,
		 enum diff_form form, struct buf *out, struct why *why)
{
	struct telling t = {.form = form, .out = out, .start = out->len};
	int r;

	if (form == DIFF_PATHS || texts->old->content == texts->new->content)
		return 0;
	if (texts->old->size > DIFF_TEXT_MAX ||
	    texts->new->size > DIFF_TEXT_MAX)
		r = say_not_compared(&t, "too long");
	else if (out->len > DIFF_LIST_MAX)
		r = say_not_compared(&t, "the list is too long");
	else
		r = compare(db, texts, &t, why);
	return r == -ENOMEM ? why_set(why, r, "out of memory") : r;
}
