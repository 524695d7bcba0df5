/*
 * history - the versions of one item, and who has been in a folder.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_HISTORY_H
#define CORE_HISTORY_H

#include "core/moment.h"
#include "core/tree.h"

/* One distinct content of an item: the first state that held it. */
struct version {
	int64_t item;
	int64_t number; /* 1, 2, 3 ... in order of time */
	int64_t born;	/* moment */
	int64_t content, size;
	struct attr attr;
	struct who who;
	int64_t time_ns;
};
typedef int (*version_fn)(const struct version *v, void *arg);

/* Oldest first. States that changed attributes alone are no versions; a
 * content that comes again after another is one. */
int history_versions(struct db *db, int64_t item, version_fn fn, void *arg,
		     struct why *why);
int history_version(struct db *db, int64_t item, int64_t born,
		    struct version *ret, struct why *why);

/* Every item (not folder) that is or was in @folder under some name, also
 * deleted ones: its id and the newest name it had there. One call per name:
 * of items that had the same name the live one, else the newest. In id order,
 * ids above @after. */
typedef int (*former_fn)(int64_t item, const char *name, bool live, void *arg);
int history_names(struct db *db, int64_t folder, int64_t after, former_fn fn,
		  void *arg, struct why *why);
int history_lookup(struct db *db, int64_t folder, const char *name,
		   int64_t *ret_item, struct why *why);

/*
 * JSON lines, oldest first, of all changes to the items in @folder (not
 * below): item, version, moment, time, user, program, change ("created",
 * "edited", "moved", "deleted", "attributes"), size, sha256, and for moves
 * from/to (names in @folder, else paths from the root with '/'). @name: of that
 * item alone, wherever it has been; NULL: of all, while they were here. Of
 * more than 10,000 changes the newest are shown, after {"omitted":N}.
 */
int history_show(struct db *db, int64_t folder, const char *name,
		 struct buf *out, struct why *why);

#endif
