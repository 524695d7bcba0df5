/*
 * rewrite - other characters in place of some in an item's text, and in no
 * other place.
 *
 * Thread-safety: as the struct db underneath; a struct rewrite belongs to one
 * thread.
 */
#ifndef CORE_REWRITE_H
#define CORE_REWRITE_H

#include "core/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct entry;
struct examination;
struct kind;
struct moment;
struct reference;
struct why;

struct edit {
	size_t at, len;	       /* the bytes of the old text */
	size_t with, with_len; /* those that take their place, in texts */
};

struct rewrite { /* zeroed: nothing is changed */
	struct edit *edits;
	size_t len, cap;
	struct buf texts;
};

void rewrite_done(struct rewrite *rewrite);
/* Empty, but the memory is kept. */
void rewrite_reset(struct rewrite *rewrite);

/*
 * The path reference @ref, which @e found in @text, leads to @target
 * ("/rules/B") from now on, and what is beside it says so, if it said what it
 * should. Of the string only the parts that differ are changed, and escaped as
 * the others are. 1: noted; 0: its form cannot say that (RULE://X outside of
 * rules), or it says so already; -ENOMEM.
 */
int rewrite_reference(struct rewrite *rewrite, const char *text,
		      const struct examination *e, const struct reference *ref,
		      const char *target);

/* The inside of the string at @at becomes @plain. -ENOMEM. */
int rewrite_string(struct rewrite *rewrite, const char *text, size_t at,
		   size_t len, const char *plain);

/* Append the text as it is with all that is noted. -ENOMEM. */
int rewrite_apply(struct rewrite *rewrite, const char *text, size_t len,
		  struct buf *out);

/*
 * Save @text as what the item @e (of tree_get()) holds, since something else
 * made it change; what was sent is remembered in "arrived". @amend: in place
 * of its newest version, if nobody can have recorded that one.
 */
int rewrite_save(struct moment *m, const struct entry *e,
		 const struct buf *text, bool amend, struct why *why);

#endif
