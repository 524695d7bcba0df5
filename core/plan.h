/*
 * plan - what a revert is going to do, entry by entry.
 *
 * A plan is collected (which entries, and where each belongs), settled (what
 * cannot be done that way is done otherwise, or said), and applied. Only the
 * last writes. All of it costs what is in the plan.
 *
 * Thread-safety: within the moment of the revert.
 */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "core/buf.h"
#include "core/defer.h"
#include "core/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct moment;
struct numbers;
struct revert_result;
struct revert_spec;
struct why;
struct work;

enum step_kind {
	STEP_KEEP,   /* stays where it is, or out of the tree */
	STEP_PUT,    /* goes to a place, which others make free */
	STEP_NUMBER, /* goes to a place, under a number if it is taken */
	STEP_LEAVE,  /* leaves the tree */
};

struct step {
	int64_t item;
	enum step_kind kind;
	bool live;	  /* in the tree now */
	bool done;	  /* it is in its place */
	bool touched;	  /* a folder in which names change */
	bool returning;	  /* a folder that comes back over the border */
	bool newcomer;	  /* it was not in the scope then */
	bool settled;	  /* what becomes of it is known */
	bool must;	  /* it will be in the tree: it was named, or is on the
			     way to what was */
	struct entry now; /* if not live: as it was last, no parent */
	char *name;	  /* now; NULL unless live */
	char *path;	  /* now, as it is shown; NULL unless live */
	int64_t to_parent;
	char *to_name;
	int64_t state; /* born of the state it gets again; 0: keeps its own */
	bool content, attr; /* what that changes */
};

enum plan_mode {
	PLAN_FOLDER, /* a folder and all below it */
	PLAN_PATHS,  /* some items and folders in it, by where they were */
	PLAN_UNDO,   /* what one revision did */
};

/* What goes back: an item, or a folder with all below it. */
struct scope {
	int64_t item;
	bool folder;
};

struct plan {
	struct db *db;
	int64_t folder; /* whose control file was written; paths start there */
	struct scope *scopes; /* none is in another one then */
	size_t scope_count, scope_cap;
	int64_t at; /* to this moment */
	enum plan_mode mode;
	struct step *steps;
	size_t len, cap;
	uint32_t *index; /* hash of items: number of the step + 1 */
	size_t index_size;
	struct buf notes;  /* lines: what was not done as one may expect */
	int64_t skipped;   /* entries left alone */
	struct work *work; /* who hears how far it is; NULL: nobody */
};

void plan_done(struct plan *plan);

/* One more thing that goes back. */
int plan_add_scope(struct plan *plan, const struct entry *e, struct why *why);
/* 1: @item was one of the scopes or below one at @at; 0: it was not. */
int plan_in_scope(const struct plan *plan, int64_t at, int64_t item,
		  struct why *why);

/* The step of an item, or NULL. Steps move when one is added. */
struct step *plan_find(const struct plan *plan, int64_t item);
/* The same, added if need be: STEP_KEEP, with what is there now. */
int plan_add(struct plan *plan, int64_t item, struct step **ret,
	     struct why *why);

/* Where the entry belongs; STEP_KEEP if it is there. */
int step_target(struct step *step, enum step_kind kind, int64_t parent,
		const char *name, struct why *why);
/* Which state of it is to come again, if it differs from the newest. */
void step_state(struct step *step, const struct entry *old);
/* Will the entry go to a place? */
static inline bool step_moves(const struct step *step)
{
	return step->kind == STEP_PUT || step->kind == STEP_NUMBER;
}
/* Does the step do anything? */
bool step_acts(const struct step *step);
bool plan_acts(const struct plan *plan);

/* Append the path of a live entry as the text shows it, with a NUL: what is
 * outside the folder begins with '/'. */
int plan_shown_path(const struct plan *plan, int64_t item, struct buf *out,
		    struct why *why);

/* Append a path within a line: a newline in it is \n. */
void plan_add_path(struct buf *out, const char *path);

/* Add a line to the notes: "! PATH TEXT". */
void plan_note(struct plan *plan, const char *path, const char *text);

/* ---- plan_collect.c, plan_path.c, plan_undo.c ---- */

/* All of the scopes as they were at @plan->at. */
int plan_collect(struct plan *plan, struct why *why);
/* The scopes are what had these paths in the folder then, and all below.
 * -ENOENT: one of them was not there. */
int plan_collect_paths(struct plan *plan, const struct revert_spec *spec,
		       struct why *why);
/* *@folder will not be in the tree: it comes back, or becomes what stands for
 * it there. */
int plan_make_way(struct plan *plan, int64_t *folder, struct why *why);
/* What the revision did in the folder, or to what has, had or got one of the
 * paths. -ENOENT: nothing has or had one of them. */
int plan_collect_undo(struct plan *plan, const struct revert_spec *spec,
		      struct why *why);

/* ---- plan_settle.c ---- */

/* Make it possible. -ELOOP: a folder would be inside itself. */
int plan_settle(struct plan *plan, struct why *why);
/* 1: @folder will be in the tree, as far as is known. */
int plan_will_live(struct plan *plan, int64_t folder, struct why *why);
/* -ELOOP, saying so of @step, which is to go into a folder below it. */
int plan_loop(struct plan *plan, const struct step *step, struct why *why);

/* ---- plan_apply.c ---- */

/* Do it. @ret gets the counts and what the kernel must forget, @out a line
 * for each change, in the order of the paths. */
int plan_apply(struct plan *plan, struct moment *m, struct numbers *numbers,
	       struct buf *out, struct revert_result *ret, struct why *why);
/* One more of the things to do is done: for plan->work. */
void plan_tell_done(const struct plan *plan);

/* ---- plan_refs.c ---- */

/*
 * After it was applied: append who outside the scopes (of an undo: of those
 * that it does not change) refers to what went, which are now references to
 * nothing: "! 2 items outside refer to what goes:", then a line "! PATH refers
 * to PATH" for each. Nothing if there are none.
 */
int plan_refs(struct plan *plan, struct moment *m, struct buf *out,
	      struct why *why);

/* ---- plan_report.c ---- */

/* The last part of plan_apply(): what it returns. */
int plan_report(struct plan *plan, struct moment *m, struct buf *out,
		struct revert_result *ret, struct why *why);

#endif
