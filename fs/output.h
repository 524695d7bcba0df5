/*
 * output - a file that a command makes: all of it under its name, or nothing.
 *
 * It is written beside that name and takes it when it is whole and on the
 * disk; where that leads by a link is replaced, not the link. What is no
 * regular file (a pipe, /dev/null), and the standard output,
 * are written as they are.
 *
 * Thread-safety: for the thread that runs the command.
 */
#ifndef FS_OUTPUT_H
#define FS_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct why;

struct output {
	int fd;
	char *path;   /* NULL: the standard output */
	char *beside; /* where it is written until output_keep(), or NULL */
	bool replace;
};

/* @path NULL: the standard output. @replace: may another file have the name?
 * -EEXIST. @mode is that of a new file, but for the umask. */
int output_open(const char *path, bool replace, mode_t mode, struct output *ret,
		struct why *why);
int output_write(const struct output *output, const void *bytes, size_t len,
		 struct why *why);
/* It is whole: sync it and give it its name. */
int output_keep(struct output *output, struct why *why);
/* Close it; what was not kept is gone. For DROP(). */
void output_done(struct output *output);

#endif
