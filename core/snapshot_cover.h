/*
 * snapshot_cover - where a folder stood over time, and so whose snapshots
 * show it.
 *
 * A snapshot of folder A at moment m covers folder F if F was A or stood below
 * A then. F has moved seldom, so instead of asking that of every snapshot we
 * ask once where F stood: from moment lo until before hi below A. The
 * snapshots of A between these are one range of an index.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_SNAPSHOT_COVER_H
#define CORE_SNAPSHOT_COVER_H

#include <stddef.h>
#include <stdint.h>

struct db;
struct why;

struct span {
	int64_t folder;
	int64_t lo, hi;
	/* Where a walk is: the next snapshot of the range; 0: none is left. */
	int64_t id, moment;
};

struct cover {
	struct span *spans; /* the nearest folders first */
	size_t len, cap;
};

/* Fill @cover, which is zeroed. */
int cover_load(struct db *db, int64_t folder, struct cover *cover,
	       struct why *why);
void cover_done(struct cover *cover);

/* A walk over the snapshots in the order of their ids: every span at its
 * first one with an id above @after, ... */
int cover_start(struct db *db, struct cover *cover, int64_t after,
		struct why *why);
/* ... the span whose snapshot is next (NULL: all are at their ends), ... */
struct span *cover_next(struct cover *cover);
/* ... and on from there. */
int cover_advance(struct db *db, struct span *span, struct why *why);

#endif
