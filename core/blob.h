/*
 * blob - contents by their SHA-256, each stored once, compressed.
 *
 * A content that resembles an older one is kept as what differs from it, so
 * that a new version of a large item costs what changed.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_BLOB_H
#define CORE_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct db;
struct why;

enum { BLOB_SHA256 = 32 };

/* 0, or -ENOMEM. */
int blob_sha256(const void *bytes, size_t len,
		unsigned char ret_sha[BLOB_SHA256], struct why *why);

/*
 * Store @bytes and give their id; a content that is there already is not
 * stored again. @like is the id of a content that these bytes probably
 * resemble (the former version), or 0. Within a write transaction.
 */
int blob_put(struct db *db, const void *bytes, size_t len, int64_t like,
	     int64_t *ret_id, struct why *why);
/* The same for who knows their SHA-256. */
int blob_put_hashed(struct db *db, const void *bytes, size_t len,
		    const unsigned char sha[BLOB_SHA256], int64_t like,
		    int64_t *ret_id, struct why *why);

/* The id of the content with these bytes, or 0. */
int blob_find(struct db *db, const void *bytes, size_t len, int64_t *ret_id,
	      struct why *why);

/* Append the bytes of content @id to @out. -EBADMSG: what is stored is not
 * what was stored (size or frame; the SHA-256 only when @verify). */
int blob_get(struct db *db, int64_t id, bool verify, struct buf *out,
	     struct why *why);

/* Size and SHA-256 without reading the bytes; either output may be NULL. */
int blob_stat(struct db *db, int64_t id, int64_t *ret_size,
	      unsigned char ret_sha[BLOB_SHA256], struct why *why);

/* The same compression for bytes that are no content (rejected, scratch). */
int blob_pack(const void *bytes, size_t len, struct buf *out, struct why *why);
int blob_unpack(const void *frame, size_t frame_len, size_t len,
		struct buf *out, struct why *why);

#endif
