/*
 * What a pull does, in this order: folders that are new; what goes and what
 * moves, with the references to it; what is new, so that all have their names
 * and ids; then the texts.
 */
#include "core/pull_priv.h"

#include "core/blob.h"
#include "core/diff.h"
#include "core/moment.h"
#include "core/number.h"
#include "core/ref.h"
#include "core/repo.h"
#include "core/why.h"
#include "core/work.h"

#include <stdio.h>
#include <string.h>

int pull_name(struct pull *p, int64_t item, struct buf *out)
{
	int r;

	buf_reset(out);
	r = tree_name(p->db, MOMENT_NOW, item, out, p->why);
	buf_byte(out, '\0');
	return r == 0 && buf_error(out) ? pull_no_memory(p) : r;
}

/* The kernel must hear of an entry that has come, or got another text. */
static int tell(struct pull *p, int64_t item, bool came)
{
	DROP(buf_done) struct buf name = {0};
	struct touched t = {.content = true};
	struct entry e;
	int r = tree_get(p->db, MOMENT_NOW, item, &e, p->why);

	if (r == 0)
		r = pull_name(p, item, &name);
	if (r < 0)
		return r;
	t.node = e.node;
	t.new_parent = e.parent;
	t.new_name = name.data;
	if (!came) {
		t.old_parent = e.parent;
		t.old_name = name.data;
	}
	return touched_add(&p->result.touched, &t) < 0 ? pull_no_memory(p) : 0;
}

static int add_line(struct pull *p, char what, bool folder, int64_t item)
{
	DROP(buf_done) struct buf path = {0};
	int r = tree_path(p->db, MOMENT_NOW, p->here, item, &path, p->why);

	buf_byte(&path, '\0');
	if (r < 0 || buf_error(&path))
		return r < 0 ? r : pull_no_memory(p);
	diff_line(&p->lines, what, folder, NULL, path.data);
	return 0;
}

/* ---- folders ---- */

/* The name, or the next one that is free: items, files and folders take it. */
static int free_folder_name(struct pull *p, int64_t parent, const char *name,
			    char ret[256])
{
	char wanted[256], free_name[256];
	int r;

	(void)snprintf(wanted, sizeof(wanted), "%s", name);
	for (unsigned number = 2;; number++) {
		r = number_free_name(p->repo->numbers, p->m, parent, wanted,
				     NULL, free_name, p->why);
		if (r < 0 || strcmp(free_name, wanted) == 0)
			break;
		(void)snprintf(wanted, sizeof(wanted), "%.*s %u",
			       (int)strnlen(name, 240), name, number);
	}
	if (r == 0)
		memcpy(ret, wanted, sizeof(wanted));
	return r;
}

static int make_folder(struct pull *p, int64_t theirs, int64_t parent,
		       int64_t *ret)
{
	DROP(buf_done) struct buf name = {0};
	char free_name[256];
	struct pull_pair pair = {.theirs = theirs};
	struct entry e;
	int r = tree_get(p->db, MOMENT_NOW, theirs, &e, p->why);

	if (r == 0)
		r = pull_name(p, theirs, &name);
	if (r == 0)
		r = free_folder_name(p, parent, name.data, free_name);
	if (r == 0)
		r = tree_add_folder(p->m, parent, free_name, &e.attr,
				    &pair.ours, p->why);
	if (r == 0)
		r = pull_pair_set(p, &pair);
	if (r == 0)
		r = pull_pair_keep(p, theirs, pair.ours);
	if (r == 0)
		r = tell(p, pair.ours, true);
	if (r == 0)
		r = add_line(p, '+', true, pair.ours);
	p->result.created += r == 0;
	*ret = pair.ours;
	return r;
}

/* The folder of ours for @theirs, made if need be. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the folders are */
static int need_folder(struct pull *p, int64_t theirs, int64_t *ret)
{
	struct entry e;
	int64_t parent;
	int r = pull_folder(p, theirs, ret);

	if (r < 0 || *ret)
		return r;
	r = tree_get(p->db, MOMENT_NOW, theirs, &e, p->why);
	if (r == 0)
		r = need_folder(p, e.parent, &parent);
	return r == 0 ? make_folder(p, theirs, parent, ret) : r;
}

int pull_home(struct pull *p, const struct pull_step *step, int64_t *ret)
{
	struct entry e;
	int r = tree_get(p->db, MOMENT_NOW, step->theirs, &e, p->why);

	return r == 0 ? need_folder(p, e.parent, ret) : r;
}

static int make_folders(struct pull *p)
{
	int r = 0;

	for (size_t i = 0; i < p->len && r == 0; i++) {
		const struct pull_step *step = &p->steps[i];
		int64_t folder;

		if (step->what == PULL_ADD && step->folder)
			r = need_folder(p, step->theirs, &folder);
		else if (step->what == PULL_ADD || step->move)
			r = pull_home(p, step, &folder);
	}
	return r;
}

