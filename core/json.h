/*
 * json - is this text an item, where is it wrong, where is what in it.
 *
 * One pass over the bytes gives the verdict; nothing is built, nothing is
 * changed. A text is valid exactly when jansson 2.14 loads it with
 * JSON_REJECT_DUPLICATES: an object or an array in strict UTF-8, no key twice
 * in an object (compared as decoded), no \u0000, no lone surrogate, integers
 * of 64 bits, reals within a double, at most JSON_DEPTH_MAX levels. One
 * exception: a raw NUL byte is always invalid, while jansson overlooks one
 * after a number, true, false or null.
 *
 * Thread-safety: no state; every function may be called from any thread.
 */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* Values within values, counting the innermost scalar. */
enum { JSON_DEPTH_MAX = 2048 };

enum json_verdict {
	JSON_VALID,
	JSON_PARTIAL, /* a beginning: some continuation is valid */
	JSON_INVALID, /* no continuation is */
};

enum json_flag {
	JSON_OBJECT_ONLY = 1, /* an array on top is invalid too */
};

/* Where a text stops being valid, and what was expected there. */
struct json_fault {
	size_t offset;	/* bytes before the fault */
	size_t line;	/* from 1 */
	size_t column;	/* from 1, in characters */
	char text[160]; /* one line of UTF-8, no final full stop */
};

/*
 * The verdict on @len bytes, or -ENOMEM (only objects of more than some 50
 * keys need memory). @flags: of enum json_flag. @ret_fault may be NULL; it is
 * filled for JSON_PARTIAL (the fault is the end of the text) and JSON_INVALID,
 * else untouched.
 *
 * A beginning that is scanned anew with every write costs its whole length
 * each time: a caller with many small writes scans when the length has doubled.
 */
int json_check(const char *text, size_t len, unsigned flags,
	       struct json_fault *ret_fault);

enum json_kind {
	JSON_KIND_OBJECT,
	JSON_KIND_ARRAY,
	JSON_KIND_STRING,
	JSON_KIND_NUMBER,
	JSON_KIND_TRUE,
	JSON_KIND_FALSE,
	JSON_KIND_NULL,
};

/* One step from a container to what is in it. */
struct json_step {
	const char
		*key; /* as in the text, without its quotes; NULL in an array */
	size_t key_len;
	size_t index; /* of the member or element, from 0 */
};

struct json_value {
	enum json_kind kind;
	size_t at,
		len; /* the bytes of the value in the text, with any quotes */
	const struct json_step *path; /* from the top down; borrowed */
	size_t depth;		      /* steps of the path; 0 for the top */
};

/* Returns 0, or a negative errno that ends the scan and is its result. */
typedef int (*json_visit_fn)(const struct json_value *value, void *arg);

/*
 * As json_check(), and @visit gets every value on the way: a container after
 * what is in it, when its end is known. What was visited counts only if the
 * verdict is JSON_VALID, so a visitor collects and the caller decides.
 */
int json_scan(const char *text, size_t len, unsigned flags, json_visit_fn visit,
	      void *arg, struct json_fault *ret_fault);

/*
 * Decode the inside of a valid string (without its quotes) into @buf of at
 * least @len bytes; the result is never longer. Returns its length, without
 * a final NUL.
 */
size_t json_unescape(const char *raw, size_t len, char *buf);

/* Is the inside of a valid string, decoded, equal to @plain? */
bool json_raw_equals(const char *raw, size_t len, const char *plain);

#endif
