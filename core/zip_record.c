#include "core/zip_record.h"

#include "core/archive_priv.h"
#include "core/buf.h"
#include "core/defer.h"
#include "core/utf8.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const int64_t second = 1000000000;

static int damaged(int64_t at, const char *what, struct why *why)
{
	return why_set(why, -EBADMSG,
		       "the archive is damaged at byte %" PRId64 ": %s", at,
		       what);
}

static uint64_t get(const unsigned char *bytes, int size)
{
	uint64_t number = 0;

	while (size > 0)
		number = number << 8 | bytes[--size];
	return number;
}

static uint16_t get16(const unsigned char *bytes)
{
	return (uint16_t)get(bytes, 2);
}

static uint32_t get32(const unsigned char *bytes)
{
	return (uint32_t)get(bytes, 4);
}

int zip_bytes(int fd, int64_t at, void *bytes, size_t len, struct why *why)
{
	char *to = bytes;

	while (len > 0) {
		ssize_t n = at < 0 ? 0 : pread(fd, to, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return why_set(why, -errno,
				       "the archive cannot be read: %s",
				       strerrordesc_np(errno));
		if (n == 0)
			return damaged(at, "it ends there", why);
		to += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* ---- the end ---- */

enum { COMMENT_MAX = 0xffff };

/* Where the last record is whose comment ends with the file. */
static int find_end(int fd, int64_t size, int64_t *ret_at,
		    unsigned char record[ZIP_END_SIZE], struct why *why)
{
	size_t len = size < ZIP_END_SIZE + COMMENT_MAX
			     ? (size_t)size
			     : (size_t)ZIP_END_SIZE + COMMENT_MAX;
	DROP(buf_done) struct buf tail = {0};
	const unsigned char *bytes;
	int r;

	if (buf_reserve(&tail, len) < 0)
		return why_set(why, -ENOMEM, "out of memory");
	r = zip_bytes(fd, size - (int64_t)len, tail.data, len, why);
	if (r < 0)
		return r;
	bytes = (const void *)tail.data;
	for (size_t back = ZIP_END_SIZE; back <= len; back++) {
		const unsigned char *at = bytes + len - back;

		if (get32(at) != ZIP_END ||
		    get16(at + 20) != back - ZIP_END_SIZE)
			continue;
		memcpy(record, at, ZIP_END_SIZE);
		*ret_at = size - (int64_t)back;
		return 0;
	}
	return why_set(why, -EBADMSG,
		       "the archive is cut: the end of a zip is missing");
}

/* Does the field of @size bytes hold @number, or say that it is elsewhere? */
static bool agrees(const unsigned char *bytes, int size, uint64_t number)
{
	uint64_t value = get(bytes, size);

	return value == number || value == (1ULL << 8 * size) - 1;
}

/* The same in 64 bits, if its locator stands before @at, which then is where
 * it begins. */
static int find_end_64(int fd, const unsigned char record[ZIP_END_SIZE],
		       int64_t *at, struct zip_whole *whole, struct why *why)
{
	unsigned char locator[ZIP64_LOCATOR_SIZE], end[ZIP64_END_SIZE];
	int64_t place;
	int r;

	if (*at < ZIP64_LOCATOR_SIZE + ZIP64_END_SIZE)
		return 0;
	r = zip_bytes(fd, *at - ZIP64_LOCATOR_SIZE, locator, sizeof(locator),
		      why);
	if (r < 0 || get32(locator) != ZIP64_LOCATOR)
		return r;
	place = (int64_t)get(locator + 8, 8);
	if (place < 0 || place > *at - ZIP64_LOCATOR_SIZE - ZIP64_END_SIZE)
		return damaged(*at, "its end is said to be where it is not",
			       why);
	r = zip_bytes(fd, place, end, sizeof(end), why);
	if (r < 0)
		return r;
	/* Its length does not count the mark and itself. */
	if (get32(end) != ZIP64_END ||
	    get(end + 4, 8) !=
		    (uint64_t)(*at - ZIP64_LOCATOR_SIZE - place - 12) ||
	    get32(locator + 4) || get32(locator + 16) > 1 || get32(end + 16) ||
	    get32(end + 20) || get(end + 24, 8) != get(end + 32, 8) ||
	    !agrees(record + 10, 2, get(end + 32, 8)) ||
	    !agrees(record + 12, 4, get(end + 40, 8)) ||
	    !agrees(record + 16, 4, get(end + 48, 8)))
		return damaged(place, "its two ends do not agree", why);
	whole->count = (int64_t)get(end + 32, 8);
	whole->end = whole->directory = (int64_t)get(end + 48, 8);
	if (__builtin_add_overflow(whole->directory, get(end + 40, 8),
				   &whole->end))
		return damaged(place, "a size that is too large", why);
	*at = place;
	return 0;
}

int zip_find_end(int fd, int64_t size, struct zip_whole *ret, struct why *why)
{
	unsigned char record[ZIP_END_SIZE];
	struct zip_whole whole;
	int64_t at = 0;
	int r = find_end(fd, size, &at, record, why);

	if (r < 0)
		return r;
	whole.count = get16(record + 10);
	whole.directory = get32(record + 16);
	whole.end = whole.directory + get32(record + 12);
	if ((get16(record + 4) && get16(record + 4) != ZIP_COUNT_ELSEWHERE) ||
	    (get16(record + 6) && get16(record + 6) != ZIP_COUNT_ELSEWHERE) ||
	    get16(record + 8) != get16(record + 10))
		return why_set(why, -EINVAL,
			       "the archive is one of several parts");
	r = find_end_64(fd, record, &at, &whole, why);
	if (r < 0)
		return r;
	if (whole.directory < 0 || whole.end != at || whole.count < 0)
		return damaged(at, "its directory does not end where it should",
			       why);
	*ret = whole;
	return 0;
}

/* ---- what is beside the fields of a member ---- */

/* Numbers of 64 bits, for the fields that say so; in this order. */
static int take_64(struct zip_member *m, const unsigned char *at, size_t len)
{
	int64_t *const fields[] = {&m->size, &m->packed, &m->at};

	m->large = true;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (*fields[i] != ZIP_ELSEWHERE)
			continue;
		if (len < 8)
			return -EBADMSG;
		*fields[i] = (int64_t)get(at, 8);
		if (*fields[i] < 0)
			return -EBADMSG;
		at += 8;
		len -= 8;
	}
	return 0;
}

static int take_owner(struct zip_member *m, const unsigned char *at, size_t len)
{
	size_t uid_len, gid_len;

	if (len < 2 || at[0] != 1)
		return 0; /* of a later version */
	uid_len = at[1];
	if (uid_len > 8 || len < 3 + uid_len)
		return -EBADMSG;
	gid_len = at[2 + uid_len];
	if (gid_len > 8 || len < 3 + uid_len + gid_len)
		return -EBADMSG;
	m->uid = (int64_t)get(at + 2, (int)uid_len);
	m->gid = (int64_t)get(at + 3 + uid_len, (int)gid_len);
	return 0;
}

static int take_extra(struct zip_member *m, unsigned id,
		      const unsigned char *at, size_t len)
{
	switch (id) {
	case ZIP_EXTRA_64:
		return take_64(m, at, len);
	case ZIP_EXTRA_TIME:
		if (len >= 5 && (at[0] & 1))
			m->mtime_ns = (int32_t)get32(at + 1) * second;
		return 0;
	case ZIP_EXTRA_OWNER:
		return take_owner(m, at, len);
	default:
		return 0;
	}
}

static int take_extras(struct zip_member *m, const unsigned char *at,
		       size_t len)
{
	while (len >= 4) {
		size_t size = get16(at + 2);
		int r;

		if (size > len - 4)
			return -EBADMSG;
		r = take_extra(m, get16(at), at + 4, size);
		if (r < 0)
			return r;
		at += 4 + size;
		len -= 4 + size;
	}
	return 0; /* some leave a rest of zeros */
}

/* ---- members ---- */

/* Which zone is meant is not said: UTC. */
static int64_t dos_time(uint32_t t)
{
	struct tm tm = {
		.tm_year = (int)(t >> 25) + 80,
		.tm_mon = (int)(t >> 21 & 15) - 1,
		.tm_mday = (int)(t >> 16 & 31),
		.tm_hour = (int)(t >> 11 & 31),
		.tm_min = (int)(t >> 5 & 63),
		.tm_sec = (int)(t & 31) * 2,
	};

	return (int64_t)timegm(&tm) * second;
}

/* The fields that a record in the directory and one before a member have in
 * the same order; @f is at the version that is needed. */
static void take_fields(struct zip_member *m, const unsigned char *f)
{
	m->flags = get16(f + 2);
	m->method = get16(f + 4);
	m->mtime_ns = dos_time(get32(f + 6));
	m->crc = get32(f + 10);
	m->packed = get32(f + 14);
	m->size = get32(f + 18);
	m->name_len = get16(f + 22);
	m->extra_len = get16(f + 24);
	m->uid = m->gid = -1;
}

/* Name and extras, which follow @fixed bytes of the record at @at. */
static int take_text(int fd, int64_t at, size_t fixed, struct buf *text,
		     struct zip_member *m, struct why *why)
{
	size_t len = m->name_len + m->extra_len;
	const unsigned char *extra;
	int r;

	buf_reset(text);
	if (buf_reserve(text, len + 1) < 0)
		return why_set(why, -ENOMEM, "out of memory");
	r = zip_bytes(fd, at + (int64_t)fixed, text->data, len, why);
	if (r < 0)
		return r;
	text->len = len;
	extra = (const unsigned char *)text->data + m->name_len;
	if (take_extras(m, extra, m->extra_len) < 0)
		return damaged(at, "what is beside a name makes no sense", why);
	m->text = text;
	return 0;
}

int zip_read_listing(int fd, int64_t at, struct buf *text,
		     struct zip_member *ret, struct why *why)
{
	unsigned char f[ZIP_LISTING_SIZE];
	struct zip_member m = {0};
	int r = zip_bytes(fd, at, f, sizeof(f), why);

	if (r < 0)
		return r;
	if (get32(f) != ZIP_LISTING)
		return damaged(at, "no record of the directory", why);
	m.made_by = get16(f + 4);
	take_fields(&m, f + 6);
	m.attributes = get32(f + 38);
	m.at = get32(f + 42);
	if (get16(f + 34) && get16(f + 34) != ZIP_COUNT_ELSEWHERE)
		return damaged(at, "a member in another part", why);
	m.record =
		(int64_t)(sizeof(f) + m.name_len + m.extra_len) + get16(f + 32);
	r = take_text(fd, at, sizeof(f), text, &m, why);
	if (r == 0)
		*ret = m;
	return r;
}

int zip_read_member(int fd, int64_t at, struct buf *text,
		    struct zip_member *ret, struct why *why)
{
	unsigned char f[ZIP_MEMBER_SIZE];
	struct zip_member m = {0};
	int r = zip_bytes(fd, at, f, sizeof(f), why);

	if (r < 0)
		return r;
	if (get32(f) != ZIP_MEMBER)
		return damaged(at, "no member begins there", why);
	take_fields(&m, f + 4);
	m.record = (int64_t)(sizeof(f) + m.name_len + m.extra_len);
	r = take_text(fd, at, sizeof(f), text, &m, why);
	if (r == 0)
		*ret = m;
	return r;
}

/* ---- after the bytes of a member ---- */

/* @wide: bytes of each size. */
static bool is_described(const unsigned char *at, int wide,
			 const struct zip_member *m)
{
	return get32(at) == m->crc &&
	       get(at + 4, wide) == (uint64_t)m->packed &&
	       get(at + 4 + wide, wide) == (uint64_t)m->size;
}

int zip_check_descriptor(int fd, int64_t at, int64_t end,
			 const struct zip_member *m, int64_t *ret_size,
			 struct why *why)
{
	/* With a mark or without, of 64 or 32 bits: nothing says which. Those
	 * with the mark first, since one without could look like any. */
	static const struct {
		size_t mark;
		int wide;
	} forms[] = {{4, 4}, {4, 8}, {0, 4}, {0, 8}};
	unsigned char bytes[24] = {0};
	size_t len = end - at < 24 ? (size_t)(end - at) : 24;
	int r = zip_bytes(fd, at, bytes, len, why);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t size = forms[i].mark + 4 + 2 * (size_t)forms[i].wide;

		if (m->large != (forms[i].wide == 8) || size > len ||
		    (forms[i].mark && get32(bytes) != ZIP_DESCRIPTOR) ||
		    !is_described(bytes + forms[i].mark, forms[i].wide, m))
			continue;
		*ret_size = (int64_t)size;
		return 0;
	}
	return damaged(at,
		       "what describes a member does not agree with the "
		       "directory",
		       why);
}
