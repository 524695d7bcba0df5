/*
 * check_secret - whether what is sealed opens; for check.c alone.
 *
 * Thread-safety: as the struct db underneath; it reads only.
 */
#ifndef CORE_CHECK_SECRET_H
#define CORE_CHECK_SECRET_H

#include "core/check.h"

/* @fn gets one sentence for each that does not. Without the key nothing can be
 * said, and nothing is wrong. */
int check_secrets(struct db *db, check_fn fn, void *arg, struct why *why);

#endif
