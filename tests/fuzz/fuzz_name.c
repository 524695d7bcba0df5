/* Fuzz: whatever the bytes of a name, what is said of it fits together. */
#include "core/name.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds, const char *what, const char *name)
{
	if (holds)
		return;
	(void)fprintf(stderr, "%s: '%s'\n", what, name);
	abort();
}

static void try_series(const char *name, unsigned number)
{
	struct name_series series = name_split(name), again;
	char numbered[NAME_MAX_BYTES + 1], back[NAME_MAX_BYTES + 1];

	must(series.stem_len > 0 && series.stem_len <= name_stem_len(name),
	     "no stem", name);
	must(series.number > 0 && series.number <= NAME_MAX_NUMBER, "no number",
	     name);
	name_numbered(name, series.stem_len, series.number, back);
	must(strcmp(back, name) == 0, "not put together again", name);

	number = 2 + number % (NAME_MAX_NUMBER - 1);
	name_numbered(name, series.stem_len, number, numbered);
	must(name_check(numbered, NULL) == 0, "numbered, not legal", name);
	must(name_is_item(numbered), "numbered, no item", name);
	again = name_split(numbered);
	must(again.number == number, "another number", name);
	must(again.stem_len <= series.stem_len &&
		     memcmp(numbered, name, again.stem_len) == 0,
	     "another stem", name);
	must(again.stem_len + 4 > series.stem_len || strlen(numbered) > 251,
	     "shortened too much", name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct name_span target = {NULL, 0};
	char name[400];
	unsigned number = 0;

	if (size < sizeof(number) || size - sizeof(number) >= sizeof(name))
		return 0;
	memcpy(&number, data, sizeof(number));
	size -= sizeof(number);
	memcpy(name, data + sizeof(number), size);
	name[size] = '\0';

	if (name_is_copiers(name, &target)) {
		must(target.at >= name && target.len > 0 &&
			     target.at + target.len < name + strlen(name),
		     "target outside of the name", name);
		must(!name_is_item(name), "a copier's and an item", name);
		must(name_is_short_lived(name), "a copier's, but stays", name);
	}
	if (name_is_short_lived(name))
		must(!name_is_item(name), "short-lived and an item", name);
	if (name_is_reserved(name) || name_is_sync_folder(name))
		must(name_is_scratch_folder(name), "a dot is missing", name);
	if (name_check(name, NULL) == 0 && name_is_item(name))
		try_series(name, number);
	return 0;
}
