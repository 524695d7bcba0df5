/*
 * backup - a folder as it was at one moment, as the bytes of an archive.
 *
 * Nothing is made beforehand but its size: whoever reads gets the bytes from
 * any position on, since they follow from the tree. Memory holds one item, a
 * few places in the tree where reading may go on, and of a zip four bytes for
 * each member.
 *
 * Entries are in an order of their own (folders before what is in them) that
 * stays the same. Scratch files are not among them, nor the folder itself; the
 * names are relative to it.
 *
 * What the moment shows must stay as it is while this is open: in the process
 * that writes it is one of store_pin(), others read it all in one
 * transaction.
 *
 * Thread-safety: one thread at a time; each call may have another struct db.
 */
#ifndef CORE_BACKUP_H
#define CORE_BACKUP_H

#include "core/archive.h"
#include "core/defer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backup;
struct db;
struct why;

/* What of the tree is wanted: of each folder and item that is come to. */
enum backup_want {
	BACKUP_NOT,  /* nor what is below it */
	BACKUP_THIS, /* and ask for what is below it */
	BACKUP_ALL,  /* with all below it */
};
typedef enum backup_want (*backup_filter)(int64_t item, bool folder, void *arg);

/* May it be read? Of a folder also: may what is in it be reached? */
typedef bool (*backup_allow)(const struct archive_entry *entry, void *arg);

struct backup_spec {
	enum archive_format format;
	int64_t moment;
	int64_t folder;
	backup_filter filter; /* NULL: all */
	void *filter_arg;
	backup_allow allow; /* NULL: all may be read */
	void *allow_arg;    /* for backup_open() alone */
};

/* -EACCES: something may not be read; it is named. -ENAMETOOLONG: a path is
 * too long for a zip. -ENOENT: no such folder then. The filter is asked until
 * backup_free(). */
int backup_open(struct db *db, const struct backup_spec *spec,
		struct backup **ret_backup, struct why *why);
void backup_free(struct backup *backup); /* accepts NULL */
DEFINE_DROP(backup, backup_free);

/* Bytes of the archive, and how many entries are in it. */
int64_t backup_size(const struct backup *backup);
int64_t backup_count(const struct backup *backup);

/*
 * Up to @size bytes from @offset on; fewer at the end only. Forward is quick,
 * and so is one place at the end of a zip besides; else it takes a walk through
 * the tree. -EBADMSG: a content fails its check; -ESTALE: the moment did not
 * stay as it was.
 */
int backup_read(struct backup *backup, struct db *db, int64_t offset,
		void *bytes, size_t size, size_t *ret_len, struct why *why);

#endif
