/*
 * loose - files whose bytes are in memory: those just created, which are in no
 * table yet, and scratch files while they are open.
 *
 * A file that a program creates becomes an item with its first valid content,
 * or a scratch row when it is closed; a copier's temporary file mostly becomes
 * neither, since it is renamed first. So nothing is written to the database
 * before it is known what the file is.
 *
 * Thread-safety: none; the lock of the live tree.
 */
#ifndef FS_LOOSE_H
#define FS_LOOSE_H

#include "core/tree.h"
#include "fs/proc.h"
#include "fs/spool.h"

#include <stdbool.h>

enum { LOOSE_WRITERS = 4 };

struct loose {
	int64_t id; /* its node */
	int64_t parent;
	char name[256]; /* meaningless once unlinked, or an item */
	struct attr attr;
	struct spool spool;
	int64_t content; /* as in struct scratch, until it is written to */
	int64_t was;
	bool item_name;	 /* valid content under this name is an item */
	bool stored;	 /* there is a row in scratch */
	bool unlinked;	 /* has no name any more */
	bool hidden;	 /* refused, and the item has its name back: what it
			  becomes yet will arrive there */
	int64_t item;	 /* 0, or the item that it has become */
	bool filing;	 /* on its way to being one (fs/filing): nothing of it
			    changes until it is */
	bool dirty;	 /* the bytes are newer than the row or the item */
	bool attr_dirty; /* so are the attributes */
	size_t dirty_from, dirty_to;
	bool refused;	  /* these bytes were refused already */
	int64_t rejected; /* where they are kept; 0: nowhere */
	bool past_mtime;  /* a copier's mark */
	bool from_past;	  /* copied out of a snapshot of this mount */
	size_t checked;	  /* bytes that are known to be a beginning */
	struct proc writers[LOOSE_WRITERS];
	unsigned writer_count;
	int opens;
	int64_t closed_ns; /* last close */
	int64_t filed_ns;  /* filing: when it was acknowledged */
	struct loose *next_by_id, *next_by_name;
};

/* Its bytes are its own: not, or not yet, those of the item that it became. */
static inline bool loose_speaks(const struct loose *f)
{
	return !f->item || f->dirty;
}

struct loose_files;

int loose_files_new(struct loose_files **ret);
void loose_files_free(struct loose_files *files);
DEFINE_DROP(loose_files, loose_files_free);

/* The table takes @file over (from calloc). */
void loose_add(struct loose_files *files, struct loose *file);
/* Out of the table, and freed. */
void loose_drop(struct loose_files *files, struct loose *file);
struct loose *loose_by_id(const struct loose_files *files, int64_t id);
/* Only files that have a name of their own: not unlinked, hidden, or items. */
struct loose *loose_by_name(const struct loose_files *files, int64_t parent,
			    const char *name);
/* When a file of that folder was last put in line for filing; 0: none is. */
int64_t loose_newest_filing(const struct loose_files *files, int64_t parent);
/* 0: no file of that folder; for rmdir. */
bool loose_any_in(const struct loose_files *files, int64_t parent);
void loose_rename(struct loose_files *files, struct loose *file, int64_t parent,
		  const char *name);
/* It has no name from now on: unlinked, or @item. */
void loose_unname(struct loose_files *files, struct loose *file, int64_t item);

/* Nobody finds it by its name from now on, but it keeps that. */
void loose_hide(struct loose_files *files, struct loose *file);

/* The item that it has become is no more; the file, which is open, has a row
 * and this name now. Its bytes are those of @content, or newer. */
void loose_set_aside(struct loose_files *files, struct loose *file,
		     int64_t content, int64_t parent, const char *name);

/* Call for each; it may drop the file it is given. Nonzero ends. */
typedef int (*loose_fn)(struct loose *file, void *arg);
int loose_each(struct loose_files *files, loose_fn fn, void *arg);

/* @proc has written to it. */
void loose_written_by(struct loose *file, struct proc proc);

#endif
