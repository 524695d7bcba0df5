#include "core/buf.h"
#include "core/utf8.h"
#include "core/why.h"
#include "fs/changes.h"
#include "fs/client.h"
#include "fs/cmd.h"
#include "fs/options.h"
#include "fs/place.h"
#include "fs/table.h"
#include "fs/undo_line.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"usage: repofs pull [--dry-run] [--ours | --theirs] CLONE [PLACE]\n"
	"       repofs pull ours|theirs [CONFLICT] [PLACE]\n"
	"       repofs pull cancel [PLACE]\n"
	"\n"
	"Merge what changed in CLONE, a copy of the folder PLACE in the same "
	"repository\n"
	"(made with cp -r), into PLACE: member by member, all or nothing, with "
	"a snapshot\n"
	"before and one after.\n"
	"\n"
	"What both changed differently is a conflict: all are listed, nothing "
	"is changed,\n"
	"and the pull waits. 'ours' and 'theirs' answer all that are open, or "
	"the one\n"
	"that is named as it was listed, or all below an item; 'cancel' gives "
	"it up.\n"
	"\n"
	"PLACE is a folder in a mounted repository (default: the current "
	"folder), or a\n"
	"repository file.\n"
	"\n"
	"  -n, --dry-run  only list what would happen\n"
	"      --ours     keep ours in all conflicts\n"
	"      --theirs   take theirs\n"
	"      --in PATH  with a repository file: the folder in it\n"
	"      --json     one object a line: change, conflict, then result\n"
	"\n"
	"  cp -r mnt/integrations/Orders mnt/integrations/Orders-sandbox\n"
	"  cd mnt/integrations/Orders\n"
	"  repofs pull --dry-run ../Orders-sandbox\n"
	"  repofs pull ../Orders-sandbox\n"
	"  repofs pull theirs 'flows/Daily.json#/schedule'\n"
	"  repofs pull ours\n"
	"\n"
	"Each line says what the pull did, or C for a conflict:\n"
	"\n" CHANGES_HELP;

/* ---- printing ---- */

static const char *colour_of(char letter)
{
	switch (letter) {
	case '+':
		return "\033[32m";
	case '-':
		return "\033[31m";
	case 'C':
	case '!':
		return "\033[1;33m";
	case 'M':
	case 'R':
		return "\033[36m";
	default:
		return "";
	}
}

/* The value behind "  base   ", "  ours   " or "  theirs " on a line. */
static json_t *value_of(const char **line, const char *end)
{
	const char *newline =
		*line < end ? memchr(*line, '\n', (size_t)(end - *line)) : NULL;
	const char *text = *line + 9;
	json_t *value;
	size_t len;

	if (!newline || newline < text)
		return NULL;
	len = (size_t)(newline - text);
	*line = newline + 1;
	value = json_loadb(text, len, JSON_DECODE_ANY, NULL);
	if (!value && len != strlen("(none)"))
		value = json_stringn(text, len);
	return value;
}

/* A conflict, which is four lines, as an object. */
static int print_conflict(FILE *out, const char **at, const char *newline,
			  const char *end, struct why *why)
{
	json_auto_t *object = json_object();
	static const char *const names[] = {"base", "ours", "theirs"};
	const char *next = newline + 1;
	json_t *place = json_stringn(*at + 2, (size_t)(newline - *at) - 2);

	if (!object || json_object_set_new(object, "conflict", place) < 0)
		return why_set(why, -ENOMEM, "out of memory");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *value = value_of(&next, end);

		if (value && json_object_set_new(object, names[i], value) < 0)
			return why_set(why, -ENOMEM, "out of memory");
	}
	(void)json_dumpf(object, out, JSON_COMPACT);
	(void)fputc('\n', out);
	*at = next;
	return 0;
}

static int print_json(FILE *out, const char *text, size_t len, struct why *why)
{
	const char *at = text, *end = text + len, *newline;
	int r = 0;

	while (r == 0 && at < end &&
	       (newline = memchr(at, '\n', (size_t)(end - at)))) {
		if (at[0] == 'C' && at[1] == ' ') {
			r = print_conflict(out, &at, newline, end, why);
			continue;
		}
		if (at[0] != ' ') /* members are told by the texts */
			r = changes_print(out, TABLE_JSON, at,
					  (size_t)(newline + 1 - at), why);
		at = newline + 1;
	}
	return r;
}

/* A value that fills screens is cut: --json and .control/pull have it. */
enum { VALUE_MAX = 240 };

static void print_line(FILE *out, const char *line, size_t len)
{
	size_t max = strlen("  theirs ") + VALUE_MAX;
	bool cut = line[0] == ' ' && len > max;

	if (cut)
		len = utf8_floor(line, len, max);
	table_text(out, TABLE_TERMINAL, line, len);
	if (cut)
		(void)fputs("...", out);
}

