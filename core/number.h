/*
 * number - the name that a copy gets when its name is taken.
 *
 * Rule, Rule 2, Rule 3: the lowest free number from 2. A clash on "Rule 2"
 * continues the series of "Rule" when an item "Rule" is there; else the number
 * is part of the name ("Year Record 5" becomes "Year Record 5 2").
 *
 * A hint per series makes the ten-thousandth copy as cheap as the second.
 *
 * Thread-safety: names are found within a moment; hints have a lock of their
 * own, so that a name may be reported free when the moment is over.
 */
#ifndef CORE_NUMBER_H
#define CORE_NUMBER_H

#include "core/defer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct moment;
struct numbers;
struct why;

int numbers_new(struct numbers **ret, struct why *why);
void numbers_free(struct numbers *numbers);
DEFINE_DROP(numbers, numbers_free);

/* Names taken by what the database does not know: files being created. */
struct name_taken {
	bool (*fn)(int64_t parent, const char *name, void *arg);
	void *arg;
};

/*
 * The free name for a copy of @name in @parent; @name itself if it is free.
 * Items, scratch files and what @taken says take names. @taken may be NULL.
 */
int number_free_name(struct numbers *numbers, struct moment *m, int64_t parent,
		     const char *name, const struct name_taken *taken,
		     char ret_name[256], struct why *why);

/* @name in @parent became free: hints of its series go down. */
void number_freed(struct numbers *numbers, int64_t parent, const char *name);

/* Many names may have become free, as by a revert: no hint holds. */
void numbers_forget(struct numbers *numbers);

/* What was sent, by what became of it (core/intake). */
struct number_sent {
	int64_t content;
	const unsigned char *digest; /* of KEY_DIGEST bytes; NULL: no secrets
					were in it */
};
/*
 * The item of @name's series in @parent (@name itself included) whose bytes
 * as they arrived are these: 0 and *ret_item, or -ENOENT.
 */
int number_find_sent(struct moment *m, int64_t parent, const char *name,
		     const struct number_sent *sent, int64_t *ret_item,
		     struct why *why);
/* The same for bytes without secrets, by their SHA-256. */
int number_find_same(struct moment *m, int64_t parent, const char *name,
		     const void *bytes, size_t len, int64_t *ret_item,
		     struct why *why);

#endif
