/*
 * unpack - the bytes of a file from its beginning to its end, decompressed if
 * they begin as gzip, zstd, xz or bzip2 do.
 *
 * The compressed file is verified whole, to its last byte: check sums, and that
 * nothing but zeros follows.
 *
 * Thread-safety: none.
 */
#ifndef CORE_UNPACK_H
#define CORE_UNPACK_H

#include "core/defer.h"

#include <stddef.h>
#include <stdint.h>

struct unpack;
struct why;

struct unpack_limits {	   /* 0: none */
	int64_t max_total; /* bytes that come out */
	/* The most that may come out of one byte, once UNPACK_TRUSTED have come
	 * out. */
	int64_t max_ratio;
};
#define UNPACK_TRUSTED (INT64_C(16) << 20)

/* @fd stays the caller's; it is read by position, its offset not moved. */
int unpack_open(int fd, const struct unpack_limits *limits,
		struct unpack **ret_unpack, struct why *why);
void unpack_close(struct unpack *unpack); /* accepts NULL */
DEFINE_DROP(unpack, unpack_close);

/*
 * The next @size bytes; fewer than that only if the end is reached. -EBADMSG:
 * damaged or cut, -EFBIG: over a limit, -EIO.
 */
int unpack_read(struct unpack *unpack, void *bytes, size_t size,
		size_t *ret_len, struct why *why);

/* How many bytes have come out. */
int64_t unpack_at(const struct unpack *unpack);
/* 0 if the bytes of @limits are kept by @out bytes that come out of @in. */
int unpack_check(const struct unpack_limits *limits, int64_t in, int64_t out,
		 struct why *why);

#endif
