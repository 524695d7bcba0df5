#include "core/buf.h"
#include "core/why.h"
#include "fs/client.h"
#include "fs/cmd.h"
#include "fs/lines.h"
#include "fs/options.h"
#include "fs/table.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"usage: repofs history [--json] [PLACE]\n"
	"\n"
	"All changes of one item, or of the items in one folder (not below), "
	"the\n"
	"oldest first; also of those that were deleted. An item is followed "
	"through\n"
	"the names that it had in the folder. The texts of all versions are in "
	"the\n"
	"folder's .snapshots/versions/ITEM/.\n"
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
	{"time", "WHEN", TABLE_TIME},	      {"user", "WHO", TABLE_TEXT},
	{"program", "BY", TABLE_TEXT},	      {"change", "CHANGE", TABLE_TEXT},
	{"version", "VERSION", TABLE_NUMBER}, {"size", "SIZE", TABLE_NUMBER},
	{"item", "ITEM", TABLE_TEXT},
};

struct parsed {
	json_t *all;
	json_int_t omitted; /* so many older ones are left out */
};

static int parse(json_t *object, const struct line *line, void *arg,
		 struct why *why)
{
	struct parsed *p = arg;
	const json_t *omitted = json_object_get(object, "omitted");

	(void)line;
	if (omitted)
		p->omitted = json_integer_value(omitted);
	else if (json_array_append(p->all, object) < 0)
		return why_set(why, -ENOMEM, "a line of history");
	return 0;
}

static bool is_member(const json_t *line, const char *key, const char *text)
{
	const char *value = json_string_value(json_object_get(line, key));

	return value && strcmp(value, text) == 0;
}

/*
 * Keep the lines of the item that is called @name, or was the last to be
 * called so: from the newest back to its creation, through its other names.
 */
static int keep_item(json_t *all, const char *name, struct why *why)
{
	char now[NAME_MAX + 1];
	bool begun = false;

	(void)snprintf(now, sizeof(now), "%s", name);
	for (size_t i = json_array_size(all); i-- > 0;) {
		const json_t *line = json_array_get(all, i);
		const char *from =
			json_string_value(json_object_get(line, "from"));

		if (begun || (!is_member(line, "item", now) &&
			      !is_member(line, "from", now))) {
			(void)json_array_remove(all, i);
			continue;
		}
		begun = is_member(line, "change", "created");
		if (from && is_member(line, "to", now))
			(void)snprintf(now, sizeof(now), "%s", from);
	}
	if (json_array_size(all) == 0)
		return why_set(why, -ENOENT, "there never was an item '%s'",
			       name);
	return 0;
}

static int print(const struct options *o, json_t *all, struct why *why)
{
	DROP(buf_done) struct buf lines = {0};
	size_t i;
	json_t *line;

	json_array_foreach(all, i, line) {
		char *text = json_dumps(line, JSON_COMPACT);

		if (!text)
			return why_set(why, -ENOMEM, "out of memory");
		buf_text(&lines, text);
		buf_byte(&lines, '\n');
		free(text);
	}
	if (buf_error(&lines) < 0)
		return why_set(why, -ENOMEM, "out of memory");
	return table_print(stdout, table_style(stdout, o->json), columns,
			   sizeof(columns) / sizeof(columns[0]), lines.data,
			   lines.len, why);
}

static int history(const struct options *o, struct why *why)
{
	DROP(client_close_p) struct client *client = NULL;
	DROP(buf_done) struct buf lines = {0};
	json_auto_t *all = json_array();
	struct parsed parsed = {.all = all};
	const char *item;
	int r;

	r = client_open(o->count ? o->args[0] : ".", o->inside, NULL, &client,
			why);
	if (r < 0)
		return r;
	item = client_rest(client);
	if (strchr(item, '/'))
		return client_need_folder(client, why);
	r = client_show(client, "history", NULL, &lines, why);
	if (r == 0)
		r = lines_each(&lines, parse, &parsed, why);
	if (r == 0 && *item)
		r = keep_item(all, item, why);
	if (r == 0)
		r = print(o, all, why);
	if (r == 0 && parsed.omitted > 0)
		(void)fprintf(stderr,
			      "repofs: history: only the newest changes of the "
			      "folder; %" JSON_INTEGER_FORMAT
			      " older ones are left out\n",
			      parsed.omitted);
	return r;
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
