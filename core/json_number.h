/*
 * json_number - the numbers of a JSON text, and how big they may be.
 *
 * Thread-safety: as json_token.
 */
#ifndef CORE_JSON_NUMBER_H
#define CORE_JSON_NUMBER_H

struct json_token;

/*
 * From the '-' or the first digit to behind the last; results as those of
 * core/json_token.h. A number that stops at the end of the text is whole when
 * it could be.
 *
 * -EINVAL also for an integer (no point, no exponent) that does not fit into 64
 * bits, and for a real that is infinite as a double; one that is too small is
 * zero, and fine.
 */
int json_number_scan(struct json_token *t);

#endif
