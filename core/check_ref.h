/*
 * check_ref - the index of references against the texts; for check.c alone.
 *
 * Thread-safety: as the struct db underneath; it reads only.
 */
#ifndef CORE_CHECK_REF_H
#define CORE_CHECK_REF_H

#include "core/check.h"

/* Every live item is examined anew. @fn gets one sentence per item of which
 * the index says something else. */
int check_refs(struct db *db, check_fn fn, void *arg, struct why *why);

#endif
