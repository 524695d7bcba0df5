#include "core/scratch.h"

#include "core/blob.h"
#include "core/blob_frame.h"
#include "core/buf.h"
#include "core/db.h"
#include "core/key.h"
#include "core/moment.h"
#include "core/scratch_bytes.h"
#include "core/secret_guard.h"
#include "core/secret_key.h"
#include "core/store.h"
#include "core/why.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
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

/* One piece of a file. */
struct chunk {
	int64_t id;
	size_t seq;
	bool sealed;
};

/* Bound to its place, so that pieces cannot be exchanged. */
struct chunk_name {
	char text[24];
};

static struct key_place place_of(const struct chunk *chunk,
				 struct chunk_name *name)
{
	(void)snprintf(name->text, sizeof(name->text), "%zu", chunk->seq);
	return (struct key_place){"scratch", chunk->id, name->text};
}

static int unpack_frame(const void *frame, size_t frame_len, struct buf *out,
			struct why *why)
{
	size_t len;
	int r = frame_size(frame, frame_len, &len, why);

	if (r == 0 && len > SCRATCH_CHUNK)
		r = why_set(why, -EBADMSG, "a stored chunk is too long");
	return r < 0 ? r : blob_unpack(frame, frame_len, len, out, why);
}

/* Append the bytes of the row's chunk; what is missing at its end is zeros. */
static int unpack_chunk(const struct chunk *chunk, const struct q *q, int col,
			struct buf *out, struct why *why)
{
	DROP(buf_done) struct buf frame = {0};
	struct chunk_name name;
	const struct key_place place = place_of(chunk, &name);
	int r;

	if (!chunk->sealed)
		return unpack_frame(q_col_blob(q, col), q_col_len(q, col), out,
				    why);
	r = secret_unseal(q->db, &place, q_col_blob(q, col), q_col_len(q, col),
			  &frame, why);
	return r < 0 ? r : unpack_frame(frame.data, frame.len, out, why);
}

static int read_chunks(struct db *db, const struct scratch *s, size_t start,
		       struct buf *out, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SCRATCH_CHUNKS);
	struct chunk chunk = {.id = s->id, .sealed = s->sealed};
	int r;

	q_i64(&q, 1, s->id);
	while ((r = q_step(&q, why)) > 0) {
		chunk.seq = (size_t)q_col_i64(&q, 0);
		r = pad(out, start + chunk.seq * SCRATCH_CHUNK, why);
		if (r == 0)
			r = unpack_chunk(&chunk, &q, 1, out, why);
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
	r = read_chunks(db, &s, start, out, why);
	return r < 0 ? r : pad(out, start + (size_t)s.size, why);
}

/* ---- writers ---- */

int scratch_drop_chunks(struct moment *m, int64_t id, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_SCRATCH_DROP_CHUNKS);

	q_i64(&q, 1, id);
	return q_run(&q, why);
}

static int put_chunk(struct moment *m, const struct chunk *chunk,
		     const void *bytes, size_t len, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_SCRATCH_PUT_CHUNK);
	DROP(buf_done) struct buf frame = {0}, sealed = {0};
	const struct buf *stored = chunk->sealed ? &sealed : &frame;
	struct chunk_name name;
	const struct key_place place = place_of(chunk, &name);
	int r = blob_pack(bytes, len, &frame, why);

	if (r == 0 && chunk->sealed)
		r = secret_seal(m->db, &place, frame.data, frame.len, &sealed,
				why);
	if (r < 0)
		return r;
	q_i64(&q, 1, chunk->id);
	q_i64(&q, 2, (int64_t)chunk->seq);
	q_blob(&q, 3, stored->data, stored->len);
	return q_run(&q, why);
}

static int put_all(struct moment *m, const struct scratch *s, const char *bytes,
		   size_t len, struct why *why)
{
	struct chunk chunk = {.id = s->id, .sealed = s->sealed};
	int r = 0;

	for (size_t at = 0; r == 0 && at < len; chunk.seq++) {
		size_t part = len - at < SCRATCH_CHUNK ? len - at
						       : SCRATCH_CHUNK;

		r = put_chunk(m, &chunk, bytes + at, part, why);
		at += part;
	}
	return r;
}

static int set_size(struct moment *m, const struct scratch *s, int64_t size,
		    struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_SCRATCH_SET_SIZE);

	q_i64(&q, 1, s->id);
	q_i64(&q, 2, size);
	q_i64(&q, 3, m->time_ns);
	q_i64(&q, 4, s->sealed);
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

