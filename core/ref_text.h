/*
 * ref_text - the text of an item as its kind has it: for whatever needs both.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_REF_TEXT_H
#define CORE_REF_TEXT_H

#include "core/buf.h"
#include "core/examine.h"

#include <stdint.h>

struct db;
struct kind;
struct why;

/* The bytes of content @content, and what @kind finds in them. */
struct ref_text {
	struct buf bytes;
	struct examination found;
};

void ref_text_done(struct ref_text *text);

/*
 * Within the transaction of a writer: these are the bytes of content @content,
 * which others are going to read soon. They are copied. The last texts, and
 * what was found in them, are then at hand until the transaction is over; which
 * is faster than to unpack each and look through it for each of them.
 */
void ref_text_offer(struct db *db, int64_t content, const char *bytes,
		    size_t len);

/* Fill it; it may have been filled before. A text that is no JSON holds
 * nothing. */
int ref_text_read(struct db *db, const struct kind *kind, int64_t content,
		  struct ref_text *ret, struct why *why);

#endif
