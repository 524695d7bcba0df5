#include "core/buf.h"
#include "core/why.h"
#include "fs/client.h"
#include "fs/cmd.h"
#include "fs/lines.h"
#include "fs/options.h"
#include "fs/table.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"usage: repofs report [--last | --revision N] [--json] [PLACE]\n"
	"\n"
	"What became of each file that was lately copied in, restored or saved "
	"below\n"
	"a folder: created, renamed (put beside an item of that name, under "
	"the next\n"
	"number), edited, unchanged, skipped or rejected, and why; which "
	"references\n"
	"in it were rewritten, and what must be supplied again. The newest are "
	"last.\n"
	"\n"
	"PLACE is a folder in a mounted repository (default: the current one), "
	"or\n"
	"a repository file.\n"
	"\n"
	"      --last        only what came last: one batch or archive, one "
	"save\n"
	"      --revision N  only what revision N did\n"
	"      --in PATH     with a repository file: the folder in it\n"
	"      --json        one object a line\n"
	"\n"
	"  cp -r backup/rules mnt/ ; repofs report --last mnt\n"
	"  repofs report --json mnt | jq 'select(.outcome == \"rejected\")'\n";

static const struct table_column columns[] = {
	{"time", "WHEN", TABLE_TIME},
	{"user", "WHO", TABLE_TEXT},
	{"program", "BY", TABLE_TEXT},
	{"outcome", "OUTCOME", TABLE_TEXT},
	{"path", "PATH", TABLE_TEXT},
	{"went", "WENT TO", TABLE_TEXT},
	{"reason", "REASON", TABLE_TEXT},
	{"references", "REFERENCES", TABLE_TEXT},
	{"supply", "TO SUPPLY", TABLE_TEXT},
};

static int no_memory(struct why *why)
{
	return why_set(why, -ENOMEM, "out of memory");
}

/* ---- which lines ---- */

struct wanted {
	json_int_t batch; /* 0: any */
	json_int_t revision;
};

static json_int_t number_of(const json_t *line, const char *key)
{
	return json_integer_value(json_object_get(line, key));
}

static bool is_wanted(const struct wanted *w, const json_t *line)
{
	return (!w->batch || number_of(line, "batch") == w->batch) &&
	       (!w->revision || number_of(line, "revision") == w->revision);
}

static int parse_wanted(const struct options *o, struct wanted *ret,
			struct why *why)
{
	char *end;

	*ret = (struct wanted){0};
	if (!o->revision)
		return 0;
	errno = 0;
	ret->revision = strtoll(o->revision, &end, 10);
	if (errno || *end || ret->revision <= 0)
		return why_set(why, -EINVAL, "'%s' is no number of a revision",
			       o->revision);
	return 0;
}

/* ---- lines for people ---- */

/* "pairs[0].rule: /rules/A -> /rules/A 2", or how many there are. */
static json_t *references_text(const json_t *references)
{
	const json_t *first = json_array_get(references, 0);
	size_t count = json_array_size(references);
	const char *at, *sent, *now;

	if (count == 0)
		return json_string("");
	if (count > 1 ||
	    json_unpack((json_t *)(uintptr_t)first, "{s:s, s:s, s:s}", "at",
			&at, "sent", &sent, "now", &now) < 0)
		return json_sprintf("%zu rewritten", count);
	return json_sprintf("%s: %s -> %s", at, sent, now);
}

static void add_words(struct buf *out, const char *what, const json_t *list)
{
	size_t i;
	const json_t *one;

	json_array_foreach(list, i, one) {
		const char *text = json_string_value(one);

		if (!text)
			text = json_string_value(json_object_get(one, "at"));
		buf_addf(out, "%s%s",
			 i	    ? ", "
			 : out->len ? "; "
				    : "",
			 i ? "" : what);
		buf_addf(out, "%s%s", i ? "" : ": ", text ? text : "?");
	}
}

/* What the detail says is to be supplied again, "passwords: a, b". */
static json_t *supply_text(json_t *detail)
{
	DROP(buf_done) struct buf text = {0};
	const char *key;
	json_t *value;

	json_object_foreach(detail, key, value) {
		bool secrets = strcmp(key, "secrets") == 0;

		add_words(&text, secrets ? "passwords" : key, value);
	}
	buf_byte(&text, '\0');
	return buf_error(&text) ? NULL : json_string(text.data);
}

static int make_readable(json_t *line, struct why *why)
{
	json_t *references =
		references_text(json_object_get(line, "references"));
	json_t *supply = supply_text(json_object_get(line, "detail"));
	const char *path = json_string_value(json_object_get(line, "path"));
	const char *went = json_string_value(json_object_get(line, "went"));

	if (path && went && strcmp(path, went) == 0)
		(void)json_object_set_new(line, "went", json_null());
	if (json_object_set_new(line, "references", references) < 0 ||
	    json_object_set_new(line, "supply", supply) < 0)
		return no_memory(why);
	return 0;
}

/* ---- all of it ---- */

static int note_last(json_t *object, const struct line *line, void *arg,
		     struct why *why)
{
	struct wanted *w = arg;

	(void)line;
	(void)why;
	w->batch = number_of(object, "batch");
	return 0;
}

struct keeping {
	struct wanted wanted;
	bool json;
	struct buf out;
};

static int keep(json_t *object, const struct line *line, void *arg,
		struct why *why)
{
	struct keeping *k = arg;
	char *readable;
	int r;

	if (!is_wanted(&k->wanted, object))
		return 0;
	if (k->json) {
		buf_add(&k->out, line->at, line->len);
	} else {
		r = make_readable(object, why);
		if (r < 0)
			return r;
		readable = json_dumps(object, JSON_COMPACT);
		if (!readable)
			return no_memory(why);
		buf_text(&k->out, readable);
		free(readable);
	}
	buf_byte(&k->out, '\n');
	return buf_error(&k->out) ? no_memory(why) : 0;
}

static void keeping_done(struct keeping *k)
{
	buf_done(&k->out);
}

static int report(const struct options *o, struct why *why)
{
	DROP(buf_done) struct buf lines = {0};
	DROP(keeping_done) struct keeping k = {.json = o->json};
	int r = parse_wanted(o, &k.wanted, why);

	if (r == 0)
		r = client_list(o->count ? o->args[0] : ".", o->inside,
				"report", &lines, why);
	if (r == 0 && o->last)
		r = lines_each(&lines, note_last, &k.wanted, why);
	if (r == 0)
		r = lines_each(&lines, keep, &k, why);
	if (r < 0)
		return r;
	return table_print(stdout, table_style(stdout, o->json), columns,
			   sizeof(columns) / sizeof(columns[0]), k.out.data,
			   k.out.len, why);
}

int cmd_report(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int r;

	r = options_parse(argc, argv, "ijLr", 0, 1, help, &o);
	if (r != OPTIONS_GO_ON)
		return r;
	if (o.last && o.revision)
		return options_usage(o.command,
				     "either the last, or of one revision");
	r = report(&o, &why);
	return r < 0 ? options_failed(o.command, &why) : EXIT_DONE;
}
