/*
 * main - which command was asked for.
 */
#include "fs/cmd.h"

#include <jansson.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command {
	const char *name;
	const char *help; /* one line */
	int (*run)(int argc, char **argv);
} commands[] = {
	{"init", "make a new repository file", cmd_init},
	{"mount", "show a repository as a folder", cmd_mount},
	{"umount", "end that, and wait until all is written", cmd_umount},
	{"backup", "write folders and items to an archive", cmd_backup},
	{"snapshot", "name the present state of a folder", cmd_snapshot},
	{"revisions", "list snapshots, restores and reverts", cmd_revisions},
	{"show", "one of them in full", cmd_show},
	{"diff", "what has changed since a snapshot", cmd_diff},
	{"revert", "put a folder or an item back as it was", cmd_revert},
	{"restore", "put what is in an archive into a folder", cmd_restore},
	{"pull", "merge what changed in a clone of a folder", cmd_pull},
	{"history", "all changes of an item", cmd_history},
	{"log", "who did what below a folder", cmd_log},
	{"report", "what became of what was copied in", cmd_report},
	{"problems", "references to nothing, and what else is wrong",
	 cmd_problems},
	{"references", "what an item refers to, and what to it",
	 cmd_references},
	{"kinds", "what a repository knows of its items", cmd_kinds},
	{"status", "what is in a repository", cmd_status},
	{"check", "verify a repository", cmd_check},
	{"forget", "give up secrets whose key is lost", cmd_forget},
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int help(FILE *out)
{
	(void)fputs("repofs keeps folders of JSON documents, with every "
		    "version of everything, in one\n"
		    "file, and shows them as ordinary folders.\n"
		    "\n"
		    "usage: repofs COMMAND [options] [what] [PLACE]\n"
		    "\n",
		    out);
	for (size_t i = 0; i < COMMANDS; i++)
		(void)fprintf(out, "  %-10s %s\n", commands[i].name,
			      commands[i].help);
	(void)fputs("\n"
		    "PLACE is a folder of a mounted repository, or a "
		    "repository file.\n"
		    "'repofs COMMAND --help' says more, with examples.\n"
		    "\n"
		    "  repofs init rules.repo && mkdir mnt && repofs mount "
		    "rules.repo mnt\n",
		    out);
	return EXIT_DONE;
}

/*
 * "mount -t fuse.repofs FILE FOLDER -o ..." and a line in fstab come as
 * "repofs FILE FOLDER -o ...", or under the name mount.something.
 */
static bool is_mount_helper(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];

	if (strncmp(name, "mount.", 6) == 0)
		return true;
	return argc >= 3 && argv[1][0] != '-' && access(argv[1], F_OK) == 0;
}

static int dispatch(int argc, char **argv)
{
	const struct command *command = argc > 1 ? find(argv[1]) : NULL;
	static char mount_name[] = "mount";

	if (command)
		return command->run(argc - 1, argv + 1);
	if (is_mount_helper(argc, argv)) {
		argv[0] = mount_name;
		return cmd_mount(argc, argv);
	}
	if (argc < 2) {
		(void)help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return help(stdout);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		(void)puts("repofs " REPOFS_VERSION);
		return EXIT_DONE;
	}
	(void)fprintf(stderr,
		      "repofs: there is no command '%s'; see 'repofs --help'\n",
		      argv[1]);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	int code;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): no thread yet */
	(void)setlocale(LC_CTYPE, ""); /* widths of characters */
	json_object_seed(0);	       /* before there are threads */
	code = dispatch(argc, argv);
	if ((fflush(stdout) != 0 || ferror(stdout)) && code != EXIT_USAGE) {
		(void)fprintf(stderr, "repofs: the output was not written\n");
		code = EXIT_FAILED;
	}
	return code;
}
