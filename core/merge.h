/*
 * merge - what two sides made of one text, in one text again.
 *
 * Member by member: what only one side changed is as that side has it, what
 * both changed differently is a conflict. The result is our text, byte for
 * byte, outside of what is taken from theirs. The order of members, white
 * space, escapes, and members that are volatile by the kind are no changes;
 * of a volatile member ours stays.
 *
 * Objects are compared by their keys. The elements of an array are compared
 *
 *   by identity  if in all three texts every element is an object with a
 *                member "_id", "id", "key" or "name" that no other has; they
 *                stay in our order, what is new comes behind what it follows
 *                in theirs;
 *   by place     if the three arrays are equally long, and on no side an
 *                element has moved to another's place;
 *   else the array is one value.
 *
 * Thread-safety: no state.
 */
#ifndef CORE_MERGE_H
#define CORE_MERGE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct kind;
struct why;

struct merge_text {
	const char *bytes; /* NULL: there is none */
	size_t len;
};

/* Two sides that differ, at one place. */
struct merge_place {
	/* RFC 6901; an element that has an identity goes by that: "/fields/
	 * id=7/name"; else by its number. A line break in a key is "\\n". */
	const char *pointer;
	/* The values as they are written; what is not there has no bytes. */
	struct merge_text base, ours, theirs;
};

enum merge_answer { MERGE_OPEN, MERGE_OURS, MERGE_THEIRS };

struct merge_input {
	const struct kind *kind; /* NULL: none */
	/* base.bytes NULL: no text is known that both come from. */
	struct merge_text base, ours, theirs;
	/* Decide a conflict: of enum merge_answer, or negative errno, which
	 * ends the merge. NULL: all stay open. */
	int (*conflict)(const struct merge_place *place, void *arg);
	/* What is taken from theirs. May be NULL; negative errno as above. */
	int (*taken)(const struct merge_place *place, void *arg);
	void *arg;
};

struct merge_result {
	size_t conflicts; /* that stay open: ours stands there */
	size_t taken;	  /* values from theirs; 0: the text is ours */
};

/* Append the merged text to @out, which may be NULL: only to see. -EINVAL: one
 * of the texts is no JSON; -EFBIG, -ENOMEM. */
int merge_run(const struct merge_input *in, struct buf *out,
	      struct merge_result *ret, struct why *why);

/* 1: the texts mean the same, but for what is volatile; 0: not. */
int merge_equal(const struct kind *kind, struct merge_text a,
		struct merge_text b, struct why *why);

/* Append a value without white space between its parts. */
void merge_show(struct merge_text value, struct buf *out);

#endif
