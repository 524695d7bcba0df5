/*
 * pull_priv - what the files of pull share.
 */
#ifndef CORE_PULL_PRIV_H
#define CORE_PULL_PRIV_H

#include "core/bits.h"
#include "core/buf.h"
#include "core/merge.h"
#include "core/plan.h"
#include "core/pull.h"
#include "core/revert.h"
#include "core/rewrite.h"
#include "core/tree.h"

struct follow;
struct kind;
struct kinds;
struct moment;
struct work;

/* An item or folder of the clone, and ours. */
struct pull_pair {
	int64_t theirs;
	int64_t ours; /* 0: none */
	/* Of an item, 0: no text is known that both come from. */
	int64_t base;
	/* Moments at which the two were in places that correspond. */
	int64_t their_at, our_at;
};

struct pull_pairs { /* by "theirs": open addressing, at most half full */
	struct pull_pair *list;
	size_t len, size;
};

enum pull_what {
	PULL_NOTHING,
	PULL_ADD,  /* theirs comes here */
	PULL_EDIT, /* ours gets a new text, or none, and may move */
	PULL_REMOVE,
};

struct pull_step {
	int64_t theirs, ours;
	enum pull_what what;
	bool folder;
	bool text;  /* PULL_EDIT: it gets a new text */
	bool move;  /* ours goes where theirs is; it comes back if it is gone */
	bool whole; /* the text is theirs as a whole */
	int64_t base;
	char *path; /* as it is shown */
};

struct pull_answered {
	char *place;
	bool theirs, used;
};

/* A pull between the two folders that was done. */
struct pull_done {
	int64_t revision; /* 0: none */
	int64_t before, after;
};

/* The own id of an item that the index does not have, or not yet. */
struct pull_id {
	int64_t item; /* theirs that is gone, or ours */
	unsigned kind;
	char *id;
};

struct pull {
	struct repo *repo;
	struct work *work; /* hears how far it is; never NULL */
	struct moment *m;
	struct db *db; /* of the moment */
	const struct kinds *kinds;
	int64_t here, there;
	struct buf here_path, there_path; /* "/integrations/Orders", NUL */
	struct pull_done last;		  /* into here; */
	struct pull_done other;		  /* and the other way round */
	struct pull_pairs pairs;
	struct bits paired; /* ours that are in a pair */
	struct pull_id *gone, *fresh;
	size_t gone_len, fresh_len;
	struct pull_step *steps;
	size_t len, cap;
	struct pull_answered *answers;
	size_t answer_len;
	bool blind; /* conflicts that are open: ours, and not said again */
	int64_t conflicts;
	struct buf said;  /* the conflicts */
	struct buf lines; /* what is done */
	struct buf taken; /* the members of one text that are taken, as lines */
	struct buf title; /* "pull from /integrations/Orders-sandbox" */
	struct revert_result result;
	struct why *why;
	/* Used again for each text. */
	struct buf place, base_text, our_text, their_text, merged;
};

int pull_no_memory(const struct pull *p);

/* ---- pull_line.c ---- */

enum pull_verb {
	PULL_VERB_PULL,
	PULL_VERB_DRY_RUN,
	PULL_VERB_OURS,
	PULL_VERB_THEIRS,
	PULL_VERB_CANCEL,
};

struct pull_asked {
	enum pull_verb verb;
	const char *text; /* a path or a place, in the line */
};

int pull_line(const char *line, struct pull_asked *ret, struct why *why);
/* The folder that a path means, from ours on. */
int pull_line_folder(struct pull *p, const char *path, int64_t *ret);

/* ---- pull_rows.c ---- */

struct pull_waiting {
	int64_t revision, before, source, time_ns;
	uid_t uid;
	pid_t pid;
	char program[32];
	struct buf asked, said; /* with a NUL */
};
void pull_waiting_done(struct pull_waiting *w);
/* 1: a pull waits in @folder. */
int pull_waiting(struct db *db, int64_t folder, struct pull_waiting *ret,
		 struct why *why);
int pull_row_add(struct pull *p, int64_t revision, const char *said);
int pull_row_say(struct pull *p, int64_t revision, const char *said);
int pull_row_progress(struct pull *p, int64_t revision, const char *counts);
int pull_row_forget(struct pull *p, int64_t revision);
int pull_answer_add(struct pull *p, int64_t revision, const char *place,
		    bool theirs);
int pull_answers_load(struct pull *p, int64_t revision);
/* Fill last and other. */
int pull_find_done(struct pull *p);

/* ---- pull_pair.c ---- */

