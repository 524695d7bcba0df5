/*
 * commit_ids - which items of kinds with ids go together in one moment.
 *
 * An item that comes with the id of another gets a new one, and what was sent with
 * it follows (core/renames). Who has an id is known of what is committed, so an
 * item that would have to ask for more is committed for itself.
 *
 * Thread-safety: within the moment of the group.
 */
#ifndef FS_COMMIT_IDS_H
#define FS_COMMIT_IDS_H

#include "core/buf.h"
#include "core/examine.h"

struct arrival;
struct kind;
struct moment;
struct why;

/* Zeroed: none. */
struct group_ids {
	struct buf taken; /* "3 5f2a...", each with a NUL */
	struct examination found;
};
void group_ids_done(struct group_ids *ids);

/* Of a new item. 1: it goes with the others; 0: not with them. @kind: NULL is
 * plain. */
int group_ids_add(struct group_ids *ids, struct moment *m,
		  const struct kind *kind, const struct arrival *in,
		  struct why *why);
/* Likewise of an edit. */
int group_ids_edit(struct moment *m, const struct kind *kind,
		   const struct arrival *in, struct why *why);

#endif
