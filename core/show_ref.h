/*
 * show_ref - lines about references, sort by sort, for core/show_refs.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_SHOW_REF_H
#define CORE_SHOW_REF_H

#include "core/ref_text.h"
#include "core/show_priv.h"

/* So many of a sort have been told: ends its walk. */
enum { SHOW_REF_FULL = 1 };

struct show_ref {
	const struct showing *s;
	const char *title; /* of the sort that is told, for people */
	const char *word;  /* and for programs */
	size_t count;
	struct ref_text text; /* of who refers */
	struct buf path, at;
};

void show_ref_done(struct show_ref *ref);

/* Another sort. */
void show_ref_begin(struct show_ref *ref, const char *title, const char *word);
/* It is over, with @r, which is returned unless it is SHOW_REF_FULL. */
int show_ref_end(struct show_ref *ref, int r);

/* The next lines are of @item, by its path at a moment. */
int show_ref_of(struct show_ref *ref, int64_t moment, int64_t item);
/* A line: what stands at @at is @target; @was: NULL but for what is another
 * now. SHOW_REF_FULL. */
int show_ref_tell(struct show_ref *ref, const char *at, const char *was,
		  const char *target);
/* The same of what begins with the byte @at of the text. */
int show_ref_tell_byte(struct show_ref *ref, size_t at, const char *was,
		       const char *target);

#endif
