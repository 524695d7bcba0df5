/*
 * Each reference that a revision concerns. What the index of references says is
 * of the live items: what leads to nothing, or to what was changed, does so
 * now.
 */
#include "core/show_ref.h"

#include "core/buf.h"
#include "core/defer.h"
#include "core/kind_row.h"
#include "core/lineage.h"
#include "core/ref_row.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <string.h>

/* A reference that leads to nothing: told once, though an item and its folder
 * are gone. */
struct told {
	int64_t item;
	uint64_t target; /* a hash */
};

struct telling {
	const struct showing *s;
	struct show_ref line;
	struct ref_text former;
	struct ref_list list;
	struct bits own; /* items whose own references were looked at */
	struct told told[SHOW_REFERENCES_MAX];
	size_t told_len;
};

static void telling_done(struct telling *t)
{
	show_ref_done(&t->line);
	ref_text_done(&t->former);
	ref_list_done(&t->list);
	bits_done(&t->own);
}

static int no_memory(const struct telling *t)
{
	return why_set(t->s->why, -ENOMEM, "out of memory");
}

/* ---- what is another now ---- */

static int kind_at(const struct telling *t, int64_t at, int64_t item,
		   const struct kind **ret)
{
	DROP(buf_done) struct buf path = {0};
	int r = ref_path(t->s->db, at, item, &path, t->s->why);

	if (r == 0)
		*ret = kinds_by_path(t->s->ask->kinds, path.data, path.len - 1,
				     0);
	return r;
}

/* In the order of the two texts; if one has more of them than the other, its
 * members tell. */
static int compare_texts(struct telling *t)
{
	const struct examination *was = &t->former.found,
				 *now = &t->line.text.found;
	int r = 0;

	if (was->ref_count != now->ref_count)
		return 0;
	for (size_t i = 0; i < now->ref_count && r == 0; i++) {
		const char *old = reference_target(was, &was->refs[i]);
		const char *new = reference_target(now, &now->refs[i]);

		if (strcmp(old, new) == 0)
			continue;
		r = show_ref_tell_byte(&t->line, now->refs[i].at, old, new);
	}
	return r;
}

static int compare_item(struct telling *t, const struct show_change *c)
{
	const struct showing *s = t->s;
	const struct kind *was = NULL, *is = NULL;
	int r = kind_at(t, s->from, c->was, &was);

	if (r == 0)
		r = kind_at(t, s->to, c->is, &is);
	if (r < 0 || !was || !is)
		return r;
	r = ref_text_read(s->db, was, c->old, &t->former, s->why);
	if (r == 0)
		r = ref_text_read(s->db, is, c->new, &t->line.text, s->why);
	if (r == 0)
		r = show_ref_of(&t->line, s->to, c->is);
	return r < 0 ? r : compare_texts(t);
}

static int tell_sent(const struct lineage_change *change, void *arg)
{
	struct telling *t = arg;

	return show_ref_tell(&t->line, change->at, change->sent, change->now);
}

static int look_at_changed(struct telling *t, const struct show_change *c)
{
	const struct showing *s = t->s;
	int r;

	if (c->folder || !c->new || c->old == c->new)
		return 0;
	t->line.word = c->settled ? "rewritten" : "changed";
	if (c->old)
		return compare_item(t, c);
	if (!c->settled)
		return 0;
	r = show_ref_of(&t->line, s->to, c->is);
	return r < 0 ? r
		     : lineage_changes(s->db, s->ask->kinds, s->to, c->is,
				       tell_sent, t, s->why);
}

/* Items elsewhere, whose references followed. */
static int look_elsewhere(struct telling *t, const struct bits *shown)
{
	const struct showing *s = t->s;
	int64_t item = 0;
	int r = 0;

	while (r == 0 && bits_next(&s->touched, &item) > 0) {
		struct entry old = {0}, new;

		if (bits_has(shown, item) ||
		    tree_get(s->db, s->to, item, &new, NULL) < 0)
			continue;
		/* It may have come with it. */
		(void)tree_get(s->db, s->from, item, &old, NULL);
		r = look_at_changed(t, &(struct show_change){
					       .was = item,
					       .is = item,
					       .folder = new.folder,
					       .old = old.content,
					       .new = new.content,
					       .settled = new.arrived,
				       });
	}
	return r;
}

static int tell_changed(struct telling *t)
{
	const struct showing *s = t->s;
	struct bits shown = {0};
	int r = 0;

	show_ref_begin(&t->line, "references changed", "changed");
	for (size_t i = 0; i < s->len && r >= 0; i++)
		if (s->changes[i].is)
			r = bits_add(&shown, s->changes[i].is);
	r = r < 0 ? no_memory(t) : 0;
	for (size_t i = 0; i < s->len && r == 0; i++)
		r = look_at_changed(t, &s->changes[i]);
	if (r == 0)
		r = look_elsewhere(t, &shown);
	bits_done(&shown);
	return show_ref_end(&t->line, r);
}

/* ---- what leads to nothing ---- */

/* The text of a live item: 1; 0: it can refer to nothing. */
static int read_live(struct telling *t, int64_t item)
{
	const struct showing *s = t->s;
	const struct kind *kind = NULL;
	struct entry e;
	int r = tree_get(s->db, MOMENT_NOW, item, &e, NULL);

	if (r < 0 || e.folder)
		return r == -ENOENT ? 0 : r;
	r = ref_kind(s->db, s->ask->kinds, item, &kind, s->why);
	if (r < 0 || !kind)
		return r;
	r = ref_text_read(s->db, kind, e.content, &t->line.text, s->why);
	if (r == 0)
		r = show_ref_of(&t->line, MOMENT_NOW, item);
	return r < 0 ? r : 1;
}

