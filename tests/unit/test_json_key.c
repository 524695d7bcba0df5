/* Keys that an object has already, however they are written and however many
 * there are. */
#include "core/json.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif

/* @at has room for at least a hundred bytes. */
__attribute__((format(printf, 2, 3))) static size_t put(char *at,
							const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(at, 100, fmt, ap);
	va_end(ap);
	assert_true(n >= 0 && n < 100);
	return (size_t)n;
}

/* An object with @count members, each an object, and one named @last. */
static char *many_keys(size_t count, const char *last, size_t *ret_len)
{
	char *text = malloc(count * 32 + 200);
	size_t len = 0, i;

	assert_non_null(text);
	text[len++] = '{';
	for (i = 0; i < count; i++)
		len += put(text + len, "\"k%zu\":{\"k0\":%zu},", i, i);
	*ret_len = len + put(text + len, "\"%s\":0}", last);
	return text;
}

static void test_a_hundred_thousand_keys_are_no_burden(void **state)
{
	size_t len;
	char *text;

	(void)state;
	text = many_keys(100000, "new", &len);
	assert_int_equal(json_check(text, len, 0, NULL), JSON_VALID);
	free(text);
	text = many_keys(100000, "k\\u0035\\u0030000", &len);
	assert_int_equal(json_check(text, len, 0, NULL), JSON_INVALID);
	free(text);
}

static void test_keys_repeat_in_different_objects(void **state)
{
	static const char text[] =
		"{\"a\":{\"a\":{\"a\":1,\"b\":2},\"b\":3},\"b\":[{\"a\":1},"
		"{\"a\":2,\"\\u0062\":3}],\"\":{\"\":0}}";

	(void)state;
	assert_int_equal(json_check(text, sizeof(text) - 1, 0, NULL),
			 JSON_VALID);
}

static void test_keys_come_and_go_past_the_room_inside(void **state)
{
	char text[16384] = "{";
	size_t len = 1;
	int i, j;

	(void)state;
	for (i = 0; i < 60; i++) {
		len += put(text + len, "\"\\u00e9%d\":{", i);
		for (j = 0; j < 10; j += 2)
			len += put(text + len, "\"n%d\":1,\"\\n%d\":1%s", j, j,
				   j < 8 ? "," : "},");
	}
	(void)put(text + len, "\"\xC3\xA9%d\":0}", 60);
	assert_int_equal(json_check(text, strlen(text), 0, NULL), JSON_VALID);
	(void)put(text + len, "\"\xC3\xA9%d\":0}", 17);
	assert_int_equal(json_check(text, strlen(text), 0, NULL), JSON_INVALID);
}

/* The sanitizers need the address space themselves. */
#ifndef SANITIZED
/* Of address space. */
static rlim_t used_bytes(void)
{
	char line[64] = "";
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || !fgets(line, sizeof(line), f))
		_exit(99);
	(void)fclose(f);
	return strtoul(line, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* In a process that may not grow by more than @room bytes. */
static int check_with_room(const char *text, size_t len, rlim_t room)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct rlimit limit = {used_bytes() + room, RLIM_INFINITY};

		if (setrlimit(RLIMIT_AS, &limit) < 0)
			_exit(99);
		status = json_check(text, len, 0, NULL);
		_exit(status == -ENOMEM ? 50 : status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_want_of_memory_is_said(void **state)
{
	rlim_t room;
	size_t len;
	char *text;
	int last = 50;

	(void)state;
	text = many_keys(300000, "new", &len);
	assert_int_equal(check_with_room(text, len, 0), 50);
	for (room = 1 << 20; room <= 64 << 20; room *= 2) {
		int r = check_with_room(text, len, room);

		assert_true(r == 50 || r == JSON_VALID);
		assert_true(r == last || last == 50);
		last = r;
	}
	assert_int_equal(last, JSON_VALID);
	free(text);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_hundred_thousand_keys_are_no_burden),
		cmocka_unit_test(test_keys_repeat_in_different_objects),
		cmocka_unit_test(test_keys_come_and_go_past_the_room_inside),
#ifndef SANITIZED
		cmocka_unit_test(test_want_of_memory_is_said),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
