#include "core/json.h"

#include "core/defer.h"
#include "core/json_key.h"
#include "core/json_number.h"
#include "core/json_token.h"
#include "core/utf8.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a key in a sentence; so that the whole fits. */
enum { SHOWN_BYTES = 76 };

/* Where the open containers began and how the scan came into them; there only
 * for a visitor. */
struct trail {
	size_t start[JSON_DEPTH_MAX];
	struct json_step path[JSON_DEPTH_MAX];
};

static void trail_free(struct trail *trail)
{
	free(trail);
}
DEFINE_DROP(trail, trail_free);

/*
 * One scan. Its steps return 1 to go on, 0 when the verdict is in, or a
 * negative errno.
 */
struct scan {
	struct json_token t;
	const char *text;
	unsigned flags;
	enum json_verdict verdict;
	bool fresh;	   /* the innermost container is still empty */
	const char *twice; /* a key that its object has already, */
	size_t twice_len;  /* or NULL */
	size_t depth;	   /* how many containers are open */
	json_visit_fn visit;
	void *arg;
	struct trail *trail;	/* NULL without a visitor */
	struct json_keys *keys; /* of the open objects */
	char *closer;		/* what ends each container: '}' or ']' */
};

/* @r: 0 or -EINVAL, as from a scan of a token. */
static int end_at_fault(struct scan *s, int r)
{
	s->verdict = r < 0 ? JSON_INVALID : JSON_PARTIAL;
	return 0;
}

static int unexpected(struct scan *s, const char *expected)
{
	return end_at_fault(s, json_token_expect(&s->t, expected));
}

/* The next byte, or NUL at the end of the text (and for a NUL in it). */
static char peek(const struct scan *s)
{
	if (s->t.at == s->t.end)
		return '\0';
	return *s->t.at;
}

static bool in_object(const struct scan *s)
{
	return s->closer[s->depth - 1] == '}';
}

static int report(struct scan *s, enum json_kind kind, size_t start)
{
	struct json_value value = {.kind = kind, .at = start};
	int r;

	if (!s->visit)
		return 1;
	value.len = (size_t)(s->t.at - s->text) - start;
	value.path = s->trail->path;
	value.depth = s->depth;
	r = s->visit(&value, s->arg);
	return r < 0 ? r : 1;
}

static int close_container(struct scan *s)
{
	bool object = in_object(s);

	if (object)
		json_key_drop(s->keys, s->depth);
	s->t.at++;
	s->depth--;
	if (!s->visit)
		return 1;
	return report(s, object ? JSON_KIND_OBJECT : JSON_KIND_ARRAY,
		      s->trail->start[s->depth]);
}

/* Behind a value: past the comma, or out of all that ends here. */
static int scan_after(struct scan *s)
{
	while (s->depth > 0) {
		char closer = s->closer[s->depth - 1];
		char c;
		int r;

		json_token_space(&s->t);
		c = peek(s);
		if (c == ',') {
			s->t.at++;
			s->fresh = false;
			if (s->trail)
				s->trail->path[s->depth - 1].index++;
			return 1;
		}
		if (c != closer)
			return unexpected(s, closer == '}'
						     ? "',' or '}' after a "
						       "member"
						     : "',' or ']' after an "
						       "element");
		r = close_container(s);
		if (r <= 0)
			return r;
	}
	json_token_space(&s->t);
	return s->t.at == s->t.end ? 0 : unexpected(s, "the end of the text");
}

/* At '{' or '[': into it, and out again if it is empty, as it must be at the
 * last level. */
static int open_container(struct scan *s)
{
	char closer = *s->t.at == '{' ? '}' : ']';
	int r;

	s->closer[s->depth] = closer;
	if (s->trail) {
		s->trail->start[s->depth] = (size_t)(s->t.at - s->text);
		s->trail->path[s->depth] = (struct json_step){0};
	}
	s->depth++;
	s->fresh = true;
	s->t.at++;
	json_token_space(&s->t);
	if (s->t.at == s->t.end)
		return 1;
	if (*s->t.at == closer)
		return scan_after(s);
	if (s->depth < JSON_DEPTH_MAX)
		return 1;
	r = json_token_refuse(&s->t, "the text is nested too deep");
	return end_at_fault(s, r);
}

static int scan_scalar(struct scan *s, char first, enum json_kind *ret_kind)
{
	switch (first) {
	case '"':
		*ret_kind = JSON_KIND_STRING;
		s->t.at++;
		return json_token_string(&s->t);
	case 't':
		*ret_kind = JSON_KIND_TRUE;
		return json_token_word(&s->t, "true");
	case 'f':
		*ret_kind = JSON_KIND_FALSE;
		return json_token_word(&s->t, "false");
	case 'n':
		*ret_kind = JSON_KIND_NULL;
		return json_token_word(&s->t, "null");
	default:
		*ret_kind = JSON_KIND_NUMBER;
		if (first == '-' || (first >= '0' && first <= '9'))
			return json_number_scan(&s->t);
		return json_token_expect(&s->t, s->fresh ? "a value or ']'"
							 : "a value");
	}
}

static int scan_value(struct scan *s)
{
	size_t start;
	enum json_kind kind;
	char first;
	int r;

	json_token_space(&s->t);
	first = peek(s);
	if (first == '{' || first == '[')
		return open_container(s);

	start = (size_t)(s->t.at - s->text);
	r = scan_scalar(s, first, &kind);
	if (r <= 0)
		return end_at_fault(s, r);
	r = report(s, kind, start);
	return r < 0 ? r : scan_after(s);
}

