/*
 * tree_row - what the files of the tree share: rows to entries, and the
 * places of items in the live tree. For tree*.c alone.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_TREE_ROW_H
#define CORE_TREE_ROW_H

#include "core/tree.h"

struct buf;
struct q;

/* The row of any statement with the columns of STMT_TREE_GET. The name is
 * borrowed from the row. */
struct entry tree_row(const struct q *q);

/* The moment as the statements want it: the live tree is the one just before
 * the end of time, when what lives has not died. */
int64_t tree_moment(int64_t at);

/* The newest place of an item, be it live or ended. */
struct spot {
	int64_t born, died;
	int64_t parent;
	int64_t node; /* 0: none */
	bool folder;
};
bool spot_live(const struct spot *spot);

/* 0, or -ENOENT: no such item. The name and a NUL are appended to @name unless
 * that is NULL. */
int tree_spot(struct db *db, int64_t item, struct spot *ret, struct buf *name,
	      struct why *why);

/* The same, and -ENOENT unless it is live. */
int tree_spot_live(struct db *db, int64_t item, struct spot *ret,
		   struct buf *name, struct why *why);

/* -ENOENT, -ENOTDIR: @folder is no live folder; -EEXIST: it has @name. */
int tree_spot_free(struct db *db, int64_t folder, const char *name,
		   struct why *why);

/* End the place that @spot tells of; the folder is touched. */
int tree_spot_end(struct moment *m, int64_t item, const struct spot *spot,
		  struct why *why);
/* Begin one; the folder is touched. */
int tree_spot_begin(struct moment *m, int64_t item, int64_t parent,
		    const char *name, struct why *why);

/* Begin the place of an item whose newest place @old has ended, at this moment
 * or long ago: it moves or comes back, and has a node again. */
int tree_spot_move(struct moment *m, int64_t item, const struct spot *old,
		   int64_t parent, const char *name, struct why *why);

/* An item that comes back needs a node again if another entry has taken its
 * own while it was away. */
int tree_keep_node(struct moment *m, int64_t item, const struct spot *spot,
		   struct why *why);

/* -EINVAL: the folder @item would stand below itself in @parent. */
int tree_check_loop(struct db *db, int64_t item, int64_t parent,
		    struct why *why);

/* 1: a revision speaks of moment @born or later, or somebody looks at it, so
 * that what was born then has been seen and must stay as it is; 0: none. */
int tree_recorded(struct moment *m, int64_t born, struct why *why);

/* What the record of changes says of @item at @moment is taken back. */
int tree_unchange(struct moment *m, int64_t moment, int64_t item, unsigned what,
		  struct why *why);

/* Watchers hear that what was recorded of @item is otherwise. @parent, @name:
 * where it was until now; 0 and NULL: nowhere else. */
int tree_note_amended(struct moment *m, int64_t item, int64_t parent,
		      const char *name, struct why *why);

/* A state of @entry at this moment, with its content and attributes. */
int tree_put_state(struct moment *m, const struct entry *entry,
		   struct why *why);

#endif
