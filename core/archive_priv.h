/*
 * archive_priv - what the files of archives share. For archive*.c, tar*.c and
 * zip*.c alone.
 *
 * Thread-safety: no state.
 */
#ifndef CORE_ARCHIVE_PRIV_H
#define CORE_ARCHIVE_PRIV_H

#include "core/archive.h"

/* ---- tar_write.c ---- */

int64_t tar_head_size(const struct archive_entry *entry);
void tar_head(const struct archive_entry *entry, struct buf *out);

/* ---- zip_write.c ---- */

/* What begins each record of a zip. */
enum zip_magic {
	ZIP_MEMBER = 0x04034b50,
	ZIP_LISTING = 0x02014b50,
	ZIP_END = 0x06054b50,
	ZIP64_END = 0x06064b50,
	ZIP64_LOCATOR = 0x07064b50,
	ZIP_DESCRIPTOR = 0x08074b50,
};
enum {
	ZIP_MEMBER_SIZE = 30,
	ZIP_LISTING_SIZE = 46,
	ZIP_END_SIZE = 22,
	ZIP64_END_SIZE = 56,
	ZIP64_LOCATOR_SIZE = 20,
};
/* What a field of 32 or 16 bits holds if the number is elsewhere. */
#define ZIP_ELSEWHERE 0xffffffffU
enum { ZIP_COUNT_ELSEWHERE = 0xffff };
enum zip_extra {
	ZIP_EXTRA_64 = 0x0001,
	ZIP_EXTRA_TIME = 0x5455,
	ZIP_EXTRA_OWNER = 0x7875,
	ZIP_EXTRA_NAME = 0x7075,
};
enum zip_flag {
	ZIP_ENCRYPTED = 1 << 0,
	ZIP_DESCRIBED = 1 << 3, /* sizes come after the bytes */
	ZIP_UTF8 = 1 << 11,
	ZIP_HIDDEN = 1 << 13, /* encrypted, too */
};

int64_t zip_head_size(const struct archive_entry *entry);
int64_t zip_listing_size(const struct archive_entry *entry, int64_t at);
int64_t zip_end_size(const struct archive_size *size);
void zip_head(const struct archive_entry *entry, uint32_t crc, struct buf *out);
void zip_listing(const struct archive_entry *entry, uint32_t crc, int64_t at,
		 struct buf *out);
void zip_end(const struct archive_size *size, struct buf *out);

/* ---- reading: tar_read.c, zip_read.c ---- */

struct names;

/* What the reading of either is about. */
struct archive_reading {
	int fd;
	const struct archive_limits *limits;
	archive_fn fn;
	void *arg;
	struct names *names;
};

/* 0, nonzero from the callback, or negative errno. */
int tar_read(const struct archive_reading *reading, struct why *why);
int zip_read(const struct archive_reading *reading, struct why *why);

#endif
