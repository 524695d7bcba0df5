#include "fs/changes.h"

#include "core/why.h"
#include "fs/lines.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	char letter;
	const char *word;
} kinds[] = {
	{'+', "created"}, {'-', "deleted"},    {'M', "edited"},
	{'R', "moved"},	  {'A', "attributes"},
};

static const char *word_of(const char *line, size_t len)
{
	if (len < 3 || line[1] != ' ')
		return NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].letter == line[0])
			return kinds[i].word;
	return NULL;
}

/* A new reference, or NULL: no memory, or no text. */
static json_t *line_object(const char *line, size_t len)
{
	static const char arrow[] = " -> ";
	const char *word = word_of(line, len), *path, *to;

	if (!word && len > 2 && line[0] == '!')
		return json_pack("{s:s%}", "note", line + 2, len - 2);
	if (!word)
		return json_pack("{s:s%}", "result", line, len);
	path = line + 2;
	len -= 2;
	to = *line == 'R' ? memmem(path, len, arrow, sizeof(arrow) - 1) : NULL;
	if (!to)
		return json_pack("{s:s, s:s%}", "change", word, "path", path,
				 len);
	return json_pack("{s:s, s:s%, s:s%}", "change", word, "path",
			 to + sizeof(arrow) - 1,
			 len - (size_t)(to - path) - (sizeof(arrow) - 1),
			 "from", path, (size_t)(to - path));
}

/* ---- colours ---- */

#define RED "\033[31m"
#define GREEN "\033[32m"
#define CYAN "\033[36m"
#define YELLOW "\033[1;33m"
#define FAINT "\033[2m"
#define PLAIN "\033[0m"

static bool has_colours(enum table_style style)
{
	/* NOLINTBEGIN(concurrency-mt-unsafe): nobody sets them */
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	/* NOLINTEND(concurrency-mt-unsafe) */

	return style == TABLE_TERMINAL && !(no && *no) && term &&
	       strcmp(term, "dumb") != 0;
}

static void put(FILE *out, const char *colour, const char *text, size_t len)
{
	(void)fputs(colour, out);
	table_text(out, TABLE_TERMINAL, text, len);
	(void)fputs(*colour ? PLAIN : "", out);
}

/* Behind the string that begins at @at. */
static const char *skip_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		at += *at == '\\' && end - at > 1;
	return at < end ? at + 1 : end;
}

/* The next @what that is in no string, or NULL. */
static const char *find_outside(const char *at, const char *end,
				const char *what)
{
	size_t len = strlen(what);

	while (at < end) {
		if ((size_t)(end - at) >= len && memcmp(at, what, len) == 0)
			return at;
		at = *at == '"' ? skip_string(at, end) : at + 1;
	}
	return NULL;
}

/* "  /pointer: old -> new", from the pointer on. The pointer is a string if it
 * holds what divides it from the value. */
static void put_member(FILE *out, const char *at, const char *end)
{
	const char *value = *at == '"'
				    ? skip_string(at, end)
				    : memmem(at, (size_t)(end - at), ": ", 2);
	const char *arrow = value ? find_outside(value, end, " -> ") : NULL;

	if (!arrow || arrow < value + 2) {
		put(out, "", at, (size_t)(end - at));
		return;
	}
	value += 2;
	put(out, "", at, (size_t)(value - at));
	put(out, RED, value, (size_t)(arrow - value));
	put(out, "", arrow, 4);
	put(out, GREEN, arrow + 4, (size_t)(end - arrow - 4));
}

static const char *colour_of(const struct line *line)
{
	if (line->len < 3 || line->at[1] != ' ')
		return "";
	switch (line->at[0]) {
	case '+':
		return GREEN;
	case '-':
		return RED;
	case 'M':
	case 'R':
		return CYAN;
	case '!':
		return YELLOW;
	default:
		return "";
	}
}

static void put_line(FILE *out, const struct line *line)
{
	const char *end = line->at + line->len;
	const struct line inner = {line->at + 2, line->len - 2};

	if (line->len < 3 || memcmp(line->at, "  ", 2) != 0)
		put(out, colour_of(line), line->at, line->len);
	else if (*inner.at == '(')
		put(out, FAINT, line->at, line->len);
	else if (*inner.at == '/' || *inner.at == '"')
		(void)fputs("  ", out), put_member(out, inner.at, end);
	else
		put(out, colour_of(&inner), line->at, line->len);
	(void)fputc('\n', out);
}

/* ---- all of it ---- */

static int put_json(FILE *out, const struct line *line, struct why *why)
{
	json_auto_t *object = NULL;

	if (line->len && *line->at == ' ')
		return 0;
	object = line_object(line->at, line->len);
	if (!object || json_dumpf(object, out, JSON_COMPACT) < 0)
		return why_set(why, -ENOMEM, "no memory for '%.*s'",
			       (int)line->len, line->at);
	(void)fputc('\n', out);
	return 0;
}

int changes_print(FILE *out, enum table_style style, const char *text,
		  size_t len, struct why *why)
{
	struct line line = {0};
	int r = 0;

	if (len == 0)
		return 0;
	if (style != TABLE_JSON && !has_colours(style)) {
		table_text(out, style, text, len);
		return 0;
	}
	while (r == 0 && lines_next(text, len, &line)) {
		if (style == TABLE_JSON)
			r = put_json(out, &line, why);
		else
			put_line(out, &line);
	}
	return r;
}
