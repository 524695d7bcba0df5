/*
 * env - what the engine takes from its surroundings: the clock, randomness,
 * the names of users. Injected, so that tests have a clock of their own.
 *
 * Times are nanoseconds since 1970, UTC.
 *
 * Thread-safety: env_system may be used from any thread.
 */
#ifndef CORE_ENV_H
#define CORE_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct env {
	int64_t (*now_ns)(void *arg);
	/* Fill @bytes with @len unpredictable ones: 0 or negative errno. */
	int (*random)(void *arg, void *bytes, size_t len);
	void *arg;
};

extern const struct env env_system;

int64_t env_now_ns(const struct env *env);
int env_random(const struct env *env, void *bytes, size_t len);

/* For a timed wait that ends @ns from now, less than a second, by
 * CLOCK_MONOTONIC. */
struct timespec env_soon(long ns);

enum { ENV_TIME_SIZE = 40, ENV_USER_SIZE = 64 };

/* "2026-11-20T10:30:00Z"; with @fraction "2026-11-20T10:30:00.123456789Z". */
void env_format_time(int64_t ns, bool fraction, char out[ENV_TIME_SIZE]);

/*
 * RFC 3339: a date, or date and time with seconds or without, with ':' or '.'
 * between hours, minutes and seconds, an optional fraction (after a time with
 * ':' only), and 'Z', an offset, or nothing for UTC. -EINVAL.
 */
int env_parse_time(const char *text, int64_t *ret_ns);

/* The name of a user, or the number. */
void env_user_name(uid_t uid, char out[ENV_USER_SIZE]);

#endif
