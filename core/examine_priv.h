/*
 * examine_priv - what the files of examine share.
 */
#ifndef CORE_EXAMINE_PRIV_H
#define CORE_EXAMINE_PRIV_H

#include "core/examine.h"

/* Room for one more in an array. -ENOMEM. */
int examination_grow(void **list, size_t len, size_t *cap, size_t size);
/* Nothing has been found; the memory is kept. */
void examination_reset(struct examination *e);

#endif
