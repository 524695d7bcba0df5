/*
 * renames - references within a batch follow the names that its items got.
 *
 * If rules/A.json of a batch became rules/A 2.json, then "/rules/A" in the
 * other items of the batch means that one, whichever of them came first. What
 * a text said when it came decides, so that nothing is renamed twice. Items
 * outside of the batch are not touched, but for one case below.
 *
 * Ids of items (core/own_id) are names likewise. An item that got a number gets
 * a new id too, if its kind has ids, and so does one whose id another live item
 * of its kind has: a folder that is copied within the repository becomes a
 * clone that refers to itself. Items that came in one batch with one id keep
 * it, unless they are below one folder of the kind. If several have got new
 * ones for the same, a reference means the one that shares most folders with
 * who refers.
 *
 * A clone may come in parts, if a synchronizer was interrupted or whoever sends
 * it pauses: what comes later means the copies that are there, and they mean
 * what comes, unless somebody has edited them since. That alone reaches beyond
 * the batch.
 *
 * Files that are asked for a second time begin a new round: what is pasted
 * twice are two copies, each of which refers to itself.
 *
 * What was noted is in the repository, and goes with a moment that fails.
 *
 * Thread-safety: within the moment.
 */
#ifndef CORE_RENAMES_H
#define CORE_RENAMES_H

#include <stddef.h>
#include <stdint.h>

struct moment;
struct why;

/* The batch as core/batch keeps it. */
struct renames_batch {
	int64_t *id;	  /* 0: nothing has been renamed; set here */
	int64_t *round;	  /* the moment that the round began with; set here */
	int64_t revision; /* 0: none yet; then it is */
	const int64_t *parts; /* these moments */
	size_t part_count;
};

struct renames_line {
	int64_t folder;
	const char *asked; /* the name of a file in it */
	int64_t item;	   /* what came of it */
	int fresh;	   /* the item is new; else it was there already */
};

/*
 * @line has come, as part of @m, which has put it into the tree: apply to its
 * text what has been renamed, and if it was itself, rewrite what refers to it
 * in the batch. The texts remember what was sent; the moment notes them
 * (NOTE_REWRITTEN).
 */
int renames_arrived(struct moment *m, const struct renames_batch *batch,
		    const struct renames_line *line, struct why *why);

/*
 * For whoever has the whole batch at hand: first all items come into the tree,
 * each followed by renames_placed(), which notes what it is called and gives
 * it an id of its own if it needs one (then 1, else 0). When all are there,
 * and after ref_settle() if there were such ids, renames_apply() brings the
 * text of each that is new up to that. None may be asked for twice.
 */
int renames_placed(struct moment *m, const struct renames_batch *batch,
		   const struct renames_line *line, struct why *why);
int renames_apply(struct moment *m, const struct renames_batch *batch,
		  int64_t item, struct why *why);

/* The batch with this id is over. */
int renames_end(struct moment *m, int64_t id, struct why *why);

#endif
