/*
 * restore - an archive becomes items again.
 *
 * Into a folder: what is in the archive comes below it, in the folders that the
 * archive has; a name that is taken gets a number, nothing is overwritten.
 * References within the archive follow the numbers. It is one batch.
 *
 * In full, the whole repository becomes what the archive is: what that lacks
 * leaves the tree, what both have is replaced (a version if it differs), what
 * is missing comes. Files that are no items stay.
 *
 * Either is one moment, all or nothing, and a revision of kind "restore".
 * Memory does not grow with the number of items, but for a bit or two of each.
 *
 * Thread-safety: takes the writer lock itself.
 */
#ifndef CORE_RESTORE_H
#define CORE_RESTORE_H

#include "core/archive.h"
#include "core/bits.h"
#include "core/revert.h"

#include <stdbool.h>
#include <stdint.h>

struct work;

/* Where the members come from: @read is archive_read() with another first
 * argument. It is called twice, and must then give the same. */
struct restore_source {
	int (*read)(void *file, const struct archive_limits *limits,
		    archive_fn fn, void *arg, struct why *why);
	void *file;
};

/* An archive in a file that can be read by position. @fd stays the caller's. */
struct restore_source restore_from_fd(int *fd);

struct restore_request {
	int64_t folder; /* where to; in full: the root */
	struct restore_source source;
	bool full;
	bool dry_run; /* say what would happen, and do nothing */
	bool json;    /* say it in JSON lines */
	bool once;    /* what the series of a name holds already is skipped */
	int64_t max_item;
	/* Begun by the caller, who has been at it since the archive began to
	 * arrive; NULL: it begins now. */
	struct work *work;
	/* Called now and then, or NULL; @total 0: not known. */
	void (*progress)(int64_t done, int64_t total, void *arg);
	void *progress_arg;
};

/* What it is called where somebody is told who is at work. */
const char *restore_title(bool full);

/* What has been done, and what the kernel must forget of it. */
struct restore_result {
	int64_t revision; /* 0: nothing to do */
	int64_t guard;	  /* the snapshot before it; 0: none */
	int64_t created, renamed, edited, removed, unchanged, skipped;
	int64_t folders;	     /* that came; not counted in created */
	int64_t references;	     /* that were rewritten */
	struct bits nodes;	     /* bytes or attributes changed */
	struct bits parents;	     /* folders in which names changed */
	struct touched_list touched; /* names that went or changed */
};
void restore_result_done(struct restore_result *result);

/*
 * @out gets what is to be shown: a line for each item and each reference that
 * is rewritten, as far as there is room for (RESTORE_SHOWN bytes), and a last
 * sentence. @ret is zeroed by the caller, and released by him in any case.
 *
 * What has not the name of an item is not restored, and said to be skipped. As
 * archive_read(), and: -EINVAL: an item that is no valid JSON (line and
 * column), or nothing in it at all; -EEXIST: a folder of the archive is no
 * folder here; -ENOTEMPTY: an item has the name of a folder that holds other
 * files; -EBUSY: somebody else is at work there (not for a dry run).
 */
enum { RESTORE_SHOWN = 4 << 20 };
struct repo;
int restore_run(struct repo *repo, const struct who *who,
		const struct restore_request *request, struct buf *out,
		struct restore_result *ret, struct why *why);

#endif
