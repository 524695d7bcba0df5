#include "fs/table.h"

#include "core/defer.h"
#include "core/why.h"
#include "fs/lines.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

/* All cells, row by row; as text, since widths are known at the end only. */
struct cells {
	char **list;
	size_t len, cap;
};

static void cells_done(struct cells *c)
{
	for (size_t i = 0; i < c->len; i++)
		free(c->list[i]);
	free(c->list);
}

/* Takes over @text, also on failure; NULL is a failure too. */
static int cells_add(struct cells *c, char *text)
{
	size_t cap = c->cap ? 2 * c->cap : 64;
	char **list;

	if (text && c->len == c->cap) {
		list = reallocarray(c->list, cap, sizeof(*list));
		if (!list) {
			free(text);
			return -ENOMEM;
		}
		c->list = list;
		c->cap = cap;
	}
	if (!text)
		return -ENOMEM;
	c->list[c->len++] = text;
	return 0;
}

enum table_style table_style(FILE *out, int json)
{
	if (json)
		return TABLE_JSON;
	return isatty(fileno(out)) ? TABLE_TERMINAL : TABLE_PLAIN;
}

const char *table_time(const char *iso, char *ret, size_t size)
{
	struct tm utc = {0}, local;
	const char *end = strptime(iso, "%Y-%m-%dT%H:%M:%S", &utc);
	time_t t = timegm(&utc);

	if (!end || !localtime_r(&t, &local) ||
	    strftime(ret, size, "%Y-%m-%d %H:%M", &local) == 0)
		(void)snprintf(ret, size, "%s", iso);
	return ret;
}

/* "2 created, 1 moved"; what is 0 goes without saying. NULL: no memory. */
static char *counts_text(json_t *counts)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	const char *key, *comma = "";
	json_t *value;

	if (!out)
		return NULL;
	json_object_foreach(counts, key, value) {
		if (!json_is_integer(value) || json_integer_value(value) == 0)
			continue;
		(void)fprintf(out, "%s%" JSON_INTEGER_FORMAT " %s", comma,
			      json_integer_value(value), key);
		comma = ", ";
	}
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* The text of one cell, to be freed; NULL: no memory. */
static char *cell_text(json_t *value, enum table_kind kind,
		       enum table_style style)
{
	char time_text[64];

	if (!value || json_is_null(value))
		return strdup("");
	if (kind == TABLE_COUNTS && json_is_object(value))
		return counts_text(value);
	if (!json_is_string(value))
		return json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	if (kind == TABLE_TIME && style == TABLE_TERMINAL)
		return strdup(table_time(json_string_value(value), time_text,
					 sizeof(time_text)));
	return strdup(json_string_value(value));
}

/* What would break the table, or the terminal. */
static void make_harmless(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p; p++)
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			p[0] = p[1] = '?'; /* C1 controls, in UTF-8 */
}

static int add_line(struct cells *cells, enum table_style style,
		    const struct table_column *columns, size_t count,
		    const char *line, size_t len, struct why *why)
{
	json_auto_t *object = json_loadb(line, len, 0, NULL);
	char *text;

	if (!json_is_object(object))
		return why_set(why, -EINVAL, "not a line of JSON: '%.*s'",
			       (int)(len < 80 ? len : 80), line);
	for (size_t i = 0; i < count; i++) {
		text = cell_text(json_object_get(object, columns[i].key),
				 columns[i].kind, style);
		if (text)
			make_harmless(text);
		if (cells_add(cells, text) < 0)
			return why_set(why, -ENOMEM, "out of memory");
	}
	return 0;
}

static int add_lines(struct cells *cells, enum table_style style,
		     const struct table_column *columns, size_t count,
		     const char *lines, size_t len, struct why *why)
{
	struct line line = {0};
	int r = 0;

	while (r == 0 && lines_next(lines, len, &line))
		if (line.len)
			r = add_line(cells, style, columns, count, line.at,
				     line.len, why);
	return r;
}

/* Columns that @text fills on a terminal. */
static size_t width_of(const char *text)
{
	mbstate_t state = {0};
	size_t left = strlen(text), width = 0, n;
	wchar_t c;
	int w;

	while (left > 0) {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): the state is ours */
		n = mbrtowc(&c, text, left, &state);
		if (n == 0 || n > left) /* not of this locale: a byte */
			return width + left;
		w = wcwidth(c);
		width += w > 0 ? (size_t)w : 0;
		text += n;
		left -= n;
	}
	return width;
}

static void print_cell(FILE *out, const char *text, enum table_kind kind,
		       size_t width, bool last)
{
	size_t own = width_of(text);
	int pad = own < width ? (int)(width - own) : 0;

	if (kind == TABLE_NUMBER)
		(void)fprintf(out, "%*s%s%s", pad, "", text, last ? "" : "  ");
	else if (last)
		(void)fputs(text, out);
	else
		(void)fprintf(out, "%s%*s", text, pad + 2, "");
}

static void print_aligned(FILE *out, const struct table_column *columns,
			  size_t count, const struct cells *cells)
{
	size_t rows = cells->len / count;
	size_t widths[16] = {0};

	for (size_t i = 0; i < count; i++)
		widths[i] = width_of(columns[i].title);
	for (size_t i = 0; i < cells->len; i++) {
		size_t width = width_of(cells->list[i]);

		if (width > widths[i % count])
			widths[i % count] = width;
	}
	for (size_t i = 0; i < count; i++)
		print_cell(out, columns[i].title, columns[i].kind, widths[i],
			   i + 1 == count);
	(void)fputc('\n', out);
	for (size_t row = 0; row < rows; row++) {
		for (size_t i = 0; i < count; i++)
			print_cell(out, cells->list[row * count + i],
				   columns[i].kind, widths[i], i + 1 == count);
		(void)fputc('\n', out);
	}
}

int table_print(FILE *out, enum table_style style,
		const struct table_column *columns, size_t count,
		const char *lines, size_t len, struct why *why)
{
	DROP(cells_done) struct cells cells = {0};
	int r;

	if (len == 0)
		return 0;
	if (style == TABLE_JSON) {
		(void)fwrite(lines, 1, len, out);
		return 0;
	}
	r = add_lines(&cells, style, columns, count, lines, len, why);
	if (r < 0)
		return r;
	if (style == TABLE_TERMINAL && cells.len > 0)
		print_aligned(out, columns, count, &cells);
	for (size_t i = 0; style == TABLE_PLAIN && i < cells.len; i++)
		(void)fprintf(out, "%s%c", cells.list[i],
			      (i + 1) % count != 0 ? '\t' : '\n');
	return 0;
}

void table_text(FILE *out, enum table_style style, const char *text, size_t len)
{
	if (style != TABLE_TERMINAL) {
		(void)fwrite(text, 1, len, out);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == 0xc2 && i + 1 < len &&
		    (unsigned char)text[i + 1] < 0xa0)
			i++, c = '?';
		else if ((c < 0x20 && c != '\n') || c == 0x7f)
			c = '?';
		(void)fputc(c, out);
	}
}
