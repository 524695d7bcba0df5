#include "core/blob_frame.h"

#include "core/buf.h"
#include "core/why.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <zstd.h>

enum {
	LEVEL = 3,
	/* Past this a context grows to megabytes, and is not kept. */
	KEPT_BYTES = 256 << 10,
	/* Past this matches are looked for at long distance too. */
	LONG_BYTES = 1 << 20,
	/* What a decoder takes without being asked. */
	WINDOW_LOG_MAX = 27,
};

struct contexts {
	ZSTD_CCtx *pack;
	ZSTD_DCtx *unpack;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int key_error;

static void contexts_free(void *arg)
{
	struct contexts *own = arg;

	ZSTD_freeCCtx(own->pack);
	ZSTD_freeDCtx(own->unpack);
	free(own);
}

static void make_key(void)
{
	key_error = pthread_key_create(&key, contexts_free);
}

/* The contexts of this thread, or NULL. */
static struct contexts *own_contexts(void)
{
	struct contexts *own;

	(void)pthread_once(&once, make_key); /* cannot fail */
	if (key_error)
		return NULL;
	own = pthread_getspecific(key);
	if (own)
		return own;
	own = calloc(1, sizeof(*own));
	if (own && pthread_setspecific(key, own) != 0) {
		free(own);
		own = NULL;
	}
	return own;
}

static ZSTD_CCtx *pack_context(struct contexts *own)
{
	ZSTD_CCtx *ctx = own->pack ? own->pack : ZSTD_createCCtx();

	if (!ctx)
		return NULL;
	own->pack = ctx;
	(void)ZSTD_CCtx_reset(ctx, ZSTD_reset_session_and_parameters);
	/* These values are within bounds. The checksum finds what has decayed
	 * on the disk with the first read, at 4 bytes a frame. */
	(void)ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, LEVEL);
	(void)ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, 1);
	return ctx;
}

static ZSTD_DCtx *unpack_context(struct contexts *own)
{
	if (!own->unpack)
		own->unpack = ZSTD_createDCtx();
	return own->unpack;
}

/* The window must reach over both texts for one to be made of the other. */
static int set_window(ZSTD_CCtx *ctx, size_t total)
{
	int log = 0;

	while (((size_t)1 << log) < total)
		log++;
	if (log > WINDOW_LOG_MAX)
		return -EFBIG;
	(void)ZSTD_CCtx_setParameter(ctx, ZSTD_c_windowLog, log);
	(void)ZSTD_CCtx_setParameter(ctx, ZSTD_c_enableLongDistanceMatching, 1);
	return 0;
}

int frame_pack(const void *bytes, size_t len, const struct prefix *prefix,
	       struct buf *out, struct why *why)
{
	struct contexts *own = own_contexts();
	ZSTD_CCtx *ctx = own ? pack_context(own) : NULL;
	size_t bound = ZSTD_compressBound(len);
	size_t total = len + (prefix ? prefix->len : 0);
	size_t done;

	if (!ctx)
		return why_set(why, -ENOMEM, "out of memory to compress");
	if (prefix && total > LONG_BYTES && set_window(ctx, total) < 0)
		return why_set(why, -EFBIG, "%zu bytes are too many", total);
	if (buf_reserve(out, bound) < 0)
		return why_set(why, -ENOMEM, "out of memory to compress");
	if (prefix)
		(void)ZSTD_CCtx_refPrefix(ctx, prefix->bytes, prefix->len);
	done = ZSTD_compress2(ctx, out->data + out->len, bound, bytes, len);
	if (total > KEPT_BYTES) {
		ZSTD_freeCCtx(ctx);
		own->pack = NULL;
	}
	if (ZSTD_isError(done))
		return why_set(why, -ENOMEM, "compress: %s",
			       ZSTD_getErrorName(done));
	out->len += done;
	return 0;
}

int frame_unpack(const void *frame, size_t frame_len, size_t len,
		 const struct prefix *prefix, struct buf *out, struct why *why)
{
	struct contexts *own = own_contexts();
	ZSTD_DCtx *ctx = own ? unpack_context(own) : NULL;
	size_t done;

	if (!ctx)
		return why_set(why, -ENOMEM, "out of memory to decompress");
	if (ZSTD_getFrameContentSize(frame, frame_len) != len)
		return why_set(why, -EBADMSG,
			       "the stored frame does not hold %zu bytes", len);
	if (buf_reserve(out, len) < 0)
		return why_set(why, -ENOMEM, "out of memory for a content");
	(void)ZSTD_DCtx_reset(ctx, ZSTD_reset_session_and_parameters);
	if (prefix)
		(void)ZSTD_DCtx_refPrefix(ctx, prefix->bytes, prefix->len);
	done = ZSTD_decompressDCtx(ctx, out->data + out->len, len, frame,
				   frame_len);
	if (ZSTD_isError(done) || done != len)
		return why_set(why, -EBADMSG, "the stored frame is damaged: %s",
			       ZSTD_getErrorName(done));
	out->len += len;
	return 0;
}

int frame_size(const void *frame, size_t frame_len, size_t *ret_len,
	       struct why *why)
{
	unsigned long long size = ZSTD_getFrameContentSize(frame, frame_len);

	if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR)
		return why_set(why, -EBADMSG, "the stored frame is damaged");
	*ret_len = (size_t)size;
	return 0;
}
