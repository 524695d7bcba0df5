/* Fuzz: two texts with a NUL between them; members are told if and only if the
 * two differ, and a line of them is one line. */
#include "core/buf.h"
#include "core/defer.h"
#include "core/member_diff.h"
#include "core/why.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int look(const struct member *member, void *arg)
{
	DROP(buf_done) struct buf line = {0};
	size_t *count = arg;

	member_line(member, 16, &line);
	if (!line.len || memchr(line.data, '\n', line.len))
		abort();
	(*count)++;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *nul = size ? memchr(text, '\0', size) : NULL;
	struct merge_text old = {text, size}, new = {text, 0};
	struct why why = {0};
	size_t count = 0;
	int same;

	if (!nul)
		return 0;
	old.len = (size_t)(nul - text);
	new.bytes = nul + 1;
	new.len = size - old.len - 1;
	same = merge_equal(NULL, old, new, &why);
	if (member_diff(old, new, look, &count, &why) < 0) {
		if (same >= 0)
			abort();
		return 0;
	}
	if (same < 0 || (count == 0) != (same == 1))
		abort();
	return 0;
}
