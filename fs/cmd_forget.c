/*
 * The way on when the key is lost for good.
 */
#include "core/moment.h"
#include "core/repo.h"
#include "core/secret_key.h"
#include "core/why.h"
#include "fs/cmd.h"
#include "fs/options.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static const char help[] =
	"usage: repofs forget [--dry-run] FILE\n"
	"\n"
	"Give up the secrets of the repository FILE, whose key is lost for "
	"good. As long\n"
	"as they are there no new secret is stored, since they need the old "
	"key.\n"
	"\n"
	"Items and their history stay; their passwords have to be entered "
	"again.\n"
	"Temporary files and refused bytes that were sealed go. Refused while "
	"the key is\n"
	"there, and while FILE is mounted.\n"
	"\n"
	"  -n, --dry-run  only say how many there are\n"
	"\n"
	"  repofs forget rules.repo\n";

static int forget(const struct options *o, int64_t *ret_count, struct why *why)
{
	const struct store_options options = {.holder = "repofs forget"};
	const struct who who = {
		.uid = getuid(),
		.gid = getgid(),
		.pid = getpid(),
		.program = "repofs",
	};
	DROP(repo_close_p) struct repo *repo = NULL;
	DROP(moment_end) struct moment m = {0};
	int r = repo_open(o->args[0], &options, &repo, why);

	if (r == 0)
		r = moment_begin(repo->store, &who, &m, why);
	if (r == 0)
		r = secret_give_up(m.db, ret_count, why);
	if (r == 0 && !o->dry_run)
		r = moment_commit(&m, why);
	return r;
}

int cmd_forget(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	int64_t count = 0;
	int r;

	r = options_parse(argc, argv, "n", 1, 1, help, &o);
	if (r != OPTIONS_GO_ON)
		return r;
	if (forget(&o, &count, &why) < 0)
		return options_failed(o.command, &why);
	(void)printf("%" PRId64 " secrets %s given up\n", count,
		     o.dry_run ? "would be" : "are");
	return EXIT_DONE;
}
