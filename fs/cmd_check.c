#include "core/check.h"
#include "core/repo.h"
#include "core/why.h"
#include "fs/cmd.h"
#include "fs/options.h"
#include "fs/place.h"
#include "fs/progress.h"
#include "fs/table.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
	"usage: repofs check PLACE\n"
	"\n"
	"Verify a repository: every content ever kept against its SHA-256, and "
	"every\n"
	"rule that the rows of the database obey. Changes nothing; the "
	"repository may\n"
	"be mounted and in use.\n"
	"\n"
	"PLACE is the repository file, or a folder that it is mounted on.\n"
	"\n"
	"  repofs check rules.repo && cp rules.repo /backup/\n"
	"\n"
	"Exit status: 0 all is well, 1 something is not (one sentence for "
	"each), 2 it\n"
	"could not be checked.\n";

struct checking {
	struct progress progress;
	enum table_style style;
};

static int print_violation(const char *sentence, void *arg)
{
	struct checking *c = arg;

	progress_hide(&c->progress);
	table_text(stdout, c->style, sentence, strlen(sentence));
	(void)putchar('\n');
	return 0;
}

static void step(int64_t done, int64_t total, void *arg)
{
	struct checking *c = arg;

	progress_step(&c->progress, done, total);
}

/* The number of violations. */
static int check(const char *text, struct why *why)
{
	const struct store_options options = {.read_only = true};
	struct checking c = {.style = table_style(stdout, 0)};
	struct place place;
	DROP(repo_close_p) struct repo *repo = NULL;
	DROP(store_put) struct reader reader = {0};
	int r;

	r = place_find(text, NULL, &place, why);
	if (r < 0)
		return r;
	r = repo_open(place.mounted.file, &options, &repo, why);
	if (r < 0)
		return r;
	r = store_read(repo->store, &reader, why);
	if (r < 0)
		return r;
	c.progress = progress_begin("checking");
	r = check_run(reader.db, print_violation, step, &c, why);
	progress_hide(&c.progress);
	return r;
}

int cmd_check(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int r;

	r = options_parse(argc, argv, "", 1, 1, help, &o);
	if (r != OPTIONS_GO_ON)
		return r;
	r = check(o.args[0], &why);
	if (r < 0) {
		(void)options_failed(o.command, &why);
		return EXIT_USAGE;
	}
	return r > 0 ? EXIT_FAILED : EXIT_DONE;
}
