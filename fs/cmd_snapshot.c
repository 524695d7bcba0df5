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
	"usage: repofs snapshot [-m TEXT | --name NAME] [PLACE]\n"
	"\n"
	"Name the present state of a folder and of everything below it. It "
	"costs\n"
	"the same at any size, and is kept for ever. Prints the number of the\n"
	"snapshot; it is then readable as PLACE/.snapshots/NUMBER.\n"
	"\n"
	"PLACE is a folder in a mounted repository (default: the current one), "
	"or\n"
	"a repository file.\n"
	"\n"
	"  -m, --message TEXT  a description, one line\n"
	"      --name NAME     list it under NAME in .snapshots\n"
	"      --in PATH       with a repository file: the folder in it\n"
	"      --json          print an object\n"
	"\n"
	"  repofs snapshot -m \"before the May release\" mnt/rules\n"
	"  repofs snapshot --name before-upgrade mnt\n"
	"  repofs snapshot -m nightly --in rules rules.repo\n";

/* "snapshot 5\n" is what the engine answers. */
static void print_answer(const struct options *o, const struct buf *answer)
{
	const char *space = memchr(answer->data, ' ', answer->len);

	if (!o->json)
		table_text(stdout, table_style(stdout, 0), answer->data,
			   answer->len);
	else
		(void)printf("{\"snapshot\":%lld}\n",
			     space ? strtoll(space, NULL, 10) : 0);
}

static int print_name(const struct options *o, struct why *why)
{
	json_auto_t *object = json_pack("{s:s}", "name", o->name);

	if (!o->json) {
		(void)printf("snapshot %s\n", o->name);
		return 0;
	}
	if (!object || json_dumpf(object, stdout, JSON_COMPACT) < 0)
		return why_set(why, -ENOMEM, "out of memory");
	(void)putchar('\n');
	return 0;
}

static int snapshot(const struct options *o, const char *place, struct why *why)
{
	DROP(client_close_p) struct client *client = NULL;
	DROP(buf_done) struct buf answer = {0};
	int r;

	r = client_open(place, o->inside, "snapshot", &client, why);
	if (r < 0)
		return r;
	r = client_need_folder(client, why);
	if (r < 0)
		return r;
	if (o->name) {
		r = client_snapshot_named(client, o->name, why);
		return r < 0 ? r : print_name(o, why);
	}
	r = client_command(client, "snapshot", o->message ? o->message : "",
			   &answer, why);
	if (r < 0)
		return r;
	print_answer(o, &answer);
	return 0;
}

int cmd_snapshot(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int r;

	r = options_parse(argc, argv, "ijmN", 0, 1, help, &o);
	if (r != OPTIONS_GO_ON)
		return r;
	if (o.name && o.message)
		return options_usage(o.command,
				     "a snapshot has a name or a description");
	if (o.message && strchr(o.message, '\n'))
		return options_usage(o.command, "a description is one line");
	r = snapshot(&o, o.count ? o.args[0] : ".", &why);
	return r < 0 ? options_failed(o.command, &why) : EXIT_DONE;
}
