/*
 * mountpoint - folders that are mounted on, also those whose daemon is dead:
 * asking such a folder anything gives ENOTCONN, so that its path has to be
 * found without.
 *
 * Thread-safety: no state.
 */
#ifndef FS_MOUNTPOINT_H
#define FS_MOUNTPOINT_H

#include <stdbool.h>

struct why;

/* @text as an absolute path without links, to be freed by the caller. NULL and
 * errno: there is no such thing. */
char *mountpoint_absolute(const char *text);

/* Unmount what is mounted on @point, as mountpoint_absolute() has it. -EBUSY:
 * in use, and not @lazy. */
int mountpoint_unmount(char *point, bool lazy, struct why *why);

#endif