static void print_coloured(FILE *out, const char *text, size_t len)
{
	const char *at = text, *end = text + len, *newline;

	while (at < end && (newline = memchr(at, '\n', (size_t)(end - at)))) {
		const char *colour = at[1] == ' ' ? colour_of(*at) : "";

		(void)fputs(colour, out);
		print_line(out, at, (size_t)(newline - at));
		(void)fputs(*colour ? "\033[0m\n" : "\n", out);
		at = newline + 1;
	}
}

static int print(const struct options *o, const struct buf *answer,
		 struct why *why)
{
	enum table_style style = table_style(stdout, o->json);

	if (answer->len == 0)
		return 0;
	if (style == TABLE_JSON)
		return print_json(stdout, answer->data, answer->len, why);
	if (style == TABLE_TERMINAL)
		print_coloured(stdout, answer->data, answer->len);
	else
		table_text(stdout, style, answer->data, answer->len);
	return 0;
}

/* ---- what is asked for ---- */

/* The clone as the engine knows it: a path in the mount from its root; what is
 * no such path is the engine's to understand. */
static void find_clone(const char *text, char out[PATH_MAX])
{
	struct mounted mounted;
	char *path = realpath(text, NULL);
	size_t len;

	(void)snprintf(out, PATH_MAX, "%s", text);
	if (path && mounted_find(path, &mounted, NULL) == 0) {
		len = strlen(mounted.point);
		(void)snprintf(out, PATH_MAX, "%s",
			       path[len] ? path + len : "/");
	}
	free(path);
}

static bool is_answer(const char *word)
{
	return strcmp(word, "ours") == 0 || strcmp(word, "theirs") == 0;
}

enum { LINE_SIZE = 2 * PATH_MAX };

/* The line for the engine, and how many arguments it took. */
static int compose(const struct options *o, char line[LINE_SIZE])
{
	const char *word = o->args[0];
	char clone[PATH_MAX];

	if (is_answer(word) && o->count > 1 && strstr(o->args[1], ".json")) {
		(void)snprintf(line, LINE_SIZE, "%s %s", word, o->args[1]);
		return 2;
	}
	if (is_answer(word) || strcmp(word, "cancel") == 0) {
		(void)snprintf(line, LINE_SIZE, "%s", word);
		return 1;
	}
	find_clone(word, clone);
	(void)snprintf(line, LINE_SIZE, "%s%s", o->dry_run ? "dry-run " : "",
		       clone);
	return 1;
}

static bool has_conflicts(const struct buf *answer)
{
	return answer->len > 2 && memcmp(answer->data, "C ", 2) == 0;
}

/* Is there something that could be taken back? */
static bool did_pull(const struct options *o, const struct buf *answer)
{
	return answer->len && !o->dry_run && !has_conflicts(answer) &&
	       strcmp(o->args[0], "cancel") != 0;
}

static int pull(const struct options *o, int words, const char *line,
		struct why *why)
{
	DROP(client_close_p) struct client *client = NULL;
	DROP(buf_done) struct buf answer = {0};
	const char *all = o->ours ? "ours" : "theirs";
	int r = client_open(o->count > words ? o->args[words] : ".", o->inside,
			    "pull", &client, why);

	if (r == 0)
		r = client_need_folder(client, why);
	if (r == 0 && strchr(line, '\n'))
		r = why_set(why, -EINVAL,
			    "a path with a line break cannot be named here");
	if (r == 0)
		r = client_command_watched(client, "pull", line, "pulling",
					   &answer, why);
	if (r == 0 && (o->ours || o->theirs) && !o->dry_run &&
	    has_conflicts(&answer)) {
		buf_reset(&answer);
		r = client_command_watched(client, "pull", all, "pulling",
					   &answer, why);
	}
	if (r == 0)
		r = print(o, &answer, why);
	if (r == 0 && did_pull(o, &answer))
		r = undo_print(o->json, undo_revision(answer.data, answer.len),
			       o->count > words ? o->args[words] : ".", why);
	return r < 0 ? r : has_conflicts(&answer);
}

int cmd_pull(int argc, char **argv)
{
	char line[LINE_SIZE];
	struct why why = {0};
	struct options o;
	int words, r;

	r = options_parse(argc, argv, "ijnOT", 1, 3, help, &o);
	if (r != OPTIONS_GO_ON)
		return r;
	words = compose(&o, line);
	if (o.count > words + 1)
		return options_usage(o.command, "one argument too many: '%s'",
				     o.args[o.count - 1]);
	if (o.ours && o.theirs)
		return options_usage(o.command, "--ours or --theirs, not both");
	r = pull(&o, words, line, &why);
	if (r < 0)
		return options_failed(o.command, &why);
	return r > 0 && !o.dry_run ? EXIT_FAILED : EXIT_DONE;
}
