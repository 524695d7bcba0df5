#include "core/utf8.h"

#include <errno.h>

/* What the second byte may be; the lead byte narrows it for four of them. */
struct lead {
	int len; /* of the character; 0: no character begins so */
	unsigned char low, high;
};

static struct lead lead_of(unsigned char byte)
{
	if (byte < 0xC2)
		return (struct lead){byte < 0x80, 0x80, 0xBF};
	if (byte < 0xE0)
		return (struct lead){2, 0x80, 0xBF};
	if (byte < 0xF0)
		return (struct lead){3, byte == 0xE0 ? 0xA0 : 0x80,
				     byte == 0xED ? 0x9F : 0xBF};
	if (byte < 0xF5)
		return (struct lead){4, byte == 0xF0 ? 0x90 : 0x80,
				     byte == 0xF4 ? 0x8F : 0xBF};
	return (struct lead){0, 0, 0};
}

int utf8_char(const char *at, const char *end)
{
	struct lead lead;
	int i;

	if (at == end)
		return 0;
	lead = lead_of((unsigned char)at[0]);
	if (lead.len == 0)
		return -EILSEQ;
	for (i = 1; i < lead.len; i++) {
		unsigned char byte;

		if (at + i == end)
			return 0;
		byte = (unsigned char)at[i];
		if (byte < lead.low || byte > lead.high)
			return -EILSEQ;
		lead.low = 0x80;
		lead.high = 0xBF;
	}
	return lead.len;
}

bool utf8_valid(const char *bytes, size_t len)
{
	const char *end = bytes + len;

	while (bytes < end) {
		int n = utf8_char(bytes, end);

		if (n <= 0)
			return false;
		bytes += n;
	}
	return true;
}

size_t utf8_count(const char *bytes, size_t len)
{
	const char *end = bytes + len;
	size_t count = 0;

	while (bytes < end) {
		int n = utf8_char(bytes, end);

		bytes += n > 0 ? n : 1;
		count++;
	}
	return count;
}

size_t utf8_floor(const char *bytes, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max > 0 && ((unsigned char)bytes[max] & 0xC0) == 0x80)
		max--;
	return max;
}

size_t utf8_encode(uint32_t code, char buf[4])
{
	if (code < 0x80) {
		buf[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		buf[0] = (char)(0xC0 | code >> 6);
		buf[1] = (char)(0x80 | (code & 0x3F));
		return 2;
	}
	if (code < 0x10000) {
		buf[0] = (char)(0xE0 | code >> 12);
		buf[1] = (char)(0x80 | (code >> 6 & 0x3F));
		buf[2] = (char)(0x80 | (code & 0x3F));
		return 3;
	}
	buf[0] = (char)(0xF0 | code >> 18);
	buf[1] = (char)(0x80 | (code >> 12 & 0x3F));
	buf[2] = (char)(0x80 | (code >> 6 & 0x3F));
	buf[3] = (char)(0x80 | (code & 0x3F));
	return 4;
}
