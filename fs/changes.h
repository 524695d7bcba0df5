/*
 * changes - what differs, as the engine writes it ("+ path", "M path",
 * "R old -> new", and below that, indented, the members), for a person or for a
 * script.
 *
 * On a terminal with colours, unless NO_COLOR is set to something or TERM is
 * "dumb".
 *
 * Thread-safety: no state.
 */
#ifndef FS_CHANGES_H
#define FS_CHANGES_H

#include "fs/table.h"

#include <stddef.h>
#include <stdio.h>

struct why;

/* What the letters mean, for --help. */
#define CHANGES_HELP                                                            \
	"  + created   - deleted   M edited   R moved (old -> new)   A owner, " \
	"mode\n"                                                                \
	"  or time changed; the names of folders end in /\n"

/*
 * Print @text, @len bytes. As JSON each change is an object with the members
 * change ("created", "deleted", "edited", "moved", "attributes"), path, and
 * from if it was moved; a line that begins with '!' is {"note": "..."}, any
 * other {"result": "..."}; members are left out.
 */
int changes_print(FILE *out, enum table_style style, const char *text,
		  size_t len, struct why *why);

#endif
