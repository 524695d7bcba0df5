#include "core/store.h"
#include "core/why.h"
#include "fs/cmd.h"
#include "fs/options.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
	"usage: repofs init FILE\n"
	"\n"
	"Make FILE, a new and empty repository. You own it and its root "
	"folder.\n"
	"\n"
	"  repofs init rules.repo\n"
	"  mkdir rules\n"
	"  repofs mount rules.repo rules\n";

int cmd_init(int argc, char **argv)
{
	struct why why = {0};
	struct options o;
	mode_t mask;
	int r;

	r = options_parse(argc, argv, "", 1, 1, help, &o);
	if (r != OPTIONS_GO_ON)
		return r;
	mask = umask(0);
	(void)umask(mask);
	r = store_create(o.args[0], NULL, 0777 & ~mask, getuid(), getgid(),
			 &why);
	if (r < 0)
		return options_failed(o.command, &why);
	if (isatty(STDOUT_FILENO))
		(void)printf("%s is ready: repofs mount %s FOLDER\n", o.args[0],
			     o.args[0]);
	return EXIT_DONE;
}
