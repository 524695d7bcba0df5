/*
 * tar_block - the fields of a tar header, and the records of a pax header. For
 * tar*.c alone.
 *
 * Thread-safety: no state.
 */
#ifndef CORE_TAR_BLOCK_H
#define CORE_TAR_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct why;

enum { TAR_BLOCK = 512 };

/* A header, as POSIX has it. */
struct tar_block {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12];
	char sum[8], type, link[100], magic[6], version[2];
	char user[32], group[32], major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct tar_block) == TAR_BLOCK, "a block of a tar");

/* The sum of its bytes, with blanks for the field that holds it. */
unsigned tar_sum(const struct tar_block *block);

/* Is it all zeros? */
bool tar_is_empty(const struct tar_block *block);

/* A number in octal digits, or binary as GNU tar has it. -EINVAL. */
int tar_number(const char *field, size_t size, int64_t *ret);

/* "LENGTH KEY=VALUE\n" */
struct tar_record {
	const char *key, *value;
	size_t key_len, value_len;
};
/* The record at *@at, which moves on. 1, 0: no more before @end, -EBADMSG. */
int tar_record(const char **at, const char *end, struct tar_record *ret);
bool tar_record_is(const struct tar_record *record, const char *key);
/* The value as a whole number, or as seconds in decimal: in nanoseconds.
 * -EBADMSG. */
int tar_record_number(const struct tar_record *record, int64_t *ret);
int tar_record_time(const struct tar_record *record, int64_t *ret_ns);

#endif
