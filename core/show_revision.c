#include "core/show_priv.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/diff_members.h"
#include "core/examine.h"
#include "core/kind_row.h"
#include "core/ref_text.h"
#include "core/snapshot_cover.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- which revision, and between which moments ---- */

static bool is_number(const char *spec)
{
	return *spec && spec[strspn(spec, "0123456789")] == '\0';
}

/* The two sides that one asks for when one names @row. */
static int sides_of(struct db *db, int64_t folder, const struct revision *row,
		    int64_t *ret_from, int64_t *ret_to, struct why *why)
{
	*ret_from = row->before;
	*ret_to = row->after;
	if (show_is_open(row))
		*ret_to = MOMENT_NOW;
	if (!show_is_snapshot(row))
		return 0;
	*ret_to = MOMENT_NOW;
	if (tree_is_below(db, row->after, row->scope, folder, why) > 0)
		return 0;
	return why_set(why, -ENOENT,
		       "snapshot %" PRId64 " is not of this folder", row->id);
}

int show_diff(struct db *db, const struct show_ask *ask, struct buf *out,
	      struct why *why)
{
	DROP(buf_done) struct buf text = {0};
	struct diff_ask diff = {
		.folder = ask->folder,
		.to = MOMENT_NOW,
		.form = ask->form,
		.kinds = ask->kinds,
	};
	struct snapshot_ref ref;
	struct revision row;
	int r;

	if (is_number(ask->spec)) {
		r = revision_get(db, strtoll(ask->spec, NULL, 10), &text, &row,
				 why);
		if (r == 0)
			r = sides_of(db, ask->folder, &row, &diff.from,
				     &diff.to, why);
	} else {
		r = snapshot_resolve(db, ask->folder, ask->spec, &ref, why);
		if (r == 0)
			diff.from = ref.moment;
	}
	return r < 0 ? r : diff_show(db, &diff, out, why);
}

static int find(struct db *db, const struct show_ask *ask, struct buf *text,
		struct revision *ret, struct why *why)
{
	struct snapshot_ref ref = {0};
	int r;

	if (is_number(ask->spec)) {
		ref.id = strtoll(ask->spec, NULL, 10);
	} else {
		r = snapshot_resolve(db, ask->folder, ask->spec, &ref, why);
		if (r < 0)
			return r;
		if (!ref.id)
			return why_set(why, -ENOENT,
				       "'%s' is an instant, not a revision",
				       ask->spec);
	}
	return revision_get(db, ref.id, text, ret, why);
}

/* ---- what it changed ---- */

static void showing_done(struct showing *s)
{
	bits_done(&s->touched);
	free(s->changes);
}

static int load_touched(struct showing *s)
{
	DROP(q_close) struct q q = q_open(s->db, STMT_SHOW_TOUCHED);
	int r;

	q_i64(&q, 1, s->row->id);
	q_i64(&q, 2, s->from);
	q_i64(&q, 3, s->to);
	while ((r = q_step(&q, s->why)) > 0) {
		r = bits_add(&s->touched, q_col_i64(&q, 0));
		if (r < 0)
			return why_set(s->why, r, "out of memory");
	}
	return r;
}

/* Did the revision do this, or somebody else meanwhile? */
static bool is_ours(const struct showing *s, const struct difference *d)
{
	return show_is_snapshot(s->row) || bits_has(&s->touched, d->item) ||
	       (d->from && bits_has(&s->touched, d->old.id));
}

static int note(struct showing *s, const struct difference *d)
{
	if (s->len == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 64;
		struct show_change *more =
			reallocarray(s->changes, cap, sizeof(*more));

		if (!more)
			return why_set(s->why, -ENOMEM, "out of memory");
		s->changes = more;
		s->cap = cap;
	}
	s->changes[s->len++] = (struct show_change){
		.was = d->from ? d->old.id : 0,
		.is = d->to ? d->new.id : 0,
		.folder = d->folder,
		.left = d->what == '-' || d->what == 'R',
		.old = d->from ? d->old.content : 0,
		.new = d->to ? d->new.content : 0,
		.settled = d->to && d->new.arrived,
	};
	return 0;
}

