/* Fuzz: the scan against jansson, partial texts against their continuation,
 * and every verdict against that on the text without its last byte. */
#include "tests/fuzz/json_oracle.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count_values(const struct json_value *value, void *arg)
{
	size_t *count = arg;

	if (value->len == 0)
		abort();
	(*count)++;
	return 0;
}

static void must(const char *wrong, const char *text, size_t len)
{
	if (!wrong)
		return;
	(void)fprintf(stderr, "%s: '%.*s'\n", wrong, (int)len, text);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	size_t values = 0;
	int whole, shorter;

	must(oracle_judge(text, size), text, size);
	whole = json_check(text, size, 0, NULL);
	if (json_scan(text, size, 0, count_values, &values, NULL) != whole)
		must("the visitor changes the verdict", text, size);
	if (whole == JSON_VALID && values == 0)
		must("valid, but nothing was visited", text, size);
	if (size > 0) {
		shorter = json_check(text, size - 1, 0, NULL);
		if (shorter == JSON_INVALID && whole != JSON_INVALID)
			must("called invalid, but went on", text, size);
	}
	if (size <= 1024)
		must(oracle_judge_partial(text, size), text, size);
	return 0;
}
