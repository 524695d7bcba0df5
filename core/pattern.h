/*
 * pattern - places in a JSON text: "tasks[*].rules[*]".
 *
 *   name        a member of that name
 *   ["a name"]  the same, when the name has other characters than letters,
 *               digits, '_', '-' and ' '
 *   *           any member
 *   [*]         any element of an array
 *   **          any number of steps of either sort, also none; at most once
 *
 * Steps are divided by '.', which is left out before '['. A pattern begins at
 * the top of the text and must reach the value itself.
 *
 * Thread-safety: no state; a parsed pattern is never changed.
 */
#ifndef CORE_PATTERN_H
#define CORE_PATTERN_H

#include "core/json.h"

struct buf;
struct why;

enum pattern_what {
	PATTERN_NAME,
	PATTERN_MEMBER,
	PATTERN_ELEMENT,
	PATTERN_DEPTH,
};

struct pattern_step {
	enum pattern_what what;
	char *name; /* of PATTERN_NAME, else NULL */
	size_t len;
};

struct pattern { /* zeroed: the top itself */
	struct pattern_step *steps;
	size_t len;
};

/* -EINVAL, with what is wrong with @text. */
int pattern_parse(const char *text, struct pattern *ret, struct why *why);
/* Free what it holds. */
void pattern_done(struct pattern *pattern);

/* Does the pattern reach the value with this path? */
bool pattern_matches(const struct pattern *pattern,
		     const struct json_step *path, size_t depth);

/* The name of the last step that is a member's; NULL: there is none, or '**'
 * or '*' comes after it. What it reaches has a path whose last key is that. */
const struct pattern_step *pattern_last_name(const struct pattern *pattern);

/* Is the key of a step, which may have escapes, @name? */
bool pattern_is_key(const struct json_step *step, const char *name, size_t len);

/* Append a path as a pattern has it: tasks[3].rules[0]. */
void pattern_show(const struct json_step *path, size_t depth, struct buf *out);

#endif
