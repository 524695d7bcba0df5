#include "core/buf.h"
#include "core/why.h"
#include "fs/changes.h"
#include "fs/client.h"
#include "fs/cmd.h"
#include "fs/options.h"
#include "fs/places.h"
#include "fs/table.h"
#include "fs/undo_line.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than these who refer to what goes are only counted for a person. */
enum { SHOWN_REFS = 10, MAX_ARGS = 1 << 20 };

static const char help[] =
	"usage: repofs revert [--dry-run] WHAT [PLACE...]\n"
	"       repofs revert [--dry-run] WHAT REPO [PATH...]\n"
	"\n"
	"Put a folder and everything below it, or some items and folders, back "
	"as they\n"
	"were. All or nothing, and never final: a snapshot of the present is "
	"taken\n"
	"first, and the revert is a revision itself, which 'undo' takes back.\n"
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
	"folder), also one that was deleted; or a repository file, and paths in "
	"it.\n"
	"Several are one revision, of the nearest folder that they are all "
	"in.\n"
	"\n"
	"  -n, --dry-run  only list what would change\n"
	"      --in PATH  with a repository file: the folder or item in it\n"
	"      --json     one object a line: change, path, from; then result\n"
	"\n"
	"  repofs revert 4 mnt/rules\n"
	"  repofs revert 4 \"mnt/rules/No gaps.json\" mnt/actions\n"
	"  repofs revert --dry-run before 7 mnt\n"
	"  repofs revert undo 7 mnt\n"
	"\n"
	"What others refer to and is going to go is said first. Each line says "
	"what the\n"
	"revert did:\n"
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

/* ---- what is asked ---- */

/* " \"a b.json\"", as the engine takes lists of paths. */
static void add_path(struct buf *line, const char *above, const char *path)
{
	DROP(buf_done) struct buf whole = {0};

	buf_addf(&whole, "%s%s%s", above, *above && *path ? "/" : "", path);
	buf_byte(&whole, '\0');
	if (buf_error(&whole)) {
		line->err = -ENOMEM;
		return;
	}
	buf_byte(line, ' ');
	buf_json_string(line, whole.data);
}

/* @rest: what is gone of the folder that all are in. */
static int compose(const struct options *o, int words,
		   const struct places *places, const char *rest,
		   struct buf *line, struct why *why)
{
	buf_addf(line, "%s%s%s%s", o->dry_run ? "dry-run " : "", o->args[0],
		 words == 2 ? " " : "", words == 2 ? o->args[1] : "");
	for (int i = 0; i < places->count; i++)
		add_path(line, rest, places->paths[i]);
	if (!places->count && *rest)
		add_path(line, rest, "");
	buf_byte(line, '\0');
	if (buf_error(line))
		return why_set(why, -ENOMEM, "out of memory");
	return strchr(line->data, '\n')
		       ? why_set(why, -EINVAL, "'%s' has a line break",
				 o->args[0])
		       : 0;
}

/* ---- what is said ---- */

/* The answer without the lines on references past the first few. */
static void shorten(struct buf *answer)
{
	static const char refers[] = " refers to ";
	const char *at = answer->data, *end = at + answer->len;
	struct buf kept = {0};
	int count = 0;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline + 1 : end) - at);
		bool ref = *at == '!' &&
			   memmem(at, len, refers, sizeof(refers) - 1);

		count += ref;
		if (!ref && count > SHOWN_REFS) {
			buf_addf(&kept,
				 "! and %d more; see 'repofs "
				 "problems'\n",
				 count - SHOWN_REFS);
			count = 0;
		}
		if (!ref || count <= SHOWN_REFS)
			buf_add(&kept, at, len);
		at += len;
	}
	if (buf_error(&kept)) {
		buf_done(&kept);
		return;
	}
	buf_done(answer);
	*answer = kept;
}

/* The folder that was named, or that of the item that was: "mnt/rules" of
 * "mnt/rules/A.json", of which "A.json" is the rest. */
static void find_folder(const struct places *places, const char *rest,
			struct buf *out)
{
	const char *place = places->place;
	size_t len = strlen(place), cut = strlen(rest);

	while (len > 1 && place[len - 1] == '/')
		len--;
	if (cut && cut <= len && strncmp(place + len - cut, rest, cut) == 0)
		len -= cut;
	while (len > 1 && place[len - 1] == '/')
		len--;
	buf_add(out, place, len);
	buf_text(out, len ? "" : ".");
	buf_byte(out, '\0');
}

static int say(const struct options *o, struct buf *answer,
	       const struct places *places, const char *rest, struct why *why)
{
	DROP(buf_done) struct buf folder = {0};
	int r;

	if (!o->dry_run && !o->json && answer->len)
		shorten(answer);
	r = changes_print(stdout, table_style(stdout, o->json), answer->data,
			  answer->len, why);
	if (r < 0 || o->dry_run)
		return r;
	find_folder(places, rest, &folder);
	if (buf_error(&folder))
		return why_set(why, -ENOMEM, "out of memory");
	return undo_print(o->json, undo_revision(answer->data, answer->len),
			  folder.data, why);
}

static int revert(const struct options *o, int words, struct why *why)
{
	DROP(places_done) struct places places = {0};
	DROP(client_close_p) struct client *client = NULL;
	DROP(buf_done) struct buf line = {0};
	DROP(buf_done) struct buf answer = {0};
	int r = places_find(o->args + words, o->count - words, o->inside,
			    &places, why);

	/* A preview, too, goes where the revert would. */
	if (r == 0)
		r = client_open(places.place, places.inside, "revert", &client,
				why);
	if (r == 0)
		r = compose(o, words, &places, client_rest(client), &line, why);
	if (r == 0)
		r = client_command_watched(client, "revert", line.data,
					   "reverting", &answer, why);
	return r < 0 ? r : say(o, &answer, &places, client_rest(client), why);
}

int cmd_revert(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int r;

	r = options_parse(argc, argv, "ijn", 1, MAX_ARGS, help, &o);
	if (r != OPTIONS_GO_ON)
		return r;
	r = revert(&o, words_of_what(&o), &why);
	return r < 0 ? options_failed(o.command, &why) : EXIT_DONE;
}
