#include "core/buf.h"
#include "core/why.h"
#include "fs/client.h"
#include "fs/cmd.h"
#include "fs/lines.h"
#include "fs/options.h"
#include "fs/table.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
	"usage: repofs log [--json] [--user NAME] [--program NAME]\n"
	"                  [--change WHAT] [--since TIME] [PLACE]\n"
	"\n"
	"Every change of the items and folders in a folder and below: when, "
	"who, by\n"
	"which program, what, and of which revision it is part; the newest "
	"last. Of\n"
	"very many moments the newest 10,000 are told.\n"
	"\n"
	"PLACE is a folder in a mounted repository (default: the current one), "
	"or\n"
	"a repository file.\n"
	"\n"
	"      --in PATH       with a repository file: the folder in it\n"
	"      --json          one object a line, with moment, uid and process\n"
	"      --user NAME     only what this user did\n"
	"      --program NAME  ... by this program\n"
	"      --change WHAT   ... created, removed, edited, moved or "
	"attributes\n"
	"      --since TIME    ... from 2026-11-20 on, or from an instant\n"
	"\n"
	"  repofs log mnt/rules\n"
	"  repofs log --user joe --change removed --since 2026-11-20 mnt\n";

static const struct table_column columns[] = {
	{"time", "WHEN", TABLE_TIME},	  {"user", "WHO", TABLE_TEXT},
	{"program", "BY", TABLE_TEXT},	  {"revision", "REV", TABLE_NUMBER},
	{"change", "CHANGE", TABLE_TEXT}, {"path", "PATH", TABLE_TEXT},
	{"from", "FROM", TABLE_TEXT},
};

/* The first line may say how many moments are left out. */
static void say_omitted(struct buf *lines)
{
	long long omitted;
	char *end;

	buf_byte(lines, '\0');
	lines->len--;
	/* NOLINTBEGIN(cert-err34-c): it was written by the engine */
	if (buf_error(lines) ||
	    sscanf(lines->data, "{\"omitted\":%lld}", &omitted) != 1)
		return;
	/* NOLINTEND(cert-err34-c) */
	(void)fprintf(stderr, "repofs: log: %lld older moments are left out\n",
		      omitted);
	end = strchr(lines->data, '\n') + 1;
	lines->len -= (size_t)(end - lines->data);
	memmove(lines->data, end, lines->len);
}

static int print_log(const struct options *o, struct why *why)
{
	const struct lines_filter filter = {
		.user = o->user,
		.program = o->program,
		.change = o->change,
		.since = o->since,
	};
	DROP(buf_done) struct buf lines = {0};
	int r = client_list(o->count ? o->args[0] : ".", o->inside, "log",
			    &lines, why);

	if (r < 0)
		return r;
	say_omitted(&lines);
	r = lines_keep(&lines, &filter, why);
	return r < 0 ? r
		     : table_print(stdout, table_style(stdout, o->json),
				   columns,
				   sizeof(columns) / sizeof(columns[0]),
				   lines.data, lines.len, why);
}

int cmd_log(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int r = options_parse(argc, argv, "ijUSPC", 0, 1, help, &o);

	if (r != OPTIONS_GO_ON)
		return r;
	r = print_log(&o, &why);
	return r < 0 ? options_failed(o.command, &why) : EXIT_DONE;
}
