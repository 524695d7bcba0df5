/* The clock, and times as people write them. */
#include "tests/unit/test.h"

#include "core/env.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)
/* 2026-11-20T10:30:00Z */
#define THEN (INT64_C(1795170600) * SECOND)

static void test_times_are_written_in_utc(void **state)
{
	static const struct {
		int64_t ns;
		const char *plain, *exact;
	} cases[] = {
		{0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000000Z"},
		{THEN, "2026-11-20T10:30:00Z",
		 "2026-11-20T10:30:00.000000000Z"},
		{THEN + 123456789, "2026-11-20T10:30:00Z",
		 "2026-11-20T10:30:00.123456789Z"},
		{-1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999999999Z"},
		{INT64_MAX, "2262-04-11T23:47:16Z",
		 "2262-04-11T23:47:16.854775807Z"},
	};
	char text[ENV_TIME_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		env_format_time(cases[i].ns, false, text);
		assert_string_equal(text, cases[i].plain);
		env_format_time(cases[i].ns, true, text);
		assert_string_equal(text, cases[i].exact);
	}
}

static void test_times_are_read_as_people_write_them(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} cases[] = {
		{"2026-11-20T10:30:00Z", THEN},
		{"2026-11-20T10.30.00Z", THEN}, /* as names have it */
		{"2026-11-20T10:30Z", THEN},
		{"2026-11-20T10:30:00", THEN},
		{"2026-11-20 10:30:00", THEN},
		{"2026-11-20T11:30:00+01:00", THEN},
		{"2026-11-20T11.30.00+01.00", THEN},
		{"2026-11-20T11:30:00+0100", THEN},
		{"2026-11-20T05:00:00-05:30", THEN},
		{"2026-11-20T10:30:00.5Z", THEN + (SECOND / 2)},
		{"2026-11-20T10:30:00.123456789Z", THEN + 123456789},
		{"2026-11-20T10:30:00.1234567891Z", THEN + 123456789},
		{"2026-11-20", THEN - ((10 * 60 + 30) * 60 * SECOND)},
		{"1970-01-01T00:00:00Z", 0},
		{"2024-02-29", INT64_C(1709164800) * SECOND},
		{"2016-12-31T23:59:60Z", INT64_C(1483228800) * SECOND},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t ns = -1;

		if (env_parse_time(cases[i].text, &ns) != 0 ||
		    ns != cases[i].ns)
			fail_msg("%s: %jd, not %jd", cases[i].text,
				 (intmax_t)ns, (intmax_t)cases[i].ns);
	}
}

static void test_what_is_no_time_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"yesterday",
		"2026",
		"2026-11",
		"2026-11-2",
		"2026-13-01",
		"2026-00-01",
		"2026-11-00",
		"2026-11-32",
		"2026-11-31",
		"2026-02-29",
		"2026-11-20T",
		"2026-11-20T24:00:00Z",
		"2026-11-20T10:60:00Z",
		"2026-11-20T10:30:61Z",
		"2026-11-20T10:30:00X",
		"2026-11-20T10:30:00Zx",
		"2026-11-20T10:30.00Z",
		"2026-11-20T10:30:00+1:00",
		"2026-11-20T10:30:00+24:00",
		"2026-11-20T10:30:00.Z",
		"2026-11-20x",
		"1969-12-31T23:59:59Z",
		"2262-04-12T00:00:00Z", /* nanoseconds end there */
		"9999-12-31T23:59:59Z",
		"-026-11-20",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t ns = 77;

		if (env_parse_time(cases[i], &ns) != -EINVAL)
			fail_msg("'%s' was read as %jd", cases[i],
				 (intmax_t)ns);
		assert_int_equal(ns, 77); /* untouched on failure */
	}
}

static void test_what_is_written_can_be_read(void **state)
{
	char text[ENV_TIME_SIZE];
	int64_t ns;

	(void)state;
	for (int64_t at = 0; at < INT64_C(9000000000) * SECOND;
	     at += INT64_C(98765432) * SECOND + 123456789) {
		env_format_time(at, true, text);
		assert_int_equal(env_parse_time(text, &ns), 0);
		assert_int_equal(ns, at);
	}
}

static int64_t clock_ns(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_REALTIME, &t), 0);
	return (int64_t)t.tv_sec * SECOND + t.tv_nsec;
}

static void test_the_clock_of_the_system_is_the_clock(void **state)
{
	/* time() would not do: it is read from the last tick, and lags. */
	int64_t before = clock_ns();
	int64_t now = env_now_ns(&env_system);

	(void)state;
	assert_in_range(now, before, clock_ns());
}

static int64_t fixed(void *arg)
{
	return *(int64_t *)arg;
}

static int refuse(void *arg, void *bytes, size_t len)
{
	(void)arg;
	(void)bytes;
	(void)len;
	return -EIO;
}

static void test_a_test_has_its_own_clock(void **state)
{
	int64_t now = THEN;
	const struct env env = {fixed, refuse, &now};
	char byte;

	(void)state;
	assert_int_equal(env_now_ns(&env), THEN);
	now++;
	assert_int_equal(env_now_ns(&env), THEN + 1);
	assert_int_equal(env_random(&env, &byte, 1), -EIO);
}

static void test_random_bytes_differ(void **state)
{
	char a[32] = "", b[32] = "";

	(void)state;
	assert_int_equal(env_random(&env_system, a, sizeof(a)), 0);
	assert_int_equal(env_random(&env_system, b, sizeof(b)), 0);
	assert_memory_not_equal(a, b, sizeof(a));
}

static void test_users_have_names_or_numbers(void **state)
{
	char name[ENV_USER_SIZE];

	(void)state;
	env_user_name(0, name);
	assert_string_equal(name, "root");
	env_user_name(3999999999, name);
	assert_string_equal(name, "3999999999");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times_are_written_in_utc),
		cmocka_unit_test(test_times_are_read_as_people_write_them),
		cmocka_unit_test(test_what_is_no_time_is_refused),
		cmocka_unit_test(test_what_is_written_can_be_read),
		cmocka_unit_test(test_the_clock_of_the_system_is_the_clock),
		cmocka_unit_test(test_a_test_has_its_own_clock),
		cmocka_unit_test(test_random_bytes_differ),
		cmocka_unit_test(test_users_have_names_or_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
