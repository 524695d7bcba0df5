/*
 * live_rename - what the files of the rename share: both sides of it, and the
 * parts of the table in live_rename.c. For live_rename*.c alone.
 *
 * All functions: both locks are held; 0 after the commit of rn->m, or a
 * negative errno.
 */
#ifndef FS_LIVE_RENAME_H
#define FS_LIVE_RENAME_H

#include "core/follow.h"
#include "fs/live_priv.h"

/* One side of a rename: what has the name, if anything. */
struct side {
	int64_t parent;
	const char *name;
	bool holds_items;	/* the folder */
	bool item_name;		/* an item, if it is a file with content */
	struct entry entry;	/* id 0: no item or folder */
	struct scratch scratch; /* id 0: no stored scratch file */
	struct loose *loose;	/* NULL: not in memory */
};

struct rename {
	struct call *c;
	struct moment *m;
	struct proc proc;
	struct side from, to;
	unsigned flags;
	struct act *own;    /* the process means its own copy, by this */
	char own_name[256]; /* which is called so */
};

bool rename_exists(const struct side *s);
bool rename_is_scratch_folder(const struct side *s);
/* Take away the scratch file that has the name; not committed yet. */
int rename_drop_scratch(struct rename *rn, struct side *s);

/* References are to follow the item or folder that moves, if the mount has it
 * so; and do, before rn->m is committed. */
int rename_watch(struct rename *rn, struct follow *f, int64_t id);
int rename_commit(struct rename *rn, struct follow *f);

/* ---- live_rename_item.c ---- */
int rename_item(struct rename *rn);
/* After a diverted commit the process means its own copy: make that the
 * source. */
int rename_take_own_copy(struct rename *rn);

/* ---- live_rename_file.c ---- */
int rename_file(struct rename *rn);

#endif
