/*
 * follow - references follow what they name when it is moved.
 *
 *	struct follow f = {.m = m};
 *
 *	follow_watch(&f, item, why);	before
 *	tree_move(m, item, ...);	what may move it, or others with it
 *	follow_run(&f, &result, why);	after
 *
 * All within one moment. A moved folder takes along what names anything below
 * it. Costs what refers there, not what is there. What refers is known as of
 * the last ref_settle(); a moment that has also saved texts calls that first.
 *
 * Each text that names what moved becomes a new version, of which the
 * characters of those references differ and no others (core/rewrite). The
 * moment notes it (NOTE_REWRITTEN).
 *
 * Thread-safety: as the moment.
 */
#ifndef CORE_FOLLOW_H
#define CORE_FOLLOW_H

#include "core/buf.h"
#include "core/defer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct moment;
struct why;

enum { FOLLOW_MAX = 2 };

struct follow_one {
	int64_t item;
	bool folder;
	struct buf was, now; /* paths, with a NUL */
};

struct follow {
	struct moment *m;
	struct follow_one list[FOLLOW_MAX];
	size_t len;
};

struct follow_result {
	int64_t items, references; /* that were rewritten */
	int64_t left; /* references whose form cannot say the new place */
};

/* @item, live, is going to move. At most FOLLOW_MAX may. */
int follow_watch(struct follow *f, int64_t item, struct why *why);
/* They have moved, or not. @ret may be NULL. */
int follow_run(struct follow *f, struct follow_result *ret, struct why *why);
void follow_done(struct follow *f);

#endif
