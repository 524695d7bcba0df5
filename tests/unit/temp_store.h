/*
 * temp_store - a store in a directory of its own, with a clock that the test
 * sets. For cmocka: temp_setup() and temp_teardown() of each test.
 */
#ifndef TESTS_UNIT_TEMP_STORE_H
#define TESTS_UNIT_TEMP_STORE_H

#include "core/db.h"
#include "core/env.h"
#include "core/moment.h"
#include "core/store.h"
#include "core/tree.h"
#include "core/why.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What the clock of a new store says; it stands still until it is set. */
#define TEMP_NOW INT64_C(1700000000000000000)

struct temp {
	char dir[64];
	char path[80];
	struct env env;
	int64_t now_ns;
	struct store *store;
	struct reader reader; /* for tests that read: temp->reader.db */
	struct moment m;      /* between temp_begin() and temp_commit() */
	struct why why;
};

int temp_setup(void **state);
int temp_teardown(void **state);

/* Close and open again. */
void temp_reopen(struct temp *t);

/* A moment by user 1000, program "test"; failures fail the test. */
struct moment *temp_begin(struct temp *t);
void temp_commit(struct temp *t);
/* The newest moment. */
int64_t temp_newest(struct temp *t);

/* r must be 0, or the test fails with the reason. */
#define temp_ok(t, expression) \
	temp_check((t), (expression), #expression, __FILE__, __LINE__)
void temp_check(struct temp *t, int r, const char *what, const char *file,
		int line);
/* r must be @code, with a reason that contains @text. */
void temp_fails(struct temp *t, int r, int code, const char *text);

/* Live things, each in a moment of its own. */
int64_t temp_folder(struct temp *t, int64_t parent, const char *name);
int64_t temp_item(struct temp *t, int64_t parent, const char *name,
		  const char *text);
void temp_save(struct temp *t, int64_t item, const char *text);
void temp_remove(struct temp *t, int64_t item);
void temp_move(struct temp *t, int64_t item, int64_t parent, const char *name);

/* Within the test's own moment: the content of @text. */
int64_t temp_content(struct temp *t, const char *text);
/* What is no part of the engine: a statement that changes the file, and one
 * that yields a number. */
void temp_sql(struct temp *t, const char *sql);
__attribute__((format(printf, 2, 3))) int64_t temp_ask(struct temp *t,
						       const char *fmt, ...);
/* A snapshot of the root. */
void temp_snapshot(struct temp *t);

#endif
