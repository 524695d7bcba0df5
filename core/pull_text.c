/*
 * What becomes of the text of an item, and what is in conflict.
 */
#include "core/pull_priv.h"

#include "core/blob.h"
#include "core/moment.h"
#include "core/ref.h"
#include "core/utf8.h"
#include "core/why.h"

#include <errno.h>
#include <string.h>

/* Longer values are cut: of a conflict, to decide it, only what is very long,
 * unless very much is said already. */
enum { VALUE_MAX = 240, WHOLE_MAX = 64 << 10, SAID_MAX = 4 << 20 };

/* ---- conflicts ---- */

/* Is the place what the answer speaks of, or below it? */
static bool covers(const char *answer, const char *place)
{
	size_t len = strlen(answer);

	if (strncmp(answer, place, len) != 0)
		return false;
	return !len || answer[len - 1] == '/' || !place[len] ||
	       place[len] == '/' || place[len] == '#';
}

/* The most special answer that was given. */
static int answer_for(struct pull *p, const char *place)
{
	const struct pull_answered *best = NULL;

	for (size_t i = 0; i < p->answer_len; i++) {
		struct pull_answered *a = &p->answers[i];

		if (!covers(a->place, place))
			continue;
		a->used = true;
		if (!best || strlen(a->place) > strlen(best->place))
			best = a;
	}
	if (!best)
		return MERGE_OPEN;
	return best->theirs ? MERGE_THEIRS : MERGE_OURS;
}

static void show_value(struct merge_text value, size_t max, struct buf *out)
{
	size_t from = out->len;

	if (!value.bytes) {
		buf_text(out, "(none)");
		return;
	}
	merge_show(value, out);
	if (!buf_error(out) && out->len - from > max) {
		out->len = from +
			   utf8_floor(out->data + from, out->len - from, max);
		buf_text(out, "...");
	}
}

/* Ask, and say it if there is no answer. @shown: the three, as lines. */
static int ask(struct pull *p, const char *place, const struct buf *shown)
{
	int answer = answer_for(p, place);

	if (answer != MERGE_OPEN || p->blind)
		return answer == MERGE_OPEN ? MERGE_OURS : answer;
	p->conflicts++;
	buf_addf(&p->said, "C %s\n", place);
	buf_add(&p->said, shown->data, shown->len);
	return buf_error(&p->said) ? pull_no_memory(p) : MERGE_OPEN;
}

int pull_ask(struct pull *p, const char *path, const char *base,
	     const char *ours, const char *theirs)
{
	DROP(buf_done) struct buf shown = {0};

	buf_addf(&shown, "  base   %s\n  ours   %s\n  theirs %s\n", base, ours,
		 theirs);
	if (buf_error(&shown))
		return pull_no_memory(p);
	return ask(p, path, &shown);
}

struct asking {
	struct pull *p;
	const struct pull_step *step;
};

static int conflict(const struct merge_place *place, void *arg)
{
	const struct asking *a = arg;
	DROP(buf_done) struct buf shown = {0};
	struct pull *p = a->p;
	size_t max = p->said.len < SAID_MAX ? WHOLE_MAX : VALUE_MAX;

	buf_text(&shown, "  base   ");
	show_value(place->base, max, &shown);
	buf_text(&shown, "\n  ours   ");
	show_value(place->ours, max, &shown);
	buf_text(&shown, "\n  theirs ");
	show_value(place->theirs, max, &shown);
	buf_byte(&shown, '\n');
	buf_reset(&p->place);
	buf_addf(&p->place, "%s#%s", a->step->path, place->pointer);
	buf_byte(&p->place, '\0');
	if (buf_error(&shown) || buf_error(&p->place))
		return pull_no_memory(p);
	return ask(p, p->place.data, &shown);
}

static int taken(const struct merge_place *place, void *arg)
{
	const struct asking *a = arg;
	struct buf *out = &a->p->taken;

	buf_addf(out, "  %s: ", place->pointer);
	show_value(place->ours, VALUE_MAX, out);
	buf_text(out, " -> ");
	show_value(place->theirs, VALUE_MAX, out);
	buf_byte(out, '\n');
	return buf_error(out) ? pull_no_memory(a->p) : 0;
}

/* ---- texts ---- */

static struct merge_text text_of(const struct buf *buf)
{
	return (struct merge_text){buf->data, buf->len};
}

/* The kind that the texts of a step are of. */
static int kind_of(struct pull *p, int64_t item, const struct kind **ret)
{
	int r;

	*ret = NULL;
	r = ref_kind(p->db, p->kinds, item, ret, NULL);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? why_set(p->why, r, "the kind of an item") : 0;
}

static int content_of(struct pull *p, int64_t item, int64_t *ret)
{
	struct entry e;
	int r = tree_get(p->db, MOMENT_NOW, item, &e, p->why);

	if (r == 0)
		*ret = e.content;
	return r;
}

static int read_texts(struct pull *p, const struct pull_step *step,
		      const struct kind *kind)
{
	int64_t ours, theirs;
	int r = content_of(p, step->theirs, &theirs);

	if (r == 0)
		r = content_of(p, step->ours, &ours);
	buf_reset(&p->our_text);
	buf_reset(&p->base_text);
	if (r == 0)
		r = blob_get(p->db, ours, false, &p->our_text, p->why);
	if (r == 0)
		r = pull_map(p, step->theirs, kind, theirs, &p->their_text);
	if (r == 0 && step->base)
		r = pull_map(p, step->theirs, kind, step->base, &p->base_text);
	return r;
}

int pull_text(struct pull *p, const struct pull_step *step)
{
	struct asking asking = {p, step};
	const struct kind *kind;
	struct merge_input in = {
		.conflict = conflict,
		.taken = p->blind ? taken : NULL,
		.arg = &asking,
	};
	struct merge_result result;
	int r = kind_of(p, step->ours, &kind);

	if (r == 0)
		r = read_texts(p, step, kind);
	buf_reset(&p->merged);
	if (r < 0)
		return r;
	if (step->whole) {
		buf_add(&p->merged, p->their_text.data, p->their_text.len);
		return buf_error(&p->merged) ? pull_no_memory(p) : 1;
	}
	in.kind = kind;
	in.ours = text_of(&p->our_text);
	in.theirs = text_of(&p->their_text);
	if (step->base)
		in.base = text_of(&p->base_text);
	r = merge_run(&in, &p->merged, &result, p->why);
	if (r < 0)
		return r;
	return result.taken > 0;
}

int pull_same_theirs(struct pull *p, int64_t owner, int64_t a, int64_t b)
{
	const struct kind *kind;
	int r = a == b ? 1 : kind_of(p, owner, &kind);

	if (r != 0)
		return r;
	r = pull_map(p, owner, kind, a, &p->base_text);
	if (r == 0)
		r = pull_map(p, owner, kind, b, &p->their_text);
	if (r < 0)
		return r;
	return merge_equal(kind, text_of(&p->base_text),
			   text_of(&p->their_text), p->why);
}

int pull_same_ours(struct pull *p, int64_t theirs, int64_t base, int64_t ours)
{
	const struct kind *kind;
	int64_t content = 0;
	int r = kind_of(p, ours, &kind);

	buf_reset(&p->our_text);
	if (r == 0)
		r = content_of(p, ours, &content);
	if (r < 0 || content == base)
		return r < 0 ? r : 1;
	r = blob_get(p->db, content, false, &p->our_text, p->why);
	if (r == 0)
		r = pull_map(p, theirs, kind, base, &p->base_text);
	if (r < 0)
		return r;
	return merge_equal(kind, text_of(&p->base_text), text_of(&p->our_text),
			   p->why);
}
