/*
 * spool - bytes that are being written: in memory up to a mebibyte, then in
 * an unlinked file that is mapped, so that a large file costs no memory that
 * the kernel cannot take back. Always in one piece.
 *
 * Thread-safety: none; the owner's lock.
 */
#ifndef FS_SPOOL_H
#define FS_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SPOOL_IN_MEMORY = 1 << 20 };

struct spool { /* zeroed: empty */
	char *data;
	size_t len;
	bool sound; /* the owner's: what it knows of the bytes as they are;
		       false again with each change */
	size_t cap; /* private from here on */
	int fd;	    /* of the file, plus one */
};

void spool_done(struct spool *s); /* leaves it empty and usable */

/* Write at an offset; a gap is zeros. -ENOMEM, -ENOSPC, -EFBIG. */
int spool_write(struct spool *s, const void *bytes, size_t len, int64_t offset);
/* Cut, or extend with zeros. */
int spool_resize(struct spool *s, size_t len);

/* A new file without a name, for bytes that may be many: its descriptor, or
 * a negative errno. */
int spool_unnamed(void);

#endif
