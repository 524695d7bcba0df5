/*
 * The records of a zip: before each member, in the directory at the end, and
 * what ends it.
 */
#include "core/archive_priv.h"
#include "core/buf.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
	VERSION = 20,	 /* of the format, that is needed: folders */
	VERSION_64 = 45, /* sizes over 4 GiB */
	MADE_ON_UNIX = 3 << 8,
	DOS_FOLDER = 0x10,
	TIME_EXTRA = 9,
	OWNER_EXTRA = 15,
};
static const int64_t second = 1000000000;

/* @bytes bytes of @number, the lowest first. */
static void put(struct buf *out, uint64_t number, int bytes)
{
	for (; bytes > 0; bytes--) {
		buf_byte(out, (char)(number & 0xff));
		number >>= 8;
	}
}

static bool is_large(int64_t number)
{
	return number >= ZIP_ELSEWHERE;
}

/* What a field of 32 bits holds of it. */
static uint32_t field(int64_t number)
{
	return is_large(number) ? ZIP_ELSEWHERE : (uint32_t)number;
}

static int64_t seconds(const struct archive_entry *e)
{
	int64_t s = e->mtime_ns / second;

	return e->mtime_ns % second < 0 ? s - 1 : s;
}

/* ---- what is beside the fields ---- */

/* The time has 32 bits; others are told by the field in it alone. */
static bool has_time(const struct archive_entry *e)
{
	int64_t s = seconds(e);

	return s >= INT32_MIN && s <= INT32_MAX;
}

static size_t extra_size(const struct archive_entry *e, int64_t at)
{
	size_t size64 =
		(is_large(e->size) ? 16U : 0U) + (is_large(at) ? 8U : 0U);

	return OWNER_EXTRA + (has_time(e) ? TIME_EXTRA : 0U) +
	       (size64 ? 4 + size64 : 0);
}

static void put_extra(struct buf *out, const struct archive_entry *e,
		      int64_t at)
{
	int size64 = (is_large(e->size) ? 16 : 0) + (is_large(at) ? 8 : 0);

	if (size64) {
		put(out, ZIP_EXTRA_64, 2);
		put(out, (uint64_t)size64, 2);
	}
	if (is_large(e->size)) {
		put(out, (uint64_t)e->size, 8);
		put(out, (uint64_t)e->size, 8);
	}
	if (is_large(at))
		put(out, (uint64_t)at, 8);
	if (has_time(e)) {
		put(out, ZIP_EXTRA_TIME, 2);
		put(out, TIME_EXTRA - 4, 2);
		put(out, 1, 1); /* the modification time */
		put(out, (uint64_t)seconds(e), 4);
	}
	put(out, ZIP_EXTRA_OWNER, 2);
	put(out, OWNER_EXTRA - 4, 2);
	put(out, 1, 1); /* version */
	put(out, 4, 1);
	put(out, e->uid, 4);
	put(out, 4, 1);
	put(out, e->gid, 4);
}

/* ---- what is in a member's record and in the directory ---- */

/* Date and time as MS-DOS had them, from 1980 to 2107. */
static uint32_t dos_time(const struct archive_entry *e)
{
	time_t s = (time_t)seconds(e);
	struct tm tm;

	if (!gmtime_r(&s, &tm) || tm.tm_year > 207)
		return 0xff9fbf7dU; /* the last there is */
	if (tm.tm_year < 80)
		return 0x00210000U; /* the first */
	return (uint32_t)(tm.tm_year - 80) << 25 |
	       (uint32_t)(tm.tm_mon + 1) << 21 | (uint32_t)tm.tm_mday << 16 |
	       (uint32_t)tm.tm_hour << 11 | (uint32_t)tm.tm_min << 5 |
	       (uint32_t)tm.tm_sec / 2;
}

static size_t name_size(const struct archive_entry *e)
{
	return strlen(e->path) + e->folder;
}

static void put_common(struct buf *out, const struct archive_entry *e,
		       uint32_t crc, int64_t at)
{
	bool large = is_large(e->size) || is_large(at);

	put(out, large ? VERSION_64 : VERSION, 2);
	put(out, ZIP_UTF8, 2);
	put(out, 0, 2); /* stored */
	put(out, dos_time(e), 4);
	put(out, crc, 4);
	put(out, field(e->size), 4);
	put(out, field(e->size), 4);
	put(out, name_size(e), 2);
	put(out, extra_size(e, at), 2);
}

static void put_name(struct buf *out, const struct archive_entry *e)
{
	buf_text(out, e->path);
	if (e->folder)
		buf_byte(out, '/');
}

int64_t zip_head_size(const struct archive_entry *entry)
{
	return (int64_t)(ZIP_MEMBER_SIZE + name_size(entry) +
			 extra_size(entry, 0));
}

void zip_head(const struct archive_entry *entry, uint32_t crc, struct buf *out)
{
	put(out, ZIP_MEMBER, 4);
	put_common(out, entry, crc, 0);
	put_name(out, entry);
	put_extra(out, entry, 0);
}

int64_t zip_listing_size(const struct archive_entry *entry, int64_t at)
{
	return (int64_t)(ZIP_LISTING_SIZE + name_size(entry) +
			 extra_size(entry, at));
}

void zip_listing(const struct archive_entry *entry, uint32_t crc, int64_t at,
		 struct buf *out)
{
	mode_t mode = (entry->folder ? S_IFDIR : S_IFREG) |
		      (entry->mode & 07777);

	put(out, ZIP_LISTING, 4);
	put(out, MADE_ON_UNIX | VERSION_64, 2);
	put_common(out, entry, crc, at);
	put(out, 0, 2); /* comment */
	put(out, 0, 2); /* disk */
	put(out, 0, 2); /* is it text? nobody looks */
	put(out, mode << 16 | (entry->folder ? DOS_FOLDER : 0U), 4);
	put(out, field(at), 4);
	put_name(out, entry);
	put_extra(out, entry, at);
}

/* ---- the end ---- */

static bool needs_64(const struct archive_size *size)
{
	return size->count >= ZIP_COUNT_ELSEWHERE || is_large(size->members) ||
	       is_large(size->directory);
}

int64_t zip_end_size(const struct archive_size *size)
{
	return ZIP_END_SIZE +
	       (needs_64(size) ? ZIP64_END_SIZE + ZIP64_LOCATOR_SIZE : 0);
}

static void put_end_64(struct buf *out, const struct archive_size *size)
{
	put(out, ZIP64_END, 4);
	put(out, ZIP64_END_SIZE - 12, 8);
	put(out, MADE_ON_UNIX | VERSION_64, 2);
	put(out, VERSION_64, 2);
	put(out, 0, 4);
	put(out, 0, 4);
	put(out, (uint64_t)size->count, 8);
	put(out, (uint64_t)size->count, 8);
	put(out, (uint64_t)size->directory, 8);
	put(out, (uint64_t)size->members, 8);

	put(out, ZIP64_LOCATOR, 4);
	put(out, 0, 4);
	put(out, (uint64_t)(size->members + size->directory), 8);
	put(out, 1, 4);
}

void zip_end(const struct archive_size *size, struct buf *out)
{
	uint64_t count = size->count < ZIP_COUNT_ELSEWHERE
				 ? (uint64_t)size->count
				 : ZIP_COUNT_ELSEWHERE;

	if (needs_64(size))
		put_end_64(out, size);
	put(out, ZIP_END, 4);
	put(out, 0, 2);
	put(out, 0, 2);
	put(out, count, 2);
	put(out, count, 2);
	put(out, field(size->directory), 4);
	put(out, field(size->members), 4);
	put(out, 0, 2);
}
