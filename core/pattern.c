#include "core/pattern.h"

#include "core/buf.h"
#include "core/defer.h"
#include "core/why.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading one ---- */

struct parsing {
	const char *text, *at;
	struct pattern *pattern;
	struct why *why;
};

static int wrong(const struct parsing *p, const char *what)
{
	return why_set(p->why, -EINVAL, "'%s': %s", p->text, what);
}

static int add(struct parsing *p, enum pattern_what what, const char *name,
	       size_t len)
{
	struct pattern *pattern = p->pattern;
	struct pattern_step *steps =
		realloc(pattern->steps, (pattern->len + 1) * sizeof(*steps));
	char *copy = NULL;

	if (steps)
		pattern->steps = steps;
	if (steps && name)
		copy = strndup(name, len);
	if (!steps || (name && !copy))
		return why_set(p->why, -ENOMEM, "out of memory");
	steps[pattern->len++] = (struct pattern_step){what, copy, len};
	return 0;
}

static bool is_plain(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 ||
	       c == '_' || c == '-' || c == ' ';
}

static int parse_depth(struct parsing *p)
{
	for (size_t i = 0; i < p->pattern->len; i++)
		if (p->pattern->steps[i].what == PATTERN_DEPTH)
			return wrong(p, "'**' may be there once only");
	p->at += 2;
	return add(p, PATTERN_DEPTH, NULL, 0);
}

static int parse_name(struct parsing *p)
{
	const char *start = p->at;

	while (is_plain(*p->at))
		p->at++;
	if (p->at == start)
		return wrong(p, "a name, '*', '**' or '[' was expected");
	return add(p, PATTERN_NAME, start, (size_t)(p->at - start));
}

/* Behind '["': a JSON string and the bracket. */
static int parse_quoted(struct parsing *p)
{
	DROP(buf_done) struct buf name = {0};
	const char *start = p->at;
	size_t len;

	while (*p->at && *p->at != '"')
		p->at += *p->at == '\\' && p->at[1] ? 2 : 1;
	len = (size_t)(p->at - start);
	if (strncmp(p->at, "\"]", 2) != 0)
		return wrong(p, "'\"]' is missing");
	/* As a text of its own, so that escapes are checked. */
	buf_text(&name, "[\"");
	buf_add(&name, start, len);
	buf_text(&name, "\"]");
	if (buf_error(&name))
		return why_set(p->why, -ENOMEM, "out of memory");
	if (json_check(name.data, name.len, 0, NULL) != JSON_VALID || !len)
		return wrong(p, "the name in quotes is no JSON string");
	p->at += 2;
	len = json_unescape(start, len, name.data);
	return add(p, PATTERN_NAME, name.data, len);
}

static int parse_bracket(struct parsing *p)
{
	if (strncmp(p->at, "[*]", 3) == 0) {
		p->at += 3;
		return add(p, PATTERN_ELEMENT, NULL, 0);
	}
	if (strncmp(p->at, "[\"", 2) != 0)
		return wrong(p, "'[' begins '[*]' or '[\"NAME\"]'");
	p->at += 2;
	return parse_quoted(p);
}

static int parse_step(struct parsing *p)
{
	if (strncmp(p->at, "**", 2) == 0)
		return parse_depth(p);
	if (*p->at == '*') {
		p->at++;
		return add(p, PATTERN_MEMBER, NULL, 0);
	}
	return *p->at == '[' ? parse_bracket(p) : parse_name(p);
}

int pattern_parse(const char *text, struct pattern *ret, struct why *why)
{
	struct parsing p = {text, text, ret, why};
	int r;

	*ret = (struct pattern){0};
	r = parse_step(&p);
	while (r == 0 && *p.at) {
		if (*p.at == '.')
			p.at++;
		else if (*p.at != '[')
			r = wrong(&p, "'.' or '[' was expected");
		if (r == 0)
			r = parse_step(&p);
	}
	if (r < 0)
		pattern_done(ret);
	return r;
}

void pattern_done(struct pattern *pattern)
{
	for (size_t i = 0; i < pattern->len; i++)
		free(pattern->steps[i].name);
	free(pattern->steps);
	*pattern = (struct pattern){0};
}

/* ---- using it ---- */

bool pattern_is_key(const struct json_step *step, const char *name, size_t len)
{
	if (!step->key)
		return false;
	if (step->key_len == len)
		return memcmp(step->key, name, len) == 0;
	return step->key_len > len && memchr(step->key, '\\', step->key_len) &&
	       json_raw_equals(step->key, step->key_len, name);
}

static bool step_matches(const struct pattern_step *p,
			 const struct json_step *step)
{
	switch (p->what) {
	case PATTERN_NAME:
		return pattern_is_key(step, p->name, p->len);
	case PATTERN_MEMBER:
		return step->key != NULL;
	case PATTERN_ELEMENT:
		return step->key == NULL;
	case PATTERN_DEPTH:
		break;
	}
	return true;
}

/* From the end, where most paths fail at once. The steps before '**' begin at
 * the top, so that nothing has to be tried twice. */
bool pattern_matches(const struct pattern *pattern,
		     const struct json_step *path, size_t depth)
{
	const struct pattern_step *steps = pattern->steps;
	size_t len = pattern->len;

	while (len > 0 && steps[len - 1].what != PATTERN_DEPTH) {
		if (depth == 0 ||
		    !step_matches(&steps[len - 1], &path[depth - 1]))
			return false;
		len--;
		depth--;
	}
	if (len == 0)
		return depth == 0;
	if (len - 1 > depth)
		return false;
	for (size_t i = 0; i < len - 1; i++)
		if (!step_matches(&steps[i], &path[i]))
			return false;
	return true;
}

const struct pattern_step *pattern_last_name(const struct pattern *pattern)
{
	size_t i = pattern->len;

	while (i > 0 && pattern->steps[i - 1].what == PATTERN_ELEMENT)
		i--;
	if (i == 0 || pattern->steps[i - 1].what != PATTERN_NAME)
		return NULL;
	return &pattern->steps[i - 1];
}

static bool is_plain_key(const struct json_step *step)
{
	for (size_t i = 0; i < step->key_len; i++)
		if (!is_plain(step->key[i]))
			return false;
	return step->key_len > 0;
}

void pattern_show(const struct json_step *path, size_t depth, struct buf *out)
{
	for (size_t i = 0; i < depth; i++) {
		const struct json_step *step = &path[i];

		if (!step->key) {
			buf_addf(out, "[%zu]", step->index);
		} else if (is_plain_key(step)) {
			buf_text(out, i > 0 ? "." : "");
			buf_add(out, step->key, step->key_len);
		} else {
			buf_text(out, "[\"");
			buf_add(out, step->key, step->key_len);
			buf_text(out, "\"]");
		}
	}
}
