/*
 * kind - what an item is, as data: where its text refers to other items, which
 * members are secret, which name files.
 *
 * A set of kinds is one JSON text. Some are built in (core/kinds), a
 * repository may have its own; all that a repository knows are kept in it. The
 * kind of an item is that of the nearest folder above it that bears a kind's
 * folder name. An item under none is plain: no references, no secrets.
 *
 *   {"name": SET, "all": {...}, "kinds": [{...}, ...]}
 *
 * A kind, and "all", which holds for each kind of the set, have:
 *
 *   name, folder   what it is called, and the folder's name (not in "all")
 *   variant        {"name": "rule template", "member": "template"}: what it is
 *                  called when that member of its top is true
 *   id             the member of its top that others refer to it by
 *   references     [{"at": PATTERN, "form": FORM, "to": [KIND or "folder",
 *                  ...], "beside": MEMBER}, ...]
 *   secrets        [{"inside": [PATTERN, ...], "words": [WORD, ...]}, or
 *                  {"at": [PATTERN, ...]}, ...]: the members below an object
 *                  whose key, or a key on the way to them, contains a word in
 *                  any case; or the values at a place and below
 *   files          [{"inside": [PATTERN, ...], "begins": [WORD, ...],
 *                  "extensions": true}, ...]: the strings whose key begins so
 *                  or ends in a list of file extensions in parentheses
 *   volatile       [PATTERN, ...]: what changes without anybody's doing
 *
 * For patterns see core/pattern. Forms of a reference:
 *
 *   path           "/rules/A": the item rules/A.json, or the folder rules/A
 *   SCHEME://path  "RULE://A": the same below the folder of the first kind
 *                  that it may lead to
 *   id             the item of one of the kinds that has this id
 *
 * The member "beside" a reference holds the last part of its path.
 *
 * Thread-safety: kinds are never changed once they are loaded.
 */
#ifndef CORE_KIND_H
#define CORE_KIND_H

#include "core/defer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct db;
struct kind;
struct kinds;
struct why;

enum { KIND_MAX = 60 };

/* Sets of kinds: bit N is the kind with number N. */
#define KIND_BIT(kind) (UINT64_C(1) << kind_number(kind))
/* Any kind, and none. */
#define KIND_ANY ((UINT64_C(1) << KIND_MAX) - 1)
/* A reference may lead to a folder. */
#define KIND_FOLDER (UINT64_C(1) << 62)

/* Add a set; -EINVAL, with a sentence on the first mistake in it. */
int kinds_new(struct kinds **ret, struct why *why);
int kinds_add(struct kinds *kinds, const char *json, size_t len,
	      struct why *why);
void kinds_free(struct kinds *kinds);
DEFINE_DROP(kinds, kinds_free);

/* Those that the repository knows. */
int kinds_load(struct db *db, struct kinds **ret, struct why *why);

/*
 * The repository knows the set @json from now on, in place of the one that had
 * its name; with @json NULL, those that are built in. -EINVAL: see kinds_add();
 * -EBUSY: there are items already, which were read by the kinds of before.
 */
int kinds_install(struct db *db, const char *json, size_t len, struct why *why);

size_t kinds_count(const struct kinds *kinds);
const struct kind *kinds_get(const struct kinds *kinds, size_t number);

/* The kind whose folder is called @name, or NULL. */
const struct kind *kinds_by_folder(const struct kinds *kinds, const char *name,
				   size_t len);

/*
 * The kind of what has @path ("/rules/A", not the name of an item file): of
 * the nearest part that is a kind's folder name. The last part counts only
 * with @folder, when it is a folder.
 */
const struct kind *kinds_by_path(const struct kinds *kinds, const char *path,
				 size_t len, int folder);

unsigned kind_number(const struct kind *kind);
const char *kind_name(const struct kind *kind);
const char *kind_set(const struct kind *kind);
const char *kind_folder(const struct kind *kind);
/* Its items have ids of their own. */
bool kind_has_ids(const struct kind *kind);

/* Append a JSON line for each kind: set, kind, folder, refers (to what, in
 * words, or null), secrets, files (true, false). -ENOMEM. */
int kinds_list(const struct kinds *kinds, struct buf *out);
/* Append the sets of kinds as they are kept, JSON objects. */
int kinds_text(struct db *db, struct buf *out, struct why *why);

/* Append the kinds of @bits as words: "rule or folder". */
void kinds_show(const struct kinds *kinds, uint64_t bits, struct buf *out);

#endif
