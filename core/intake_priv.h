/*
 * intake_priv - what the files of intake share.
 */
#ifndef CORE_INTAKE_PRIV_H
#define CORE_INTAKE_PRIV_H

#include "core/intake.h"

/* What is kept of @item for a copy that a save turned out to be, and of others
 * for too long. */
int intake_forget_former(struct moment *m, int64_t item, struct why *why);

#endif
