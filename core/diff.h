/*
 * diff - what differs below a folder between two moments.
 *
 * Costs what changed between them, not what is there: candidates are the rows
 * of the table "change" between the two moments, then each is looked up at
 * both.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_DIFF_H
#define CORE_DIFF_H

#include "core/tree.h"

struct difference {
	int64_t item;
	bool folder;
	char what;	  /* '+' '-' 'M' content, 'R' moved (maybe M too),
			     'A' attributes only */
	bool content;	  /* with 'R': the content differs too */
	const char *from; /* path at the first moment, relative to the folder;
			     NULL for '+' */
	const char *to;	  /* path at the second; NULL for '-' */
	struct entry old, new; /* valid where the path is not NULL */
};
typedef int (*diff_fn)(const struct difference *d, void *arg);

/* In the order of the paths ("to", else "from"), parents before children. The
 * callback may query. An item that crosses the folder's border is '+' or '-'.
 * A moved folder is one 'R'; what is below it is named only if it changed
 * itself. */
int diff_run(struct db *db, int64_t folder, int64_t from, int64_t to,
	     diff_fn fn, void *arg, struct why *why);

/* One text line per path that changed: "+ path", "- path", "M path",
 * "R old -> new", "A path". Folders end in '/'. */
int diff_show(struct db *db, int64_t folder, int64_t from, int64_t to,
	      struct buf *out, struct why *why);

#endif
