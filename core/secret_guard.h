/*
 * secret_guard - bytes that are no item (yet, or never) and may hold a secret:
 * temporary files of editors and copiers, what was refused.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_SECRET_GUARD_H
#define CORE_SECRET_GUARD_H

#include <stddef.h>
#include <stdint.h>

struct db;
struct kind;
struct kinds;
struct why;

/* The kind of items in @folder, a live folder or a scratch folder below one;
 * *ret is NULL: they are plain. */
int secret_folder_kind(struct db *db, const struct kinds *kinds, int64_t folder,
		       const struct kind **ret, struct why *why);

/*
 * Must these bytes be sealed when they are stored? 1: as an item of the kind
 * (NULL: plain) they hold a secret, or it cannot be told, since they are no
 * JSON; 0.
 */
int secret_suspect(const struct kind *kind, const void *bytes, size_t len,
		   struct why *why);

/* The same for a file in @folder. In one of no kind it may be on its way to
 * another: 1 also if it holds a secret by any kind, or is the beginning of an
 * item. */
int secret_suspect_file(struct db *db, const struct kinds *kinds,
			int64_t folder, const void *bytes, size_t len,
			struct why *why);

/* The entry of the live folder @folder that leads to the live item @item: 1; 0:
 * it is not below that, or not live. */
int secret_child(struct db *db, int64_t folder, int64_t item, int64_t *ret,
		 struct why *why);

#endif
