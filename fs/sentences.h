/*
 * sentences - the last things that went wrong, for .control/errors: one line
 * per failure, with its folder, so that each folder shows its own. The newest
 * 256 are kept, in memory.
 *
 * Thread-safety: any thread.
 */
#ifndef FS_SENTENCES_H
#define FS_SENTENCES_H

#include "core/defer.h"

#include <stdint.h>

struct buf;
struct db;
struct why;
struct sentences;

int sentences_new(struct sentences **ret);
void sentences_free(struct sentences *s);
DEFINE_DROP(sentences, sentences_free);

/* @text without a final newline; @code a negative errno. */
void sentences_add(struct sentences *s, int64_t time_ns, int64_t folder,
		   int code, const char *text);
/* "2026-11-20T10:30:00Z EBUSY sentence" lines of @folder and what is below it
 * (by the live tree), oldest first. */
int sentences_show(struct sentences *s, struct db *db, int64_t folder,
		   struct buf *out, struct why *why);

#endif
