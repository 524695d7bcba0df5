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
struct why;

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
	PLAN_PATH,   /* one item or folder in it */
	PLAN_UNDO,   /* what one revision did */
};

struct plan {
	struct db *db;
	int64_t folder; /* whose control file was written; paths start there */
	int64_t scope;	/* what goes back; it may be the folder */
	int64_t at;	/* to this moment (not PLAN_UNDO) */
	enum plan_mode mode;
	struct step *steps;
	size_t len, cap;
	uint32_t *index; /* hash of items: number of the step + 1 */
	size_t index_size;
	struct buf notes; /* lines: what was not done as one may expect */
	int64_t skipped;  /* entries left alone */
};

void plan_done(struct plan *plan);

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

/* Add a line to the notes: "! PATH TEXT". */
void plan_note(struct plan *plan, const char *path, const char *text);

/* ---- plan_collect.c, plan_path.c, plan_undo.c ---- */

/* All of @plan->scope as it was at @plan->at. */
int plan_collect(struct plan *plan, struct why *why);
/* The entry that had @path in the folder then, and what was below it. -ENOENT:
 * there was none. */
int plan_collect_path(struct plan *plan, const char *path, struct why *why);
/* What revision @id did in the folder. */
int plan_collect_undo(struct plan *plan, int64_t id, struct why *why);

/* ---- plan_settle.c ---- */

/* Make it possible. -ELOOP: a folder would be inside itself. */
int plan_settle(struct plan *plan, struct why *why);
/* -ELOOP, saying so of @step, which is to go into a folder below it. */
int plan_loop(struct plan *plan, const struct step *step, struct why *why);

/* ---- plan_apply.c ---- */

/* Do it. @ret gets the counts and what the kernel must forget, @out a line
 * for each change, in the order of the paths. */
int plan_apply(struct plan *plan, struct moment *m, struct numbers *numbers,
	       struct buf *out, struct revert_result *ret, struct why *why);

#endif
