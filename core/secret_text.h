/*
 * secret_text - secret members in an item's text: which they are, taken out,
 * and put in.
 *
 * A member is known by its path ("importCredentials.Password", "a[0].token",
 * a key of other characters as ["a \"key\""]), however the text writes its
 * keys. What moves to another element of an array is another member.
 *
 * Thread-safety: none; no state.
 */
#ifndef CORE_SECRET_TEXT_H
#define CORE_SECRET_TEXT_H

#include "core/buf.h"

#include <stddef.h>

struct examined_list;
struct why;

enum secret_says {
	SECRET_NULL,  /* what is stored, if anything */
	SECRET_EMPTY, /* "": there is none */
	SECRET_VALUE, /* here it is */
};

struct secret_member {
	size_t at, len; /* the value in the text, with any quotes */
	enum secret_says says;
	size_t path; /* in paths, with a NUL */
};

/* In the order of the text. */
struct secret_members {
	struct secret_member *list;
	size_t len, cap;
	struct buf paths;
};

void secret_members_done(struct secret_members *members);

/* The members that @found (core/examine: secrets, or files) are, in place of
 * those in @ret. -EINVAL: they are not those of this text. */
int secret_members_find(const char *text, size_t len,
			const struct examined_list *found,
			struct secret_members *ret, struct why *why);

static inline const char *secret_path(const struct secret_members *members,
				      size_t i)
{
	return members->paths.data + members->list[i].path;
}

/* How many are of the sort. */
size_t secret_members_count(const struct secret_members *members,
			    enum secret_says says);

/* Append the text with null in place of each value. -ENOMEM. */
int secret_text_strip(const char *text, size_t len,
		      const struct secret_members *members, struct buf *out);

/* What belongs in place of a member that says null: append it, or nothing.
 * Returns 0 or a negative errno, which ends it. */
typedef int (*secret_value_fn)(const char *path, struct buf *out, void *arg);

/* Append the text with the values that @fn gives. */
int secret_text_fill(const char *text, size_t len,
		     const struct secret_members *members, secret_value_fn fn,
		     void *arg, struct buf *out);

#endif