/* Each place in the text of the item that refers where the reference says. */
static int tell_places(struct telling *t, const struct ref *ref)
{
	const struct examination *e = &t->line.text.found;
	int r = read_live(t, ref->item);

	if (r <= 0)
		return r;
	r = 0;
	for (size_t i = 0; i < e->ref_count && r == 0; i++) {
		bool id = e->refs[i].rule->form == KIND_FORM_ID;

		if (id != (ref->form == REF_ID) ||
		    e->refs[i].rule->leads != ref->leads ||
		    strcmp(reference_target(e, &e->refs[i]), ref->target) != 0)
			continue;
		r = show_ref_tell_byte(&t->line, e->refs[i].at, NULL,
				       ref->target);
	}
	return r;
}

/* What came, or was changed, with references to nothing. */
static int tell_own(struct telling *t, const struct show_change *c)
{
	const struct showing *s = t->s;
	const struct examination *e = &t->line.text.found;
	int r;

	if (c->folder || !c->is || c->old == c->new)
		return 0;
	if (bits_add(&t->own, c->is) < 0)
		return no_memory(t);
	r = read_live(t, c->is);
	if (r <= 0)
		return r;
	r = ref_read(s->db, c->is, &t->list, s->why);
	for (size_t i = 0; i < e->ref_count && r == 0; i++) {
		if (!ref_list_misses(&t->list, e, &e->refs[i]))
			continue;
		r = show_ref_tell_byte(&t->line, e->refs[i].at, NULL,
				       reference_target(e, &e->refs[i]));
	}
	return r;
}

/* As many as there may be lines: each has one at least. */
static bool is_told(struct telling *t, const struct ref *ref)
{
	struct told one = {.item = ref->item};

	for (const char *p = ref->target; *p; p++)
		one.target = (one.target ^ (unsigned char)*p) *
			     UINT64_C(0x100000001b3);
	one.target ^= ref->leads;
	for (size_t i = 0; i < t->told_len; i++)
		if (t->told[i].item == one.item &&
		    t->told[i].target == one.target)
			return true;
	if (t->told_len < SHOW_REFERENCES_MAX)
		t->told[t->told_len++] = one;
	return false;
}

static int if_missing(const struct ref *ref, void *arg)
{
	struct telling *t = arg;

	if (!ref->missing || bits_has(&t->own, ref->item) || is_told(t, ref))
		return 0;
	return tell_places(t, ref);
}

static int tell_below(struct telling *t, const char *path)
{
	const struct showing *s = t->s;
	DROP(buf_done) struct buf target = {0};
	int r;

	while ((r = ref_next_below(s->db, path, &target, s->why)) > 0) {
		r = ref_naming(s->db, REF_PATH, target.data, if_missing, t,
			       s->why);
		if (r != 0)
			return r;
	}
	return r;
}

/* The id that the item had. */
static int tell_id(struct telling *t, const struct show_change *c)
{
	const struct showing *s = t->s;
	const struct kind *kind = NULL;
	const struct examination *e = &t->former.found;
	int r = kind_at(t, s->from, c->was, &kind);

	if (r < 0 || !kind || !kind->id || !c->old)
		return r;
	r = ref_text_read(s->db, kind, c->old, &t->former, s->why);
	if (r < 0 || !e->id_at)
		return r;
	return ref_naming(s->db, REF_ID, e->names.data + e->id, if_missing, t,
			  s->why);
}

static int tell_left(struct telling *t, const struct show_change *c)
{
	const struct showing *s = t->s;
	DROP(buf_done) struct buf path = {0};
	int r;

	if (!c->left || !c->was)
		return 0;
	r = ref_path(s->db, s->from, c->was, &path, s->why);
	if (r == 0)
		r = ref_naming(s->db, REF_PATH, path.data, if_missing, t,
			       s->why);
	if (r == 0)
		r = c->folder ? tell_below(t, path.data) : tell_id(t, c);
	return r;
}

static int tell_dangling(struct telling *t)
{
	const struct showing *s = t->s;
	int r = 0;

	show_ref_begin(&t->line, "references to nothing", "dangling");
	for (size_t i = 0; i < s->len && r == 0; i++)
		r = tell_own(t, &s->changes[i]);
	for (size_t i = 0; i < s->len && r == 0; i++)
		r = tell_left(t, &s->changes[i]);
	return show_ref_end(&t->line, r);
}

/* ---- what leads to what was changed ---- */

static int if_other(const struct ref *ref, void *arg)
{
	struct telling *t = arg;

	return bits_has(&t->s->touched, ref->item) ? 0 : tell_places(t, ref);
}

static int tell_leading(struct telling *t)
{
	const struct showing *s = t->s;
	int r = 0;

	show_ref_begin(&t->line, "references to what changed", "leads");
	for (size_t i = 0; i < s->len && r == 0; i++) {
		const struct show_change *c = &s->changes[i];
		struct entry e;

		if (!c->is || (c->was && c->old == c->new && !c->left) ||
		    tree_get(s->db, MOMENT_NOW, c->is, &e, NULL) < 0)
			continue;
		r = ref_to(s->db, s->ask->kinds, c->is, if_other, t, s->why);
	}
	return show_ref_end(&t->line, r);
}

int show_references(const struct showing *s)
{
	DROP(telling_done) struct telling t = {.s = s, .line.s = s};
	int r;

	if (!s->ask->kinds)
		return 0;
	r = tell_changed(&t);
	if (r == 0)
		r = tell_dangling(&t);
	if (r == 0)
		r = tell_leading(&t);
	return r;
}
