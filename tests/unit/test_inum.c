/* Node numbers carry their meaning, and lose none of it. */
#include "fs/inum.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_live_nodes_are_their_own_numbers(void **state)
{
	(void)state;
	assert_int_equal(inum_make(INUM_LIVE, 1), 1);
	assert_int_equal(inum_make(INUM_LIVE, 123456789), 123456789);
	assert_int_equal(inum_kind(1), INUM_LIVE);
}

static void test_kind_and_payload_come_back(void **state)
{
	static const int64_t payloads[] = {
		0, 1, INT64_C(1) << 33, (INT64_C(1) << INUM_PAYLOAD_BITS) - 1};

	(void)state;
	for (int kind = 0; kind < INUM_KINDS; kind++) {
		for (size_t i = 0; i < 4; i++) {
			uint64_t ino = inum_make((enum inum_kind)kind,
						 (uint64_t)payloads[i]);

			assert_int_equal(inum_kind(ino), kind);
			assert_int_equal(inum_payload(ino), payloads[i]);
		}
	}
}

static void check_pair(enum inum_kind kind, unsigned bits)
{
	const int64_t high_max = (INT64_C(1) << (INUM_PAYLOAD_BITS - bits)) - 1;
	const int64_t low_max = (INT64_C(1) << bits) - 1;
	const int64_t highs[] = {0, 1, high_max}, lows[] = {0, 1, low_max};

	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; j < 3; j++) {
			uint64_t ino = inum_pair(kind, highs[i], lows[j], bits);

			assert_int_equal(inum_kind(ino), kind);
			assert_int_equal(inum_high(ino, bits), highs[i]);
			assert_int_equal(inum_low(ino, bits), lows[j]);
		}
	}
}

static void test_both_numbers_of_a_pair_come_back(void **state)
{
	(void)state;
	check_pair(INUM_PAST, INUM_VIEW_BITS);
	check_pair(INUM_PAST_MANIFEST, INUM_VIEW_BITS);
	check_pair(INUM_VERSIONS_ITEM, INUM_VERSION_BITS);
	check_pair(INUM_VERSION, INUM_VERSION_BITS);
	check_pair(INUM_CONTROL_FILE, INUM_CONTROL_BITS);
	check_pair(INUM_DIFF_FILE, INUM_DIFF_BITS);
}

static void test_every_kind_fits(void **state)
{
	(void)state;
	assert_true(INUM_KINDS <= 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live_nodes_are_their_own_numbers),
		cmocka_unit_test(test_kind_and_payload_come_back),
		cmocka_unit_test(test_both_numbers_of_a_pair_come_back),
		cmocka_unit_test(test_every_kind_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
