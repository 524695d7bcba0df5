/*
 * The four libraries that decompress, in one form.
 */
#include "core/unpack_priv.h"

#include "core/why.h"

#include <bzlib.h>
#include <errno.h>
#include <lzma.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

/* The most memory that a stream may ask for: what the highest levels of xz and
 * zstd need. */
enum { ZSTD_WINDOW_LOG = 27 };
static const uint64_t xz_memory = UINT64_C(160) << 20;

static int bad(struct why *why, const char *what)
{
	return why_set(why, -EBADMSG, "the compressed archive is damaged: %s",
		       what ? what : "it is no such stream");
}

static int no_memory(struct why *why)
{
	return why_set(why, -ENOMEM, "out of memory to decompress");
}

/* ---- gzip ---- */

static void *gzip_begin(void)
{
	z_stream *z = calloc(1, sizeof(*z));

	if (z && inflateInit2(z, 16 + MAX_WBITS) != Z_OK) {
		free(z);
		return NULL;
	}
	return z;
}

static void gzip_end(void *stream)
{
	if (stream)
		(void)inflateEnd(stream);
	free(stream);
}

static unsigned at_most(size_t len)
{
	return len < 1U << 30 ? (unsigned)len : 1U << 30;
}

static int gzip_run(void *stream, struct unpack_bytes *b, struct why *why)
{
	z_stream *z = stream;
	unsigned in = at_most(b->in_len), out = at_most(b->out_len);
	int rc;

	z->next_in = (unsigned char *)(uintptr_t)b->in; /* only read */
	z->avail_in = in;
	z->next_out = b->out;
	z->avail_out = out;
	rc = inflate(z, Z_NO_FLUSH);
	b->in += in - z->avail_in;
	b->in_len -= in - z->avail_in;
	b->out += out - z->avail_out;
	b->out_len -= out - z->avail_out;
	if (rc == Z_MEM_ERROR)
		return no_memory(why);
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return bad(why, z->msg);
	return rc == Z_STREAM_END;
}

/* ---- zstd ---- */

static void *zstd_begin(void)
{
	ZSTD_DStream *z = ZSTD_createDStream();

	if (z)
		(void)ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax,
					     ZSTD_WINDOW_LOG);
	return z;
}

static void zstd_end(void *stream)
{
	(void)ZSTD_freeDStream(stream);
}

static int zstd_run(void *stream, struct unpack_bytes *b, struct why *why)
{
	ZSTD_inBuffer in = {b->in, b->in_len, 0};
	ZSTD_outBuffer out = {b->out, b->out_len, 0};
	size_t rc = ZSTD_decompressStream(stream, &out, &in);

	b->in += in.pos;
	b->in_len -= in.pos;
	b->out += out.pos;
	b->out_len -= out.pos;
	if (ZSTD_isError(rc))
		return bad(why, ZSTD_getErrorName(rc));
	return rc == 0;
}

/* ---- xz ---- */

static void *xz_begin(void)
{
	static const lzma_stream fresh = LZMA_STREAM_INIT;
	lzma_stream *z = malloc(sizeof(*z));

	if (!z)
		return NULL;
	*z = fresh;
	if (lzma_stream_decoder(z, xz_memory, LZMA_TELL_UNSUPPORTED_CHECK) !=
	    LZMA_OK) {
		free(z);
		return NULL;
	}
	return z;
}

static void xz_end(void *stream)
{
	if (stream)
		lzma_end(stream);
	free(stream);
}

static int xz_failed(lzma_ret rc, struct why *why)
{
	if (rc == LZMA_MEM_ERROR)
		return no_memory(why);
	if (rc == LZMA_MEMLIMIT_ERROR)
		return why_set(why, -EFBIG,
			       "to decompress it takes too much memory");
	if (rc == LZMA_UNSUPPORTED_CHECK || rc == LZMA_OPTIONS_ERROR)
		return bad(why, "it is of a kind that is not known");
	return bad(why, "incorrect data");
}

static int xz_run(void *stream, struct unpack_bytes *b, struct why *why)
{
	lzma_stream *z = stream;
	lzma_ret rc;

	z->next_in = (unsigned char *)(uintptr_t)b->in; /* only read */
	z->avail_in = b->in_len;
	z->next_out = b->out;
	z->avail_out = b->out_len;
	rc = lzma_code(z, LZMA_RUN);
	b->in = z->next_in;
	b->in_len = z->avail_in;
	b->out = z->next_out;
	b->out_len = z->avail_out;
	if (rc != LZMA_OK && rc != LZMA_STREAM_END && rc != LZMA_BUF_ERROR)
		return xz_failed(rc, why);
	return rc == LZMA_STREAM_END;
}

/* ---- bzip2 ---- */

static void *bzip2_begin(void)
{
	bz_stream *z = calloc(1, sizeof(*z));

	if (z && BZ2_bzDecompressInit(z, 0, 0) != BZ_OK) {
		free(z);
		return NULL;
	}
	return z;
}

static void bzip2_end(void *stream)
{
	if (stream)
		(void)BZ2_bzDecompressEnd(stream);
	free(stream);
}

static int bzip2_run(void *stream, struct unpack_bytes *b, struct why *why)
{
	bz_stream *z = stream;
	unsigned in = at_most(b->in_len), out = at_most(b->out_len);
	int rc;

	/* It only reads there; the library is older than const. */
	z->next_in = (char *)(uintptr_t)b->in;
	z->avail_in = in;
	z->next_out = (char *)b->out;
	z->avail_out = out;
	rc = BZ2_bzDecompress(z);
	b->in += in - z->avail_in;
	b->in_len -= in - z->avail_in;
	b->out += out - z->avail_out;
	b->out_len -= out - z->avail_out;
	if (rc == BZ_MEM_ERROR)
		return no_memory(why);
	if (rc != BZ_OK && rc != BZ_STREAM_END)
		return bad(why, "incorrect data");
	return rc == BZ_STREAM_END;
}

const struct unpack_codec unpack_codecs[] = {
	{"gzip", "\x1f\x8b", 2, gzip_begin, gzip_run, gzip_end},
	{"zstd", "\x28\xb5\x2f\xfd", 4, zstd_begin, zstd_run, zstd_end},
	{"xz",
	 "\xfd"
	 "7zXZ",
	 6, xz_begin, xz_run, xz_end},
	{"bzip2", "BZh", 3, bzip2_begin, bzip2_run, bzip2_end},
	{0},
};
