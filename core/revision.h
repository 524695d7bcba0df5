/*
 * revision - the record: snapshots, reverts, restores and pulls.
 *
 * A snapshot is a row that names a moment of one folder; making one costs the
 * same at any size. Every larger change is a revision too, with the moments
 * before and after it.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_REVISION_H
#define CORE_REVISION_H

#include "core/moment.h"

struct buf;

struct revision {
	int64_t id;
	const char *kind;   /* "snapshot" "revert" "restore" "pull" */
	const char *status; /* "in progress" "completed" "failed" "canceled" */
	int64_t scope;	    /* folder */
	int64_t before, after;	 /* moments; equal for a snapshot; after is 0
				  while "in progress" */
	const char *name;	 /* NULL: none */
	const char *description; /* never NULL */
	const char *counts;	 /* a JSON object */
	struct who who;
	int64_t time_ns;
};

/*
 * Name the present moment of @folder and all below it. @name NULL or a name
 * that snapshot_name_ok() takes; @description may be "". -EEXIST: @folder has
 * a snapshot of that name; -EINVAL.
 */
int snapshot_create(struct moment *m, int64_t folder, const char *name,
		    const char *description, int64_t *ret_id, struct why *why);

/* Not digits, not "latest" or "versions", not beginning with '@' or '.',
 * valid as a file name. 0 or -EINVAL. */
int snapshot_name_ok(const char *name, struct why *why);

/*
 * What @name means below .snapshots of @folder: a number or name of a snapshot
 * that covers @folder (taken here or above; of several with one name that of
 * the nearest folder), "latest", "@INSTANT" as instant_parse() reads it (past
 * the present it is the present). -ENOENT: nothing, or the folder was not
 * there then.
 */
struct snapshot_ref {
	int64_t moment;
	int64_t id;	 /* 0: an instant */
	int64_t time_ns; /* of the snapshot; at an instant: of the commit that
			    it shows */
	uid_t uid;	 /* who took it; at an instant: the folder's owner */
};
int snapshot_resolve(struct db *db, int64_t folder, const char *name,
		     struct snapshot_ref *ret, struct why *why);

/* The snapshots that cover @folder, with an id above @after, in id order: by
 * where the folder was at their moment, so that a folder that has moved shows
 * its own past. The callback may query; nonzero ends the walk and is
 * returned. */
typedef int (*revision_fn)(const struct revision *r, void *arg);
int snapshot_list(struct db *db, int64_t folder, int64_t after, revision_fn fn,
		  void *arg, struct why *why);
/* The name that stands for @r in the listing of @folder: its name if that
 * resolves to it, else its number. */
int snapshot_listed_name(struct db *db, int64_t folder,
			 const struct revision *r, char *out, size_t size,
			 struct why *why);

/* Revisions of @folder and of folders below it, oldest first; a folder that is
 * gone counts by where it was. The callback as above. */
int revision_list(struct db *db, int64_t folder, int64_t after, revision_fn fn,
		  void *arg, struct why *why);
/* Borrowed strings of *ret live in @text. -ENOENT. */
int revision_get(struct db *db, int64_t id, struct buf *text,
		 struct revision *ret, struct why *why);

/* Begin one: status "in progress", before = @before. The moment's commits
 * carry it when m->revision is set to it. */
int revision_begin(struct moment *m, const char *kind, int64_t scope,
		   int64_t before, const char *description, int64_t *ret_id,
		   struct why *why);
int revision_end(struct moment *m, int64_t id, const char *status,
		 int64_t after, const char *counts, struct why *why);

#endif