/* Does what the file is to hold have to be sealed? What is so once stays so
 * until it is written anew. */
static int decide(struct moment *m, struct scratch *s, const void *bytes,
		  size_t len, struct why *why)
{
	int r = secret_suspect_file(m->db, store_kinds(m->store), s->parent,
				    bytes, len, why);

	if (r >= 0)
		s->sealed = r > 0;
	return r < 0 ? r : 0;
}

static int write_all(struct moment *m, const struct scratch *s,
		     const void *bytes, size_t len, struct why *why)
{
	int r = scratch_drop_chunks(m, s->id, why);

	if (r == 0)
		r = put_all(m, s, bytes, len, why);
	return r < 0 ? r : set_size(m, s, (int64_t)len, why);
}

int scratch_write(struct moment *m, int64_t id, const void *bytes, size_t len,
		  struct why *why)
{
	struct scratch s = {0};
	int r = check_size(0, len, why);

	if (r == 0 && len > 0)
		r = store_room(m->store, why);
	if (r == 0)
		r = get_file(m->db, id, &s, why);
	if (r == 0)
		r = decide(m, &s, bytes, len, why);
	return r < 0 ? r : write_all(m, &s, bytes, len, why);
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
	return r < 0 ? r : put_all(m, s, bytes.data, bytes.len, why);
}

static int read_chunk(struct db *db, const struct chunk *chunk, struct buf *out,
		      struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_SCRATCH_CHUNK);
	int r;

	q_i64(&q, 1, chunk->id);
	q_i64(&q, 2, (int64_t)chunk->seq);
	r = q_step(&q, why);
	return r <= 0 ? r : unpack_chunk(chunk, &q, 0, out, why);
}

/* Replace @len bytes of one chunk from @start on. */
static int patch_chunk(struct moment *m, const struct chunk *chunk,
		       size_t start, const char *bytes, size_t len,
		       struct why *why)
{
	DROP(buf_done) struct buf whole = {0};
	int r;

	if (len == SCRATCH_CHUNK)
		return put_chunk(m, chunk, bytes, len, why);
	r = read_chunk(m->db, chunk, &whole, why);
	if (r == 0)
		r = pad(&whole, start + len, why);
	if (r < 0)
		return r;
	assert(whole.data); /* it holds start + len bytes */
	memcpy(whole.data + start, bytes, len);
	return put_chunk(m, chunk, whole.data, whole.len, why);
}

int scratch_patch(struct moment *m, int64_t id, int64_t offset,
		  const void *bytes, size_t len, struct why *why)
{
	const char *from = bytes;
	size_t at = (size_t)offset;
	size_t end = at + len;
	struct scratch s = {0};
	int r = check_size(offset, len, why);

	if (r == 0)
		r = store_room(m->store, why);
	if (r == 0)
		r = get_file(m->db, id, &s, why);
	if (r == 0)
		r = materialise(m, &s, why);
	while (r == 0 && at < end) {
		const struct chunk chunk = {id, at / SCRATCH_CHUNK, s.sealed};
		size_t start = at % SCRATCH_CHUNK;
		size_t room = SCRATCH_CHUNK - start;
		size_t part = end - at < room ? end - at : room;

		r = patch_chunk(m, &chunk, start, from, part, why);
		from += part;
		at += part;
	}
	if (r != 0)
		return r;
	return set_size(m, &s, (int64_t)end > s.size ? (int64_t)end : s.size,
			why);
}

int scratch_save(struct moment *m, int64_t id, const char *bytes, size_t len,
		 size_t from, size_t to, struct why *why)
{
	struct scratch s = {0};
	bool was;
	int r = get_file(m->db, id, &s, why);

	if (r < 0)
		return r;
	if (from == 0 && to >= len)
		return scratch_write(m, id, bytes, len, why);
	was = s.sealed;
	if (!was)
		r = decide(m, &s, bytes, len, why);
	if (r == 0 && s.sealed == was)
		return scratch_patch(m, id, (int64_t)from, bytes + from,
				     to - from, why);
	if (r == 0)
		r = check_size(0, len, why);
	if (r == 0)
		r = store_room(m->store, why);
	return r < 0 ? r : write_all(m, &s, bytes, len, why);
}
