/*
 * places - several items and folders of one repository that are named on the
 * command line: the nearest folder that they are all in, and their paths from
 * there.
 *
 * Thread-safety: no state.
 */
#ifndef FS_PLACES_H
#define FS_PLACES_H

#include <limits.h>
#include <stddef.h>

struct why;

struct places {
	char place[2 * PATH_MAX]; /* the folder, or the repository file ... */
	char *inside; /* ... and the folder in that; NULL: none was given */
	char **paths; /* below the folder */
	int count;
	char **full; /* from the root: what paths point into */
};

/*
 * @args are paths in a mount; or a repository file and paths in it, which begin
 * at @inside (may be NULL). One folder alone is the folder that they are in,
 * with no paths. @ret is zeroed, and to be released also after a failure.
 * -EINVAL: not all of one repository; or as place_find().
 */
int places_find(char **args, int count, const char *inside, struct places *ret,
		struct why *why);
void places_done(struct places *places); /* for DROP() */

#endif
