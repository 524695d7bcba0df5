/*
 * What is to be done with each item and folder of the clone that changed.
 */
#include "core/pull_priv.h"

#include "core/diff.h"
#include "core/moment.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void pull_plan_done(struct pull *p)
{
	for (size_t i = 0; i < p->len; i++)
		free(p->steps[i].path);
	free(p->steps);
}

/* ---- the base ---- */

/* 1: the entry was below the folder at @at. */
static int was_below(struct pull *p, int64_t at, int64_t folder, int64_t item,
		     struct entry *ret)
{
	int r = tree_get(p->db, at, item, ret, NULL);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return why_set(p->why, r, "reading the past");
	return tree_is_below(p->db, at, folder, item, p->why);
}

/* The newest pull between the two knew both. */
static int rebase(struct pull *p, struct pull_pair *pair)
{
	struct entry e = {0}, other;
	int r = 0;

	if (pair->ours && p->other.revision && p->other.after > p->last.after)
		r = was_below(p, p->other.before, p->here, pair->ours, &e);
	if (r > 0)
		r = was_below(p, p->other.after, p->there, pair->theirs,
			      &other);
	if (r > 0) {
		pair->base = e.content;
		pair->their_at = p->other.after;
		pair->our_at = p->other.before;
		return 0;
	}
	if (r == 0 && p->last.revision)
		r = was_below(p, p->last.before, p->there, pair->theirs, &e);
	if (r > 0) {
		pair->base = e.content;
		pair->their_at = p->last.before;
		pair->our_at = p->last.after;
	} else if (r == 0 && p->last.revision &&
		   pair->their_at <= p->last.before) {
		/* It was not there at the time: it has come back since. */
		pair->base = 0;
		pair->their_at = pair->our_at = 0;
	}
	return r < 0 ? r : 0;
}

/* ---- steps ---- */

/* The path below @folder as it is shown; to be freed. */
static int path_of(struct pull *p, int64_t folder, int64_t item, char **ret)
{
	DROP(buf_done) struct buf path = {0};
	DROP(buf_done) struct buf shown = {0};
	int r = tree_path(p->db, MOMENT_NOW, folder, item, &path, p->why);

	for (size_t i = 0; r == 0 && i < path.len; i++)
		if (path.data[i] == '\n')
			buf_text(&shown, "\\n");
		else
			buf_byte(&shown, path.data[i]);
	buf_byte(&shown, '\0');
	if (r < 0 || buf_error(&shown))
		return r < 0 ? r : pull_no_memory(p);
	*ret = TAKE(shown.data);
	return 0;
}

/* Takes step->path over. */
static int add_step(struct pull *p, const struct pull_step *step)
{
	if (p->len == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 64;
		struct pull_step *more =
			reallocarray(p->steps, cap, sizeof(*more));

		if (!more)
			return pull_no_memory(p);
		p->steps = more;
		p->cap = cap;
	}
	p->steps[p->len++] = *step;
	return 0;
}

static void free_text(char **text)
{
	free(*text);
}

/* Add @step unless it does nothing; its path is @path. */
static int finish(struct pull *p, struct pull_step *step, char **path)
{
	int r;

	if (step->what == PULL_NOTHING)
		return 0;
	step->path = *path;
	r = add_step(p, step);
	if (r == 0)
		*path = NULL;
	return r;
}

/* ---- places ---- */

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the folders are */
int pull_folder(struct pull *p, int64_t theirs, int64_t *ret_ours)
{
	DROP(buf_done) struct buf name = {0};
	struct pull_pair pair;
	struct entry e, ours;
	int64_t parent;
	int r = pull_pair(p, theirs, &pair);

	*ret_ours = 0;
	if (r == 0)
		r = pull_is_here(p, pair.ours);
	if (r > 0)
		*ret_ours = pair.ours;
	if (r != 0)
		return r < 0 ? r : 0;
	r = tree_get(p->db, MOMENT_NOW, theirs, &e, p->why);
	if (r == 0)
		r = pull_folder(p, e.parent, &parent);
	if (r < 0 || !parent)
		return r;
	r = tree_name(p->db, MOMENT_NOW, theirs, &name, p->why);
	buf_byte(&name, '\0');
	if (r < 0 || buf_error(&name))
		return r < 0 ? r : pull_no_memory(p);
	r = tree_lookup(p->db, MOMENT_NOW, parent, name.data, &ours, NULL);
	if (r == -ENOENT || (r == 0 && !ours.folder))
		return 0;
	if (r < 0)
		return why_set(p->why, r, "looking for a folder");
	*ret_ours = ours.id;
	return pull_pair_set(
		p, &(struct pull_pair){.theirs = theirs, .ours = ours.id});
}

