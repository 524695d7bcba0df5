/*
 * inbox_priv - letters as they stand in the file.
 *
 * Thread-safety: pure.
 */
#ifndef CORE_INBOX_PRIV_H
#define CORE_INBOX_PRIV_H

#include "core/inbox.h"

/* Before the name and the bytes. It is read by the same program on the same
 * machine, so it is as memory has it. */
struct letter_head {
	char magic[16];
	uint64_t key;
	int64_t number;
	int64_t folder, item, seen;
	int64_t time_ns, mtime_ns, ctime_ns;
	uint64_t start;
	uint64_t len;
	uint32_t mode, uid, gid;
	uint32_t who_uid, who_gid;
	int32_t who_pid, pid;
	uint32_t name_len;
	char program[32];
	unsigned char sha256[BLOB_SHA256]; /* of all before it, the name and the
					      bytes' own SHA-256 */
};

/* Fill *@ret, whose SHA-256 covers all of the letter, and letter->sha256. */
int letter_head(uint64_t key, struct letter *letter, struct letter_head *ret,
		struct why *why);

/* Where a row of letters is read. */
struct letter_at {
	const char *data;
	size_t left;
	uint64_t key;	/* of the inbox; what has another one is no letter */
	int64_t number; /* of the next one */
	char name[256]; /* of the last one */
};

/* The number of the letter that stands first; what follows has the next. */
int64_t letter_first(const char *data, size_t len);
/* 1: *@ret is the next one, which points into the data and the name; 0: what is
 * there is none. */
int letter_next(struct letter_at *at, struct letter *ret, struct why *why);

#endif
