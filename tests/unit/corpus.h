/*
 * corpus - a real repository of 607 items, for tests.
 *
 * REPOFS_CORPUS names the folder with 1integrate/, which else is looked for
 * beside the project. Tests say one line and pass where it is absent.
 */
#ifndef TESTS_UNIT_CORPUS_H
#define TESTS_UNIT_CORPUS_H

#include <stddef.h>

struct corpus_item {
	const char *path; /* "rules/HPMS/A.json" */
	const char *text; /* with a NUL behind it */
	size_t len;
};

/* Each item, in the order of the paths. The number of items; 0: absent. */
typedef void (*corpus_fn)(const struct corpus_item *item, void *arg);
int corpus_each(corpus_fn fn, void *arg);

#endif
