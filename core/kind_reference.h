/*
 * kind_reference - where a kind has references, and to what they lead; for
 * kind_load alone.
 *
 * Thread-safety: none.
 */
#ifndef CORE_KIND_REFERENCE_H
#define CORE_KIND_REFERENCE_H

#include <jansson.h>
#include <stddef.h>

struct kind;
struct kind_reading;
struct kinds;

/* Add the references of @object to those that @kind has. They may lead to the
 * kinds of its set: those of @kinds from @first on. -EINVAL, -ENOMEM. */
int kind_read_references(struct kind_reading *r, json_t *object,
			 const struct kinds *kinds, size_t first,
			 struct kind *kind);

#endif
