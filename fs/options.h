/*
 * options - what was asked on the command line, and how a command complains.
 *
 * The options of all commands stand in one table; a command names the letters
 * of those it takes.
 *
 * Thread-safety: for the thread that runs the command.
 */
#ifndef FS_OPTIONS_H
#define FS_OPTIONS_H

#include <stdbool.h>

struct why;

/* Strings are those of argv. */
struct options {
	const char *command;
	const char *inside;			  /* --in; NULL: not given */
	const char *message;			  /* -m */
	const char *name;			  /* --name */
	const char *output;			  /* -o */
	const char *format;			  /* --format */
	const char *revision;			  /* --revision */
	const char *kinds;			  /* --kinds */
	const char *kind, *status, *user, *since; /* what to list */
	const char *program, *change;		  /* ... */
	bool names_only;			  /* paths alone */
	bool running;				  /* what is under way */
	bool json, dry_run, lazy, closure, history;
	bool full, last, once, yes, ours, theirs;
	char **args; /* what is left */
	int count;
};

/* What is left over goes on to the command. */
enum { OPTIONS_GO_ON = -1 };

/*
 * Parse @argv for a command that takes the options @letters ("jin") and at
 * least @min, at most @max arguments. OPTIONS_GO_ON, or the exit code when
 * there is nothing left to do: @help was printed, or a complaint.
 */
int options_parse(int argc, char **argv, const char *letters, int min, int max,
		  const char *help, struct options *ret);

/* "repofs: COMMAND: reason"; returns EXIT_FAILED. */
int options_failed(const char *command, const struct why *why);

/* The same, with where to read more; returns EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int options_usage(const char *command,
							const char *fmt, ...);

#endif
