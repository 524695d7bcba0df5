/*
 * commit_priv - what the files of commit share.
 */
#ifndef FS_COMMIT_PRIV_H
#define FS_COMMIT_PRIV_H

#include "fs/commit.h"

/* A refused process that goes on with the name means its own copy. @node: what
 * the kernel knows the refused file by. */
void commit_remember_refusal(struct fs *fs, const struct refusal *refusal,
			     int64_t node, int64_t now_ns);

#endif
