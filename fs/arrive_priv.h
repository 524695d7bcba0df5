/*
 * arrive_priv - what arrive*.c share.
 */
#ifndef FS_ARRIVE_PRIV_H
#define FS_ARRIVE_PRIV_H

#include "core/intake.h"
#include "fs/arrive.h"

/* ---- arrive_find.c ---- */

/* What the name held when the content came. */
struct taken {
	struct entry entry; /* id 0: nothing */
	char name[256];	    /* that it has */
	struct act *act;    /* how it left */
	int64_t seen;	    /* what the writers know of it; 0: nothing */
	bool by_file;	    /* a file that is no item has the name */
	struct intake took; /* what becomes of the bytes that came */
};

void arrive_taken_done(struct taken *taken); /* for DROP() */

/* Fill *@ret but for what is seen and took; an item in limbo is back. */
int arrive_find_taken(struct fs *fs, struct moment *m, const struct arrival *in,
		      struct taken *ret, struct why *why);

/* ---- arrive.c ---- */

/* For the report and the batch. @took: of a new item; NULL: there is nothing
 * more to say of it. */
int arrive_note(struct fs *fs, struct moment *m, const struct arrival *in,
		const struct arrived *out, const struct intake *took,
		struct why *why);

#endif
