/*
 * The verdict on a JSON text is jansson's: on a real repository, and on the
 * files of JSONTestSuite, where it must also be what its names say.
 *
 * REPOFS_CORPUS names the folder with 1integrate/ and json-test-suite/.
 */
#include "tests/fuzz/json_oracle.h"

#include <dirent.h>
#include <fts.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

static void must(const char *wrong, const char *name, const char *text,
		 size_t len)
{
	if (wrong)
		fail_msg("%s: %s: '%.*s'", name, wrong,
			 (int)(len < 2000 ? len : 2000), text);
}

static const char *corpus_path(const char *folder)
{
	static char path[4096];
	const char *corpus = getenv("REPOFS_CORPUS");
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s",
		       corpus ? corpus : "../shared/corpus", folder);
	if (stat(path, &st) == 0)
		return path;
	print_message("no %s: its part of the test is left out\n", path);
	return NULL;
}

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

/* Its verdict; every seventh small one also has its beginnings tried. */
static void judge_item(const char *path, int nth)
{
	size_t len;
	char *text = read_text(path, &len);

	must(oracle_judge(text, len), path, text, len);
	assert_int_equal(json_check(text, len, JSON_OBJECT_ONLY, NULL),
			 JSON_VALID);
	if (nth % 7 == 0 && len < 12000)
		must(oracle_judge_beginnings(text, len), path, text, len);
	free(text);
}

static void test_every_item_of_a_real_repository_is_valid(void **state)
{
	const char *path = corpus_path("1integrate");
	char *paths[2] = {NULL};
	FTSENT *entry;
	int count = 0;
	FTS *fts;

	(void)state;
	if (!path)
		return;
	paths[0] = strdup(path);
	fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	assert_non_null(fts);
	while ((entry = fts_read(fts)) != NULL)
		if (entry->fts_info == FTS_F)
			judge_item(entry->fts_path, count++);
	(void)fts_close(fts);
	free(paths[0]);
	print_message("%d items\n", count);
	assert_true(count > 0);
}

/* ---- JSONTestSuite ---- */

/*
 * What is decided about the files that leave the choice to the parser (i_),
 * and the three that must be accepted (y_) which items do not allow. All else
 * follows the name. As jansson decides: a real too small for a double is 0;
 * one too big, an integer beyond 64 bits, half a surrogate pair and bytes that
 * are not UTF-8 are refused.
 */
struct decision {
	const char *name;
	bool accept;
};

static const struct decision decisions[] = {
	{"i_number_double_huge_neg_exp.json", true},
	{"i_number_huge_exp.json", false},
	{"i_number_neg_int_huge_exp.json", false},
	{"i_number_pos_double_huge_exp.json", false},
	{"i_number_real_neg_overflow.json", false},
	{"i_number_real_pos_overflow.json", false},
	{"i_number_real_underflow.json", true},
	{"i_number_too_big_neg_int.json", false},
	{"i_number_too_big_pos_int.json", false},
	{"i_number_very_big_negative_int.json", false},
	{"i_object_key_lone_2nd_surrogate.json", false},
	{"i_string_1st_surrogate_but_2nd_missing.json", false},
	{"i_string_1st_valid_surrogate_2nd_invalid.json", false},
	{"i_string_UTF-16LE_with_BOM.json", false},
	{"i_string_UTF-8_invalid_sequence.json", false},
	{"i_string_UTF8_surrogate_U+D800.json", false},
	{"i_string_incomplete_surrogate_and_escape_valid.json", false},
	{"i_string_incomplete_surrogate_pair.json", false},
	{"i_string_incomplete_surrogates_escape_valid.json", false},
	{"i_string_invalid_lonely_surrogate.json", false},
	{"i_string_invalid_surrogate.json", false},
	{"i_string_invalid_utf-8.json", false},
	{"i_string_inverted_surrogates_U+1D11E.json", false},
	{"i_string_iso_latin_1.json", false},
	{"i_string_lone_second_surrogate.json", false},
	{"i_string_lone_utf8_continuation_byte.json", false},
	{"i_string_not_in_unicode_range.json", false},
	{"i_string_overlong_sequence_2_bytes.json", false},
	{"i_string_overlong_sequence_6_bytes.json", false},
	{"i_string_overlong_sequence_6_bytes_null.json", false},
	{"i_string_truncated-utf-8.json", false},
	{"i_string_utf16BE_no_BOM.json", false},
	{"i_string_utf16LE_no_BOM.json", false},
	{"i_structure_500_nested_arrays.json", true},
	{"i_structure_UTF-8_BOM_empty_object.json", false},
	/* No duplicate keys, no \u0000: jansson has no room for either. */
	{"y_object_duplicated_key.json", false},
	{"y_object_duplicated_key_and_value.json", false},
	{"y_object_escaped_null_in_key.json", false},
	{"y_string_null_escape.json", false},
};

static bool is_accepted(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(decisions) / sizeof(decisions[0]); i++)
		if (strcmp(decisions[i].name, name) == 0)
			return decisions[i].accept;
	if (name[0] == 'i')
		fail_msg("%s: undecided", name);
	return name[0] == 'y';
}

static bool is_on_top(const char *text)
{
	text += strspn(text, " \t\r\n");
	return *text == '{' || *text == '[';
}

static void judge_suite_file(const char *folder, const char *name)
{
	bool accept = is_accepted(name);
	char path[4400], *text, *wrapped;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	text = read_text(path, &len);
	must(oracle_judge(text, len), name, text, len);
	if ((json_check(text, len, 0, NULL) == JSON_VALID) !=
	    (accept && is_on_top(text)))
		must("not as decided", name, text, len);

	wrapped = malloc(len + 16);
	assert_non_null(wrapped);
	memcpy(wrapped, "{\"v\": ", 6);
	memcpy(wrapped + 6, text, len);
	wrapped[6 + len] = '}';
	must(oracle_judge(wrapped, len + 7), name, wrapped, len + 7);
	if ((json_check(wrapped, len + 7, 0, NULL) == JSON_VALID) != accept)
		must("wrapped, not as decided", name, wrapped, len + 7);
	free(wrapped);
	free(text);
}

static void test_the_json_test_suite_is_judged_as_decided(void **state)
{
	const char *path = corpus_path("json-test-suite");
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	(void)state;
	if (!path)
		return;
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (!strstr(entry->d_name, ".json"))
			continue;
		judge_suite_file(path, entry->d_name);
		count++;
	}
	(void)closedir(dir);
	print_message("%d files\n", count);
	assert_true(count > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_item_of_a_real_repository_is_valid),
		cmocka_unit_test(test_the_json_test_suite_is_judged_as_decided),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
