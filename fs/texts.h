/*
 * texts - what is remembered of generated files: how big each was when it was
 * last opened, and what a command file answered last.
 *
 * Bounded: nodes with open handles, and the 256 others that were used last; of
 * an answer at most its last MiB, of all together four. Looked up by going through them, which
 * is no matter while a person reads control files.
 *
 * Thread-safety: any thread; own lock.
 */
#ifndef FS_TEXTS_H
#define FS_TEXTS_H

#include "core/defer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct texts;

int texts_new(struct texts **ret);
void texts_free(struct texts *texts); /* accepts NULL */
DEFINE_DROP(texts, texts_free);

/* A handle on @ino shows @size bytes, and is closed. */
int texts_open(struct texts *texts, uint64_t ino, int64_t size);
void texts_close(struct texts *texts, uint64_t ino);

/* The size at the newest open: 1 that handle, or another on @ino, is open; 0
 * none is; -ENOENT: never opened, or long ago. */
int texts_size(struct texts *texts, uint64_t ino, int64_t *ret_size);
/* The newest size is another, since the open handle shows an answer now. */
void texts_resize(struct texts *texts, uint64_t ino, int64_t size);

/* The answer of the last command that was written to @ino, for whoever reads
 * it afresh. Out of memory loses it. */
void texts_keep(struct texts *texts, uint64_t ino, const char *answer,
		size_t len);
/* Append it; nothing if there is none. */
void texts_answer(struct texts *texts, uint64_t ino, struct buf *out);

#endif
