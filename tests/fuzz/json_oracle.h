/*
 * json_oracle - what the scan of a JSON text is judged by: jansson for the
 * verdict, and a search for a continuation where the scan says there is one.
 *
 * Shared by the unit test and the fuzz target; each includes it once.
 */
#ifndef TESTS_FUZZ_JSON_ORACLE_H
#define TESTS_FUZZ_JSON_ORACLE_H

#include "core/json.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The one place where jansson is not followed: it overlooks a NUL byte right
 * after a number, true, false or null ("[1\0]"). No JSON text holds one.
 */
static inline bool oracle_valid(const char *text, size_t len)
{
	json_t *json;

	if (len > 0 && memchr(text, '\0', len))
		return false;
	json = json_loadb(len > 0 ? text : "", len, JSON_REJECT_DUPLICATES,
			  NULL);
	if (!json)
		return false;
	json_decref(json);
	return true;
}

/*
 * Bytes that bring a text nearer to its end, best first: what closes, what
 * makes a huge number small ("e-9"), hexadecimal digits, the letters of true,
 * false, null and \u, continuation bytes.
 */
static const char oracle_steps[] = "\"}]:e-9d1c0rulsa\\\x80\x90\xA0{[";

/*
 * Append to the partial text @buf (room for @max) until it is valid by the
 * scan's own verdict. False: the scan called it partial, but no step leads on.
 */
static inline bool oracle_complete(char *buf, size_t *len, size_t max)
{
	while (*len < max) {
		const char *step;
		int r = JSON_INVALID;

		for (step = oracle_steps; *step; step++) {
			buf[*len] = *step;
			r = json_check(buf, *len + 1, 0, NULL);
			if (r != JSON_INVALID)
				break;
		}
		if (r == JSON_INVALID)
			return false;
		(*len)++;
		if (r == JSON_VALID)
			return true;
	}
	return false;
}

/* What is wrong with the verdict on the text, or NULL. */
static inline const char *oracle_judge(const char *text, size_t len)
{
	struct json_fault fault = {0};
	int mine = json_check(text, len, 0, &fault);
	int before;

	if (mine < 0)
		return "the scan failed";
	if ((mine == JSON_VALID) != oracle_valid(text, len))
		return mine == JSON_VALID ? "accepted, jansson refuses"
					  : "refused, jansson accepts";
	if (mine == JSON_VALID)
		return NULL;
	if (fault.text[0] == '\0' || fault.line == 0 || fault.column == 0)
		return "a fault without a sentence or a place";
	if (mine == JSON_PARTIAL)
		return fault.offset == len ? NULL
					   : "partial, but not at the end";
	if (fault.offset >= len)
		return "invalid, but only at the end";
	before = json_check(text, fault.offset, 0, NULL);
	return before == JSON_PARTIAL || before == JSON_VALID
		       ? NULL
		       : "invalid even before the fault";
}

/* No beginning of a valid text is beyond hope; what is wrong, or NULL. */
static inline const char *oracle_judge_beginnings(const char *text, size_t len)
{
	size_t n;

	for (n = 0; n < len; n++)
		if (json_check(text, n, 0, NULL) == JSON_INVALID)
			return "a beginning is called invalid";
	return NULL;
}

/* Partial texts have a valid continuation; what is wrong, or NULL. Costs the
 * square of the length. */
static inline const char *oracle_judge_partial(const char *text, size_t len)
{
	size_t max = 2 * len + 400; /* a closer per level, and a bit */
	const char *wrong = NULL;
	char *buf;

	if (json_check(text, len, 0, NULL) != JSON_PARTIAL)
		return NULL;
	buf = malloc(max);
	if (!buf)
		return NULL;
	if (len > 0)
		memcpy(buf, text, len);
	if (!oracle_complete(buf, &len, max))
		wrong = "partial, but nothing can follow";
	else if (!oracle_valid(buf, len))
		wrong = "completed, but jansson refuses";
	free(buf);
	return wrong;
}

#endif