/* What an item of the kind is called: some go by another name for what stands
 * in them. */
static int word_of(const struct showing *s, const struct kind *kind,
		   int64_t content, const char **ret)
{
	struct ref_text text = {0};
	int r;

	*ret = kind_name(kind);
	if (!kind->variant || !content)
		return 0;
	r = ref_text_read(s->db, kind, content, &text, s->why);
	if (r == 0 && text.found.variant)
		*ret = kind->variant;
	ref_text_done(&text);
	return r;
}

/* Like diff_line(), with what the item is. */
static void add_line(const struct showing *s, const struct difference *d,
		     const char *word)
{
	diff_line(s->out, d->what, d->folder, d->from, d->to ? d->to : d->from);
	if (!word || buf_error(s->out))
		return;
	s->out->len--;
	buf_addf(s->out, " [%s]\n", word);
}

static void add_object(const struct showing *s, const struct difference *d,
		       const char *word)
{
	diff_object(s->out, d->what, d->folder, d->from,
		    d->to ? d->to : d->from);
	if (!word)
		return;
	buf_text(s->out, ",\"kind\":");
	buf_json_string(s->out, word);
}

static int show_one(const struct showing *s, const struct difference *d)
{
	struct diff_texts texts = {.old = &d->old, .new = &d->new};
	bool json = s->ask->form == DIFF_JSON;
	const struct kind *kind;
	const char *word = NULL;
	int r = 0;

	if (d->from && !d->folder)
		r = diff_kind(s->db, s->ask->kinds, s->from, s->folder, d->from,
			      &texts.was, s->why);
	if (r == 0 && d->to && !d->folder)
		r = diff_kind(s->db, s->ask->kinds, s->to, s->folder, d->to,
			      &texts.is, s->why);
	kind = d->to ? texts.is : texts.was;
	if (r == 0 && kind)
		r = word_of(s, kind, d->to ? d->new.content : d->old.content,
			    &word);
	if (r < 0)
		return r;
	if (json)
		add_object(s, d, word);
	else
		add_line(s, d, word);
	if (d->from && d->to && !d->folder)
		r = diff_members(s->db, &texts, s->ask->form, s->out, s->why);
	if (json)
		buf_text(s->out, "}\n");
	return r;
}

static int show_change(const struct difference *d, void *arg)
{
	struct showing *s = arg;

	if (!is_ours(s, d))
		return 0;
	if (s->len == 0 && s->ask->form != DIFF_JSON)
		buf_text(s->out, show_is_snapshot(s->row) ? "\nchanged since:\n"
							  : "\nchanges:\n");
	return note(s, d) < 0 ? -ENOMEM : show_one(s, d);
}

static int show_changes(struct showing *s)
{
	const struct diff_ask ask = {
		.folder = s->folder,
		.from = s->from,
		.to = s->to,
		.form = s->ask->form,
		.kinds = s->ask->kinds,
	};

	return diff_paths(s->db, &ask, show_change, s, s->why);
}

int show_revision(struct db *db, const struct show_ask *ask, struct buf *out,
		  struct why *why)
{
	DROP(buf_done) struct buf text = {0};
	DROP(reading_end) struct reading reading = {0};
	struct revision row;
	DROP(showing_done)
	struct showing s = {
		.db = db,
		.ask = ask,
		.row = &row,
		.folder = ask->folder,
		.out = out,
		.why = why,
	};
	int r = reading_begin(&reading, db, why);

	if (r == 0)
		r = find(db, ask, &text, &row, why);
	if (r < 0)
		return r;
	/* A snapshot of a folder below is shown as that folder has it. */
	if (sides_of(db, s.folder, &row, &s.from, &s.to, NULL) < 0)
		s.folder = row.scope;
	r = show_head(&s);
	if (r == 0 && !show_is_snapshot(&row))
		r = load_touched(&s);
	if (r == 0)
		r = show_changes(&s);
	if (r == 0 && !show_is_snapshot(&row))
		r = show_references(&s);
	return r < 0 ? r : show_finish(out, why);
}
