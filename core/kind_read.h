/*
 * kind_read - members of the JSON text of a set of kinds, and a sentence on
 * each mistake; for kind_load alone.
 *
 * Thread-safety: none.
 */
#ifndef CORE_KIND_READ_H
#define CORE_KIND_READ_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct kind_patterns;
struct kind_words;
struct why;

/* What is being read, for sentences: "kinds 'x', kind 'y', references[2]". */
struct kind_reading {
	char set[64], kind[64], part[64];
	struct why *why;
};

/* The part of the kind that is read now: "references[2]". */
void kind_name_part(struct kind_reading *r, const char *list, size_t i);

/* These return -EINVAL and -ENOMEM. */
__attribute__((format(printf, 2, 3))) int
kind_wrong(const struct kind_reading *r, const char *fmt, ...);
int kind_no_memory(const struct kind_reading *r);

/* @object has no other members than @names, which end in NULL. */
int kind_check_members(const struct kind_reading *r, json_t *object,
		       const char *const *names);

/* The member @name. What is not there, and not @needed, leaves *ret as it is;
 * a list that is needed must not be empty. *ret of a list is borrowed. */
int kind_get_text(const struct kind_reading *r, json_t *object,
		  const char *name, bool needed, char **ret);
int kind_get_list(const struct kind_reading *r, json_t *object,
		  const char *name, bool needed, json_t **ret);
int kind_get_words(const struct kind_reading *r, json_t *object,
		   const char *name, bool needed, struct kind_words *ret);
int kind_get_patterns(const struct kind_reading *r, json_t *object,
		      const char *name, bool needed, struct kind_patterns *ret);

#endif
