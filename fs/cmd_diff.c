#include "core/buf.h"
#include "core/why.h"
#include "fs/changes.h"
#include "fs/client.h"
#include "fs/cmd.h"
#include "fs/options.h"
#include "fs/table.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char diff_help[] =
	"usage: repofs diff [--json] NUMBER [PLACE]\n"
	"\n"
	"What differs below a folder: between snapshot NUMBER (or its name, or\n"
	"'latest') and now, or by what revision NUMBER (a revert, a restore) "
	"did. One\n"
	"line for each path:\n"
	"\n" CHANGES_HELP "\n"
	"PLACE is a folder in a mounted repository (default: the current one), "
	"or\n"
	"a repository file.\n"
	"\n"
	"      --in PATH  with a repository file: the folder in it\n"
	"      --json     one object a line: change, path, from\n"
	"\n"
	"  repofs diff 4 mnt/rules\n"
	"  diff -r mnt/rules/.snapshots/4 mnt/rules    # the texts\n"
	"\n"
	"Exit status: 0 nothing differs, 1 something does, 2 trouble.\n";

static const char show_help[] =
	"usage: repofs show [--json] NUMBER [PLACE]\n"
	"\n"
	"One revision in full: who, when, why, and what it changed (of a "
	"snapshot:\n"
	"what has changed since). NUMBER may also be the name of a snapshot.\n"
	"\n" CHANGES_HELP "\n"
	"PLACE is a folder in a mounted repository (default: the current one), "
	"or\n"
	"a repository file.\n"
	"\n"
	"      --in PATH  with a repository file: the folder in it\n"
	"      --json     the revision as one object, then one for each change\n"
	"\n"
	"  repofs revisions mnt\n"
	"  repofs show 7 mnt\n";

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

static int open_folder(const struct options *o, struct client **ret,
		       struct why *why)
{
	DROP(client_close_p) struct client *client = NULL;
	int r;

	r = client_open(o->count > 1 ? o->args[1] : ".", o->inside, NULL,
			&client, why);
	if (r < 0)
		return r;
	r = client_need_folder(client, why);
	if (r < 0)
		return r;
	*ret = TAKE(client);
	return 0;
}

/* 1: something differs. */
static int diff(const struct options *o, struct why *why)
{
	DROP(client_close_p) struct client *client = NULL;
	DROP(buf_done) struct buf text = {0};
	int r;

	r = open_folder(o, &client, why);
	if (r < 0)
		return r;
	r = client_show(client, "diff", o->args[0], &text, why);
	if (r < 0)
		return r;
	r = changes_print(stdout, table_style(stdout, o->json), text.data,
			  text.len, why);
	return r < 0 ? r : text.len > 0;
}

int cmd_diff(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int r;

	r = options_parse(argc, argv, "ij", 1, 2, diff_help, &o);
	if (r != OPTIONS_GO_ON)
		return r;
	if (strchr(o.args[0], '/'))
		return options_usage(o.command, "'%s' is no snapshot",
				     o.args[0]);
	r = diff(&o, &why);
	if (r < 0) {
		(void)options_failed(o.command, &why);
		return EXIT_USAGE;
	}
	return r;
}

/* The line of the revision that @id, its number or name, means, as an object
 * of the caller's; NULL: none. */
static json_t *find_line(const struct buf *lines, const char *id)
{
	const char *end = lines->len ? lines->data + lines->len : NULL;
	const char *newline;
	json_int_t number = is_number(id) ? strtoll(id, NULL, 10) : -1;

	for (const char *at = lines->data; at < end; at = newline + 1) {
		json_auto_t *line = NULL;
		const char *name;

		newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			newline = end;
		line = json_loadb(at, (size_t)(newline - at), 0, NULL);
		name = json_string_value(json_object_get(line, "name"));
		if (json_integer_value(json_object_get(line, "id")) == number ||
		    (name && strcmp(name, id) == 0))
			return TAKE(line);
	}
	return NULL;
}

/* The revision @id as the folder knows it: one of its own or, by its number,
 * one of a folder above it. -ENOENT. */
static int find_revision(struct client *client, const char *id, json_t **ret,
			 struct why *why)
{
	DROP(buf_done) struct buf own = {0}, all = {0};
	json_t *found;
	int r = client_show(client, "revisions", NULL, &own, why);

	if (r < 0)
		return r;
	found = find_line(&own, id);
	if (!found && is_number(id)) {
		r = client_show_record(client, &all, why);
		if (r < 0)
			return r;
		found = find_line(&all, id);
	}
	if (!found)
		return why_set(why, -ENOENT, "there is no revision '%s' here",
			       id);
	*ret = found;
	return 0;
}

static void print_members(json_t *revision, enum table_style style)
{
	const char *key, *text;
	char time_text[64];
	json_t *value;

	json_object_foreach(revision, key, value) {
		char *other = NULL;

		text = json_string_value(value);
		if (!text && !json_is_null(value))
			text = other = json_dumps(value, JSON_ENCODE_ANY);
		if (text && style == TABLE_TERMINAL && strcmp(key, "time") == 0)
			text = table_time(text, time_text, sizeof(time_text));
		if (text && *text) {
			(void)printf("%-12s ", key);
			table_text(stdout, style, text, strlen(text));
			(void)putchar('\n');
		}
		free(other);
	}
}

static int show(const struct options *o, struct why *why)
{
	enum table_style style = table_style(stdout, o->json);
	DROP(client_close_p) struct client *client = NULL;
	DROP(buf_done) struct buf text = {0};
	json_auto_t *revision = NULL;
	char id[32];
	int r;

	r = open_folder(o, &client, why);
	if (r < 0)
		return r;
	r = find_revision(client, o->args[0], &revision, why);
	if (r < 0)
		return r;
	(void)snprintf(id, sizeof(id), "%" JSON_INTEGER_FORMAT,
		       json_integer_value(json_object_get(revision, "id")));
	r = client_show(client, "diff", id, &text, why);
	if (r < 0)
		return r;
	if (style == TABLE_JSON) {
		(void)json_dumpf(revision, stdout, JSON_COMPACT);
		(void)putchar('\n');
	} else {
		print_members(revision, style);
		if (text.len > 0)
			(void)putchar('\n');
	}
	return changes_print(stdout, style, text.data, text.len, why);
}

int cmd_show(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int r;

	r = options_parse(argc, argv, "ij", 1, 2, show_help, &o);
	if (r != OPTIONS_GO_ON)
		return r;
	r = show(&o, &why);
	return r < 0 ? options_failed(o.command, &why) : EXIT_DONE;
}
