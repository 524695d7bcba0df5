#include "core/buf.h"
#include "core/why.h"
#include "fs/client.h"
#include "fs/cmd.h"
#include "fs/options.h"
#include "fs/table.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"usage: repofs status [--json] [PLACE]\n"
	"\n"
	"What a repository holds, and how it is: one 'key value' a line.\n"
	"\n"
	"PLACE is a folder in a mounted repository (default: the current one), "
	"or\n"
	"a repository file.\n"
	"\n"
	"      --in PATH  with a repository file: the folder in it\n"
	"      --json     one object\n"
	"\n"
	"  repofs status mnt\n";

/* A number if it is one, and nothing else would be printed for it. */
static json_t *value_of(const char *text, size_t len)
{
	char *end;
	json_int_t number;

	if (len > 0 && len < 19 && strspn(text, "0123456789") >= len &&
	    (text[0] != '0' || len == 1)) {
		number = strtoll(text, &end, 10);
		return json_integer(number);
	}
	return json_stringn(text, len);
}

static int print_object(const struct buf *lines, struct why *why)
{
	const char *end = lines->data + lines->len, *newline, *space, *key_end;
	json_auto_t *object = json_object();

	for (const char *at = lines->data; at < end; at = newline + 1) {
		char key[64];

		newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			break;
		space = memchr(at, ' ', (size_t)(newline - at));
		key_end = space ? space : newline;
		while (space && space < newline && *space == ' ')
			space++;
		(void)snprintf(key, sizeof(key), "%.*s", (int)(key_end - at),
			       at);
		if (!space)
			space = newline;
		if (json_object_set_new(
			    object, key,
			    value_of(space, (size_t)(newline - space))) < 0)
			return why_set(why, -ENOMEM, "out of memory");
	}
	if (!object || json_dumpf(object, stdout, JSON_COMPACT) < 0)
		return why_set(why, -ENOMEM, "out of memory");
	(void)putchar('\n');
	return 0;
}

static int status(const struct options *o, struct why *why)
{
	enum table_style style = table_style(stdout, o->json);
	DROP(buf_done) struct buf lines = {0};
	int r = client_list(o->count ? o->args[0] : ".", o->inside, "status",
			    &lines, why);

	if (r < 0)
		return r;
	if (style == TABLE_JSON)
		return print_object(&lines, why);
	table_text(stdout, style, lines.data, lines.len);
	return 0;
}

int cmd_status(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int r;

	r = options_parse(argc, argv, "ij", 0, 1, help, &o);
	if (r != OPTIONS_GO_ON)
		return r;
	r = status(&o, &why);
	return r < 0 ? options_failed(o.command, &why) : EXIT_DONE;
}
