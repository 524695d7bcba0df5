#include "fs/changes.h"

#include "core/why.h"

#include <errno.h>
#include <jansson.h>
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

int changes_print(FILE *out, enum table_style style, const char *text,
		  size_t len, struct why *why)
{
	const char *end, *newline;

	if (len == 0)
		return 0;
	if (style != TABLE_JSON) {
		table_text(out, style, text, len);
		return 0;
	}
	end = text + len;
	for (const char *at = text; at < end; at = newline + 1) {
		json_auto_t *object = NULL;

		newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			newline = end;
		object = line_object(at, (size_t)(newline - at));
		if (!object || json_dumpf(object, out, JSON_COMPACT) < 0)
			return why_set(why, -ENOMEM, "no memory for '%.*s'",
				       (int)(newline - at), at);
		(void)fputc('\n', out);
	}
	return 0;
}
