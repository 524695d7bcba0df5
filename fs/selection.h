/*
 * selection - folders and items that are chosen on the command line, in a mount
 * or in a repository file, and the archive of them.
 *
 * One folder in a mount is its own control file. The rest is read from the
 * repository file, also beside a mount, in one transaction; who may not read
 * that gets what he may read in the mount: items as they are at this instant,
 * below .snapshots, and what an item needs from .backup.
 *
 * Thread-safety: for the thread that runs the command.
 */
#ifndef FS_SELECTION_H
#define FS_SELECTION_H

#include "core/archive.h"
#include "fs/place.h"

struct options;
struct output;
struct why;

struct selection {
	const struct options *options;
	enum archive_format format;
	struct place place; /* of the first argument */
	char **paths;	    /* from the root; owned */
	int count;
};

/* What @options ask for: -EINVAL, or as place_find(). The options are
 * borrowed. */
int selection_find(const struct options *options, struct selection *ret,
		   struct why *why);
void selection_done(struct selection *selection); /* for DROP() */

int selection_write(const struct selection *selection, const struct output *out,
		    struct why *why);

#endif
