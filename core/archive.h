/*
 * archive - folders and items as the bytes of a tar or zip file.
 *
 * Writing is a matter of pieces: the head of a member, its bytes, NULs, and
 * what ends the archive. Each piece follows from the entry alone, so whoever
 * has the entries knows the size of the archive beforehand, and can begin
 * anywhere in it (core/backup).
 *
 * Reading refuses whatever is not whole: see archive_read().
 *
 * Thread-safety: no state.
 */
#ifndef CORE_ARCHIVE_H
#define CORE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct why;

enum archive_format { ARCHIVE_TAR, ARCHIVE_ZIP };

struct archive_entry {
	const char *path; /* "rules/No gaps.json": no '/' at either end */
	bool folder;
	mode_t mode; /* permission bits */
	uid_t uid;   /* (uid_t)-1, (gid_t)-1: read, and it does not say */
	gid_t gid;
	int64_t mtime_ns;
	int64_t size; /* 0 for a folder */
};

/* ---- writing ---- */

/*
 * tar: ustar, with a pax header before a member whose name, size, owner or
 * time a ustar header cannot hold. zip: stored, not compressed; names in
 * UTF-8, Unix modes, times to the second, zip64 where it must be.
 */

/* How long an archive is so far; begin with {.format = ...}. */
struct archive_size {
	enum archive_format format;
	int64_t members;   /* bytes of them: where the next one begins */
	int64_t directory; /* bytes of the directory at the end of a zip */
	int64_t count;
};
void archive_size_add(struct archive_size *size,
		      const struct archive_entry *entry);
/* Of the whole archive, if this is all. */
int64_t archive_size_end(const struct archive_size *size);

/* The check sum of the bytes of a member (CRC-32), 0 for a folder. */
uint32_t archive_crc(const void *bytes, size_t len);

/* Append what comes before the bytes of a member: in a tar @crc is not
 * looked at. A failure to grow is the buffer's (buf_error). */
void archive_head(enum archive_format format, const struct archive_entry *entry,
		  uint32_t crc, struct buf *out);
/* How many NULs come after them. */
int64_t archive_pad(enum archive_format format,
		    const struct archive_entry *entry);
/* Append what the directory of a zip says of a member whose head begins at
 * @at; nothing for a tar. These follow all members, in the same order. */
void archive_listing(enum archive_format format,
		     const struct archive_entry *entry, uint32_t crc,
		     int64_t at, struct buf *out);
/* Append what ends the archive, after all of that. */
void archive_end(const struct archive_size *size, struct buf *out);

/* ---- reading ---- */

/* 0: no limit. */
struct archive_limits {
	int64_t max_item;  /* bytes of one item */
	int64_t max_total; /* bytes of all, uncompressed, with what is between
			      them */
	/* The most that may come out of one byte of a compressed archive, once
	 * more than 16 MiB have come out. Of many small items that are alike a
	 * good tar becomes a six-hundredth. */
	int64_t max_ratio;
};

/* A member: @bytes has entry->size of them, and is NULL for a folder. Path and
 * bytes are good during the call. Nonzero ends the reading and is returned. */
typedef int (*archive_fn)(const struct archive_entry *entry, const char *bytes,
			  void *arg);

/*
 * Each folder and item in the archive that the file @fd holds, in the order
 * of the archive, one at a time; read by position, so that the file can be read
 * again. Folders need not be named before what is in them, or at all. What is
 * read can be tar, also compressed by gzip, zstd, xz or bzip2, and zip.
 *
 * Memory holds one item at a time, and 16 bytes for each name.
 *
 * A failure may come after members that were right: who reads an archive to
 * change anything by it waits for the end, or reads it twice. All is checked
 * that can be: check sums, lengths, the end, that nothing follows it. -EBADMSG:
 * damaged, cut, or nothing of these formats. -EINVAL: it holds what a
 * repository cannot, or what is not wanted in an archive: absolute names, "..",
 * names of our own dot directories, no UTF-8, links, devices, a name twice, a
 * file where a folder is, what is encrypted. -EFBIG: over a limit;
 * -ENAMETOOLONG. The reason names the member or the position.
 */
int archive_read(int fd, const struct archive_limits *limits, archive_fn fn,
		 void *arg, struct why *why);

#endif
