/*
 * zip_record - the records of a zip, as they stand in the file. For zip*.c
 * alone.
 *
 * Thread-safety: no state.
 */
#ifndef CORE_ZIP_RECORD_H
#define CORE_ZIP_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct why;

/* What the end says of the whole. */
struct zip_whole {
	int64_t directory; /* where it begins: after all members */
	int64_t end;	   /* where it ends */
	int64_t count;
};

/* A member as the directory has it, or as the record before it. */
struct zip_member {
	uint16_t made_by, flags, method;
	uint32_t crc, attributes;
	int64_t packed, size; /* bytes in the file, and of the item */
	int64_t at;	      /* where its record begins; directory only */
	size_t name_len, extra_len;
	int64_t record; /* bytes of the record itself, with all */
	bool large;	/* sizes of 64 bits */
	int64_t mtime_ns;
	int64_t uid, gid; /* -1: it does not say */
	struct buf *text; /* the name, then what is beside */
};

/* Exactly @len bytes from @at on. -EBADMSG: there are not so many. */
int zip_bytes(int fd, int64_t at, void *bytes, size_t len, struct why *why);

/* Find and check the end of the archive in @fd, of @size bytes. */
int zip_find_end(int fd, int64_t size, struct zip_whole *ret, struct why *why);

/* The record at @at; its name and what is beside it go to @text. The name is
 * text->data, with its NUL after a name in the directory. */
int zip_read_listing(int fd, int64_t at, struct buf *text,
		     struct zip_member *ret, struct why *why);
int zip_read_member(int fd, int64_t at, struct buf *text,
		    struct zip_member *ret, struct why *why);

/* 0: the descriptor at @at says the same as @m; *ret_size is its length.
 * -EBADMSG. */
int zip_check_descriptor(int fd, int64_t at, int64_t end,
			 const struct zip_member *m, int64_t *ret_size,
			 struct why *why);

#endif
