/*
 * archive_names - the names in an archive that is read: whether a repository
 * can have them, and each only once.
 *
 * Memory is 12 bytes for each name and each folder on the way to it, and as
 * much again or less.
 *
 * Thread-safety: none.
 */
#ifndef CORE_ARCHIVE_NAMES_H
#define CORE_ARCHIVE_NAMES_H

#include "core/defer.h"
#include "core/utf8.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct names;
struct why;

/* A name for "%.*s" in a reason: of a long one the beginning, so that the
 * reason is still there. */
#define NAMES_SHOWN(name) (int)utf8_floor((name), strlen(name), 120), (name)

int names_new(struct names **ret_names, struct why *why);
void names_free(struct names *names); /* accepts NULL */
DEFINE_DROP(names, names_free);

/*
 * Take the name of a member: 1, and *ret_path is the path in it, without what
 * says nothing ("./" before it, "/" after it); 0: it is the folder itself that
 * all others are in. @name is changed. -EINVAL, -ENAMETOOLONG: with the reason.
 */
int names_add(struct names *names, char *name, size_t len, bool folder,
	      const char **ret_path, struct why *why);

#endif
