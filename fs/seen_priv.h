/*
 * seen_priv - what the two files of seen share.
 */
#ifndef FS_SEEN_PRIV_H
#define FS_SEEN_PRIV_H

#include "fs/seen.h"

struct acts;

struct acts *seen_acts(const struct seen *seen);

/* ---- seen_acts.c ---- */

struct acts *acts_new(void); /* NULL: out of memory */
void acts_free(struct acts *acts);

#endif
