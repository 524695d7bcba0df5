/*
 * unpack_priv - what a format of compression is to core/unpack. For unpack*.c
 * alone.
 *
 * Thread-safety: none.
 */
#ifndef CORE_UNPACK_PRIV_H
#define CORE_UNPACK_PRIV_H

#include <stddef.h>

struct why;

/* Bytes that go in and come out; both move on. */
struct unpack_bytes {
	const unsigned char *in;
	size_t in_len;
	unsigned char *out;
	size_t out_len;
};

struct unpack_codec {
	const char *name;
	const char *magic; /* how a stream of it begins */
	size_t magic_len;
	/* What it needs for one stream; NULL: out of memory. */
	void *(*begin)(void);
	/* 1: the stream is over and was right; 0: go on; negative errno, with
	 * the reason. */
	int (*run)(void *stream, struct unpack_bytes *bytes, struct why *why);
	void (*end)(void *stream); /* accepts NULL */
};

/* Ended by a row without a name. */
extern const struct unpack_codec unpack_codecs[];

#endif
