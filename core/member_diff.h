/*
 * member_diff - which members differ between two JSON texts.
 *
 * What a text means is compared: the order of members, white space and escapes
 * are no difference. A place is a JSON pointer (RFC 6901), an element of an
 * array by its number in the new text, and what is gone by the one it had.
 *
 * The elements of arrays belong together by a member "_id", "id", "key" or
 * "name" if each is an object that has one of its own, wherever they stand;
 * else by what they are (core/member_align), and what is left over between two
 * that belong together, in the order in which it stands.
 *
 * Costs the length of the texts, and a table of at most two MiB at a time.
 *
 * Thread-safety: no state.
 */
#ifndef CORE_MEMBER_DIFF_H
#define CORE_MEMBER_DIFF_H

#include "core/merge.h"

#include <stddef.h>

struct buf;
struct why;

/* A text with more values than this is not compared: that is how many a tree
 * of some 20 MiB has. */
enum { MEMBER_VALUES_MAX = 256 * 1024 };

struct member {
	const char *pointer; /* "" is the whole text */
	/* Where the element was that has moved there; then there are no values,
	 * and what differs in it is told by itself. Else NULL. */
	const char *from;
	/* As they are written; what is not there has no bytes. */
	struct merge_text old, new;
};
/* Nonzero ends the walk and is returned. */
typedef int (*member_fn)(const struct member *member, void *arg);

/*
 * Call @fn for each member that differs: what the old text has in the order of
 * that, and what is new in one place after it. At least once, or the texts mean
 * the same. -EFBIG: too many values; -EINVAL: no JSON; -ENOMEM.
 */
int member_diff(struct merge_text old, struct merge_text new, member_fn fn,
		void *arg, struct why *why);

/*
 * Append a line for people, without its end:
 *
 *   /pairs/0/rule: "a" -> "b"
 *   + /x: 1
 *   - /y: {"z":2}
 *   R /steps/0 -> /steps/2
 *
 * Values of more than @max characters are cut at one, with an ellipsis; a
 * string that is cut is closed all the same, so that quotes always pair. A
 * pointer that is empty, or has ": ", " -> " or control characters in it, is
 * written as a JSON string.
 */
void member_line(const struct member *member, size_t max, struct buf *out);

/* Append {"pointer": "/x", "old": 1, "new": 2}, the values whole; what is not
 * there is left out. {"pointer": "/a/2", "from": "/a/0"}: it has moved. */
void member_object(const struct member *member, struct buf *out);

#endif
