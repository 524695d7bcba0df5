/*
 * test - what every test of a module needs: cmocka, and the look at a reason.
 *
 * Names of tests are sentences. A failure is checked by its code and by what
 * it says to people.
 */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include "core/why.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* @r, the result of a call that filled @why, is 0; else say why not. */
#define assert_done(r, why)                                              \
	do {                                                             \
		int done_r = (r);                                        \
		if (done_r != 0)                                         \
			fail_msg("%s: %d, %s", #r, done_r, (why)->text); \
	} while (0)

/* @r is @errno_code, @why agrees and its sentence contains @words. */
#define assert_refused(r, errno_code, why, words)                       \
	do {                                                            \
		assert_int_equal((r), (errno_code));                    \
		assert_int_equal((why)->code, (errno_code));            \
		if (!strstr((why)->text, (words)))                      \
			fail_msg("'%s' does not say '%s'", (why)->text, \
				 (words));                              \
	} while (0)

#endif
