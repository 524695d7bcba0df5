/*
 * temp_restore - archives that are no files, restored into a temporary store.
 */
#ifndef TESTS_UNIT_TEMP_RESTORE_H
#define TESTS_UNIT_TEMP_RESTORE_H

#include "core/restore.h"
#include "tests/unit/temp_repo.h"

enum { OLD = 1500000000 }; /* the seconds of all members */

struct member {
	const char *path;
	const char *text; /* NULL: a folder */
	mode_t mode;	  /* 0: as usual */
};

struct members {
	const struct member *list;
	size_t len;
	int times; /* it was read */
	int fault; /* an errno instead of the end, the second time */
};

/* What the last one did, without what the kernel must forget. */
extern struct restore_result temp_restored;

/* Restore, in the root if the request names no folder; 0 or the error. The
 * answer is r->out. */
int temp_restore(struct temp_repo *r, struct restore_request *request,
		 struct members *members);

#define MEMBERS(list)                                        \
	{                                                    \
		list, sizeof(list) / sizeof((list)[0]), 0, 0 \
	}
#define RESTORE(r, list)                                                  \
	do {                                                              \
		struct members members_ = MEMBERS(list);                  \
		struct restore_request request_ = {0};                    \
                                                                          \
		temp_ok((r)->t, temp_restore((r), &request_, &members_)); \
		temp_sound((r)->t);                                       \
	} while (0)
#define RESTORE_FULL(r, list)                                             \
	do {                                                              \
		struct members members_ = MEMBERS(list);                  \
		struct restore_request request_ = {.full = true};         \
                                                                          \
		temp_ok((r)->t, temp_restore((r), &request_, &members_)); \
		temp_sound((r)->t);                                       \
	} while (0)

/* Nothing of the tree, the record and the report has changed in between. */
struct before {
	struct buf tree;
	int64_t moment, lines, contents;
};
void temp_before(struct temp_repo *r, struct before *ret);
void temp_same(struct temp_repo *r, struct before *was);

#endif
