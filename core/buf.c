#include "core/buf.h"

#include "core/utf8.h"
#include "core/why.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int buf_reserve(struct buf *buf, size_t len)
{
	size_t cap = buf->cap ? buf->cap : 64;
	char *data;

	if (buf->err)
		return buf->err;
	if (len <= buf->cap - buf->len)
		return 0;
	while (cap - buf->len < len) {
		if (cap > (size_t)-1 / 2)
			return buf->err = -ENOMEM;
		cap *= 2;
	}
	data = realloc(buf->data, cap);
	if (!data)
		return buf->err = -ENOMEM;
	buf->data = data;
	buf->cap = cap;
	return 0;
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
	if (!len || buf_reserve(buf, len) < 0)
		return;
	memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
}

void buf_byte(struct buf *buf, char byte)
{
	buf_add(buf, &byte, 1);
}

void buf_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_addf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0 || buf_reserve(buf, (size_t)len + 1) < 0)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	buf->len += (size_t)len;
}

static void json_char(struct buf *buf, const char *at, int len)
{
	unsigned char ch = (unsigned char)*at;

	if (len != 1)
		buf_add(buf, at, (size_t)len);
	else if (ch == '"' || ch == '\\')
		buf_addf(buf, "\\%c", ch);
	else if (ch == '\n')
		buf_text(buf, "\\n");
	else if (ch == '\t')
		buf_text(buf, "\\t");
	else if (ch < 0x20)
		buf_addf(buf, "\\u%04x", ch);
	else
		buf_byte(buf, *at);
}

void buf_json_string(struct buf *buf, const char *text)
{
	const char *end = text + strlen(text);

	buf_byte(buf, '"');
	while (text < end) {
		int len = utf8_char(text, end);

		if (len > 0)
			json_char(buf, text, len);
		else
			buf_text(buf, "\xef\xbf\xbd");
		text += len > 0 ? len : 1;
	}
	buf_byte(buf, '"');
}

int buf_add_text(struct buf *buf, const char *text, struct why *why)
{
	buf_text(buf, text);
	return buf->err ? why_set(why, buf->err, "out of memory") : 0;
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->err = 0;
}

int buf_error(const struct buf *buf)
{
	return buf->err;
}

void buf_done(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}
