#include "core/plan.h"

#include "core/diff.h"
#include "core/moment.h"
#include "core/ref_row.h"
#include "core/store.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Who loses what he refers to. It is found by text, as the index of references
 * has it: the names and ids that go are noted, then the index is brought up to
 * date, and who names one of them and finds nothing is told.
 */

/* A name or id that goes. */
struct name {
	enum ref_form form;
	char *text;
	char *path; /* as it is shown */
	bool folder;
	bool below;    /* and all names below it */
	unsigned kind; /* of an id */
};

/* One who loses something. */
struct loss {
	int64_t item;
	char *from, *to; /* as they are shown */
};

struct losing {
	struct plan *plan;
	struct moment *m;
	struct why *why;
	struct name *names;
	size_t name_count, name_cap;
	struct loss *losses;
	size_t loss_count, loss_cap;
	const struct name *name; /* the one that is looked at */
};

static void losing_done(struct losing *l)
{
	for (size_t i = 0; i < l->name_count; i++) {
		free(l->names[i].text);
		free(l->names[i].path);
	}
	for (size_t i = 0; i < l->loss_count; i++) {
		free(l->losses[i].from);
		free(l->losses[i].to);
	}
	free(l->names);
	free(l->losses);
}

static int no_memory(const struct losing *l)
{
	return why_set(l->why, -ENOMEM, "out of memory");
}

/* ---- what goes ---- */

/* @text, with its NUL, is taken over. */
static int add_name(struct losing *l, enum ref_form form, struct buf *text,
		    const struct step *step, struct name **ret)
{
	struct name *name;

	if (l->name_count == l->name_cap) {
		size_t cap = l->name_cap ? 2 * l->name_cap : 32;
		struct name *more = reallocarray(l->names, cap, sizeof(*more));

		if (!more)
			return no_memory(l);
		l->names = more;
		l->name_cap = cap;
	}
	*ret = name = &l->names[l->name_count++];
	*name = (struct name){
		.form = form,
		.text = text->data,
		.path = strdup(step->path),
		.folder = step->now.folder,
		.below = form == REF_PATH && step->now.folder &&
			 step_moves(step),
	};
	*text = (struct buf){0};
	return name->path ? 0 : no_memory(l);
}

/* The id that it had: the index has not seen yet that it goes. */
static int note_id(struct losing *l, const struct step *step)
{
	DROP(buf_done) struct buf id = {0};
	struct name *name;
	unsigned kind;
	int r = ref_own_id(l->plan->db, step->item, &kind, &id, l->why);

	if (r <= 0)
		return r;
	r = add_name(l, REF_ID, &id, step, &name);
	if (r == 0)
		name->kind = kind;
	return r;
}

static int note_step(struct losing *l, const struct step *step)
{
	DROP(buf_done) struct buf path = {0};
	struct name *name;
	bool leaves = step->kind == STEP_LEAVE;
	int r = 0;

	if (!step->live)
		return 0;
	if (leaves || (step->state && step->content))
		r = note_id(l, step);
	if (r < 0 || (!leaves && !step_moves(step)))
		return r;
	r = ref_path(l->plan->db, l->m->id - 1, step->item, &path, l->why);
	return r < 0 ? r : add_name(l, REF_PATH, &path, step, &name);
}

/* ---- who loses it ---- */

/* 1: nobody expects of @item that it changes. */
static int is_outside(const struct losing *l, int64_t item)
{
	const struct step *step = plan_find(l->plan, item);
	int r;

	if (l->plan->mode == PLAN_UNDO)
		return !step || !step_acts(step);
	r = plan_in_scope(l->plan, MOMENT_NOW, item, l->why);
	return r < 0 ? r : !r;
}

/* What had the path before, of what goes. */
static struct ref_place find_before(const struct losing *l, const char *path)
{
	DROP(buf_done) struct buf file = {0};
	struct ref_place place = {0};
	struct entry e;

	buf_addf(&file, "%s.json", path + 1);
	buf_byte(&file, '\0');
	if (!buf_error(&file) &&
	    tree_resolve(l->plan->db, l->m->id - 1, TREE_ROOT, file.data, &e,
			 NULL) == 0)
		place.item = e.id;
	if (tree_resolve(l->plan->db, l->m->id - 1, TREE_ROOT, path + 1, &e,
			 NULL) == 0)
		place.folder = e.id;
	return place;
}