static int add_key(struct scan *s, const char *key, size_t len)
{
	int r = json_key_add(s->keys, s->depth, (size_t)(key - s->text), len,
			     s->t.escaped);

	if (r < 0)
		return r;
	if (r > 0) {
		s->twice = key;
		s->twice_len = len;
		s->t.at = key - 1;
		return end_at_fault(s, -EINVAL);
	}
	if (s->trail) {
		s->trail->path[s->depth - 1].key = key;
		s->trail->path[s->depth - 1].key_len = len;
	}
	return 1;
}

/* A member's key and the colon. */
static int scan_key(struct scan *s)
{
	const char *key;
	int r;

	json_token_space(&s->t);
	if (peek(s) != '"')
		return unexpected(s, s->fresh ? "a key in quotes or '}'"
					      : "a key in quotes");
	key = ++s->t.at;
	r = json_token_string(&s->t);
	if (r <= 0)
		return end_at_fault(s, r);
	r = add_key(s, key, (size_t)(s->t.at - 1 - key));
	if (r <= 0)
		return r;
	json_token_space(&s->t);
	if (peek(s) != ':')
		return unexpected(s, "':' after a key");
	s->t.at++;
	s->fresh = false;
	return 1;
}

static int scan_text(struct scan *s)
{
	bool array_too = !(s->flags & JSON_OBJECT_ONLY);
	int r;

	json_token_space(&s->t);
	if (peek(s) != '{' && (peek(s) != '[' || !array_too))
		return unexpected(s, array_too ? "'{' or '['" : "'{'");
	r = open_container(s);
	while (r > 0) {
		if (in_object(s))
			r = scan_key(s);
		if (r > 0)
			r = scan_value(s);
	}
	return r;
}

/* What stands at the fault, as the end of a sentence. */
static void name_found(const struct scan *s, char *buf, size_t size)
{
	const char *at = s->t.at;
	int len = utf8_char(at, s->t.end);

	if (at == s->t.end)
		(void)snprintf(buf, size, ", but the text ends");
	else if (*at == '\n')
		(void)snprintf(buf, size, ", found a line break");
	else if (len <= 0 || (unsigned char)*at < 0x20 || *at == 0x7F)
		(void)snprintf(buf, size, ", found byte 0x%02x",
			       (unsigned char)*at);
	else
		(void)snprintf(buf, size, ", found '%.*s'", len, at);
}

static void describe(const struct scan *s, struct json_fault *ret)
{
	const char *line = s->text, *end;
	char found[40];
	size_t shown;

	ret->offset = (size_t)(s->t.at - s->text);
	ret->line = 1;
	for (;;) {
		end = memchr(line, '\n', (size_t)(s->t.at - line));
		if (!end)
			break;
		ret->line++;
		line = end + 1;
	}
	ret->column = utf8_count(line, (size_t)(s->t.at - line)) + 1;

	name_found(s, found, sizeof(found));
	shown = utf8_floor(s->twice, s->twice_len, SHOWN_BYTES);
	if (s->twice)
		(void)snprintf(
			ret->text, sizeof(ret->text),
			"the key \"%.*s%s\" is there twice in one object",
			(int)shown, s->twice,
			shown < s->twice_len ? "..." : "");
	else if (s->t.problem)
		(void)snprintf(ret->text, sizeof(ret->text), "%s",
			       s->t.problem);
	else
		(void)snprintf(ret->text, sizeof(ret->text), "expected %s%s",
			       s->t.expected, found);
}

int json_scan(const char *text, size_t len, unsigned flags, json_visit_fn visit,
	      void *arg, struct json_fault *ret_fault)
{
	DROP(trail_free_p) struct trail *trail = NULL;
	DROP(json_key_end) struct json_keys keys;
	char closer[JSON_DEPTH_MAX];
	struct scan s = {.flags = flags,
			 .verdict = JSON_VALID,
			 .visit = visit,
			 .arg = arg,
			 .keys = &keys,
			 .closer = closer};
	int r;

	s.text = len > 0 ? text : "";
	s.t.at = s.text;
	s.t.end = s.text + len;
	json_key_start(&keys, s.text);
	if (visit) {
		trail = malloc(sizeof(*trail));
		if (!trail)
			return -ENOMEM;
		s.trail = trail;
	}
	r = scan_text(&s);
	if (r < 0)
		return r;
	if (s.verdict != JSON_VALID && ret_fault)
		describe(&s, ret_fault);
	return (int)s.verdict;
}

int json_check(const char *text, size_t len, unsigned flags,
	       struct json_fault *ret_fault)
{
	return json_scan(text, len, flags, NULL, NULL, ret_fault);
}

size_t json_unescape(const char *raw, size_t len, char *buf)
{
	return json_token_unescape(raw, len, buf);
}

/* How many raw bytes stand for the one character at @raw, if it is escaped. */
static size_t escape_len(const char *raw, size_t len)
{
	if (raw[1] != 'u')
		return 2;
	/* A first surrogate is D8 to DB, and in valid text a second follows. */
	if (len >= 12 && (raw[2] | 0x20) == 'd' && strchr("89abAB", raw[3]))
		return 12;
	return 6;
}

bool json_raw_equals(const char *raw, size_t len, const char *plain)
{
	const char *end = raw + len;

	while (raw < end) {
		size_t used = 1, n = 1;
		char decoded[4];

		decoded[0] = *raw;
		if (*raw == '\\') {
			used = escape_len(raw, (size_t)(end - raw));
			n = json_token_unescape(raw, used, decoded);
		}
		if (strncmp(plain, decoded, n) != 0)
			return false;
		raw += used;
		plain += n;
	}
	return *plain == '\0';
}
