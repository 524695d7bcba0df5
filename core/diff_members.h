/*
 * diff_members - what differs in the text of an item between two moments, as a
 * list of changes has it: for core/diff_show and core/show.
 *
 * What is secret by the kind of either side is null on both, whatever the
 * stored texts say: an item that was plain once may have come to where it is
 * secret.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_DIFF_MEMBERS_H
#define CORE_DIFF_MEMBERS_H

#include "core/diff.h"

#include <stddef.h>

struct kind;

enum {
	/* In a text for people. */
	DIFF_VALUE_MAX = 60,  /* characters of a value */
	DIFF_LINES_MAX = 100, /* members of an item */
	/* Longer texts are not compared, and none are when the list has become
	 * longer than this. */
	DIFF_TEXT_MAX = 16 << 20,
	DIFF_LIST_MAX = 64 << 20,
};

struct diff_texts {
	const struct entry *old, *new; /* an item on either side */
	const struct kind *was, *is;   /* NULL: none */
};

/*
 * Append lines that are indented by two blanks, a member each (member_line()),
 * or one remark in parentheses: "(formatting only)". With @form DIFF_JSON
 * append ,"members":[...] to an object, null if they are not compared, [] if
 * only secret values differ; or ,"formatting":true. Nothing with DIFF_PATHS.
 */
int diff_members(struct db *db, const struct diff_texts *texts,
		 enum diff_form form, struct buf *out, struct why *why);

#endif
