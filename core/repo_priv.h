/*
 * repo_priv - what the files of repo share.
 */
#ifndef CORE_REPO_PRIV_H
#define CORE_REPO_PRIV_H

#include "core/repo.h"

/* ---- repo_replay.c ---- */

/*
 * File what a process that died had acknowledged and not filed. What cannot be
 * filed now, since the disk is full, stays in the inbox and fails nothing:
 * whoever makes room must be able to open the repository.
 */
void repo_replay(struct repo *repo);

/* For who only reads: wait, for half a second at most, until the process that
 * has the repository has filed what it has acknowledged by now. */
void repo_await(struct repo *repo);

#endif
