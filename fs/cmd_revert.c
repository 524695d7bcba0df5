#include "core/buf.h"
#include "core/why.h"
#include "fs/changes.h"
#include "fs/client.h"
#include "fs/cmd.h"
#include "fs/options.h"
#include "fs/table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"usage: repofs revert [--dry-run] WHAT [PLACE]\n"
	"\n"
	"Put a folder and everything below it, or one item, back as it was. "
	"All or\n"
	"nothing, and never final: a snapshot of the present is taken first, "
	"and the\n"
	"revert is a revision itself, which 'undo' takes back.\n"
	"\n"
	"WHAT is one of\n"
	"  4                       snapshot 4; its name works too, and 'latest'\n"
	"  before 7, after 7       either side of revision 7 (see 'revisions')\n"
	"  undo 7                  take back only what revision 7 did; what was\n"
	"                          changed since is listed and left alone\n"
	"  @2026-11-20T10:30:00Z   an instant\n"
	"\n"
	"PLACE is a folder or an item in a mounted repository (default: the "
	"current\n"
	"folder), also one that was deleted; or a repository file.\n"
	"\n"
	"  -n, --dry-run  only list what would change\n"
	"      --in PATH  with a repository file: the folder or item in it\n"
	"      --json     one object a line: change, path, from; then result\n"
	"\n"
	"  repofs revert 4 mnt/rules\n"
	"  repofs revert 4 \"mnt/rules/No gaps.json\"\n"
	"  repofs revert --dry-run before 7 mnt\n"
	"  repofs revert undo 7 mnt\n"
	"\n"
	"Each line says what the revert did:\n"
	"\n" CHANGES_HELP;

/* How many of the arguments are WHAT: "before 7" may be one or two. */
static int words_of_what(const struct options *o)
{
	static const char *const sides[] = {"before", "after", "undo"};

	if (o->count < 2 || strspn(o->args[1], "0123456789") == 0 ||
	    o->args[1][strspn(o->args[1], "0123456789")])
		return 1;
	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++)
		if (strcmp(o->args[0], sides[i]) == 0)
			return 2;
	return 1;
}

/* The line for the engine; to be freed, NULL: no memory. */
static char *compose(const struct options *o, int words, const char *rest)
{
	char *line;

	if (asprintf(&line, "%s%s%s%s%s%s", o->dry_run ? "dry-run " : "",
		     o->args[0], words == 2 ? " " : "",
		     words == 2 ? o->args[1] : "", *rest ? " " : "", rest) < 0)
		return NULL;
	return line;
}

static void free_text(char **text)
{
	free(*text);
}

static int revert(const struct options *o, int words, struct why *why)
{
	DROP(client_close_p) struct client *client = NULL;
	DROP(buf_done) struct buf answer = {0};
	DROP(free_text) char *line = NULL;
	int r;

	/* A preview, too, goes where the revert would. */
	r = client_open(o->count > words ? o->args[words] : ".", o->inside,
			"revert", &client, why);
	if (r < 0)
		return r;
	line = compose(o, words, client_rest(client));
	if (!line)
		return why_set(why, -ENOMEM, "out of memory");
	if (strchr(line, '\n'))
		return why_set(why, -EINVAL,
			       "a path with a line break cannot be named here: "
			       "revert its folder");
	r = client_command(client, "revert", line, &answer, why);
	if (r < 0)
		return r;
	return changes_print(stdout, table_style(stdout, o->json), answer.data,
			     answer.len, why);
}

int cmd_revert(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int words, r;

	r = options_parse(argc, argv, "ijn", 1, 3, help, &o);
	if (r != OPTIONS_GO_ON)
		return r;
	words = words_of_what(&o);
	if (o.count > words + 1)
		return options_usage(o.command, "one argument too many: '%s'",
				     o.args[o.count - 1]);
	r = revert(&o, words, &why);
	return r < 0 ? options_failed(o.command, &why) : EXIT_DONE;
}
