/*
 * make_archive - archives in memory and in files, for tests: right ones by
 * the engine's own pieces.
 */
#ifndef TESTS_UNIT_MAKE_ARCHIVE_H
#define TESTS_UNIT_MAKE_ARCHIVE_H

#include "core/archive.h"
#include "core/buf.h"

struct making {
	struct archive_size size;
	struct buf bytes, directory;
};

/* Add a member; @bytes has entry->size of them. */
void make_member(struct making *m, const struct archive_entry *entry,
		 const char *bytes);
/* An item with mode 0644 and a round time; a folder if @text is NULL. */
void make_text(struct making *m, const char *path, const char *text);
/* The end; m->bytes is the archive then. */
void make_end(struct making *m);
void make_done(struct making *m);

/* A file without a name that holds the bytes; to be closed. */
int make_file(const void *bytes, size_t len);

#endif
