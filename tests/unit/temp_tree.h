/*
 * temp_tree - items of a store by their paths, and a real repository in one.
 */
#ifndef TESTS_UNIT_TEMP_TREE_H
#define TESTS_UNIT_TEMP_TREE_H

#include "tests/unit/temp_store.h"

struct buf;

/* The live item or folder at a path from the root; 0: none. */
int64_t temp_at(struct temp *t, const char *path);
/* Within the test's own moment: a new item, with the folders it needs. */
int64_t temp_put(struct temp *t, const char *path, const char *text,
		 size_t len);
/* The same in a moment of its own, of a string. */
int64_t temp_make(struct temp *t, const char *path, const char *text);

/* Replace @out by what an item holds, with a NUL that is not counted. */
void temp_read(struct temp *t, int64_t item, struct buf *out);
/* The item at the path holds @text. */
void temp_says(struct temp *t, const char *path, const char *text);

/* The corpus in one moment: the number of items; 0: absent. */
int temp_load_corpus(struct temp *t);
/* Every item at its place holds what it has in the corpus. */
void temp_is_corpus(struct temp *t);

#endif
