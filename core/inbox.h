/*
 * inbox - contents that are acknowledged and not filed yet.
 *
 * Filing a content for itself costs several times what filing it among others
 * does. So the content of a new item, or a new one of an item, is first put into
 * a file beside the repository, PATH.inbox, which survives the death of the
 * process as a commit does, and filed a moment later with what else has come.
 * What a process that died left there is filed when the repository is next
 * opened for writing (repo_open()), before anybody sees it.
 *
 * The file is a row of letters, each with a number, the next one, and its own
 * SHA-256. When all are filed the next letter is written over the first; while
 * they never are, it takes none past 16 MiB. The
 * repository holds the inbox's key, new with each inbox_begin(), and the number
 * of the last letter filed: what has another key, is out of order or torn is no
 * letter. Loss of power may tear any of it: whoever promises more calls
 * store_sync() after all is filed.
 *
 * Contents are in it as they were sent: nothing that holds a secret may be.
 *
 * Thread-safety: any thread; letters are filed in order.
 */
#ifndef CORE_INBOX_H
#define CORE_INBOX_H

#include "core/blob.h"
#include "core/defer.h"
#include "core/moment.h"
#include "core/report.h"
#include "core/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inbox;
struct store;
struct why;

/* For @name in @folder, a new item or @item. */
struct letter {
	int64_t folder;
	const char *name; /* at most 255 bytes */
	int64_t item;	  /* an edit of it; 0: it is new */
	int64_t seen;	  /* the content that is edited; if the item has another
			     one by then, this is a new item beside it */
	const char *bytes;
	size_t len;
	struct attr attr; /* that it is to have */
	struct who who;
	struct batch_key key;
	int64_t time_ns;		   /* when it was acknowledged */
	int64_t number;			   /* given by inbox_put() */
	unsigned char sha256[BLOB_SHA256]; /* of the bytes; likewise */
};

/* For the open @store; makes no file yet. */
int inbox_new(struct store *store, struct inbox **ret, struct why *why);
/* The file goes, unless it holds letters that are not filed. */
void inbox_free(struct inbox *inbox);
DEFINE_DROP(inbox, inbox_free);

/* The letters that are not filed, in order; nonzero ends and is returned. What
 * a letter points to lasts until @fn returns. */
typedef int (*inbox_fn)(const struct letter *letter, void *arg);
int inbox_each(struct inbox *inbox, inbox_fn fn, void *arg, struct why *why);

/* How many those are, for a process that only reads, beside the one that files
 * them. */
int inbox_left(struct store *store, int64_t *ret_left, struct why *why);

/*
 * Letters may be put from now on; within a moment, which is committed with it.
 * -EBUSY: there are some that could not be filed; they stay, and none may be
 * put.
 */
int inbox_begin(struct inbox *inbox, struct moment *m, struct why *why);

/* After 0 the letter survives the process; letter->number is set. -ENOSPC,
 * -EIO: it is not there, nor is any of it. -EAGAIN: not begun, or full until all
 * is filed. */
int inbox_put(struct inbox *inbox, struct letter *letter, struct why *why);

/* The letters up to @number are filed by @m, and once that is committed. */
int inbox_file(struct inbox *inbox, struct moment *m, int64_t number,
	       struct why *why);
void inbox_filed(struct inbox *inbox, int64_t number);

#endif
