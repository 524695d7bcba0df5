#include "tests/unit/corpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <fts.h>

static char *read_text(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "r");
	struct stat st;
	char *text;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	text = malloc((size_t)st.st_size + 1);
	assert_non_null(text);
	*ret_len = fread(text, 1, (size_t)st.st_size, f);
	text[*ret_len] = '\0';
	(void)fclose(f);
	return text;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

int corpus_each(corpus_fn fn, void *arg)
{
	const char *corpus = getenv("REPOFS_CORPUS");
	char top[4096], *paths[2] = {top, NULL};
	struct stat st;
	FTSENT *entry;
	int count = 0;
	FTS *fts;

	(void)snprintf(top, sizeof(top), "%s/1integrate",
		       corpus ? corpus : "../shared/corpus");
	if (stat(top, &st) < 0) {
		print_message("no %s: left out\n", top);
		return 0;
	}
	fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	assert_non_null(fts);
	while ((entry = fts_read(fts)) != NULL) {
		struct corpus_item item = {0};
		char *text;

		if (entry->fts_info != FTS_F)
			continue;
		text = read_text(entry->fts_path, &item.len);
		item.path = entry->fts_path + strlen(top) + 1;
		item.text = text;
		fn(&item, arg);
		free(text);
		count++;
	}
	(void)fts_close(fts);
	return count;
}
