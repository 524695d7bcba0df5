#include "core/buf.h"
#include "core/why.h"
#include "fs/client.h"
#include "fs/cmd.h"
#include "fs/lines.h"
#include "fs/options.h"
#include "fs/table.h"

#include <stdio.h>

static const char help[] =
	"usage: repofs revisions [--json] [--kind KIND] [--status STATUS]\n"
	"                        [--user NAME] [--since TIME] [PLACE]\n"
	"\n"
	"List the snapshots, restores, pulls and reverts of a folder and of "
	"those below\n"
	"it, the newest last. The numbers are what show, diff and revert take.\n"
	"\n"
	"PLACE is a folder in a mounted repository (default: the current one), "
	"or\n"
	"a repository file.\n"
	"\n"
	"      --in PATH        with a repository file: the folder in it\n"
	"      --json           one object a line\n"
	"      --kind KIND      only these: snapshot, restore, pull, revert\n"
	"      --status STATUS  ... completed, in progress, canceled, failed\n"
	"      --user NAME      ... of this user\n"
	"      --since TIME     ... from 2026-11-20 on, or from an instant\n"
	"\n"
	"  repofs revisions mnt\n"
	"  repofs revisions --kind revert --since 2026-11-20 mnt\n"
	"  repofs revisions --json mnt | jq .description\n"
	"\n"
	"If the output is no terminal, the columns are divided by one tab, "
	"without\n"
	"titles and with times in UTC.\n";

static const struct table_column columns[] = {
	{"id", "ID", TABLE_NUMBER},
	{"kind", "KIND", TABLE_TEXT},
	{"status", "STATUS", TABLE_TEXT},
	{"time", "WHEN", TABLE_TIME},
	{"user", "WHO", TABLE_TEXT},
	{"scope", "FOLDER", TABLE_TEXT},
	{"name", "NAME", TABLE_TEXT},
	{"counts", "ITEMS", TABLE_COUNTS},
	{"description", "DESCRIPTION", TABLE_TEXT},
};

static int print_list(const struct options *o, struct why *why)
{
	const struct lines_filter filter = {
		.kind = o->kind,
		.status = o->status,
		.user = o->user,
		.since = o->since,
	};
	DROP(buf_done) struct buf lines = {0};
	int r = client_list(o->count ? o->args[0] : ".", o->inside, "revisions",
			    &lines, why);

	if (r == 0)
		r = lines_keep(&lines, &filter, why);
	if (r < 0)
		return r;
	return table_print(stdout, table_style(stdout, o->json), columns,
			   sizeof(columns) / sizeof(columns[0]), lines.data,
			   lines.len, why);
}

int cmd_revisions(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int r;

	r = options_parse(argc, argv, "ijksUS", 0, 1, help, &o);
	if (r != OPTIONS_GO_ON)
		return r;
	r = print_list(&o, &why);
	return r < 0 ? options_failed(o.command, &why) : EXIT_DONE;
}
