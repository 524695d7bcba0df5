/*
 * kind_load - a set of kinds out of its JSON text; for kind*.c alone.
 *
 * Thread-safety: none.
 */
#ifndef CORE_KIND_LOAD_H
#define CORE_KIND_LOAD_H

#include "core/kind.h"

/* Free what a kind holds. */
void kind_done(struct kind *kind);

/* The name of the set that @json holds, if it says; to be freed. -EINVAL. */
int kind_set_name(const char *json, size_t len, char **ret, struct why *why);

#endif