/* ---- what is new ---- */

static int add_item(struct pull *p, struct pull_step *step)
{
	DROP(buf_done) struct buf name = {0};
	const struct kind *kind = NULL;
	char free_name[256];
	struct entry e;
	int64_t parent;
	int r = tree_get(p->db, MOMENT_NOW, step->theirs, &e, p->why);
	struct new_item new = {
		.content = e.content,
		.size = e.size,
		.attr = e.attr,
	};

	if (r == 0)
		r = need_folder(p, e.parent, &parent);
	if (r == 0)
		r = pull_name(p, step->theirs, &name);
	if (r == 0)
		r = number_free_name(p->repo->numbers, p->m, parent, name.data,
				     NULL, free_name, p->why);
	if (r == 0)
		r = tree_add_item(p->m, parent, free_name, &new, &step->ours,
				  p->why);
	if (r == 0)
		r = pull_pair_set(p, &(struct pull_pair){.theirs = step->theirs,
							 .ours = step->ours});
	if (r == 0)
		r = pull_pair_keep(p, step->theirs, step->ours);
	if (r == 0)
		r = ref_kind(p->db, p->kinds, step->ours, &kind, p->why);
	return r == 0 ? pull_map_fresh(p, step->ours, kind, e.content) : r;
}

static int add_items(struct pull *p)
{
	int r = 0;

	p->work->total = p->work->done + 2 * (int64_t)p->len;
	for (size_t i = 0; i < p->len && r == 0; i++) {
		p->work->done++;
		if (p->steps[i].what == PULL_ADD && !p->steps[i].folder)
			r = add_item(p, &p->steps[i]);
	}
	/* Who has which id is asked from now on. */
	return r == 0 ? ref_settle(p->m, p->why) : r;
}

/* ---- texts ---- */

static int save(struct pull *p, int64_t item, const struct buf *text,
		int64_t arrived)
{
	int64_t content = 0;
	struct entry e;
	int r = tree_get(p->db, MOMENT_NOW, item, &e, p->why);

	if (r == 0)
		r = blob_put(p->db, text->data, text->len, e.content, &content,
			     p->why);
	if (r < 0 || content == e.content)
		return r;
	if (!arrived)
		e.attr.mtime_ns = p->m->time_ns;
	return tree_save(p->m, item, content, arrived, (int64_t)text->len,
			 &e.attr, p->why);
}

/* What is new says of itself what it was sent as. */
static int write_new(struct pull *p, const struct pull_step *step)
{
	const struct kind *kind = NULL;
	struct entry e;
	int r = tree_get(p->db, MOMENT_NOW, step->theirs, &e, p->why);

	if (r == 0)
		r = ref_kind(p->db, p->kinds, step->ours, &kind, p->why);
	if (r == 0)
		r = pull_map(p, step->theirs, kind, e.content, &p->their_text);
	if (r == 0)
		r = save(p, step->ours, &p->their_text, e.content);
	if (r == 0)
		r = tell(p, step->ours, true);
	if (r == 0)
		r = add_line(p, '+', false, step->ours);
	p->result.created += r == 0;
	return r;
}

static int write_edit(struct pull *p, const struct pull_step *step)
{
	int r = pull_text(p, step);

	if (r <= 0)
		return r;
	r = save(p, step->ours, &p->merged, 0);
	if (r == 0)
		r = tell(p, step->ours, false);
	if (r == 0)
		r = add_line(p, 'M', false, step->ours);
	buf_add(&p->lines, p->taken.data, p->taken.len);
	p->result.edited += r == 0;
	return r;
}

static int write_texts(struct pull *p)
{
	int r = 0;

	for (size_t i = 0; i < p->len && r == 0; i++) {
		const struct pull_step *step = &p->steps[i];

		p->work->done++;
		buf_reset(&p->taken);
		if (step->what == PULL_ADD && !step->folder)
			r = write_new(p, step);
		else if (step->what == PULL_EDIT && step->text)
			r = write_edit(p, step);
	}
	return r;
}

/* Texts that follow from what has moved. */
static int tell_notes(struct pull *p)
{
	size_t count;
	const struct moment_note *notes = moment_noted(p->m, &count);

	for (size_t i = 0; i < count; i++) {
		struct touched t = {.node = notes[i].node, .content = true};

		if (notes[i].what == NOTE_REWRITTEN &&
		    touched_add(&p->result.touched, &t) < 0)
			return pull_no_memory(p);
	}
	return 0;
}

int pull_apply(struct pull *p)
{
	int r;

	p->blind = true; /* all was said when it was planned */
	r = make_folders(p);
	if (r == 0)
		r = pull_move(p);
	if (r == 0)
		r = add_items(p);
	if (r == 0)
		r = write_texts(p);
	if (r == 0)
		r = tell_notes(p);
	if (r == 0 && buf_error(&p->lines))
		r = pull_no_memory(p);
	return r;
}
