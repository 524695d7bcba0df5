#include "core/json_token.h"

#include "core/utf8.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

/* The byte @b in each of the eight places of a word. */
#define EACH(b) (UINT64_C(0x0101010101010101) * (b))

int json_token_expect(struct json_token *t, const char *what)
{
	t->expected = what;
	return t->at == t->end ? 0 : -EINVAL;
}

int json_token_refuse(struct json_token *t, const char *problem)
{
	t->problem = problem;
	return -EINVAL;
}

static uint64_t load_word(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return le64toh(word);
}

/* In which place of a loaded word the lowest bit of @marks is. */
static int first_place(uint64_t marks)
{
	return __builtin_ctzll(marks) / 8;
}

static const char *skip_blanks(const char *at, const char *end)
{
	while (end - at >= 8) {
		uint64_t other = load_word(at) ^ EACH(' ');

		if (other)
			return at + first_place(other);
		at += 8;
	}
	while (at < end && *at == ' ')
		at++;
	return at;
}

void json_token_space(struct json_token *t)
{
	const char *at = skip_blanks(t->at, t->end);

	while (at < t->end && (*at == '\n' || *at == '\t' || *at == '\r'))
		at = skip_blanks(at + 1, t->end);
	t->at = at;
}

/*
 * Past the bytes that stand for themselves in a string: ASCII but quote,
 * backslash and control characters. A subtraction borrows from the places
 * above it only, so the lowest mark is always right.
 */
static const char *skip_plain(const char *at, const char *end)
{
	while (end - at >= 8) {
		uint64_t w = load_word(at);
		uint64_t odd = w | (w - EACH(0x20)) |
			       ((w ^ EACH('"')) - EACH(1)) |
			       ((w ^ EACH('\\')) - EACH(1));

		odd &= EACH(0x80);
		if (odd)
			return at + first_place(odd);
		at += 8;
	}
	while (at < end && (signed char)*at >= 0x20 && *at != '"' &&
	       *at != '\\')
		at++;
	return at;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* What four hexadecimal digits can still amount to when some are there. */
struct span {
	unsigned low, high;
};

/* As the functions of the header; the cursor moves past the digits. */
static int scan_hex(struct json_token *t, struct span *ret)
{
	int i;

	*ret = (struct span){0, 0xFFFF};
	for (i = 0; i < 4; i++) {
		int digit = t->at < t->end ? hex_digit(*t->at) : -1;
		int shift = 4 * (3 - i);

		if (digit < 0)
			return json_token_expect(
				t, "four hexadecimal digits after \\u");
		ret->low |= (unsigned)digit << shift;
		ret->high = ret->low | ((1u << shift) - 1);
		t->at++;
	}
	return 1;
}

static bool within(struct span s, unsigned low, unsigned high)
{
	return s.low >= low && s.high <= high;
}

/* Also when the digits are not all there, but decide it. */
static int refuse_half(struct json_token *t, const char *escape)
{
	t->at = escape;
	return json_token_refuse(t, "half a surrogate pair stands for no "
				    "character");
}

static int scan_low_surrogate(struct json_token *t, const char *start)
{
	static const char *const want = "the second half of a surrogate pair";
	struct span value;
	int i, r;

	for (i = 0; i < 2; i++) {
		if (t->at == t->end || *t->at != "\\u"[i])
			return json_token_expect(t, want);
		t->at++;
	}
	r = scan_hex(t, &value);
	if (value.high < 0xDC00 || value.low > 0xDFFF)
		return refuse_half(t, start);
	return r;
}

/* At the first of four hexadecimal digits. */
static int scan_unicode(struct json_token *t)
{
	const char *start = t->at - 2;
	struct span value;
	int r = scan_hex(t, &value);

	if (within(value, 0xDC00, 0xDFFF))
		return refuse_half(t, start);
	if (value.high == 0) {
		t->at = start;
		return json_token_refuse(t,
					 "\\u0000 is not allowed in a string");
	}
	if (r > 0 && within(value, 0xD800, 0xDBFF))
		return scan_low_surrogate(t, start);
	return r;
}

/* At what a run of plain bytes ended with; 1: go on, but not past a quote. */
static int scan_special(struct json_token *t)
{
	int n;

	if (*t->at == '\\') {
		t->escaped = true;
		t->at++;
		if (t->at == t->end || !*t->at ||
		    !strchr("\"\\/bfnrtu", *t->at))
			return json_token_expect(
				t, "one of \" \\ / b f n r t u after "
				   "the backslash");
		return *t->at++ == 'u' ? scan_unicode(t) : 1;
	}
	if (*t->at == '\n')
		return json_token_refuse(t,
					 "a line break inside a string must be "
					 "written \\n");
	if ((unsigned char)*t->at < 0x20)
		return json_token_refuse(
			t, "a control character inside a string must be "
			   "escaped");
	n = utf8_char(t->at, t->end);
	if (n < 0)
		return json_token_refuse(t, "the bytes are not valid UTF-8");
	if (n == 0) {
		t->at = t->end;
		return json_token_expect(t, "the rest of a character");
	}
	t->at += n;
	return 1;
}

int json_token_string(struct json_token *t)
{
	t->escaped = false;
	for (;;) {
		int r;

		t->at = skip_plain(t->at, t->end);
		if (t->at == t->end)
			return json_token_expect(t,
						 "'\"' at the end of a string");
		if (*t->at == '"') {
			t->at++;
			return 1;
		}
		r = scan_special(t);
		if (r <= 0)
			return r;
	}
}

int json_token_word(struct json_token *t, const char *word)
{
	static const char *const want[] = {"'true'", "'false'", "'null'"};
	const char *expected = want[*word == 'f' ? 1 : *word == 'n' ? 2 : 0];

	for (; *word; word++) {
		if (t->at == t->end || *t->at != *word)
			return json_token_expect(t, expected);
		t->at++;
	}
	return 1;
}

static char unescape_letter(char c)
{
	switch (c) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return c;
	}
}

static uint32_t hex4(const char *at)
{
	uint32_t value = 0;
	int i;

	for (i = 0; i < 4; i++)
		value = value << 4 | (uint32_t)hex_digit(at[i]);
	return value;
}

/* @at: behind \u; moves it past the escape, and its second half. */
static size_t unescape_unicode(const char **at, char *buf)
{
	uint32_t code = hex4(*at);

	*at += 4;
	if (code >= 0xD800 && code <= 0xDBFF) {
		code = 0x10000 + ((code - 0xD800) << 10) + hex4(*at + 2) -
		       0xDC00;
		*at += 6;
	}
	return utf8_encode(code, buf);
}

size_t json_token_unescape(const char *raw, size_t len, char *buf)
{
	const char *end = raw + len;
	char *out = buf;

	while (raw < end) {
		const char *slash = memchr(raw, '\\', (size_t)(end - raw));
		size_t plain = (size_t)((slash ? slash : end) - raw);

		memcpy(out, raw, plain);
		out += plain;
		raw += plain;
		if (!slash)
			break;
		if (raw[1] == 'u') {
			raw += 2;
			out += unescape_unicode(&raw, out);
		} else {
			*out++ = unescape_letter(raw[1]);
			raw += 2;
		}
	}
	return (size_t)(out - buf);
}
