/*
 * blob_frame - bytes to zstd frames and back, alone or as what differs from
 * other bytes. For blob.c and scratch.c; others use blob.h.
 *
 * Thread-safety: any thread; each keeps its own contexts, since making one
 * costs more than compressing an item.
 */
#ifndef CORE_BLOB_FRAME_H
#define CORE_BLOB_FRAME_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct why;

/* Bytes that a frame is made against; the same are needed to read it. */
struct prefix {
	const void *bytes;
	size_t len;
};

/* Append the frame of @bytes to @out; @prefix NULL: alone. -EFBIG: too far
 * apart to be made against that prefix. */
int frame_pack(const void *bytes, size_t len, const struct prefix *prefix,
	       struct buf *out, struct why *why);

/* Append the @len bytes of the frame to @out. -EBADMSG: they are not in it. */
int frame_unpack(const void *frame, size_t frame_len, size_t len,
		 const struct prefix *prefix, struct buf *out, struct why *why);

/* How many bytes the frame holds. -EBADMSG: it does not say. */
int frame_size(const void *frame, size_t frame_len, size_t *ret_len,
	       struct why *why);

#endif
