/*
 * Members that differ, as lines for people and as JSON.
 */
#include "core/member_diff.h"

#include "core/buf.h"
#include "core/defer.h"
#include "core/utf8.h"

#include <stdbool.h>
#include <string.h>

/* What must not be divided: a character, or an escape. */
static size_t unit_len(const char *at, const char *end)
{
	int len;

	if (*at == '\\' && end - at >= 6 && at[1] == 'u')
		return 6;
	if (*at == '\\' && end - at >= 2)
		return 2;
	len = utf8_char(at, end);
	return len > 0 ? (size_t)len : 1;
}

/* Shorten @text to @max characters, the ellipsis included. */
static void cut(struct buf *text, size_t from, size_t max)
{
	const char *at = text->data + from, *end = text->data + text->len;
	const char *last = at;
	bool quoted = false, open = false;
	size_t count = 0;

	while (at < end) {
		size_t len = unit_len(at, end);

		if (++count == max) {
			last = at;
			open = quoted;
		}
		if (*at == '"')
			quoted = !quoted;
		at += len;
	}
	if (count <= max)
		return;
	text->len = (size_t)(last - text->data);
	buf_text(text, open ? "…\"" : "…");
}

static void add_value(struct merge_text value, size_t max, struct buf *out)
{
	size_t from = out->len;

	merge_show(value, out);
	if (!buf_error(out))
		cut(out, from, max);
}

static bool is_plain(const char *pointer)
{
	if (!*pointer || strstr(pointer, ": ") || strstr(pointer, " -> "))
		return false;
	for (const char *p = pointer; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return true;
}

static void add_pointer(const char *pointer, struct buf *out)
{
	if (is_plain(pointer))
		buf_text(out, pointer);
	else
		buf_json_string(out, pointer);
}

void member_line(const struct member *member, size_t max, struct buf *out)
{
	if (member->from) {
		buf_text(out, "R ");
		add_pointer(member->from, out);
		buf_text(out, " -> ");
		add_pointer(member->pointer, out);
		return;
	}
	if (!member->old.bytes || !member->new.bytes)
		buf_text(out, member->new.bytes ? "+ " : "- ");
	add_pointer(member->pointer, out);
	buf_text(out, ": ");
	if (member->old.bytes)
		add_value(member->old, max, out);
	if (member->old.bytes && member->new.bytes)
		buf_text(out, " -> ");
	if (member->new.bytes)
		add_value(member->new, max, out);
}

void member_object(const struct member *member, struct buf *out)
{
	buf_text(out, "{\"pointer\":");
	buf_json_string(out, member->pointer);
	if (member->from) {
		buf_text(out, ",\"from\":");
		buf_json_string(out, member->from);
	}
	if (member->old.bytes) {
		buf_text(out, ",\"old\":");
		merge_show(member->old, out);
	}
	if (member->new.bytes) {
		buf_text(out, ",\"new\":");
		merge_show(member->new, out);
	}
	buf_byte(out, '}');
}
