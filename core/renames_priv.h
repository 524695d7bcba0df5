/*
 * renames_priv - what the files of renames share.
 */
#ifndef CORE_RENAMES_PRIV_H
#define CORE_RENAMES_PRIV_H

#include "core/buf.h"
#include "core/ref.h"
#include "core/ref_text.h"
#include "core/renames.h"
#include "core/rewrite.h"

#include <stdbool.h>

struct entry;

enum {
	RENAMES_NAMESAKES = 16
}; /* one for each folder above; past that, who
				    came before keeps to what it found */

/* One item that has come. */
struct renaming {
	struct moment *m;
	const struct kinds *kinds;
	const struct renames_batch *batch;
	const struct renames_line *line;
	const struct kind *kind;   /* of the item, or NULL */
	struct buf asked, went;	   /* paths, with a NUL */
	bool renamed;		   /* they differ */
	struct buf old_id, new_id; /* of the item; len 0: none, unchanged */
	/* The batch means the item by its old id. */
	bool known_by_id;
	bool copy;	   /* it is known to be a copy of another item: */
	struct buf origin; /* the path of that, when it came */
	/* Others that were sent with the id: what leads to them may have to
	 * lead to this one, if that is nearer. */
	int64_t namesakes[RENAMES_NAMESAKES];
	size_t namesake_count;
	/* Used again for each text. */
	struct ref_text text, sent;
	struct rewrite rewrite;
	struct buf out, target, reader, key;
	struct why *why;
};

int renames_no_memory(const struct renaming *w);

/* ---- renames_note.c ---- */

/* 1: *ret_item is meant by the path @asked in the batch. */
int renames_noted_path(struct renaming *w, const char *asked,
		       int64_t *ret_item);
/* 1: *ret_item is meant by an id of a kind in what has the path w->reader. */
int renames_noted_id(struct renaming *w, unsigned kind, const char *id,
		     int64_t *ret_item);
/* What others of the batch mean by the name and the id of the item; fills
 * w->namesakes. */
int renames_note(struct renaming *w);
/* 1: @item came with this round of the batch. */
int renames_is_ours(struct renaming *w, int64_t item);
/* A name that is asked for again begins a new round. */
int renames_begin_round(struct renaming *w);

/* ---- renames_id.c ---- */

/* Does the item, which has w->text, need an id of its own? */
int renames_choose_id(struct renaming *w);
/* Of a copy that was there already, what it was called when it came. */
int renames_recall_id(struct renaming *w, const struct entry *e);

/* ---- renames_text.c ---- */

/* What has been renamed so far, in the text of the item. */
int renames_text_arrived(struct renaming *w, const struct entry *e);
/* The text of the item says its new id. */
int renames_text_own_id(struct renaming *w, const struct entry *e);
/*
 * In what came before it: references that say @says, where @sent was sent, lead
 * to what that means by now. That is what is of the batch; and what came with
 * an earlier one, if both are parts of one clone: the other is a copy too, as
 * it was sent, and nearer to the item than to what that is a copy of.
 */
int renames_text_earlier(struct renaming *w, enum ref_form form,
			 const char *says, const char *sent);

#endif
