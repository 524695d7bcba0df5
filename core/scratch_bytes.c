#include "core/scratch.h"

#include "core/blob.h"
#include "core/blob_frame.h"
#include "core/buf.h"
#include "core/db.h"
#include "core/moment.h"
#include "core/scratch_bytes.h"
#include "core/store.h"
#include "core/why.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Append zeros until @out holds @len bytes. */
static int pad(struct buf *out, size_t len, struct why *why)
{
	size_t gap;

	if (out->len >= len)
		return 0;
	gap = len - out->len;
	if (buf_reserve(out, gap) < 0)
		return why_set(why, -ENOMEM, "out of memory for zeros");
	memset(out->data + out->len, 0, gap);
	out->len = len;
	return 0;
}

/* Append the bytes of the row's chunk; what is missing at its end is zeros. */
static int unpack_chunk(const struct q *q, int col, struct buf *out,
			struct why *why)
{
	size_t frame_len = q_col_len(q, col), len;
	const void *frame = q_col_blob(q, col);
	int r = frame_size(frame, frame_len, &len, why);

	if (r == 0 && len > SCRATCH_CHUNK)
		r = why_set(why, -EBADMSG, "a stored chunk is too long");
	return r < 0 ? r : blob_unpack(frame, frame_len, len, out, why);
}

static int read_chunks(struct db *db, int64_t id, size_t start, struct buf *out,
		       struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SCRATCH_CHUNKS);
	int r;

	q_i64(&q, 1, id);
	while ((r = q_step(&q, why)) > 0) {
		size_t seq = (size_t)q_col_i64(&q, 0);

		r = pad(out, start + seq * SCRATCH_CHUNK, why);
		if (r == 0)
			r = unpack_chunk(&q, 1, out, why);
		if (r < 0)
			return r;
	}
	return r;
}

int scratch_read(struct db *db, int64_t id, struct buf *out, struct why *why)
{
	size_t start = out->len;
	struct scratch s;
	int r = scratch_get(db, id, &s, why);

	if (r < 0)
		return r;
	if (s.content)
		return blob_get(db, s.content, false, out, why);
	r = read_chunks(db, id, start, out, why);
	return r < 0 ? r : pad(out, start + (size_t)s.size, why);
}

/* ---- writers ---- */

int scratch_drop_chunks(struct moment *m, int64_t id, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_SCRATCH_DROP_CHUNKS);

	q_i64(&q, 1, id);
	return q_run(&q, why);
}

static int put_chunk(struct moment *m, int64_t id, size_t seq,
		     const void *bytes, size_t len, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_SCRATCH_PUT_CHUNK);
	DROP(buf_done) struct buf frame = {0};
	int r = blob_pack(bytes, len, &frame, why);

	if (r < 0)
		return r;
	q_i64(&q, 1, id);
	q_i64(&q, 2, (int64_t)seq);
	q_blob(&q, 3, frame.data, frame.len);
	return q_run(&q, why);
}

static int put_all(struct moment *m, int64_t id, const char *bytes, size_t len,
		   struct why *why)
{
	int r = 0;

	for (size_t seq = 0, at = 0; r == 0 && at < len; seq++) {
		size_t part = len - at < SCRATCH_CHUNK ? len - at
						       : SCRATCH_CHUNK;

		r = put_chunk(m, id, seq, bytes + at, part, why);
		at += part;
	}
	return r;
}

static int set_size(struct moment *m, int64_t id, int64_t size, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_SCRATCH_SET_SIZE);

	q_i64(&q, 1, id);
	q_i64(&q, 2, size);
	q_i64(&q, 3, m->time_ns);
	return q_run(&q, why);
}

static int check_size(int64_t offset, size_t len, struct why *why)
{
	if (len <= SCRATCH_MAX_FILE && offset >= 0 &&
	    offset <= SCRATCH_MAX_FILE - (int64_t)len)
		return 0;
	return why_set(why, -ENOSPC, "a scratch file holds at most %d bytes",
		       SCRATCH_MAX_FILE);
}

static int get_file(struct db *db, int64_t id, struct scratch *ret,
		    struct why *why)
{
	int r = scratch_get(db, id, ret, why);

	if (r == 0 && ret->type != SCRATCH_FILE)
		return why_set(why, -EINVAL,
			       "scratch entry %" PRId64 " is no file", id);
	return r;
}

int scratch_write(struct moment *m, int64_t id, const void *bytes, size_t len,
		  struct why *why)
{
	struct scratch s;
	int r = check_size(0, len, why);

	if (r == 0 && len > 0)
		r = store_room(m->store, why);
	if (r == 0)
		r = get_file(m->db, id, &s, why);
	if (r == 0)
		r = scratch_drop_chunks(m, id, why);
	if (r == 0)
		r = put_all(m, id, bytes, len, why);
	return r < 0 ? r : set_size(m, id, (int64_t)len, why);
}

/* A copy of an item's content gets bytes of its own. */
static int materialise(struct moment *m, const struct scratch *s,
		       struct why *why)
{
	DROP(buf_done) struct buf bytes = {0};
	int r;

	if (!s->content)
		return 0;
	r = blob_get(m->db, s->content, false, &bytes, why);
	return r < 0 ? r : put_all(m, s->id, bytes.data, bytes.len, why);
}

static int read_chunk(struct db *db, int64_t id, size_t seq, struct buf *out,
		      struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SCRATCH_CHUNK);
	int r;

	q_i64(&q, 1, id);
	q_i64(&q, 2, (int64_t)seq);
	r = q_step(&q, why);
	return r <= 0 ? r : unpack_chunk(&q, 0, out, why);
}

/* Replace @len bytes of one chunk from @start on. */
static int patch_chunk(struct moment *m, int64_t id, size_t seq, size_t start,
		       const char *bytes, size_t len, struct why *why)
{
	DROP(buf_done) struct buf chunk = {0};
	int r;

	if (len == SCRATCH_CHUNK)
		return put_chunk(m, id, seq, bytes, len, why);
	r = read_chunk(m->db, id, seq, &chunk, why);
	if (r == 0)
		r = pad(&chunk, start + len, why);
	if (r < 0)
		return r;
	assert(chunk.data); /* it holds start + len bytes */
	memcpy(chunk.data + start, bytes, len);
	return put_chunk(m, id, seq, chunk.data, chunk.len, why);
}

int scratch_patch(struct moment *m, int64_t id, int64_t offset,
		  const void *bytes, size_t len, struct why *why)
{
	const char *from = bytes;
	size_t at = (size_t)offset;
	size_t end = at + len;
	struct scratch s;
	int r = check_size(offset, len, why);

	if (r == 0)
		r = store_room(m->store, why);
	if (r == 0)
		r = get_file(m->db, id, &s, why);
	if (r == 0)
		r = materialise(m, &s, why);
	while (r == 0 && at < end) {
		size_t start = at % SCRATCH_CHUNK;
		size_t room = SCRATCH_CHUNK - start;
		size_t part = end - at < room ? end - at : room;

		r = patch_chunk(m, id, at / SCRATCH_CHUNK, start, from, part,
				why);
		from += part;
		at += part;
	}
	if (r != 0)
		return r;
	return set_size(m, id, (int64_t)end > s.size ? (int64_t)end : s.size,
			why);
}