/* 1: the entry is not where it was at @at. */
static int has_moved(struct pull *p, int64_t at, int64_t item)
{
	DROP(buf_done) struct buf was_name = {0};
	DROP(buf_done) struct buf name = {0};
	struct entry was, now;
	int r = tree_get(p->db, at, item, &was, NULL);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = tree_get(p->db, MOMENT_NOW, item, &now, NULL);
	if (r == 0)
		r = tree_name(p->db, at, item, &was_name, NULL);
	if (r == 0)
		r = tree_name(p->db, MOMENT_NOW, item, &name, NULL);
	if (r < 0)
		return why_set(p->why, r, "reading where an item was");
	buf_byte(&name, '\0');
	buf_byte(&was_name, '\0');
	if (buf_error(&name) || buf_error(&was_name))
		return pull_no_memory(p);
	return was.parent != now.parent ||
	       strcmp(was_name.data, name.data) != 0;
}

/* 1: ours is where theirs is. */
static int is_there_already(struct pull *p, const struct pull_step *step)
{
	DROP(buf_done) struct buf theirs = {0};
	DROP(buf_done) struct buf ours = {0};
	struct entry e, own;
	int64_t parent = 0;
	int r = tree_get(p->db, MOMENT_NOW, step->theirs, &e, p->why);

	if (r == 0)
		r = tree_get(p->db, MOMENT_NOW, step->ours, &own, p->why);
	if (r == 0)
		r = pull_folder(p, e.parent, &parent);
	if (r == 0)
		r = tree_name(p->db, MOMENT_NOW, e.id, &theirs, p->why);
	if (r == 0)
		r = tree_name(p->db, MOMENT_NOW, own.id, &ours, p->why);
	buf_byte(&theirs, '\0');
	buf_byte(&ours, '\0');
	if (r < 0 || buf_error(&theirs) || buf_error(&ours))
		return r < 0 ? r : pull_no_memory(p);
	return parent == own.parent && strcmp(theirs.data, ours.data) == 0;
}

/* Both moved, to different places. */
static int ask_place(struct pull *p, struct pull_step *step,
		     const struct pull_pair *pair, const char *path)
{
	DROP(buf_done) struct buf was = {0};
	DROP(free_text) char *theirs = NULL;
	int r = path_of(p, p->there, step->theirs, &theirs);

	if (r == 0)
		r = tree_path(p->db, pair->their_at, p->there, pair->theirs,
			      &was, NULL);
	if (r == -EXDEV || r == -ENOENT)
		r = 0;
	buf_byte(&was, '\0');
	if (r < 0 || buf_error(&was))
		return r < 0 ? r : pull_no_memory(p);
	r = pull_ask(p, path, was.data, path, theirs);
	step->move = r == MERGE_THEIRS;
	return r < 0 ? r : 0;
}

static int decide_place(struct pull *p, struct pull_step *step,
			const struct pull_pair *pair, const char *path)
{
	int r = pair->their_at ? has_moved(p, pair->their_at, pair->theirs) : 0;

	if (r > 0)
		r = !is_there_already(p, step);
	if (r <= 0)
		return r;
	r = has_moved(p, pair->our_at, pair->ours);
	if (r > 0)
		return ask_place(p, step, pair, path);
	step->move = r == 0;
	return r;
}

/* ---- items ---- */

/* The state of theirs is the base, or follows from it without anybody's
 * doing. */
static bool is_base(const struct pull_pair *pair, const struct entry *theirs)
{
	return pair->base &&
	       (pair->base == theirs->content || pair->base == theirs->arrived);
}

static int decide_edit(struct pull *p, const struct entry *theirs,
		       const struct pull_pair *pair)
{
	DROP(free_text) char *path = NULL;
	struct pull_step step = {
		.theirs = pair->theirs,
		.ours = pair->ours,
		.base = pair->base,
	};
	int r;

	if (is_base(pair, theirs) && theirs->placed <= pair->their_at)
		return 0; /* the usual case, at little cost */
	r = path_of(p, p->here, pair->ours, &path);
	step.path = path;
	if (r == 0 && !is_base(pair, theirs))
		r = pull_text(p, &step);
	step.text = r > 0;
	if (r >= 0)
		r = decide_place(p, &step, pair, path);
	if (step.text || step.move)
		step.what = PULL_EDIT;
	return r < 0 ? r : finish(p, &step, &path);
}

/* There is something of that name here: is it the same? */
static int find_same(struct pull *p, const struct entry *theirs, int64_t parent)
{
	DROP(buf_done) struct buf name = {0};
	struct pull_pair pair = {.theirs = theirs->id};
	struct entry ours;
	int r = tree_name(p->db, MOMENT_NOW, theirs->id, &name, p->why);

	buf_byte(&name, '\0');
	if (r < 0 || buf_error(&name))
		return r < 0 ? r : pull_no_memory(p);
	r = tree_lookup(p->db, MOMENT_NOW, parent, name.data, &ours, NULL);
	if (r == -ENOENT || (r == 0 && ours.folder))
		return 0;
	if (r < 0)
		return why_set(p->why, r, "looking for a name");
	pair.ours = ours.id;
	r = pull_pair_set(p, &pair);
	if (r == 0)
		r = pull_same_ours(p, theirs->id, theirs->content, ours.id);
	if (r > 0) {
		r = pull_pair_keep(p, theirs->id, ours.id);
		return r < 0 ? r : 1;
	}
	pair.ours = 0;
	return r < 0 ? r : pull_pair_set(p, &pair);
}

