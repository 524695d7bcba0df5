/*
 * arrive_priv - what arrive*.c share.
 */
#ifndef FS_ARRIVE_PRIV_H
#define FS_ARRIVE_PRIV_H

#include "fs/arrive.h"

struct intake;

/* For the report and the batch. @took: of a new item; NULL: there is nothing
 * more to say of it. */
int arrive_note(struct fs *fs, struct moment *m, const struct arrival *in,
		const struct arrived *out, const struct intake *took,
		struct why *why);

#endif
