#include "core/buf.h"
#include "core/why.h"
#include "fs/client.h"
#include "fs/cmd.h"
#include "fs/options.h"
#include "fs/table.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
	"usage: repofs history [--json] [PLACE]\n"
	"\n"
	"All changes of one item, or of the items in one folder (not below), "
	"the\n"
	"oldest first; also of those that were deleted. The texts of all "
	"versions\n"
	"are in the folder's .snapshots/versions/ITEM/.\n"
	"\n"
	"PLACE is an item or a folder in a mounted repository (default: the\n"
	"current folder), or a repository file.\n"
	"\n"
	"      --in PATH  with a repository file: the item or folder in it\n"
	"      --json     one object a line, with SHA-256 and moment\n"
	"\n"
	"  repofs history \"mnt/rules/No gaps.json\"\n"
	"  repofs history --json --in rules rules.repo\n";

static const struct table_column columns[] = {
	{"time", "WHEN", TABLE_TIME},	   {"user", "WHO", TABLE_TEXT},
	{"program", "BY", TABLE_TEXT},	   {"change", "CHANGE", TABLE_TEXT},
	{"version", "VERSION", TABLE_NUMBER}, {"size", "SIZE", TABLE_NUMBER},
	{"item", "ITEM", TABLE_TEXT},
};

/* Keep the lines of item @name alone. */
static int keep_item(struct buf *lines, const char *name, struct why *why)
{
	char *end = lines->data + lines->len, *to = lines->data, *newline;

	for (char *at = lines->data; at < end; at = newline + 1) {
		json_auto_t *line = NULL;
		const char *item;

		newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			break;
		line = json_loadb(at, (size_t)(newline - at), 0, NULL);
		item = json_string_value(json_object_get(line, "item"));
		if (!item || strcmp(item, name) != 0)
			continue;
		memmove(to, at, (size_t)(newline + 1 - at));
		to += newline + 1 - at;
	}
	lines->len = (size_t)(to - lines->data);
	if (lines->len == 0)
		return why_set(why, -ENOENT, "there never was an item '%s'",
			       name);
	return 0;
}

static int history(const struct options *o, struct why *why)
{
	DROP(client_close_p) struct client *client = NULL;
	DROP(buf_done) struct buf lines = {0};
	const char *item;
	int r;

	r = client_open(o->count ? o->args[0] : ".", o->inside, NULL, &client,
			why);
	if (r < 0)
		return r;
	item = client_rest(client);
	if (strchr(item, '/'))
		return client_need_folder(client, why);
	r = client_show(client, "history", *item ? item : NULL, &lines, why);
	if (r == 0 && *item)
		r = keep_item(&lines, item, why);
	if (r < 0)
		return r;
	return table_print(stdout, table_style(stdout, o->json), columns,
			   sizeof(columns) / sizeof(columns[0]), lines.data,
			   lines.len, why);
}

int cmd_history(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int r;

	r = options_parse(argc, argv, "ij", 0, 1, help, &o);
	if (r != OPTIONS_GO_ON)
		return r;
	r = history(&o, &why);
	return r < 0 ? options_failed(o.command, &why) : EXIT_DONE;
}
