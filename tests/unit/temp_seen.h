/*
 * temp_seen - what processes have seen and done, for one test.
 */
#ifndef TESTS_TEMP_SEEN_H
#define TESTS_TEMP_SEEN_H

#include "fs/seen.h"

#include "tests/unit/test.h"

static inline struct proc process(int number)
{
	return (struct proc){.pid = 1000 + number, .start = 7};
}

static inline int set_up(void **state)
{
	struct seen *seen;

	assert_int_equal(seen_new(&seen), 0);
	*state = seen;
	return 0;
}

static inline int tear_down(void **state)
{
	seen_free(*state);
	return 0;
}

#endif
