/*
 * The members of a tar: ustar and what came before it, the long names of GNU
 * tar, pax headers.
 */
#include "core/archive_names.h"
#include "core/archive_priv.h"
#include "core/buf.h"
#include "core/tar_block.h"
#include "core/unpack.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

/* Of what describes a member, and holds its name. */
enum { HEADER_MAX = 1 << 20 };
static const int64_t second = 1000000000;

struct tar {
	const struct archive_reading *reading;
	struct unpack *unpack;
	int64_t head; /* where the header begins that is looked at */
	struct buf bytes;
	/* What headers before it say of the next member. */
	struct buf name; /* with a NUL; empty: they do not */
	bool has_size, has_time, has_uid, has_gid, begun;
	int64_t size, mtime_ns, uid, gid;
};

static void tar_done(struct tar *t)
{
	unpack_close(t->unpack);
	buf_done(&t->bytes);
	buf_done(&t->name);
}

static int damaged(const struct tar *t, const char *what, struct why *why)
{
	return why_set(why, -EBADMSG,
		       "the archive is damaged at byte %" PRId64 ": %s",
		       t->head, what);
}

static int no_memory(struct why *why)
{
	return why_set(why, -ENOMEM, "out of memory");
}

/* Exactly @size bytes. */
static int take(struct tar *t, void *bytes, size_t size, struct why *why)
{
	size_t len;
	int r = unpack_read(t->unpack, bytes, size, &len, why);

	if (r < 0 || len == size)
		return r;
	return why_set(why, -EBADMSG,
		       "the archive is cut: it ends at byte %" PRId64,
		       unpack_at(t->unpack));
}

