#include "core/blob.h"

#include "core/blob_frame.h"
#include "core/buf.h"
#include "core/db.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <string.h>

enum {
	/* A delta this many times smaller than the bytes is taken at once,
	 * without compressing them whole to compare. */
	SURELY_SMALL = 64,
	/* A base this many times larger costs more to read than it saves. */
	BASE_TIMES = 4,
	BASE_FLOOR = 64 << 10,
};

int blob_sha256(const void *bytes, size_t len,
		unsigned char ret_sha[BLOB_SHA256], struct why *why)
{
	if (EVP_Digest(bytes, len, ret_sha, NULL, EVP_sha256(), NULL) != 1)
		return why_set(why, -ENOMEM, "out of memory to hash");
	return 0;
}

int blob_pack(const void *bytes, size_t len, struct buf *out, struct why *why)
{
	return frame_pack(bytes, len, NULL, out, why);
}

int blob_unpack(const void *frame, size_t frame_len, size_t len,
		struct buf *out, struct why *why)
{
	return frame_unpack(frame, frame_len, len, NULL, out, why);
}

/* ---- reading ---- */

static int no_content(int64_t id, struct why *why)
{
	return why_set(why, -ENOENT, "there is no content %" PRId64, id);
}

static int step_content(struct q *q, int64_t id, struct why *why)
{
	int r;

	q_i64(q, 1, id);
	r = q_step(q, why);
	if (r < 0)
		return r;
	return r > 0 ? 0 : no_content(id, why);
}

/* The bytes of a content that others are made against; it is whole. */
static int get_base(struct db *db, int64_t id, struct buf *out, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_CONTENT_BASE);
	const void *frame;
	size_t frame_len;
	int r = step_content(&q, id, why);

	if (r < 0)
		return r;
	if (q_col_i64(&q, 1))
		return why_set(why, -EBADMSG,
			       "content %" PRId64 " is no base: not whole", id);
	frame = q_col_blob(&q, 2);
	frame_len = q_col_len(&q, 2);
	return frame_unpack(frame, frame_len, (size_t)q_col_i64(&q, 0), NULL,
			    out, why);
}

static int check_sha(const struct q *q, const char *bytes, size_t len,
		     int64_t id, struct why *why)
{
	unsigned char sha[BLOB_SHA256];
	const void *stored = q_col_blob(q, 3);
	int r = blob_sha256(bytes, len, sha, why);

	if (r < 0)
		return r;
	if (q_col_len(q, 3) != sizeof(sha) ||
	    memcmp(sha, stored, sizeof(sha)) != 0)
		return why_set(why, -EBADMSG,
			       "content %" PRId64 " is not what was stored",
			       id);
	return 0;
}

int blob_get(struct db *db, int64_t id, bool verify, struct buf *out,
	     struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_CONTENT_GET);
	DROP(buf_done) struct buf base = {0};
	struct prefix prefix;
	const void *frame;
	size_t frame_len, len;
	int64_t base_id;
	int r = step_content(&q, id, why);

	if (r < 0)
		return r;
	len = (size_t)q_col_i64(&q, 0);
	base_id = q_col_i64(&q, 1);
	if (base_id) {
		r = get_base(db, base_id, &base, why);
		/* A content without its base is damaged, not absent. */
		if (r == -ENOENT)
			r = why_set(why, -EBADMSG,
				    "content %" PRId64 " has lost its base",
				    id);
		if (r < 0)
			return r;
	}
	prefix = (struct prefix){base.data, base.len};
	frame = q_col_blob(&q, 2);
	frame_len = q_col_len(&q, 2);
	r = frame_unpack(frame, frame_len, len, base_id ? &prefix : NULL, out,
			 why);
	if (r < 0 || !verify)
		return r;
	r = check_sha(&q, out->data + out->len - len, len, id, why);
	if (r < 0)
		out->len -= len;
	return r;
}

int blob_stat(struct db *db, int64_t id, int64_t *ret_size,
	      unsigned char ret_sha[BLOB_SHA256], struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_CONTENT_STAT);
	int r = step_content(&q, id, why);

	if (r < 0)
		return r;
	if (q_col_len(&q, 2) != BLOB_SHA256)
		return why_set(why, -EBADMSG,
			       "content %" PRId64 " has no SHA-256", id);
	if (ret_size)
		*ret_size = q_col_i64(&q, 0);
	if (ret_sha)
		memcpy(ret_sha, q_col_blob(&q, 2), BLOB_SHA256);
	return 0;
}

/* ---- storing ---- */

