/*
 * What is to be done with each item and folder of the clone that changed.
 */
#include "core/pull_priv.h"

#include "core/diff.h"
#include "core/moment.h"
#include "core/why.h"
#include "core/work.h"

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
	r = pull_path(p, p->here, pair->ours, &path);
	step.path = path;
	if (r == 0 && !is_base(pair, theirs))
		r = pull_text(p, &step);
	step.text = r > 0;
	if (r >= 0)
		r = pull_place(p, &step, pair, path);
	if (step.text || step.move)
		step.what = PULL_EDIT;
	return r < 0 ? r : finish(p, &step, &path);
}

static int decide_new(struct pull *p, const struct entry *theirs)
{
	DROP(free_text) char *path = NULL;
	struct pull_step step = {
		.theirs = theirs->id,
		.what = PULL_ADD,
		.folder = theirs->folder,
	};
	int64_t ours = 0;
	int r = theirs->folder ? pull_folder(p, theirs->id, &ours) : 0;

	if (r < 0 || ours)
		return r; /* it is there */
	r = pull_path(p, p->there, theirs->id, &path);
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
		r = pull_path(p, p->there, theirs->id, &path);
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
	r = pull_path(p, p->here, pair->ours, &path);
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
	r = pull_path(p, p->here, pair->ours, &path);
	if (r == 0)
		r = pull_place(p, &step, pair, path);
	if (step.move)
		step.what = PULL_EDIT;
	return r < 0 ? r : finish(p, &step, &path);
}

int pull_look(struct pull *p, int64_t item, struct pull_look *ret)
{
	int r = pull_is_folder(p, item, &ret->theirs);

	ret->folder = r > 0;
	if (r >= 0)
		r = pull_pair(p, item, &ret->pair);
	if (r == 0)
		r = rebase(p, &ret->pair);
	if (r == 0)
		r = pull_is_here(p, ret->pair.ours);
	ret->here = r > 0;
	if (r >= 0)
		r = tree_is_below(p->db, MOMENT_NOW, p->there, item, p->why);
	ret->there = r > 0;
	ret->known = ret->folder ? ret->pair.their_at != 0
				 : ret->pair.base != 0;
	return r < 0 ? r : 0;
}

static int decide(struct pull *p, int64_t item)
{
	struct pull_look look;
	int r = pull_look(p, item, &look);

	if (r < 0)
		return r;
	if (!look.there)
		return look.known ? decide_deleted_there(p, &look.pair,
							 look.folder)
				  : 0;
	if (look.folder)
		return decide_folder(p, &look.theirs, &look.pair);
	if (look.here)
		return decide_edit(p, &look.theirs, &look.pair);
	return pull_is_new(&look)
		       ? decide_new(p, &look.theirs)
		       : decide_deleted_here(p, &look.theirs, &look.pair);
}

static int step_order(const void *a, const void *b)
{
	const struct pull_step *x = a, *y = b;

	return diff_path_order(x->path, y->path);
}

static int64_t count(const struct bits *bits)
{
	int64_t n = 0, found = 0;

	while (bits_next(bits, &n) > 0)
		found++;
	return found;
}

int pull_plan(struct pull *p)
{
	DROP(bits_done) struct bits found = {0};
	int64_t item = 0;
	int r = pull_find(p, &found);

	/* They are gone through here twice, and a third time when all is done. */
	p->work->total = 3 * count(&found);
	if (r == 0)
		r = pull_alike(p, &found);
	while (r == 0 && bits_next(&found, &item) > 0) {
		p->work->done++;
		r = decide(p, item);
	}
	if (p->len > 1)
		qsort(p->steps, p->len, sizeof(*p->steps), step_order);
	return r;
}
