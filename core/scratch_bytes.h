/*
 * scratch_bytes - what scratch.c needs of the file that stores the bytes.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_SCRATCH_BYTES_H
#define CORE_SCRATCH_BYTES_H

#include <stdint.h>

struct moment;
struct why;

/* All bytes of @id go; its row stays. */
int scratch_drop_chunks(struct moment *m, int64_t id, struct why *why);

#endif
