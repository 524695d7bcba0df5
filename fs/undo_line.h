/*
 * undo_line - how to take back what was done: what a command says last.
 *
 * Thread-safety: no state.
 */
#ifndef FS_UNDO_LINE_H
#define FS_UNDO_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct why;

/* The revision that an answer of the engine names at its end, "... (revision 9,
 * ..."; 0: nothing was done. */
long long undo_revision(const char *answer, size_t len);

/* Print "undo with: repofs revert undo 9 PLACE", for a shell; with @json an
 * object with the members revision and undo. Nothing if @revision is 0. */
int undo_print(bool json, long long revision, const char *place,
	       struct why *why);

#endif