/* @size bytes, and what fills up their last block. */
static int take_padded(struct tar *t, int64_t size, struct buf *out,
		       struct why *why)
{
	size_t pad = (size_t)((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
	int r;

	buf_reset(out);
	if (buf_reserve(out, (size_t)size + pad + 1) < 0)
		return no_memory(why);
	r = take(t, out->data, (size_t)size + pad, why);
	if (r < 0)
		return r;
	out->len = (size_t)size;
	out->data[size] = '\0';
	return 0;
}

/* ---- what describes the next member ---- */

static int set_name(struct tar *t, const char *name, size_t len,
		    struct why *why)
{
	if (memchr(name, '\0', len))
		return damaged(t, "a NUL in a name", why);
	buf_reset(&t->name);
	buf_add(&t->name, name, len);
	buf_byte(&t->name, '\0');
	return buf_error(&t->name) ? no_memory(why) : 0;
}

static bool is_sparse(const struct tar_record *record)
{
	static const char sparse[] = "GNU.sparse.";

	return record->key_len > sizeof(sparse) - 1 &&
	       memcmp(record->key, sparse, sizeof(sparse) - 1) == 0;
}

/* A number that is asked for by this record; an empty value takes it back. */
static int take_number(const struct tar_record *record, bool *ret_has,
		       int64_t *ret)
{
	*ret_has = record->value_len > 0;
	return *ret_has ? tar_record_number(record, ret) : 0;
}

static int take_record(struct tar *t, const struct tar_record *record,
		       struct why *why)
{
	int r = 0;

	if (is_sparse(record))
		return why_set(why, -EINVAL,
			       "a file with holes at byte %" PRId64
			       " of the archive: no item is such",
			       t->head);
	if (tar_record_is(record, "path")) {
		if (record->value_len == 0)
			buf_reset(&t->name);
		else
			return set_name(t, record->value, record->value_len,
					why);
	} else if (tar_record_is(record, "size")) {
		r = take_number(record, &t->has_size, &t->size);
	} else if (tar_record_is(record, "uid")) {
		r = take_number(record, &t->has_uid, &t->uid);
	} else if (tar_record_is(record, "gid")) {
		r = take_number(record, &t->has_gid, &t->gid);
	} else if (tar_record_is(record, "mtime")) {
		t->has_time = record->value_len > 0;
		if (t->has_time)
			r = tar_record_time(record, &t->mtime_ns);
	}
	return r < 0 ? damaged(t, "a pax header with a bad number", why) : 0;
}

/* What is said of all that follows: that we would have to obey is not found in
 * practice, so it is refused; comments are. */
static int take_global(const struct tar *t, const struct tar_record *record,
		       struct why *why)
{
	static const char *const obeyed[] = {"path", "size", "mtime", "uid",
					     "gid"};

	for (size_t i = 0; i < sizeof(obeyed) / sizeof(obeyed[0]); i++)
		if (tar_record_is(record, obeyed[i]))
			return why_set(why, -EINVAL,
				       "a pax header at byte %" PRId64
				       " of the archive gives all members one "
				       "%s",
				       t->head, obeyed[i]);
	return 0;
}

static int take_pax(struct tar *t, bool global, struct why *why)
{
	const char *at = t->bytes.data, *end = at + t->bytes.len;
	struct tar_record record;
	int r;

	while ((r = tar_record(&at, end, &record)) > 0) {
		r = global ? take_global(t, &record, why)
			   : take_record(t, &record, why);
		if (r < 0)
			return r;
	}
	return r < 0 ? damaged(t, "a pax header that is none", why) : 0;
}

/* A header whose bytes speak of the next one. */
static int take_description(struct tar *t, char type, int64_t size,
			    struct why *why)
{
	int r;

	if (size > HEADER_MAX)
		return damaged(t, "a header of more than a mebibyte", why);
	r = take_padded(t, size, &t->bytes, why);
	if (r < 0)
		return r;
	t->begun = t->begun || type != 'g';
	switch (type) {
	case 'x':
	case 'g':
		return take_pax(t, type == 'g', why);
	case 'L':
		return set_name(t, t->bytes.data, strlen(t->bytes.data), why);
	default:
		return 0; /* K: of a link, which is refused itself */
	}
}

/* ---- members ---- */

static const char *refused_as(char type)
{
	switch (type) {
	case '1':
	case '2':
		return "a link";
	case '3':
	case '4':
		return "a device";
	case '6':
		return "a pipe";
	case 'S':
		return "a file with holes";
	case 'M':
		return "a part of a file";
	default:
		return NULL;
	}
}

/* The name in the header itself. */
static int header_name(struct tar *t, const struct tar_block *h,
		       struct why *why)
{
	bool posix = memcmp(h->magic, "ustar", 6) == 0;
	size_t prefix = posix ? strnlen(h->prefix, sizeof(h->prefix)) : 0;

	buf_reset(&t->name);
	buf_add(&t->name, h->prefix, prefix);
	if (prefix)
		buf_byte(&t->name, '/');
	buf_add(&t->name, h->name, strnlen(h->name, sizeof(h->name)));
	buf_byte(&t->name, '\0');
	return buf_error(&t->name) ? no_memory(why) : 0;
}

static int read_numbers(struct tar *t, const struct tar_block *h,
			struct archive_entry *e, struct why *why)
{
	int64_t mode, uid, gid, mtime;

	if (tar_number(h->mode, sizeof(h->mode), &mode) < 0 ||
	    tar_number(h->uid, sizeof(h->uid), &uid) < 0 ||
	    tar_number(h->gid, sizeof(h->gid), &gid) < 0 ||
	    tar_number(h->mtime, sizeof(h->mtime), &mtime) < 0)
		return damaged(t, "a header with a bad number", why);
	if (t->has_uid)
		uid = t->uid;
	if (t->has_gid)
		gid = t->gid;
	if (uid < 0 || uid > UINT32_MAX || gid < 0 || gid > UINT32_MAX ||
	    mtime <= INT64_MIN / second || mtime >= INT64_MAX / second)
		return damaged(t, "a number that is too large", why);
	e->mode = (mode_t)mode & 07777;
	e->uid = (uid_t)uid;
	e->gid = (gid_t)gid;
	e->mtime_ns = t->has_time ? t->mtime_ns : mtime * second;
	return 0;
}

static int check_size(const struct tar *t, const struct archive_entry *e,
		      struct why *why)
{
	int64_t most = t->reading->limits->max_item;

	if (e->size > INT64_MAX - TAR_BLOCK)
		return damaged(t, "a size that is too large", why);
	if (most && e->size > most)
		return why_set(why, -EFBIG,
			       "'%.*s' has %" PRId64
			       " bytes, more than %" PRId64,
			       NAMES_SHOWN(e->path), e->size, most);
	return 0;
}

static int take_member(struct tar *t, const struct tar_block *h, int64_t size,
		       struct why *why)
{
	const struct archive_reading *reading = t->reading;
	struct archive_entry e = {.size = t->has_size ? t->size : size};
	const char *refused = refused_as(h->type);
	size_t len;
	int r = t->name.len ? 0 : header_name(t, h, why);

	if (r < 0)
		return r;
	len = t->name.len - 1;
	if (refused)
		return why_set(why, -EINVAL, "'%.*s' is %s",
			       NAMES_SHOWN(t->name.data), refused);
	/* Before there were folders, a slash said so. */
	e.folder = h->type == '5' || (len > 0 && t->name.data[len - 1] == '/');
	if (!e.folder && h->type != '0' && h->type != '\0' && h->type != '7')
		return why_set(why, -EINVAL,
			       "'%.*s' is neither a file nor a folder",
			       NAMES_SHOWN(t->name.data));
	if (e.folder && e.size)
		return damaged(t, "a folder that holds bytes", why);
	r = names_add(reading->names, t->name.data, len, e.folder, &e.path,
		      why);
	if (r == 0)
		return 0;
	if (r > 0)
		r = read_numbers(t, h, &e, why);
	if (r == 0)
		r = check_size(t, &e, why);
	if (r == 0)
		r = take_padded(t, e.size, &t->bytes, why);
	if (r < 0)
		return r;
	return reading->fn(&e, e.folder ? NULL : t->bytes.data, reading->arg);
}

static void forget_description(struct tar *t)
{
	buf_reset(&t->name);
	t->has_size = t->has_time = t->has_uid = t->has_gid = false;
	t->begun = false;
}

/* ---- the whole ---- */

/* The first of the two empty blocks was there: the other, and nothing but
 * zeros. */
static int take_end(struct tar *t, struct why *why)
{
	struct tar_block block;
	size_t len;
	int r;

	if (t->begun)
		return damaged(t,
			       "the end comes before a member that was "
			       "announced",
			       why);
	t->head = unpack_at(t->unpack);
	r = take(t, &block, sizeof(block), why);
	if (r < 0)
		return r;
	if (!tar_is_empty(&block))
		return damaged(t, "something follows the end", why);
	do {
		t->head = unpack_at(t->unpack);
		r = unpack_read(t->unpack, &block, sizeof(block), &len, why);
		if (r < 0)
			return r;
		memset((char *)&block + len, 0, sizeof(block) - len);
		if (!tar_is_empty(&block))
			return damaged(t, "something follows the end", why);
	} while (len > 0);
	return 0;
}

static int check_header(const struct tar *t, const struct tar_block *h,
			int64_t *ret_size, struct why *why)
{
	int64_t sum;

	if (tar_number(h->sum, sizeof(h->sum), &sum) < 0 ||
	    sum != (int64_t)tar_sum(h)) {
		if (t->head == 0)
			return why_set(why, -EBADMSG,
				       "it is no tar or zip archive, or "
				       "damaged in its first bytes");
		return damaged(t, "a header whose check sum is wrong", why);
	}
	if (tar_number(h->size, sizeof(h->size), ret_size) < 0 || *ret_size < 0)
		return damaged(t, "a header with a bad size", why);
	return 0;
}

static int take_next(struct tar *t, const struct tar_block *h, struct why *why)
{
	int64_t size;
	int r = check_header(t, h, &size, why);

	if (r < 0)
		return r;
	if (h->type == 'x' || h->type == 'g' || h->type == 'L' ||
	    h->type == 'K')
		return take_description(t, h->type, size, why);
	r = take_member(t, h, size, why);
	forget_description(t);
	return r;
}

int tar_read(const struct archive_reading *reading, struct why *why)
{
	DROP(tar_done) struct tar t = {.reading = reading};
	const struct unpack_limits limits = {reading->limits->max_total,
					     reading->limits->max_ratio};
	struct tar_block block;
	int r = unpack_open(reading->fd, &limits, &t.unpack, why);

	while (r == 0) {
		t.head = unpack_at(t.unpack);
		r = take(&t, &block, sizeof(block), why);
		if (r == 0 && tar_is_empty(&block))
			return take_end(&t, why);
		if (r == 0)
			r = take_next(&t, &block, why);
	}
	return r;
}
