/*
 * json_token - a cursor over a JSON text, and its strings and words.
 *
 * A cursor moves over one token. Every function returns 1 (it is whole), 0
 * (the text ends within it, and some continuation is valid) or -EINVAL (none
 * is); then the cursor stands at the end of the text or at the fault, and one
 * of "expected" and "problem" is set.
 *
 * Thread-safety: a cursor belongs to one thread.
 */
#ifndef CORE_JSON_TOKEN_H
#define CORE_JSON_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

struct json_token {
	const char *at, *end;
	const char *expected; /* what should stand here: "a digit" */
	const char *problem;  /* or what is wrong: a sentence */
	bool escaped;	      /* the string holds a backslash */
};

/* Past white space, also where there is none. */
void json_token_space(struct json_token *t);

/* From behind the opening quote to behind the closing one. */
int json_token_string(struct json_token *t);

/* Exactly @word: true, false or null. */
int json_token_word(struct json_token *t, const char *word);

/* For scans of other tokens: what stands at the cursor is not what should, or
 * is wrong. These return what the scan returns. */
int json_token_expect(struct json_token *t, const char *what);
int json_token_refuse(struct json_token *t, const char *problem);

/* Decode the inside of a valid string; see json_unescape(). */
size_t json_token_unescape(const char *raw, size_t len, char *buf);

#endif
