/*
 * restore_priv - what restore*.c share.
 *
 * Thread-safety: within the moment of the restore.
 */
#ifndef CORE_RESTORE_PRIV_H
#define CORE_RESTORE_PRIV_H

#include "core/buf.h"
#include "core/renames.h"
#include "core/report.h"
#include "core/restore.h"
#include "core/tree.h"

struct restore {
	struct repo *repo;
	struct moment *m;
	const struct restore_request *request;
	struct work *work;
	int64_t revision;
	int64_t report;	     /* its first line; 0: none yet */
	int64_t first_new;   /* ids from here on are of this moment */
	int64_t done, total; /* members of the archive */
	/* Into a folder: references follow names (core/renames). */
	int64_t renames, round;
	bool new_ids; /* some items have got one */
	/* In full: what is in the archive. */
	struct bits kept;
	/* Where the last member went, since the next one mostly goes there. */
	struct buf path; /* with a NUL */
	int64_t folder;	 /* 0: none yet */
	struct buf *out;
	int64_t hidden; /* lines that had no room */
	struct restore_result *result;
	struct why *why;
};

struct intake;

/* ---- restore_path.c: folders on the way ---- */

/* The live folder at the first @len bytes of @path below the one restored
 * into, made if need be: with @attr, or if that is NULL like the one it is in.
 */
int restore_folder(struct restore *rs, const char *path, size_t len,
		   const struct attr *attr, int64_t *ret);
/* A name in @folder comes, goes or is another. */
int restore_touch(struct restore *rs, int64_t folder);

/* ---- restore_add.c: into a folder ---- */

int restore_add_item(struct restore *rs, const struct archive_entry *member,
		     const char *bytes);
/* References of all that came follow the names that it got. */
int restore_follow(struct restore *rs);

/* ---- restore_full.c: in full ---- */

int restore_full_item(struct restore *rs, const struct archive_entry *member,
		      const char *bytes);
int restore_full_folder(struct restore *rs, const struct archive_entry *member);

/* ---- restore_sweep.c: what goes for that ---- */

/* @entry is in the way of what must be called @name: out with it. */
int restore_clear(struct restore *rs, const struct entry *entry,
		  const char *path);
/* A file that is no item may be, too: it gets another name. */
int restore_clear_scratch(struct restore *rs, int64_t parent, const char *name);
/* What the archive lacks leaves the tree. */
int restore_sweep(struct restore *rs);

/* ---- restore_say.c: what is shown and reported ---- */

/* The first line of a report row's batch and its revision are rs's. */
int restore_report(struct restore *rs, const struct report_line *line);
/* What must be supplied for the line's item, which is new, becomes the line's
 * detail: @text holds it. */
int restore_detail(struct restore *rs, const struct intake *in,
		   struct report_line *line, struct buf *text);
/* A line of the answer: what became of @path. @went may be NULL: the same. */
int restore_say(struct restore *rs, const char *what, const char *path,
		const char *went, const char *reason);
/* A reference of the item at @path. */
struct lineage_change;
int restore_say_reference(struct restore *rs, const char *path,
			  const struct lineage_change *change);
void restore_say_end(struct restore *rs);

#endif
