/*
 * ref - who refers to whom, in the live tree.
 *
 * An index of what the texts of the live items say (core/examine), kept up to
 * date with each commit by ref_settle(). What a reference leads to is found by
 * its text alone: a path, or an id. If there are an item rules/A.json and a
 * folder rules/A, "/rules/A" is the item. If several items of the meant kinds
 * have an id, it is the one that is nearest: that shares most folders with who
 * refers.
 *
 * A reference is missing if there is nothing of its name, or only something
 * that is of another kind.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_REF_H
#define CORE_REF_H

#include "core/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct examination;
struct kind;
struct kinds;
struct moment;
struct reference;
struct why;

enum ref_form { REF_PATH = 0, REF_ID = 1 };

struct ref {
	int64_t item; /* who refers */
	enum ref_form form;
	const char *target; /* "/rules/A", or an id */
	uint64_t leads;	    /* bits of core/kind */
	bool missing;
};

/* ---- lists of references of one item ---- */

struct ref_row {
	enum ref_form form;
	size_t target; /* in texts */
	uint64_t leads;
	bool missing;
};

/* In the order of form, target, leads; none twice. */
struct ref_list {
	struct ref_row *rows;
	size_t len, cap;
	struct buf texts;
};

void ref_list_done(struct ref_list *list);
struct ref ref_list_get(const struct ref_list *list, size_t i);
/* Those that an examination found; missing is not set. -ENOMEM. */
int ref_list_take(struct ref_list *list, const struct examination *e);

/* Is the reference that was found in the item's text missing, by the list of
 * ref_read()? */
bool ref_list_misses(const struct ref_list *list, const struct examination *e,
		     const struct reference *found);

/* Replace @list by what @item refers to. */
int ref_read(struct db *db, int64_t item, struct ref_list *list,
	     struct why *why);

/* ---- questions ---- */

/* Nonzero from the callback ends the walk and is returned. It may query. */
typedef int (*ref_fn)(const struct ref *ref, void *arg);

/* The references that name @target, be it there or not. */
int ref_naming(struct db *db, enum ref_form form, const char *target, ref_fn fn,
	       void *arg, struct why *why);

/* The references that lead to the live item or folder @item. */
int ref_to(struct db *db, const struct kinds *kinds, int64_t item, ref_fn fn,
	   void *arg, struct why *why);

/* The live item or folder that @ref leads to; -ENOENT: nothing. */
int ref_resolve(struct db *db, const struct kinds *kinds, const struct ref *ref,
		int64_t *ret_item, struct why *why);

/* The next item above @after that has a reference to nothing: 1 or 0. */
int ref_next_missing(struct db *db, int64_t after, int64_t *ret_item,
		     struct why *why);

/* ---- paths and kinds ---- */

/* What has a path: an item, a folder, both or none (0). */
struct ref_place {
	int64_t item, folder;
};
int ref_find(struct db *db, const char *path, struct ref_place *ret,
	     struct why *why);

/* Append the path that leads to an entry at @at, with a NUL. -ENOENT. */
int ref_path(struct db *db, int64_t at, int64_t item, struct buf *out,
	     struct why *why);
/* ... to the name @name in the folder @parent. */
int ref_path_in(struct db *db, int64_t at, int64_t parent, const char *name,
		bool folder, struct buf *out, struct why *why);

/* How many folders the two paths share. */
size_t ref_shared_folders(const char *a, const char *b);

/* The kind of the live item @item; *ret is NULL: plain. */
int ref_kind(struct db *db, const struct kinds *kinds, int64_t item,
	     const struct kind **ret, struct why *why);

/* The id that a live item has of itself, appended with a NUL: 1, or 0: none. */
int ref_own_id(struct db *db, int64_t item, unsigned *ret_kind, struct buf *out,
	       struct why *why);

/* 1: *item becomes the next live item above it that has the id; 0: none. */
int ref_next_owner(struct db *db, const char *id, int64_t *item,
		   unsigned *ret_kind, struct why *why);
/* The live items that have the id, in the order of their numbers. Nonzero from
 * the callback ends the walk and is returned; it may query. */
typedef int (*ref_owner_fn)(int64_t item, unsigned kind, void *arg);
int ref_owners(struct db *db, const char *id, ref_owner_fn fn, void *arg,
	       struct why *why);

/* ---- keeping it ---- */

/*
 * Bring the index up to what the moment has changed so far; may be called
 * again. moment_commit() calls it.
 */
int ref_settle(struct moment *m, struct why *why);

#endif
