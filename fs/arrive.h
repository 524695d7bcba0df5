/*
 * arrive - content that wants an item's name: edit or restore.
 *
 * Saving over what your program has seen edits; everything else is put beside
 * under the next number. It is decided when content is committed, and the
 * whole rule is in this module (README, "Edit or restore").
 *
 * Thread-safety: inside a moment and under the lock of the live tree.
 */
#ifndef FS_ARRIVE_H
#define FS_ARRIVE_H

#include "core/moment.h"
#include "core/report.h"
#include "core/tree.h"
#include "fs/proc.h"

#include <stdbool.h>

struct act;
struct fs;

struct arrival {
	int64_t parent; /* the name that was written to */
	const char *name;
	int64_t target; /* the item of that name that the writer had open;
			     0: whatever has the name */
	const char *bytes;
	size_t len;
	bool sound;		     /* they are known to be valid */
	const unsigned char *sha256; /* NULL: not known */
	struct attr attr;
	int attr_set; /* FUSE_SET_ATTR_ bits that somebody set; the others
			     are defaults, which an edit does not take over */
	int64_t node; /* what the kernel knows the bytes by; 0: nothing */
	const struct proc
		*writers; /* everyone who wrote them; [0] is charged */
	unsigned writer_count;
	int64_t base;	/* they are a change of this content; 0: whole */
	bool mark;	/* of a copier: restore */
	bool sync;	/* a synchronizer's: one copy is enough */
	bool item_over; /* it is an item itself that was renamed here: not
			     seen means -EEXIST */
};

struct arrived {
	enum outcome outcome;
	int64_t item; /* edited, created, or the copy */
	int64_t content;
	int64_t former;	   /* content it had; 0: none */
	int64_t born;	   /* of the new state; 0: none */
	struct entry gone; /* the item as it was, if it had another number; else
			      id 0 */
	int64_t node;	   /* what the writer knows the name by */
	struct act *limbo; /* how the item that came back had left, or NULL */
	char went[256];	   /* the name it has */
};

/*
 * Put valid content where it belongs, and note it for the report and the
 * batch. -EEXIST: see item_over.
 */
int arrive(struct fs *fs, struct moment *m, const struct arrival *in,
	   struct arrived *ret, struct why *why);

/*
 * The same for content of a file that is new, under a name that nothing has:
 * without the lock of the live tree. arrive_name_is_free() says, with it,
 * whether it may be asked: 1, 0.
 */
int arrive_name_is_free(struct fs *fs, struct moment *m,
			const struct arrival *in, struct why *why);
int arrive_new(struct fs *fs, struct moment *m, const struct arrival *in,
	       struct arrived *ret, struct why *why);

/*
 * The same for an edit: of @entry, which @in has as its target. arrive_is_edit()
 * says, with the lock, whether it is one as the item is now; arrive_edit(),
 * without it, is -ESTALE if its content is not @seen any more.
 */
bool arrive_is_edit(struct fs *fs, const struct arrival *in,
		    const struct entry *entry);
int arrive_edit(struct fs *fs, struct moment *m, const struct arrival *in,
		int64_t seen, struct arrived *ret, struct why *why);
/* What the item has after that. */
struct attr arrive_attr(const struct arrival *in, const struct entry *entry);

/* One of the writers took an item from the name a moment ago: it may come back.
 * With the lock. */
bool arrive_to_limbo(struct fs *fs, const struct arrival *in, int64_t now_ns);

/* After the commit: what it means for what the same process does next. */
void arrive_remember(struct fs *fs, const struct moment *m,
		     const struct arrival *in, const struct arrived *out);

/*
 * The edit @saved was a copier's after all (a modification time in the past
 * came after it): the item gets its former version back, the content its
 * number and @attr. -ENOENT: the item has changed since.
 */
int arrive_refile(struct fs *fs, struct moment *m, const struct act *saved,
		  const struct attr *attr, struct arrived *ret,
		  struct why *why);

/*
 * @in is refused: the item that one of the writers took from the name a moment
 * ago, to make room, is there again. 1: it is.
 */
int arrive_bring_back(struct fs *fs, struct moment *m, const struct arrival *in,
		      struct why *why);

/* Names that files in memory take; for number_free_name(). */
bool arrive_name_taken(int64_t parent, const char *name, void *fs);

#endif