/* Did @ref lead there? A reference to another kind has missed it all along. */
static bool led_to(const struct losing *l, const struct ref *ref,
		   const struct ref_place *place)
{
	struct ref_bits bits;

	if (ref->form == REF_ID)
		return ref->leads >> l->name->kind & 1;
	bits = ref_place_bits(store_kinds(l->m->store), ref->target, place);
	return ref_leads_to_item(ref->leads, &bits) ||
	       ref_leads_to_folder(ref->leads, &bits);
}

static int add_loss(struct losing *l, const struct ref *ref, bool item)
{
	DROP(buf_done) struct buf from = {0};
	DROP(buf_done) struct buf to = {0};
	int r = plan_shown_path(l->plan, ref->item, &from, l->why);

	if (r < 0)
		return r;
	buf_text(&to, l->name->path);
	if (ref->form == REF_PATH)
		buf_text(&to, ref->target + strlen(l->name->text));
	if (item)
		buf_text(&to, ".json");
	buf_byte(&to, '\0');
	if (buf_error(&to))
		return no_memory(l);
	if (l->loss_count == l->loss_cap) {
		size_t cap = l->loss_cap ? 2 * l->loss_cap : 32;
		struct loss *more = reallocarray(l->losses, cap, sizeof(*more));

		if (!more)
			return no_memory(l);
		l->losses = more;
		l->loss_cap = cap;
	}
	l->losses[l->loss_count++] = (struct loss){
		.item = ref->item,
		.from = from.data,
		.to = to.data,
	};
	from = to = (struct buf){0};
	return 0;
}

static int found(const struct ref *ref, void *arg)
{
	struct losing *l = arg;
	struct ref_place place = {.item = !l->name->folder,
				  .folder = l->name->folder};
	bool below = ref->form == REF_PATH &&
		     strcmp(ref->target, l->name->text) != 0;
	int r;

	if (!ref->missing)
		return 0;
	if (below)
		place = find_before(l, ref->target);
	if (!led_to(l, ref, &place))
		return 0;
	r = is_outside(l, ref->item);
	return r > 0 ? add_loss(l, ref, below && place.item) : r;
}

static int look_for(struct losing *l, const struct name *name)
{
	DROP(buf_done) struct buf below = {0};
	int r;

	l->name = name;
	r = ref_naming(l->plan->db, name->form, name->text, found, l, l->why);
	if (r < 0 || !name->below)
		return r;
	while ((r = ref_next_below(l->plan->db, name->text, &below, l->why)) >
	       0) {
		r = ref_naming(l->plan->db, REF_PATH, below.data, found, l,
			       l->why);
		if (r < 0)
			return r;
	}
	return r;
}

/* ---- what is said ---- */

static int loss_order(const void *a, const void *b)
{
	const struct loss *x = a, *y = b;
	int order = diff_path_order(x->from, y->from);

	return order ? order : diff_path_order(x->to, y->to);
}

static void say(const struct losing *l, struct buf *out)
{
	const struct loss *last = NULL;
	size_t items = 0;

	for (size_t i = 0; i < l->loss_count; i++)
		items += !i || l->losses[i].item != l->losses[i - 1].item;
	buf_addf(out, "! %zu item%s%s %s to what goes:\n", items,
		 items == 1 ? "" : "s",
		 l->plan->mode == PLAN_UNDO ? " besides" : " outside",
		 items == 1 ? "refers" : "refer");
	for (size_t i = 0; i < l->loss_count; i++) {
		const struct loss *loss = &l->losses[i];

		/* By its path and by its id, or below two folders. */
		if (last && loss_order(last, loss) == 0)
			continue;
		buf_text(out, "! ");
		plan_add_path(out, loss->from);
		buf_text(out, " refers to ");
		plan_add_path(out, loss->to);
		buf_byte(out, '\n');
		last = loss;
	}
}

static bool is_all(const struct plan *plan)
{
	return plan->mode == PLAN_FOLDER && plan->scopes[0].item == TREE_ROOT;
}

int plan_refs(struct plan *plan, struct moment *m, struct buf *out,
	      struct why *why)
{
	DROP(losing_done) struct losing l = {.plan = plan, .m = m, .why = why};
	int r = 0;

	if (is_all(plan))
		return 0;
	for (size_t i = 0; i < plan->len && r == 0; i++)
		r = note_step(&l, &plan->steps[i]);
	if (r == 0 && l.name_count)
		r = ref_settle(m, why);
	for (size_t i = 0; i < l.name_count && r == 0; i++)
		r = look_for(&l, &l.names[i]);
	if (r < 0 || !l.loss_count)
		return r;
	qsort(l.losses, l.loss_count, sizeof(*l.losses), loss_order);
	say(&l, out);
	return buf_error(out) ? why_set(why, -ENOMEM, "out of memory") : 0;
}
