/*
 * pack - an archive of files as they lie in a folder: for who may read a
 * mounted repository, but not its file.
 *
 * Thread-safety: for the thread that runs the command.
 */
#ifndef FS_PACK_H
#define FS_PACK_H

#include "core/archive.h"

struct output;
struct why;

/*
 * Write the archive of what is at @paths, which are relative to @base and
 * changed in their order: files, and folders with all below them; "" is all in
 * @base. The folders on the way to them are in it, each thing once. One file
 * is held at a time; of a zip also the directory.
 */
int pack_files(enum archive_format format, const char *base, char **paths,
	       int count, const struct output *out, struct why *why);

#endif
