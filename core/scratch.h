/*
 * scratch - files that are no items: temporary files of editors and copiers,
 * notes, drafts, links, and everything below a folder with a dot name.
 *
 * They live in the same folders as items but have no history. A scratch file
 * may hold an item's content without a copy of the bytes: an item renamed
 * aside (NAME~, the trash) is one, and remembers which item it was.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_SCRATCH_H
#define CORE_SCRATCH_H

#include "core/tree.h"

#include <stddef.h>
#include <stdint.h>

enum scratch_type { SCRATCH_FILE = 1, SCRATCH_FOLDER = 2, SCRATCH_LINK = 3 };

enum {
	SCRATCH_CHUNK = 65536,
	SCRATCH_MAX_FILE = 64 << 20, /* bytes of one file: ENOSPC past it */
};

struct scratch {
	int64_t id; /* its node */
	int64_t parent;
	enum scratch_type type;
	struct attr attr;
	int64_t size;
	int64_t content;  /* 0, or its bytes are those of this content */
	int64_t was;	  /* 0, or the item it was */
	bool sealed;	  /* its bytes are; read only */
	const char *name; /* borrowed; set by scratch_list() only */
};

/* Readers: 0, or -ENOENT. */
int scratch_get(struct db *db, int64_t id, struct scratch *ret,
		struct why *why);
int scratch_lookup(struct db *db, int64_t parent, const char *name,
		   struct scratch *ret, struct why *why);
typedef int (*scratch_fn)(const struct scratch *s, void *arg);
int scratch_list(struct db *db, int64_t parent, int64_t after, scratch_fn fn,
		 void *arg, struct why *why);
/* 1: @parent has scratch entries, 0: none. */
int scratch_any(struct db *db, int64_t parent, struct why *why);
int scratch_name(struct db *db, int64_t id, struct buf *out, struct why *why);
/* What a folder may hold. 1: items too, it is one of the tree; 0: scratch files
 * alone. -ENOENT: it is not there any more; -ENOTDIR. */
int scratch_or_items(struct db *db, int64_t id, struct why *why);
/* Append all bytes. */
int scratch_read(struct db *db, int64_t id, struct buf *out, struct why *why);
int scratch_link_target(struct db *db, int64_t id, struct buf *out,
			struct why *why);

/* Writers; they change no moment. @s: all members but name are stored as they
 * are (size 0, or that of @s->content); @target for links, else NULL.
 * -EEXIST: the name is taken by another scratch entry. -ENOENT: the folder is in
 * no tree any more. */
int scratch_add(struct moment *m, const struct scratch *s, const char *name,
		const char *target, struct why *why);
/* Replace the whole content. -ENOSPC past SCRATCH_MAX_FILE. Bytes that may hold
 * a secret (core/secret_guard) are sealed: -ENOKEY. */
int scratch_write(struct moment *m, int64_t id, const void *bytes, size_t len,
		  struct why *why);
/* The whole content is these @len bytes, of which those from @from until before
 * @to are new; only the chunks that they touch are written, unless all must be
 * sealed from now on. */
int scratch_save(struct moment *m, int64_t id, const char *bytes, size_t len,
		 size_t from, size_t to, struct why *why);
/* Replace bytes at an offset (the file grows; a gap is zeros); only the chunks
 * that this touches are written. They are sealed if the file is; whether it
 * must be is not looked at. */
int scratch_patch(struct moment *m, int64_t id, int64_t offset,
		  const void *bytes, size_t len, struct why *why);
int scratch_set_attr(struct moment *m, int64_t id, const struct attr *attr,
		     struct why *why);
/* Rename; the name must be free. */
int scratch_move(struct moment *m, int64_t id, int64_t parent, const char *name,
		 struct why *why);
/* -ENOTEMPTY: a folder that holds entries. */
int scratch_remove(struct moment *m, int64_t id, struct why *why);

#endif
