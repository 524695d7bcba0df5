#include "core/why.h"
#include "fs/mount_options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Parse "mount FILE DIR -o @words", as fstab has it. */
static int parse(const char *words, struct mount_options *ret, struct why *why)
{
	static char name[] = "mount", file[] = "r.repo", dir[] = "mnt";
	static char o[] = "-o";
	char copy[256];
	char *argv[] = {name, file, dir, o, copy, NULL};

	assert_true(strlen(words) < sizeof(copy));
	memcpy(copy, words, strlen(words) + 1);
	return mount_options_parse(5, argv, ret, why);
}

static void assert_words(const struct mount_options *o, const char *expected)
{
	assert_int_equal(o->words.len, strlen(expected));
	assert_memory_equal(o->words.data ? o->words.data : "", expected,
			    o->words.len);
}

static void test_nothing_said_means_the_defaults(void **state)
{
	struct mount_options o;

	(void)state;
	assert_int_equal(parse("rw", &o, NULL), 0);
	assert_string_equal(o.file, "r.repo");
	assert_string_equal(o.dir, "mnt");
	assert_int_equal(o.fs.overwrite, OVERWRITE_AUTO);
	assert_int_equal(o.fs.identical, IDENTICAL_AUTO);
	assert_int_equal(o.fs.max_item, 16 << 20);
	assert_false(o.fs.read_only || o.fs.snapdir_visible || o.foreground);
	assert_words(&o, "");
	mount_options_done(&o);
}

static void test_the_key_file_has_an_absolute_name(void **state)
{
	struct mount_options o;
	struct why why = {0};
	char here[4096], wanted[5000];

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	(void)snprintf(wanted, sizeof(wanted), "%s/a/my.key", here);
	assert_int_equal(parse("key=/x/y.key,ro", &o, NULL), 0);
	assert_string_equal(o.key, "/x/y.key");
	mount_options_done(&o);
	/* The last one counts. */
	assert_int_equal(parse("key=/x/y.key,key=a/my.key", &o, NULL), 0);
	assert_string_equal(o.key, wanted);
	mount_options_done(&o);
	assert_null(o.key);
	assert_int_equal(parse("key=", &o, &why), -EINVAL);
	assert_non_null(strstr(why.text, "a file"));
}

static void test_words_of_fstab_are_taken(void **state)
{
	struct mount_options o;

	(void)state;
	assert_int_equal(parse("defaults,rw,dev,suid,noauto,user,_netdev,"
			       "x-systemd.automount,nofail,comment=mine,,"
			       "user=joe,noatime,allow_other",
			       &o, NULL),
			 0);
	assert_words(&o, ",noatime,allow_other");
	mount_options_done(&o);
}

static void test_words_of_ours_are_set(void **state)
{
	struct mount_options o;

	(void)state;
	assert_int_equal(parse("ro,overwrite=restore,identical=number,"
			       "snapdir=visible,max_item=2M",
			       &o, NULL),
			 0);
	assert_int_equal(o.fs.overwrite, OVERWRITE_RESTORE);
	assert_int_equal(o.fs.identical, IDENTICAL_NUMBER);
	assert_int_equal(o.fs.max_item, 2 << 20);
	assert_true(o.fs.snapdir_visible);
	assert_true(o.fs.read_only);
	assert_words(&o, ",ro");
	mount_options_done(&o);
}

static void test_what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *words, *sentence;
	} cases[] = {
		{"overwrite=maybe",
		 "overwrite is auto, edit or restore, not 'maybe'"},
		{"max_item=0", "max_item is a size up to 512M, not '0'"},
		{"max_item=1T", "max_item is a size up to 512M, not '1T'"},
		{"max_item=513M", "max_item is a size up to 512M, not '513M'"},
		{"max_item=99999999999G",
		 "max_item is a size up to 512M, not '99999999999G'"},
		{"snapdir", "no option -o snapdir"},
		{"rw,bogus=1", "no option -o bogus=1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mount_options o = {.file = NULL};
		struct why why = {0};

		assert_int_equal(parse(cases[i].words, &o, &why), -EINVAL);
		assert_string_equal(why.text, cases[i].sentence);
		assert_null(o.file);
	}
}

static void test_sizes_may_have_a_unit(void **state)
{
	static const struct {
		const char *words;
		int64_t size;
	} cases[] = {
		{"max_item=1", 1},
		{"max_item=4k", 4096},
		{"max_item=512M", INT64_C(512) << 20},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mount_options o;

		assert_int_equal(parse(cases[i].words, &o, NULL), 0);
		assert_int_equal(o.fs.max_item, cases[i].size);
		mount_options_done(&o);
	}
}

static void test_a_path_with_commas_is_one_word_of_libfuse(void **state)
{
	struct buf out = {0};

	(void)state;
	mount_options_quote(&out, "/a,b\\c");
	buf_byte(&out, '\0');
	assert_string_equal(out.data, "/a\\,b\\\\c");
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_said_means_the_defaults),
		cmocka_unit_test(test_the_key_file_has_an_absolute_name),
		cmocka_unit_test(test_words_of_fstab_are_taken),
		cmocka_unit_test(test_words_of_ours_are_set),
		cmocka_unit_test(test_what_is_wrong_is_named),
		cmocka_unit_test(test_sizes_may_have_a_unit),
		cmocka_unit_test(
			test_a_path_with_commas_is_one_word_of_libfuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
