#include "core/buf.h"
#include "core/kind.h"
#include "core/store.h"
#include "core/why.h"
#include "fs/cmd.h"
#include "fs/options.h"
#include "fs/place.h"
#include "fs/table.h"

#include <errno.h>
#include <stdio.h>

static const char help[] =
	"usage: repofs kinds [--json] [PLACE]\n"
	"\n"
	"What a repository knows of the texts of its items: the kind of an item "
	"is\n"
	"that of the nearest folder above it that is called as the kind's "
	"folder.\n"
	"It says where references, secrets and names of files stand.\n"
	"\n"
	"PLACE is anything in a mounted repository (default: the current "
	"folder), or\n"
	"a repository file.\n"
	"\n"
	"      --json     the definitions themselves, one set a line; 'repofs "
	"init\n"
	"                 --kinds FILE' takes such a set\n"
	"\n"
	"  repofs kinds rules.repo\n"
	"  repofs kinds --json mnt | jq 'select(.name == \"1integrate\")'\n";

static const struct table_column columns[] = {
	{"set", "SET", TABLE_TEXT},	    {"kind", "KIND", TABLE_TEXT},
	{"folder", "FOLDER", TABLE_TEXT},   {"refers", "REFERS TO", TABLE_TEXT},
	{"secrets", "SECRETS", TABLE_TEXT}, {"files", "FILES", TABLE_TEXT},
};

static int print_kinds(const struct options *o, struct why *why)
{
	const struct store_options only_read = {.read_only = true};
	DROP(store_close_p) struct store *store = NULL;
	DROP(store_put) struct reader reader = {0};
	DROP(buf_done) struct buf lines = {0};
	struct place place;
	int r = place_find(o->count ? o->args[0] : ".", NULL, &place, why);

	if (r == 0)
		r = store_open(place.mounted.file, &only_read, &store, why);
	if (r == 0)
		r = store_read(store, &reader, why);
	if (r < 0)
		return r;
	r = o->json ? kinds_text(reader.db, &lines, why)
		    : kinds_list(store_kinds(store), &lines);
	if (r < 0)
		return r == -ENOMEM ? why_set(why, r, "out of memory") : r;
	if (o->json) {
		(void)fwrite(lines.data, 1, lines.len, stdout);
		return 0;
	}
	return table_print(stdout, table_style(stdout, 0), columns,
			   sizeof(columns) / sizeof(columns[0]), lines.data,
			   lines.len, why);
}

int cmd_kinds(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int r = options_parse(argc, argv, "j", 0, 1, help, &o);

	if (r != OPTIONS_GO_ON)
		return r;
	r = print_kinds(&o, &why);
	return r < 0 ? options_failed(o.command, &why) : EXIT_DONE;
}
