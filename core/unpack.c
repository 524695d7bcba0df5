#include "core/unpack.h"

#include "core/unpack_priv.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 65536 };

struct unpack {
	int fd;
	struct unpack_limits limits;
	const struct unpack_codec *codec; /* NULL: as it is */
	void *stream;			  /* of the codec; NULL: between two */
	int64_t in, out;		  /* bytes read, and given out */
	size_t at, len;			  /* what is left in the chunk */
	bool eof;
	unsigned char chunk[CHUNK];
};

void unpack_close(struct unpack *u)
{
	if (!u)
		return;
	if (u->codec)
		u->codec->end(u->stream);
	free(u);
}

/* Have at least @need bytes in the chunk, or all that there are. */
static int fill(struct unpack *u, size_t need, struct why *why)
{
	memmove(u->chunk, u->chunk + u->at, u->len);
	u->at = 0;
	while (u->len < need && !u->eof) {
		ssize_t n =
			pread(u->fd, u->chunk + u->len, CHUNK - u->len, u->in);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return why_set(why, -errno,
				       "the archive cannot be read: %s",
				       strerrordesc_np(errno));
		u->eof = n == 0;
		u->len += (size_t)n;
		u->in += n;
	}
	return 0;
}

static bool begins(const struct unpack *u, const struct unpack_codec *codec)
{
	return u->len >= codec->magic_len &&
	       memcmp(u->chunk + u->at, codec->magic, codec->magic_len) == 0;
}

/* A frame of zstd that says nothing to us: 50 to 5f 2a 4d 18. */
static bool is_skippable(const struct unpack *u)
{
	const unsigned char *at = u->chunk + u->at;

	return strcmp(u->codec->name, "zstd") == 0 && u->len >= 4 &&
	       (at[0] & 0xf0) == 0x50 && memcmp(at + 1, "\x2a\x4d\x18", 3) == 0;
}

int unpack_open(int fd, const struct unpack_limits *limits,
		struct unpack **ret_unpack, struct why *why)
{
	DROP(unpack_close_p) struct unpack *u = calloc(1, sizeof(*u));
	int r;

	if (!u)
		return why_set(why, -ENOMEM, "out of memory");
	u->fd = fd;
	u->limits = *limits;
	r = fill(u, 8, why);
	if (r < 0)
		return r;
	for (const struct unpack_codec *c = unpack_codecs; c->name; c++)
		if (begins(u, c))
			u->codec = c;
	*ret_unpack = TAKE(u);
	return 0;
}

int64_t unpack_at(const struct unpack *unpack)
{
	return unpack->out;
}

int unpack_check(const struct unpack_limits *limits, int64_t in, int64_t out,
		 struct why *why)
{
	if (limits->max_total && out > limits->max_total)
		return why_set(why, -EFBIG,
			       "the archive holds more than %" PRId64 " bytes",
			       limits->max_total);
	if (limits->max_ratio && out > UNPACK_TRUSTED &&
	    out / limits->max_ratio > in)
		return why_set(why, -EFBIG,
			       "%" PRId64 " bytes of the archive become more "
			       "than %" PRId64 ": over %" PRId64
			       " times as many",
			       in, out, limits->max_ratio);
	return 0;
}

static int cut(const struct unpack *u, struct why *why)
{
	return why_set(why, -EBADMSG,
		       "the archive is cut: its %s stream does not end with "
		       "the file, at byte %" PRId64,
		       u->codec->name, u->in);
}

/* What is in the chunk are zeros. */
static int check_zeros(const struct unpack *u, struct why *why)
{
	for (size_t i = 0; i < u->len; i++) {
		if (u->chunk[u->at + i])
			return why_set(why, -EBADMSG,
				       "after the %s stream follows something "
				       "else, at byte %" PRId64,
				       u->codec->name,
				       u->in - (int64_t)(u->len - i));
	}
	return 0;
}

/* After a stream: another, or zeros to the end. 1: another. */
static int between(struct unpack *u, struct why *why)
{
	int r = fill(u, 8, why);

	if (r < 0)
		return r;
	if (begins(u, u->codec) || is_skippable(u))
		return 1;
	while (r == 0 && u->len > 0) {
		r = check_zeros(u, why);
		u->len = 0;
		if (r == 0)
			r = fill(u, 1, why);
	}
	return r;
}

/* Some bytes, perhaps none yet. 0: the end. */
static int decompress(struct unpack *u, struct unpack_bytes *bytes,
		      struct why *why)
{
	size_t room = bytes->out_len;
	int r = 1;

	if (!u->stream) {
		r = between(u, why);
		if (r <= 0)
			return r;
		u->stream = u->codec->begin();
		if (!u->stream)
			return why_set(why, -ENOMEM, "out of memory");
	}
	if (u->len == 0)
		r = fill(u, 1, why);
	if (r < 0)
		return r;
	bytes->in = u->chunk + u->at;
	bytes->in_len = u->len;
	r = u->codec->run(u->stream, bytes, why);
	if (r < 0)
		return r;
	if (r > 0) {
		u->codec->end(u->stream);
		u->stream = NULL;
	} else if (u->len == 0 && bytes->out_len == room) {
		return cut(u, why); /* it waits for what does not come */
	}
	u->at += u->len - bytes->in_len;
	u->len = bytes->in_len;
	return 1;
}

static int copy(struct unpack *u, struct unpack_bytes *bytes, struct why *why)
{
	size_t len;
	int r = u->len == 0 ? fill(u, 1, why) : 0;

	if (r < 0 || u->len == 0)
		return r;
	len = bytes->out_len < u->len ? bytes->out_len : u->len;
	memcpy(bytes->out, u->chunk + u->at, len);
	bytes->out += len;
	bytes->out_len -= len;
	u->at += len;
	u->len -= len;
	return 1;
}

int unpack_read(struct unpack *u, void *bytes, size_t size, size_t *ret_len,
		struct why *why)
{
	struct unpack_bytes b = {.out = bytes, .out_len = size};
	int more = 1, r = 0;

	while (r == 0 && more > 0 && b.out_len > 0) {
		size_t before = b.out_len;

		more = u->codec ? decompress(u, &b, why) : copy(u, &b, why);
		if (more < 0)
			return more;
		u->out += (int64_t)(before - b.out_len);
		r = unpack_check(&u->limits, u->in, u->out, why);
	}
	if (r < 0)
		return r;
	*ret_len = size - b.out_len;
	return 0;
}
