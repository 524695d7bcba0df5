/*
 * own_id - the ids that items have of themselves: who else has one, and new
 * ones.
 *
 * Of two live items of one kind no two should have the same: what comes in with
 * one that is taken gets another.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_OWN_ID_H
#define CORE_OWN_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct db;
struct kind;
struct moment;
struct why;

struct own_id {
	int64_t item; /* who has it, or is going to */
	const struct kind *kind;
	const char *id;
};

/* The next live item above *@other that has the id too, as of the last
 * ref_settle(): 1, and *@other is that, or 0. */
int own_id_rival(struct db *db, const struct own_id *own, int64_t *other,
		 struct why *why);

/* Append 24 hexadecimal digits, and a NUL. */
int own_id_make(struct moment *m, struct buf *out, struct why *why);

/* How much of "/a/flows/x/F" says below which folder of the kind that is:
 * "/a/flows"; 0: it is below none. */
size_t own_id_part(const struct kind *kind, const char *path);

/* Are the two, each of a kind and with a path, below the folder that holds the
 * folder of the other's kind? "/a/flows/F" and "/a/exports/x/E" are. */
bool own_id_together(const struct kind *a_kind, const char *a,
		     const struct kind *b_kind, const char *b);

/* @item is a copy of @original, for good. */
int own_id_copied(struct moment *m, int64_t item, int64_t original,
		  struct why *why);
/* What @item is a copy of: 1, or 0: it is not known to be one. */
int own_id_original(struct db *db, int64_t item, int64_t *ret, struct why *why);
/* The next copy of @original below *@item, be it live or not: 1, and *@item is
 * that, or 0. */
int own_id_copy(struct db *db, int64_t original, int64_t *item,
		struct why *why);

#endif