void pull_pairs_done(struct pull_pairs *pairs);
/* Ours for @theirs, below the clone or the clone itself; 0 if there is none. */
int pull_pair(struct pull *p, int64_t theirs, struct pull_pair *ret);
int pull_pair_set(struct pull *p, const struct pull_pair *pair);
/* For good: @ours came of @theirs. */
int pull_pair_keep(struct pull *p, int64_t theirs, int64_t ours);
/* 1: there is @ours, live and below the folder. */
int pull_is_here(struct pull *p, int64_t ours);
/* 1: @item is below @folder, or began its life there. */
int pull_is_of(struct pull *p, int64_t folder, int64_t item);
/* When the life of an item began, and the revision of that moment or 0. */
int pull_born(struct pull *p, int64_t item, int64_t *ret_born,
	      int64_t *ret_revision);

/* ---- pull_copy.c ---- */

/* 1: ours for @theirs is known by what was copied. */
int pull_copy(struct pull *p, const struct entry *theirs,
	      struct pull_pair *pair);
/* 0: what came by @revision is a copy of something, but not of what is in
 * folder @from; 1: it is, or nothing is known. */
int pull_is_direct(struct pull *p, int64_t revision, int64_t from);

/* ---- pull_map.c ---- */

/* Replace @out by content @content, as it is when what names things of the
 * clone means ours. @owner: the item of the clone whose text it is, or was. */
int pull_map(struct pull *p, int64_t owner, const struct kind *kind,
	     int64_t content, struct buf *out);
/* Remember the id of @theirs, which is gone. */
int pull_map_gone(struct pull *p, int64_t theirs, const struct kind *kind,
		  int64_t content);
/* A new item of ours has an id that is taken: it gets another one. */
int pull_map_fresh(struct pull *p, int64_t ours, const struct kind *kind,
		   int64_t content);
void pull_map_done(struct pull *p);

/* ---- pull_find.c ---- */

/* Fill @found with what has changed in the clone since the last pull or since
 * it was copied; what is gone leaves its id in the list of those. */
int pull_find(struct pull *p, struct bits *found);
/* 1: a folder; @ret is what it is, or was last. */
int pull_is_folder(struct pull *p, int64_t item, struct entry *ret);

/* ---- pull_plan.c ---- */

/* Find what is to be done, and the conflicts. */
int pull_plan(struct pull *p);
void pull_plan_done(struct pull *p);

/* How things are with an item or folder of the clone. */
struct pull_look {
	struct pull_pair pair;
	struct entry theirs; /* as it is, or was last */
	bool folder, there, here;
	bool known; /* the pair is more than a guess */
};
int pull_look(struct pull *p, int64_t item, struct pull_look *ret);
/* It is in the clone, and never was here. */
static inline bool pull_is_new(const struct pull_look *look)
{
	return look->there && !look->here && !(look->known && look->pair.ours);
}

/* ---- pull_place.c ---- */

/* The path below @folder as it is shown; to be freed. */
int pull_path(struct pull *p, int64_t folder, int64_t item, char **ret);
/* Where a folder of the clone is here; 0: it is to be made. */
int pull_folder(struct pull *p, int64_t theirs, int64_t *ret_ours);
/* Does ours, which is shown as @path, follow a move of theirs? Sets step->move;
 * moves to two places are a conflict. */
int pull_place(struct pull *p, struct pull_step *step,
	       const struct pull_pair *pair, const char *path);

/* ---- pull_alike.c ---- */

/* Items that both sides made, with one name and one meaning, are one from now
 * on; they are taken out of @found. */
int pull_alike(struct pull *p, struct bits *found);

/* ---- pull_text.c ---- */

/* Append to p->merged what the step makes of ours: 1: another text, 0: the
 * same. Conflicts are said once. */
int pull_text(struct pull *p, const struct pull_step *step);
/* A conflict of whole items: of enum merge_answer. */
int pull_ask(struct pull *p, const char *path, const char *base,
	     const char *ours, const char *theirs);
/* 1: @a and @b, texts of theirs, mean the same here. */
int pull_same_theirs(struct pull *p, int64_t owner, int64_t a, int64_t b);
/* 1: ours is what @base of @theirs says. */
int pull_same_ours(struct pull *p, int64_t theirs, int64_t base, int64_t ours);

/* ---- pull_apply.c ---- */

int pull_apply(struct pull *p);
/* The name of an item, with a NUL. */
int pull_name(struct pull *p, int64_t item, struct buf *out);
/* The folder of ours where the step's item is there, made if need be. */
int pull_home(struct pull *p, const struct pull_step *step, int64_t *ret);

/* ---- pull_move.c ---- */

int pull_move(struct pull *p);

#endif
