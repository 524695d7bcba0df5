/*
 * inum - what a node number means.
 *
 * The kernel names everything by a 64-bit number that we choose. Ours carries
 * its meaning, so nothing is kept for what was looked up: five bits say which
 * tree the node belongs to, 59 bits are that tree's own.
 *
 *   LIVE           node of an item, folder or scratch file; 1 is the root
 *   PAST           view (25 bits), item (34)
 *   SNAPDIR        folder                     .snapshots
 *   VERSIONS       folder                     .snapshots/versions
 *   VERSIONS_ITEM  folder (29), item (30)     .snapshots/versions/X.json
 *   VERSION        item (29), born (30)       one file in it
 *   CONTROL        folder                     .control
 *   CONTROL_FILE   row of the table (11), folder (48)
 *   DIFF           form (25), folder (34)     .control/diff, and below
 *   SHOW           form, folder               .control/show, and below
 *   DIFF_FILE      form (3), revision (22), folder (34)   a file in these
 *   REJECTED       folder                     .control/rejected
 *   REJECTED_FILE  id
 *   PAST_CONTROL   view, item                 .control in the past
 *   PAST_MANIFEST  view, item                 a file of it
 *   BACKUP         folder                     .backup
 *   REFERENCES     folder                     .control/references
 *   REFERENCES_OF  item                       a file in it
 *   SECRETS        folder or item             .secrets and all below it
 *   PAST_TAR       view, item                 backup.tar of .control in the past
 *   PAST_ZIP       view, item                 backup.zip
 *   SHADE          a count                    what is not there (fs/witness)
 *
 * A directory must never be shown under two names with one number: the kernel
 * would move it. That is why the number of a directory holds the folder it is
 * reached from.
 */
#ifndef FS_INUM_H
#define FS_INUM_H

#include <stdint.h>

enum { INUM_PAYLOAD_BITS = 59 };

enum inum_kind {
	INUM_LIVE,
	INUM_PAST,
	INUM_SNAPDIR,
	INUM_VERSIONS,
	INUM_VERSIONS_ITEM,
	INUM_VERSION,
	INUM_CONTROL,
	INUM_CONTROL_FILE,
	INUM_DIFF,
	INUM_DIFF_FILE,
	INUM_REJECTED,
	INUM_REJECTED_FILE,
	INUM_PAST_CONTROL,
	INUM_PAST_MANIFEST,
	INUM_BACKUP,
	INUM_REFERENCES,
	INUM_REFERENCES_OF,
	INUM_SECRETS,
	INUM_PAST_TAR,
	INUM_PAST_ZIP,
	INUM_SHOW,
	INUM_SHADE,
	INUM_KINDS
};

static inline uint64_t inum_make(enum inum_kind kind, uint64_t payload)
{
	return (uint64_t)kind << INUM_PAYLOAD_BITS | payload;
}

static inline enum inum_kind inum_kind(uint64_t ino)
{
	return (enum inum_kind)(ino >> INUM_PAYLOAD_BITS);
}

static inline int64_t inum_payload(uint64_t ino)
{
	return (int64_t)(ino & ((UINT64_C(1) << INUM_PAYLOAD_BITS) - 1));
}

/* The payload as two numbers, the lower one @bits wide. */
static inline uint64_t inum_pair(enum inum_kind kind, int64_t high, int64_t low,
				 unsigned bits)
{
	return inum_make(kind, (uint64_t)high << bits | (uint64_t)low);
}

static inline int64_t inum_high(uint64_t ino, unsigned bits)
{
	return inum_payload(ino) >> bits;
}

static inline int64_t inum_low(uint64_t ino, unsigned bits)
{
	return inum_payload(ino) & ((INT64_C(1) << bits) - 1);
}

enum {
	INUM_VIEW_BITS = 34,	/* item below a view */
	INUM_VERSION_BITS = 30, /* item or born below another */
	INUM_CONTROL_BITS = 48, /* folder below a row */
	INUM_DIFF_BITS = 34,	/* folder below a form and revision */
	INUM_FORM_BITS = 22,	/* revision below a form */
};

#endif
