/*
 * show_priv - what the files of show share.
 */
#ifndef CORE_SHOW_PRIV_H
#define CORE_SHOW_PRIV_H

#include "core/bits.h"
#include "core/revision.h"
#include "core/show.h"

/* 0 or -ENOMEM. */
int show_finish(const struct buf *out, struct why *why);

/* The path of a folder from the root, "/" for that, with a NUL: where it is, or
 * was at moment @at. */
int show_folder(struct db *db, int64_t folder, int64_t at, struct buf *out,
		struct why *why);

/* The object of a revision, still open. */
int show_row(struct db *db, const struct revision *row, struct buf *out,
	     struct why *why);

bool show_is_open(const struct revision *row);
bool show_is_snapshot(const struct revision *row);

/* ---- one revision ---- */

/* An item that a revision changed. */
struct show_change {
	int64_t was, is; /* the item; two if one took the place of another; 0:
			    it is not there on that side */
	bool folder;
	bool left;	  /* what named it by its path did so in vain */
	int64_t old, new; /* contents; 0: none */
	bool settled;	  /* the new one is not as it was sent */
};

struct showing {
	struct db *db;
	const struct show_ask *ask;
	const struct revision *row;
	int64_t folder;	  /* paths are relative to it */
	int64_t from, to; /* moments */
	/* What the revision itself changed, wherever; with a snapshot nothing,
	 * and all that differs is shown. */
	struct bits touched;
	struct show_change *changes;
	size_t len, cap;
	struct buf *out;
	struct why *why;
};

/* What it is. */
int show_head(const struct showing *s);
/* Each reference that it concerns; after s->changes are known. */
int show_references(const struct showing *s);

#endif