/* The content that has this SHA-256: *ret_id, 0 if none. */
static int find_sha(struct db *db, const unsigned char sha[BLOB_SHA256],
		    int64_t *ret_id, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_CONTENT_FIND);
	int r;

	q_blob(&q, 1, sha, BLOB_SHA256);
	r = q_step(&q, why);
	if (r < 0)
		return r;
	*ret_id = r > 0 ? q_col_i64(&q, 0) : 0;
	return 0;
}

int blob_find(struct db *db, const void *bytes, size_t len, int64_t *ret_id,
	      struct why *why)
{
	unsigned char sha[BLOB_SHA256];
	int r = blob_sha256(bytes, len, sha, why);

	return r < 0 ? r : find_sha(db, sha, ret_id, why);
}

/* The whole content to make a delta against when @like resembles the bytes:
 * *ret_base, 0 if it would not pay. */
static int choose_base(struct db *db, int64_t like, size_t len,
		       int64_t *ret_base, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_CONTENT_STAT);
	int64_t size, base;
	int r = step_content(&q, like, why);

	if (r < 0)
		return r;
	/* A delta is about as long as its base. */
	size = q_col_i64(&q, 0);
	base = q_col_i64(&q, 1);
	if ((size_t)size > BASE_TIMES * len + BASE_FLOOR)
		*ret_base = 0;
	else
		*ret_base = base ? base : like;
	return 0;
}

/* The frame of the bytes as what differs from @like, if that is small. */
static int pack_delta(struct db *db, int64_t like, const void *bytes,
		      size_t len, struct buf *out, int64_t *ret_base,
		      struct why *why)
{
	DROP(buf_done) struct buf base = {0};
	struct prefix prefix;
	int64_t id;
	int r = choose_base(db, like, len, &id, why);

	if (r < 0 || !id)
		return r;
	r = get_base(db, id, &base, why);
	if (r < 0)
		return r;
	prefix = (struct prefix){base.data, base.len};
	r = frame_pack(bytes, len, &prefix, out, why);
	if (r == 0)
		*ret_base = id;
	return r;
}

/* The smaller of both frames; whole unless the delta is far smaller, since
 * what is whole reads faster and can be a base. */
static int pack_best(struct db *db, int64_t like, const void *bytes, size_t len,
		     struct buf *out, int64_t *ret_base, struct why *why)
{
	DROP(buf_done) struct buf delta = {0};
	int64_t base = 0;
	int r = 0;

	if (like)
		r = pack_delta(db, like, bytes, len, &delta, &base, why);
	/* A former version that cannot be read must not stop the next one. */
	if (r < 0 && r != -ENOENT && r != -EBADMSG && r != -EFBIG)
		return r;
	if (!base || delta.len > len / SURELY_SMALL) {
		r = blob_pack(bytes, len, out, why);
		if (r < 0)
			return r;
	}
	if (base && (out->len == 0 || delta.len * 2 < out->len)) {
		struct buf whole = *out;

		*out = delta;
		delta = whole;
		*ret_base = base;
	}
	return 0;
}

static int add_content(struct db *db, const unsigned char sha[BLOB_SHA256],
		       size_t len, int64_t base, const struct buf *frame,
		       int64_t *ret_id, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_CONTENT_ADD);
	int r;

	q_blob(&q, 1, sha, BLOB_SHA256);
	q_i64(&q, 2, (int64_t)len);
	q_id(&q, 3, base);
	q_blob(&q, 4, frame->data, frame->len);
	r = q_step(&q, why);
	if (r < 0)
		return r;
	*ret_id = q_col_i64(&q, 0);
	return 0;
}

int blob_put(struct db *db, const void *bytes, size_t len, int64_t like,
	     int64_t *ret_id, struct why *why)
{
	unsigned char sha[BLOB_SHA256];
	int r = blob_sha256(bytes, len, sha, why);

	return r < 0 ? r
		     : blob_put_hashed(db, bytes, len, sha, like, ret_id, why);
}

int blob_put_hashed(struct db *db, const void *bytes, size_t len,
		    const unsigned char sha[BLOB_SHA256], int64_t like,
		    int64_t *ret_id, struct why *why)
{
	DROP(buf_done) struct buf frame = {0};
	int64_t base = 0, id;
	int r = find_sha(db, sha, &id, why);

	if (r < 0)
		return r;
	if (id) {
		*ret_id = id;
		return 0;
	}
	r = pack_best(db, like, bytes, len, &frame, &base, why);
	if (r < 0)
		return r;
	return add_content(db, sha, len, base, &frame, ret_id, why);
}
