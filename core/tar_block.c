#include "core/tar_block.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

unsigned tar_sum(const struct tar_block *block)
{
	const unsigned char *bytes = (const void *)block;
	unsigned sum = 0;

	for (size_t i = 0; i < sizeof(*block); i++)
		sum += bytes[i];
	for (size_t i = 0; i < sizeof(block->sum); i++)
		sum += ' ' - (unsigned)(unsigned char)block->sum[i];
	return sum;
}

bool tar_is_empty(const struct tar_block *block)
{
	const char *bytes = (const void *)block;

	return bytes[0] == 0 && memcmp(bytes, bytes + 1, TAR_BLOCK - 1) == 0;
}

/* ---- numbers ---- */

/* The first bit says that the rest is a number, the highest byte first; the
 * next one that it is negative. */
static int binary(const char *field, size_t size, int64_t *ret)
{
	const unsigned char *bytes = (const void *)field;
	bool negative = bytes[0] & 0x40;
	uint64_t all = negative ? UINT64_MAX : 0;

	for (size_t i = 0; i < size; i++) {
		unsigned char byte = bytes[i];

		if (i == 0)
			byte = negative ? byte : byte & 0x7f;
		if (i + 8 < size && byte != (negative ? 0xff : 0))
			return -EINVAL;
		all = all << 8 | byte;
	}
	if ((all >> 63 == 1) != negative)
		return -EINVAL;
	*ret = (int64_t)all;
	return 0;
}

int tar_number(const char *field, size_t size, int64_t *ret)
{
	size_t i = 0;
	int64_t all = 0;

	if (field[0] & 0x80)
		return binary(field, size, ret);
	while (i < size && field[i] == ' ')
		i++;
	for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
		all = all << 3 | (field[i] - '0');
	for (; i < size; i++)
		if (field[i] != ' ' && field[i] != '\0')
			return -EINVAL;
	*ret = all;
	return 0;
}

/* ---- pax ---- */

int tar_record(const char **at, const char *end, struct tar_record *ret)
{
	const char *start = *at, *p = start, *equals;
	size_t len = 0;

	if (p == end)
		return 0;
	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		len = len * 10 + (size_t)(*p - '0');
		if (len > (size_t)(end - start))
			return -EBADMSG;
	}
	if (p == end || *p != ' ' || (size_t)(p - start) + 2 > len ||
	    start[len - 1] != '\n')
		return -EBADMSG;
	p++;
	equals = memchr(p, '=', len - (size_t)(p - start));
	if (!equals)
		return -EBADMSG;
	*ret = (struct tar_record){
		.key = p,
		.key_len = (size_t)(equals - p),
		.value = equals + 1,
		.value_len = len - (size_t)(equals + 1 - start) - 1,
	};
	*at = start + len;
	return 1;
}

bool tar_record_is(const struct tar_record *record, const char *key)
{
	return record->key_len == strlen(key) &&
	       memcmp(record->key, key, record->key_len) == 0;
}

/* Digits from *@i on. */
static int digits(const struct tar_record *r, size_t *i, int64_t *ret)
{
	size_t start = *i;
	int64_t all = 0;

	for (; *i < r->value_len; (*i)++) {
		char c = r->value[*i];

		if (c < '0' || c > '9')
			break;
		if (all > (INT64_MAX - 9) / 10)
			return -EBADMSG;
		all = all * 10 + (c - '0');
	}
	*ret = all;
	return *i == start ? -EBADMSG : 0;
}

int tar_record_number(const struct tar_record *record, int64_t *ret)
{
	size_t i = 0;
	int r = digits(record, &i, ret);

	return r < 0 || i < record->value_len ? -EBADMSG : 0;
}

int tar_record_time(const struct tar_record *r, int64_t *ret_ns)
{
	static const int64_t second = 1000000000;
	bool negative = r->value_len > 0 && r->value[0] == '-';
	size_t i = negative;
	int64_t whole = 0, part = 0, unit = second;

	if (digits(r, &i, &whole) < 0 || whole >= INT64_MAX / second)
		return -EBADMSG;
	if (i < r->value_len && r->value[i++] != '.')
		return -EBADMSG;
	for (; i < r->value_len; i++) {
		if (r->value[i] < '0' || r->value[i] > '9')
			return -EBADMSG;
		unit /= 10; /* what is finer is dropped */
		part += (r->value[i] - '0') * unit;
	}
	*ret_ns = whole * second + part;
	if (negative)
		*ret_ns = -*ret_ns;
	return 0;
}
