/*
 * check - every content against its SHA-256, the invariants of the rows, and
 * whether what is sealed opens, if its key is there.
 *
 * Thread-safety: as the struct db underneath; it reads only.
 */
#ifndef CORE_CHECK_H
#define CORE_CHECK_H

#include <stdint.h>

struct db;
struct why;

/* One violation, as a sentence. */
typedef int (*check_fn)(const char *sentence, void *arg);
/* Called now and then; may be NULL. */
typedef void (*check_progress_fn)(int64_t done, int64_t total, void *arg);

/* The number of violations (0: clean), or negative errno. */
int check_run(struct db *db, check_fn fn, check_progress_fn progress, void *arg,
	      struct why *why);

#endif
