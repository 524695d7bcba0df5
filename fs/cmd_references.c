#include "core/buf.h"
#include "core/why.h"
#include "fs/client.h"
#include "fs/cmd.h"
#include "fs/options.h"
#include "fs/table.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char problems_help[] =
	"usage: repofs problems [--json] [PLACE]\n"
	"\n"
	"What is wrong now with the items of a folder and below: references to\n"
	"nothing, each with the item, where in its text, what stands there and\n"
	"which kind of item is meant.\n"
	"\n"
	"PLACE is a folder in a mounted repository (default: the current one), "
	"or\n"
	"a repository file.\n"
	"\n"
	"      --in PATH  with a repository file: the folder in it\n"
	"      --json     one object a line\n"
	"\n"
	"The exit code is 0 if nothing is wrong, 1 if something is, 2 if that "
	"could\n"
	"not be found out.\n"
	"\n"
	"  repofs problems mnt\n"
	"  repofs problems --json --in sessions rules.repo\n";

static const struct table_column problems_columns[] = {
	{"path", "ITEM", TABLE_TEXT},	{"problem", "PROBLEM", TABLE_TEXT},
	{"at", "WHERE", TABLE_TEXT},	{"target", "TO", TABLE_TEXT},
	{"meant", "MEANT", TABLE_TEXT},
};

static const char references_help[] =
	"usage: repofs references [--json] PLACE\n"
	"\n"
	"What an item refers to, in the order of its text, then what refers to "
	"it.\n"
	"Of a folder: what refers to the folder itself.\n"
	"\n"
	"PLACE is an item or a folder in a mounted repository, or a repository "
	"file.\n"
	"\n"
	"      --in PATH  with a repository file: the item or folder in it\n"
	"      --json     one object a line\n"
	"\n"
	"  repofs references \"mnt/rules/No gaps.json\"\n"
	"  repofs references --in \"rules/No gaps.json\" rules.repo\n";

static const struct table_column references_columns[] = {
	{"direction", "", TABLE_TEXT},
	{"path", "ITEM", TABLE_TEXT},
	{"at", "WHERE", TABLE_TEXT},
	{"target", "SAYS", TABLE_TEXT},
};

/* 1: there are some. */
static int print_problems(const struct options *o, struct why *why)
{
	DROP(buf_done) struct buf lines = {0};
	int r = client_list(o->count ? o->args[0] : ".", o->inside, "problems",
			    &lines, why);

	if (r == 0)
		r = table_print(
			stdout, table_style(stdout, o->json), problems_columns,
			sizeof(problems_columns) / sizeof(problems_columns[0]),
			lines.data, lines.len, why);
	return r < 0 ? r : lines.len > 0;
}

int cmd_problems(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int r = options_parse(argc, argv, "ij", 0, 1, problems_help, &o);

	if (r != OPTIONS_GO_ON)
		return r;
	r = print_problems(&o, &why);
	if (r >= 0)
		return r ? EXIT_FAILED : EXIT_DONE;
	(void)options_failed(o.command, &why);
	return EXIT_USAGE;
}

/* What shows the references of @place: the folder it is in, and its name
 * there. */
static int open_above(const struct options *o, struct client **ret_client,
		      char name[NAME_MAX + 1], struct why *why)
{
	DROP(client_close_p) struct client *client = NULL;
	char whole[PATH_MAX], *slash;
	const char *path = o->inside ? o->inside : o->args[0];
	size_t len;
	int r;

	if (!o->inside && realpath(o->args[0], whole))
		path = whole;
	else
		(void)snprintf(whole, sizeof(whole), "%s", path);
	for (len = strlen(whole); len > 1 && whole[len - 1] == '/'; len--)
		whole[len - 1] = '\0';
	slash = strrchr(whole, '/');
	if (strlen(slash ? slash + 1 : whole) > NAME_MAX)
		return why_set(why, -ENAMETOOLONG, "the name is too long");
	memcpy(name, slash ? slash + 1 : whole,
	       strlen(slash ? slash + 1 : whole) + 1);
	if (slash)
		slash[slash == whole] = '\0';
	else
		(void)snprintf(whole, sizeof(whole), "%s",
			       o->inside ? "" : ".");
	r = o->inside ? client_open(o->args[0], whole, NULL, &client, why)
		      : client_open(whole, NULL, NULL, &client, why);
	if (r == 0)
		r = client_need_folder(client, why);
	if (r == 0)
		*ret_client = TAKE(client);
	return r;
}

static int print_references(const struct options *o, struct why *why)
{
	DROP(client_close_p) struct client *client = NULL;
	DROP(buf_done) struct buf lines = {0};
	char name[NAME_MAX + 1];
	int r = open_above(o, &client, name, why);

	if (r == 0)
		r = client_show(client, "references", name, &lines, why);
	if (r < 0)
		return r;
	return table_print(
		stdout, table_style(stdout, o->json), references_columns,
		sizeof(references_columns) / sizeof(references_columns[0]),
		lines.data, lines.len, why);
}

int cmd_references(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int r = options_parse(argc, argv, "ij", 1, 1, references_help, &o);

	if (r != OPTIONS_GO_ON)
		return r;
	r = print_references(&o, &why);
	return r < 0 ? options_failed(o.command, &why) : EXIT_DONE;
}
