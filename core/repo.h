/*
 * repo - the engine in one handle: the store, the open batches, the hints for
 * numbers, who is at work. What fs/ and the command line hold.
 *
 * Thread-safety: read-only after repo_open(); its parts have their own rules.
 */
#ifndef CORE_REPO_H
#define CORE_REPO_H

#include "core/defer.h"
#include "core/store.h"

struct batches;
struct inbox;
struct numbers;
struct works;

struct repo {
	struct store *store;
	struct batches *batches;
	struct numbers *numbers;
	struct works *works;
	struct inbox *inbox; /* NULL: open for reading only */
};

/* What a process that died had acknowledged is filed first. */
int repo_open(const char *path, const struct store_options *options,
	      struct repo **ret_repo, struct why *why);
/* Ends the open batches; accepts NULL. */
void repo_close(struct repo *repo);
DEFINE_DROP(repo, repo_close);

#endif