static int decide_new(struct pull *p, const struct entry *theirs)
{
	DROP(free_text) char *path = NULL;
	struct pull_step step = {
		.theirs = theirs->id,
		.what = PULL_ADD,
		.folder = theirs->folder,
	};
	int64_t parent = 0;
	int r = pull_folder(p, theirs->folder ? theirs->id : theirs->parent,
			    &parent);

	if (r == 0 && theirs->folder)
		r = parent != 0;
	else if (r == 0 && parent)
		r = find_same(p, theirs, parent);
	if (r == 0)
		r = path_of(p, p->there, theirs->id, &path);
	else
		return r < 0 ? r : 0; /* it is there */
	return r < 0 ? r : finish(p, &step, &path);
}

/* Ours is not here any more. */
static int decide_deleted_here(struct pull *p, const struct entry *theirs,
			       const struct pull_pair *pair)
{
	DROP(free_text) char *path = NULL;
	struct pull_step step = {
		.theirs = pair->theirs,
		.ours = pair->ours,
		.text = true,
		.move = true,
		.whole = true,
	};
	struct entry e;
	int r = is_base(pair, theirs)
			? 1
			: pull_same_theirs(p, theirs->id, pair->base,
					   theirs->content);

	if (r == 0)
		r = path_of(p, p->there, theirs->id, &path);
	else
		return r < 0 ? r : 0;
	if (r == 0)
		r = pull_ask(p, path, "(as it was copied or pulled)",
			     "(deleted)", "(changed)");
	if (r != MERGE_THEIRS)
		return r < 0 ? r : 0;
	/* What lives on elsewhere stays there. */
	step.what = PULL_EDIT;
	if (tree_get(p->db, MOMENT_NOW, pair->ours, &e, NULL) == 0)
		step.what = PULL_ADD;
	return finish(p, &step, &path);
}

static int decide_deleted_there(struct pull *p, const struct pull_pair *pair,
				bool folder)
{
	DROP(free_text) char *path = NULL;
	struct pull_step step = {
		.ours = pair->ours,
		.what = PULL_REMOVE,
		.folder = folder,
	};
	int r = pull_is_here(p, pair->ours);

	if (r <= 0)
		return r;
	r = path_of(p, p->here, pair->ours, &path);
	if (r == 0 && !folder)
		r = pull_same_ours(p, pair->theirs, pair->base, pair->ours);
	else if (r == 0)
		r = 1;
	if (r == 0) {
		r = pull_ask(p, path, "(as it was copied or pulled)",
			     "(changed)", "(deleted)");
		if (r >= 0 && r != MERGE_THEIRS)
			return 0;
	}
	return r < 0 ? r : finish(p, &step, &path);
}

/* ---- one of them ---- */

static int decide_folder(struct pull *p, const struct entry *theirs,
			 const struct pull_pair *pair)
{
	DROP(free_text) char *path = NULL;
	struct pull_step step = {
		.theirs = pair->theirs,
		.ours = pair->ours,
		.folder = true,
	};
	int r = pull_is_here(p, pair->ours);

	if (r <= 0)
		return r < 0 ? r : decide_new(p, theirs);
	r = path_of(p, p->here, pair->ours, &path);
	if (r == 0)
		r = decide_place(p, &step, pair, path);
	if (step.move)
		step.what = PULL_EDIT;
	return r < 0 ? r : finish(p, &step, &path);
}

static int decide(struct pull *p, int64_t item)
{
	struct pull_pair pair;
	struct entry theirs;
	bool known;
	int here = 0, folder = pull_is_folder(p, item, &theirs);
	int r = folder < 0 ? folder : pull_pair(p, item, &pair);

	if (r == 0)
		r = rebase(p, &pair);
	if (r == 0)
		r = here = pull_is_here(p, pair.ours);
	if (r >= 0)
		r = tree_is_below(p->db, MOMENT_NOW, p->there, item, p->why);
	if (r < 0)
		return r;
	known = folder ? pair.their_at != 0 : pair.base != 0;
	if (r == 0)
		return known ? decide_deleted_there(p, &pair, folder) : 0;
	if (folder)
		return decide_folder(p, &theirs, &pair);
	if (here)
		return decide_edit(p, &theirs, &pair);
	return known && pair.ours ? decide_deleted_here(p, &theirs, &pair)
				  : decide_new(p, &theirs);
}

static int step_order(const void *a, const void *b)
{
	const struct pull_step *x = a, *y = b;

	return diff_path_order(x->path, y->path);
}

int pull_plan(struct pull *p)
{
	DROP(bits_done) struct bits found = {0};
	int64_t item = 0;
	int r = pull_find(p, &found);

	while (r == 0 && bits_next(&found, &item) > 0)
		r = decide(p, item);
	if (p->len > 1)
		qsort(p->steps, p->len, sizeof(*p->steps), step_order);
	return r;
}
