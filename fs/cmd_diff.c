#include "core/buf.h"
#include "core/why.h"
#include "fs/changes.h"
#include "fs/client.h"
#include "fs/cmd.h"
#include "fs/options.h"
#include "fs/table.h"

#include <stdio.h>
#include <string.h>

#define MEMBERS_HELP                                                            \
	"Below an edited item, indented, are the members that differ, as JSON " \
	"pointers:\n"                                                           \
	"\n"                                                                    \
	"  /pairs/0/rule: \"a\" -> \"b\"    + /x: 1    - /y: 2    R /a/2 -> "   \
	"/a/0\n"                                                                \
	"  (formatting only)\n"                                                 \
	"\n"                                                                    \
	"Long values are cut; --json has them whole.\n"

static const char diff_help[] =
	"usage: repofs diff [--names-only] [--json] NUMBER [PLACE]\n"
	"\n"
	"What differs below a folder: between snapshot NUMBER (or its name, or\n"
	"'latest') and now, or by what revision NUMBER (a revert, a restore) "
	"did. One\n"
	"line for each path:\n"
	"\n" CHANGES_HELP "\n" MEMBERS_HELP "\n"
	"PLACE is a folder in a mounted repository (default: the current one), "
	"or\n"
	"a repository file.\n"
	"\n"
	"      --in PATH     with a repository file: the folder in it\n"
	"      --names-only  the paths alone: no text is read\n"
	"      --json        one object a line: change, path, from, members\n"
	"\n"
	"  repofs diff 4 mnt/rules\n"
	"  repofs diff --json 4 mnt | jq -c '.path, .members[]?'\n"
	"  diff -r mnt/rules/.snapshots/4 mnt/rules    # the texts\n"
	"\n"
	"On a terminal with colours, unless NO_COLOR is set.\n"
	"Exit status: 0 nothing differs, 1 something does, 2 trouble.\n";

static const char show_help[] =
	"usage: repofs show [--json] NUMBER [PLACE]\n"
	"       repofs show [--json] --running [PLACE]\n"
	"\n"
	"One revision in full: who, when, why; what it changed, with the kind "
	"of each\n"
	"item (of a snapshot: what it covers, and what has changed since); and "
	"each\n"
	"reference that it concerns: those that say something else now, those "
	"that lead\n"
	"to nothing, and those of other items that lead to what it changed. "
	"NUMBER may\n"
	"also be the name of a snapshot.\n"
	"\n" CHANGES_HELP "\n" MEMBERS_HELP "\n"
	"PLACE is a folder in a mounted repository (default: the current one), "
	"or\n"
	"a repository file.\n"
	"\n"
	"      --in PATH  with a repository file: the folder in it\n"
	"      --json     the revision as one object, then one for each change, "
	"then\n"
	"                 one for each reference\n"
	"      --running  what is under way there, and has no number yet: who, "
	"since\n"
	"                 when, and how far it is if that is known\n"
	"\n"
	"  repofs revisions mnt\n"
	"  repofs show 7 mnt\n"
	"  repofs show --json 7 mnt | jq -c 'select(.reference)'\n";

/* Print what the place shows as @what. @whole: it is JSON already. 1: it shows
 * something. */
static int print(const struct options *o, const char *what, bool whole,
		 struct why *why)
{
	DROP(client_close_p) struct client *client = NULL;
	DROP(buf_done) struct buf text = {0};
	const char *arg = o->running ? NULL : o->args[0];
	int place = o->running ? 0 : 1;
	int r = client_open(o->count > place ? o->args[place] : ".", o->inside,
			    NULL, &client, why);

	if (r == 0)
		r = client_need_folder(client, why);
	if (r == 0)
		r = client_show(client, what, arg, &text, why);
	if (r < 0 || text.len == 0)
		return r;
	if (whole)
		(void)fwrite(text.data, 1, text.len, stdout);
	else
		r = changes_print(stdout, table_style(stdout, o->json),
				  text.data, text.len, why);
	return r < 0 ? r : 1;
}

/* No snapshot has such a name. */
static bool is_no_name(const char *text)
{
	return strchr(text, '/') || *text == '.' || !*text;
}

static int diff(const struct options *o, struct why *why)
{
	if (o->names_only)
		return print(o, "diff/.paths", false, why);
	return o->json ? print(o, "diff/.json", true, why)
		       : print(o, "diff", false, why);
}

int cmd_diff(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int r;

	r = options_parse(argc, argv, "ijp", 1, 2, diff_help, &o);
	if (r != OPTIONS_GO_ON)
		return r;
	if (is_no_name(o.args[0]))
		return options_usage(o.command, "'%s' is no snapshot",
				     o.args[0]);
	r = diff(&o, &why);
	if (r < 0) {
		(void)options_failed(o.command, &why);
		return EXIT_USAGE;
	}
	return r;
}

static int show(const struct options *o, struct why *why)
{
	if (o->running)
		return print(o,
			     o->json ? "show/.json/.running" : "show/.running",
			     o->json, why);
	return print(o, o->json ? "show/.json" : "show", o->json, why);
}

int cmd_show(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int r;

	r = options_parse(argc, argv, "ijR", 0, 2, show_help, &o);
	if (r != OPTIONS_GO_ON)
		return r;
	if (o.running && o.count > 1)
		return options_usage(o.command, "one argument too many: '%s'",
				     o.args[1]);
	if (!o.running && !o.count)
		return options_usage(o.command, "too few arguments");
	if (!o.running && is_no_name(o.args[0]))
		return options_usage(o.command, "'%s' is no revision",
				     o.args[0]);
	r = show(&o, &why);
	return r < 0 ? options_failed(o.command, &why) : EXIT_DONE;
}
