/*
 * progress - a bar on the standard error output for work that takes its time:
 * only if that is a terminal and the work has taken two seconds.
 *
 * Thread-safety: a struct progress belongs to one thread.
 */
#ifndef FS_PROGRESS_H
#define FS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what;
	bool terminal, shown;
	int64_t begun_ns, drawn_ns;
};

/* @what is borrowed: "checking". */
struct progress progress_begin(const char *what);
/* @total 0: not known. */
void progress_step(struct progress *p, int64_t done, int64_t total);
/* The same, for who reports by a callback; @progress is a struct progress. */
void progress_tell(int64_t done, int64_t total, void *progress);
/* Take the bar away, before other output or at the end. */
void progress_hide(struct progress *p);

#endif
