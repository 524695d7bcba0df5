/*
 * secret - the secret store: values by item and member, sealed, and what there
 * is to say about them.
 *
 * Values belong to an item, wherever it stands and whether it is in the tree;
 * a copy is another item and has none.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_SECRET_H
#define CORE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct db;
struct kind;
struct key;
struct why;

/* ---- values, as JSON has them, with any quotes ---- */

int secret_put(struct db *db, const struct key *key, int64_t item,
	       const char *at, const char *value, size_t len, struct why *why);
int secret_drop(struct db *db, int64_t item, const char *at, struct why *why);
/* 1: there is one, 0: not. */
int secret_has(struct db *db, int64_t item, const char *at, struct why *why);
/* Append it: 1, or 0: there is none. -EBADMSG: damaged. */
int secret_get(struct db *db, const struct key *key, int64_t item,
	       const char *at, struct buf *out, struct why *why);
/* How long it is: 1, or 0: there is none. Needs no key. */
int secret_size(struct db *db, int64_t item, const char *at, size_t *ret,
		struct why *why);

/* The next member of @item that has one above @at ("" first), with a NUL in
 * place of what @at holds: 1 or 0. */
int secret_next(struct db *db, int64_t item, struct buf *at, struct why *why);
/* The next item above @after that has any, live or not: 1 or 0. */
int secret_next_item(struct db *db, int64_t after, int64_t *ret,
		     struct why *why);

/*
 * Append @text, that of @item by its kind, with the values in place of null.
 * -ENOKEY, -EBADMSG.
 */
int secret_fill(struct db *db, const struct kind *kind, int64_t item,
		const struct buf *text, struct buf *out, struct why *why);
/* How long that would be; needs no key. */
int secret_fill_size(struct db *db, const struct kind *kind, int64_t item,
		     const struct buf *text, size_t *ret, struct why *why);

/* Does @kind, which may be NULL, know secrets? */
bool secret_in_kind(const struct kind *kind);

/* ---- what items lack ---- */

enum secret_lack { SECRET_LACKS_VALUE = 0, SECRET_LACKS_FILE = 1 };

/* The live item holds @text by its kind, or with @kind NULL none that matters:
 * what it lacks in values is noted anew. For whoever reads each text that
 * changes (core/ref_settle). 1: the text holds values itself; 0. */
struct examination;
int secret_settle(struct db *db, int64_t item, const struct kind *kind,
		  const struct buf *text, const struct examination *found,
		  struct why *why);
int secret_lack_add(struct db *db, int64_t item, enum secret_lack lack,
		    const char *at, struct why *why);
int secret_lack_drop(struct db *db, int64_t item, enum secret_lack lack,
		     const char *at, struct why *why);
int secret_lack_clear(struct db *db, int64_t item, enum secret_lack lack,
		      struct why *why);
/* 1: it is noted. */
int secret_lack_has(struct db *db, int64_t item, enum secret_lack lack,
		    const char *at, struct why *why);
/* The next item above @after that may lack something: 1 or 0. */
int secret_lack_next(struct db *db, int64_t after, int64_t *ret,
		     struct why *why);

#endif
