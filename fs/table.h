/*
 * table - JSON lines as a table for people.
 *
 * On a terminal: titles, aligned columns, local times. Elsewhere: the same
 * columns, one tab between them, no titles, times as they are, so that cut and
 * awk can work on them. With --json the lines go through as they are.
 *
 * Thread-safety: no state.
 */
#ifndef FS_TABLE_H
#define FS_TABLE_H

#include <stddef.h>
#include <stdio.h>

struct why;

enum table_kind {
	TABLE_TEXT,
	TABLE_NUMBER, /* to the right */
	TABLE_TIME,   /* ISO 8601 in the lines */
	TABLE_COUNTS, /* {"created": 2, "moved": 0}: "2 created" */
};

struct table_column {
	const char *key; /* member of a line */
	const char *title;
	enum table_kind kind;
};

enum table_style { TABLE_TERMINAL, TABLE_PLAIN, TABLE_JSON };

/* The style for @out. */
enum table_style table_style(FILE *out, int json);

/* Print @lines, @len bytes, with @count columns. -EINVAL: a line that is no
 * JSON object; nothing is printed then. */
int table_print(FILE *out, enum table_style style,
		const struct table_column *columns, size_t count,
		const char *lines, size_t len, struct why *why);

/* Print text: as it is, but on a terminal without the control characters that
 * a name may hold to do harm there. */
void table_text(FILE *out, enum table_style style, const char *text,
		size_t len);

/* @iso as people here write it; as it is when it is no such time. Returns
 * @ret. */
const char *table_time(const char *iso, char *ret, size_t size);

#endif
