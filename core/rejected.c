#include "core/report.h"

#include "core/blob.h"
#include "core/buf.h"
#include "core/db.h"
#include "core/key.h"
#include "core/kind.h"
#include "core/secret_guard.h"
#include "core/secret_key.h"
#include "core/store.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>

enum {
	REJECTED_KEEP = 200,
	REJECTED_KEEP_BYTES = 64 << 20,
};

static int prune(struct moment *m, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_REJECTED_PRUNE);

	q_i64(&q, 1, REJECTED_KEEP);
	q_i64(&q, 2, REJECTED_KEEP_BYTES);
	return q_run(&q, why);
}

/* Does what was to be an item of the folder have to be sealed? */
static int must_seal(struct moment *m, const struct rejected *what,
		     const void *bytes, struct why *why)
{
	const struct kind *kind = NULL;
	int r = secret_folder_kind(m->db, store_kinds(m->store), what->folder,
				   &kind, why);

	return r < 0 ? r : secret_suspect(kind, bytes, (size_t)what->size, why);
}

static struct key_place place_of(int64_t id)
{
	return (struct key_place){"rejected", id, NULL};
}

/* The frame as it is stored. *ret_sealed: it is. */
static int pack(struct moment *m, const struct rejected *what,
		const void *bytes, int64_t id, struct buf *out,
		bool *ret_sealed, struct why *why)
{
	DROP(buf_done) struct buf frame = {0};
	const struct key_place place = place_of(id);
	int r = must_seal(m, what, bytes, why);

	*ret_sealed = r > 0;
	if (r <= 0)
		return r < 0 ? r
			     : blob_pack(bytes, (size_t)what->size, out, why);
	r = blob_pack(bytes, (size_t)what->size, &frame, why);
	return r < 0 ? r
		     : secret_seal(m->db, &place, frame.data, frame.len, out,
				   why);
}

int rejected_keep(struct moment *m, const struct rejected *what,
		  const void *bytes, int64_t *ret_id, struct why *why)
{
	DROP(buf_done) struct buf frame = {0};
	DROP(q_close) struct q q = q_open(m->db, STMT_REJECTED_ADD);
	/* Never the number of one that was dropped: the kernel may still know
	 * its bytes by it. */
	int64_t id = store_next_id(m->store);
	bool sealed;
	int r = pack(m, what, bytes, id, &frame, &sealed, why);

	if (r < 0)
		return r;
	q_i64(&q, 1, id);
	q_i64(&q, 2, what->folder);
	q_text(&q, 3, what->name);
	q_i64(&q, 4, m->time_ns);
	q_i64(&q, 5, m->who.uid);
	q_i64(&q, 6, what->size);
	q_blob(&q, 7, frame.data, frame.len);
	q_text(&q, 8, what->reason);
	q_i64(&q, 9, sealed);
	r = q_run(&q, why);
	if (r == 0)
		r = prune(m, why);
	if (r < 0)
		return r;
	*ret_id = id;
	return 0;
}

int rejected_drop(struct moment *m, int64_t id, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_REJECTED_DROP);

	q_i64(&q, 1, id);
	return q_run(&q, why);
}

int rejected_list(struct db *db, int64_t folder, int64_t after, rejected_fn fn,
		  void *arg, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_REJECTED_LIST);
	int r;

	q_i64(&q, 1, folder);
	q_i64(&q, 2, after);
	while ((r = q_step(&q, why)) > 0) {
		struct rejected row = {
			.id = q_col_i64(&q, 0),
			.folder = q_col_i64(&q, 1),
			.name = q_col_text(&q, 2),
			.time_ns = q_col_i64(&q, 3),
			.uid = (uid_t)q_col_i64(&q, 4),
			.size = q_col_i64(&q, 5),
			.reason = q_col_text(&q, 6),
			.sealed = q_col_i64(&q, 7) != 0,
		};

		r = fn(&row, arg);
		if (r != 0)
			return r;
	}
	return r;
}

static int unpack(const struct q *q, int64_t id, struct buf *out,
		  struct why *why)
{
	DROP(buf_done) struct buf frame = {0};
	const struct key_place place = place_of(id);
	size_t size = (size_t)q_col_i64(q, 3);
	int r;

	if (!q_col_i64(q, 5))
		return blob_unpack(q_col_blob(q, 4), q_col_len(q, 4), size, out,
				   why);
	r = secret_unseal(q->db, &place, q_col_blob(q, 4), q_col_len(q, 4),
			  &frame, why);
	return r < 0 ? r : blob_unpack(frame.data, frame.len, size, out, why);
}

int rejected_get(struct db *db, int64_t id, struct buf *bytes,
		 int64_t *ret_folder, int64_t *ret_time_ns, uid_t *ret_uid,
		 struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_REJECTED_GET);
	int r;

	q_i64(&q, 1, id);
	r = q_step(&q, why);
	if (r < 0)
		return r;
	if (r == 0)
		return why_set(why, -ENOENT,
			       "nothing that was refused has number %" PRId64,
			       id);
	if (bytes)
		r = unpack(&q, id, bytes, why);
	if (r < 0)
		return r;
	if (ret_folder)
		*ret_folder = q_col_i64(&q, 0);
	if (ret_time_ns)
		*ret_time_ns = q_col_i64(&q, 1);
	if (ret_uid)
		*ret_uid = (uid_t)q_col_i64(&q, 2);
	return 0;
}
