/*
 * instant - the points in time that people name.
 *
 * Thread-safety: no state; every function may be called from any thread.
 */
#ifndef CORE_INSTANT_H
#define CORE_INSTANT_H

#include <stdint.h>

struct why;

/*
 * What env_parse_time() reads, and "GMT-2026.11.20-10.30.00" as Windows calls
 * its shadow copies. What is written is a second, a minute or a day: its end
 * is meant, so that a time that was printed in seconds finds what was
 * committed within that second. -EINVAL.
 */
int instant_parse(const char *text, int64_t *ret_ns, struct why *why);

#endif
