/* Fuzz: whatever the bytes of an archive, its reader ends with members that a
 * repository can have, or with a reason. */
#include "core/archive.h"
#include "core/name.h"
#include "core/utf8.h"
#include "core/why.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds, const char *what, const char *name)
{
	if (holds)
		return;
	(void)fprintf(stderr, "%s: '%s'\n", what, name);
	abort();
}

static int look(const struct archive_entry *e, const char *bytes, void *arg)
{
	unsigned *sum = arg;
	char path[NAME_MAX_BYTES + 1];
	const char *at = e->path, *slash;

	must(utf8_valid(at, strlen(at)), "no UTF-8", e->path);
	must(e->size >= 0 && e->size <= 1 << 16, "a bad size", e->path);
	must((bytes == NULL) == e->folder, "bytes of a folder", e->path);
	for (int64_t i = 0; i < e->size; i++)
		*sum += (unsigned char)bytes[i];
	for (;; at = slash + 1) {
		slash = strchrnul(at, '/');
		must(slash - at <= NAME_MAX_BYTES, "too long", e->path);
		memcpy(path, at, (size_t)(slash - at));
		path[slash - at] = '\0';
		must(name_check(path, NULL) == 0, "no name", e->path);
		must(!name_is_reserved(path), "reserved", e->path);
		if (!*slash)
			return 0;
	}
}

/* A tar is worth nothing without its check sums, which no fuzzer finds: they
 * are set right first, where the field says so by a "#". */
static void set_sums(uint8_t *data, size_t size)
{
	for (size_t at = 0; at + 512 <= size; at += 512) {
		uint8_t *h = data + at;
		unsigned sum = 0;

		if (h[148] != '#')
			continue;
		memset(h + 148, ' ', 8);
		for (size_t i = 0; i < 512; i++)
			sum += h[i];
		(void)snprintf((char *)h + 148, 8, "%06o", sum);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct archive_limits limits = {1 << 16, 1 << 22, 100};
	static int fd = -1;
	struct why why = {0};
	uint8_t *copy;
	unsigned sum = 0;
	int r;

	if (size == 0)
		return 0;
	if (fd < 0)
		fd = memfd_create("archive", 0);
	copy = malloc(size);
	if (!copy || fd < 0)
		abort();
	memcpy(copy, data, size);
	set_sums(copy, size);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, copy, size, 0) != (ssize_t)size)
		abort();
	free(copy);
	r = archive_read(fd, &limits, look, &sum, &why);
	must(r <= 0, "neither read nor refused", "");
	must(r == 0 || (why.code == r && why.text[0]), "no reason", "");
	return 0;
}
