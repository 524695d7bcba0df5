/*
 * utf8 - characters in bytes: strict UTF-8, as RFC 3629 has it.
 *
 * No overlong forms, no surrogates, nothing above U+10FFFF.
 *
 * Thread-safety: no state.
 */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The length of the character at @at, 1 to 4. 0: the bytes before @end are a
 * proper beginning of one (or none at all); -EILSEQ: of none.
 */
int utf8_char(const char *at, const char *end);

bool utf8_valid(const char *bytes, size_t len);

/* How many characters; bytes that belong to none count one each. */
size_t utf8_count(const char *bytes, size_t len);

/* The most bytes, at most @max, that hold whole characters of valid text. */
size_t utf8_floor(const char *bytes, size_t len, size_t max);

/* Write the character @code (up to U+10FFFF); its length. */
size_t utf8_encode(uint32_t code, char buf[4]);

#endif
