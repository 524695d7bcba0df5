/*
 * temp_repo - the engine over a temporary store, and the whole tree as text.
 * For cmocka: temp_repo_setup() and temp_repo_teardown() of each test.
 */
#ifndef TESTS_UNIT_TEMP_REPO_H
#define TESTS_UNIT_TEMP_REPO_H

#include "core/buf.h"
#include "core/repo.h"
#include "tests/unit/temp_store.h"

struct batch_key;

struct temp_repo {
	struct temp *t;
	struct repo repo;
	struct buf out; /* what the last temp_revert() said, with a NUL */
};

int temp_repo_setup(void **state);
int temp_repo_teardown(void **state);

/* Revert @folder to @spec; 0 or the error. */
int temp_revert(struct temp_repo *r, int64_t folder, const char *spec);
/* It must work. Returns the number of the revision, 0: nothing to do. */
int64_t temp_reverted(struct temp_repo *r, int64_t folder, const char *spec);
/* What it says of single changes, without the last sentence. */
void temp_said(const struct temp_repo *r, const char *lines);

int64_t temp_snap(struct temp *t, int64_t folder);
void temp_set_mode(struct temp *t, int64_t item, mode_t mode);
int64_t temp_scratch(struct temp *t, int64_t parent, const char *name);
/* What a mount does with a file that somebody copies to @path; the item. */
int64_t temp_copy(struct temp_repo *r, const struct batch_key *key,
		  const char *path, const char *text, size_t len);
/* A synchronizer has found @item, the copy from before, in place of @asked. */
void temp_skip_copy(struct temp_repo *r, const struct batch_key *key,
		    const char *folder, const char *asked, int64_t item);
void temp_end_batches(struct temp_repo *r);

/*
 * All below @folder at moment @at, a line each in the order of the paths:
 * what it is, attributes, content, and if @ids the numbers of items. Folders'
 * times are left out: they follow from the rest.
 */
void temp_tree(struct temp *t, int64_t at, int64_t folder, bool ids,
	       struct buf *out);
/* The paths alone, each followed by a blank. */
void temp_is(struct temp *t, int64_t folder, const char *paths);
/* Item @item holds @text. */
void temp_holds(struct temp *t, int64_t item, const char *text);
/* The repository breaks no invariant. */
void temp_sound(struct temp *t);

#endif
