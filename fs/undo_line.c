#include "fs/undo_line.h"

#include "core/buf.h"
#include "core/defer.h"
#include "core/why.h"
#include "fs/table.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

long long undo_revision(const char *answer, size_t len)
{
	static const char word[] = "(revision ";
	const char *at = answer, *end = answer + len, *last = NULL;

	while (at &&
	       (at = memmem(at, (size_t)(end - at), word, sizeof(word) - 1)))
		last = at += sizeof(word) - 1;
	return last ? strtoll(last, NULL, 10) : 0;
}

/* As a shell takes it for one word. */
static void add_word(struct buf *out, const char *word)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_./@%+=:,-";

	if (*word && !word[strspn(word, plain)]) {
		buf_text(out, word);
		return;
	}
	buf_byte(out, '\'');
	for (; *word; word++)
		if (*word == '\'')
			buf_text(out, "'\\''");
		else
			buf_byte(out, *word);
	buf_byte(out, '\'');
}

int undo_print(bool json, long long revision, const char *place,
	       struct why *why)
{
	DROP(buf_done) struct buf line = {0};
	json_auto_t *object = NULL;

	if (!revision)
		return 0;
	buf_addf(&line, "repofs revert undo %lld ", revision);
	add_word(&line, place);
	buf_byte(&line, '\0');
	if (buf_error(&line))
		return why_set(why, -ENOMEM, "out of memory");
	if (!json) {
		(void)printf("undo with: ");
		table_text(stdout, table_style(stdout, 0), line.data,
			   line.len - 1);
		(void)putchar('\n');
		return 0;
	}
	object = json_pack("{s:I, s:s}", "revision", (json_int_t)revision,
			   "undo", line.data);
	if (!object || json_dumpf(object, stdout, JSON_COMPACT) < 0)
		return why_set(why, -ENOMEM, "out of memory");
	(void)putchar('\n');
	return 0;
}
