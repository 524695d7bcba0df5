/*
 * tree - folders and items, now and at any moment.
 *
 * The live tree is the one at MOMENT_NOW; every function that reads takes a
 * moment and has one path for both. Functions that write take the open moment
 * and change the live tree alone.
 *
 * Only items and their folders are here; scratch files are core/scratch.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_TREE_H
#define CORE_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct db;
struct moment;
struct why;

enum { TREE_ROOT = 1 };

/* Attributes that may be set; times in nanoseconds UTC. */
struct attr {
	mode_t mode; /* permission bits, no type */
	uid_t uid;
	gid_t gid;
	int64_t mtime_ns;
	int64_t ctime_ns; /* read only: the time of the commit */
};

struct entry {
	int64_t id;	/* item id */
	int64_t parent; /* 0 for the root */
	int64_t node;	/* 0: none */
	bool folder;
	int64_t placed;	 /* born of its place */
	int64_t born;	 /* born of its state: names the version */
	int64_t content; /* 0 for a folder */
	int64_t arrived; /* 0, or the content as it was sent */
	int64_t size;
	struct attr attr; /* a folder's mtime_ns is derived, see schema */
	const char *name; /* borrowed; set by tree_list() only, else NULL */
};

/* All readers: 0 found, -ENOENT not there at @at. */
int tree_get(struct db *db, int64_t at, int64_t item, struct entry *ret,
	     struct why *why);
int tree_get_named(struct db *db, int64_t at, int64_t item, struct entry *ret,
		   char ret_name[256], struct why *why);
int tree_lookup(struct db *db, int64_t at, int64_t parent, const char *name,
		struct entry *ret, struct why *why);
/* The live item that the kernel knows as @node; its name too, unless that is
 * NULL. */
int tree_by_node(struct db *db, int64_t node, struct entry *ret,
		 char ret_name[256], struct why *why);
/* @path is relative to @folder, parts divided by '/'; empty: the folder. */
int tree_resolve(struct db *db, int64_t at, int64_t folder, const char *path,
		 struct entry *ret, struct why *why);

/* Nonzero ends the walk and is returned. The callback must not query. */
typedef int (*tree_fn)(const struct entry *entry, void *arg);

/* Children with an id above @after, in id order. An empty folder, or one that
 * is not there, is success. */
int tree_list(struct db *db, int64_t at, int64_t folder, int64_t after,
	      tree_fn fn, void *arg, struct why *why);

/* Append "rules/HPMS/No gaps.json", relative to @folder (0 or TREE_ROOT: to
 * the root); nothing for the folder itself. -ENOENT: not there, -EXDEV: not
 * below @folder. */
int tree_path(struct db *db, int64_t at, int64_t folder, int64_t item,
	      struct buf *out, struct why *why);
/* @item's name alone. */
int tree_name(struct db *db, int64_t at, int64_t item, struct buf *out,
	      struct why *why);
/* One step up: the parent of *@item takes its place there, and its name is
 * appended with a NUL unless @name is NULL. @folder: *@item is known to be one.
 * 1, or 0: not there. */
int tree_up(struct db *db, int64_t at, int64_t *item, bool folder,
	    struct buf *name, struct why *why);
/* 1: @item is @folder or below it at @at, 0: not. */
int tree_is_below(struct db *db, int64_t at, int64_t folder, int64_t item,
		  struct why *why);

/* ---- writers; names are checked by the caller (core/name) ---- */

/* New entries. -EEXIST: the name is taken by a live item (scratch files are the
 * caller's to check). */
int tree_add_folder(struct moment *m, int64_t parent, const char *name,
		    const struct attr *attr, int64_t *ret_id, struct why *why);
struct new_item {
	int64_t node; /* 0: the item's own id */
	int64_t content;
	int64_t size;
	struct attr attr;
};
int tree_add_item(struct moment *m, int64_t parent, const char *name,
		  const struct new_item *new, int64_t *ret_id, struct why *why);

/* A new version: content and attributes at once. @arrived 0 if the bytes are
 * as sent. */
int tree_save(struct moment *m, int64_t item, int64_t content, int64_t arrived,
	      int64_t size, const struct attr *attr, struct why *why);

/* The same, but the newest version itself is changed if no revision was
 * recorded since it was born. */
int tree_amend_save(struct moment *m, int64_t item, int64_t content,
		    int64_t arrived, int64_t size, const struct attr *attr,
		    struct why *why);

/*
 * Attributes alone. With @amend the newest state itself is changed if nothing
 * could have seen it otherwise: no revision was recorded since it was born.
 */
int tree_set_attr(struct moment *m, int64_t item, const struct attr *attr,
		  bool amend, struct why *why);

/* The kernel knows @item by another number from now on; 0: by none. -EEXIST:
 * another live item has it; one that has left the tree loses it. */
int tree_set_node(struct moment *m, int64_t item, int64_t node,
		  struct why *why);

/* Move or rename; an item that is out of the live tree comes back. -EEXIST as
 * above, -EINVAL into itself, -ENOENT, -ENOTDIR: @parent is no live folder. */
int tree_move(struct moment *m, int64_t item, int64_t parent, const char *name,
	      struct why *why);
/* Swap the places of two entries. */
int tree_exchange(struct moment *m, int64_t a, int64_t b, struct why *why);

/* Out of the live tree; the history stays. -ENOTEMPTY: a folder that holds
 * entries (scratch files are the caller's to check). */
int tree_remove(struct moment *m, int64_t item, struct why *why);

/* Out of the live tree without a look at what is below: for whoever moves many
 * entries at once, frees all their names first, and before the commit brings
 * them back (tree_move()) or takes out what is below them too. */
int tree_detach(struct moment *m, int64_t item, struct why *why);

/*
 * Undo the removal or move that ended @item's place at moment @removed: it is
 * again what and where it was. If no revision was recorded since, and nobody
 * else had the name, as if it had never left; else it gets a new place.
 * -EEXIST: the name is taken.
 */
int tree_revive(struct moment *m, int64_t item, int64_t removed,
		struct why *why);

/* Take back the newest state of @item, born at @born, if no revision was
 * recorded since (else its former state is saved anew). */
int tree_unsave(struct moment *m, int64_t item, int64_t born, struct why *why);

/* The state that @item had before the one born at @born, and where it was then:
 * 0, or -ENOENT. */
int tree_former(struct db *db, int64_t item, int64_t born, struct entry *ret,
		struct why *why);

#endif
