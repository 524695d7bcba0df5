/* What a name says: tables of names as editors, copiers and people make
 * them. */
#include "core/name.h"
#include "core/why.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* ---- legal names ---- */

struct legal {
	const char *name;
	int result;
	const char *reason; /* NULL: whatever */
};

static const struct legal legal[] = {
	{"a", 0, NULL},
	{"No gaps.json", 0, NULL},
	{"  two  spaces ", 0, NULL},
	{"...", 0, NULL},
	{".control", 0, NULL},
	{"caf\xC3\xA9 \xF0\x9F\x98\x80.json", 0, NULL},
	{"line\nbreak", 0, NULL},
	{"a\\b:c*d?", 0, NULL},
	{"", -EINVAL, "a name must not be empty"},
	{".", -EINVAL, "'.' is not a name"},
	{"..", -EINVAL, "'..' is not a name"},
	{"a/b", -EINVAL, "a name must not hold a '/'"},
	{"/", -EINVAL, "a name must not hold a '/'"},
	{"caf\xE9", -EINVAL, "a name must be valid UTF-8"},
	{"\xC3", -EINVAL, "a name must be valid UTF-8"},
	{"\xED\xA0\x80", -EINVAL, "a name must be valid UTF-8"},
	{"\xC0\xAF", -EINVAL, "a name must be valid UTF-8"},
};

static void test_a_name_is_short_utf8_without_a_slash(void **state)
{
	struct why why = {0};
	char name[300];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(legal); i++) {
		const struct legal *c = &legal[i];
		int r = name_check(c->name, &why);

		if (r != c->result ||
		    (c->reason && strcmp(why.text, c->reason) != 0))
			fail_msg("'%s': %d, %s", c->name, r, why.text);
		assert_int_equal(name_check(c->name, NULL), c->result);
	}
	memset(name, 'x', sizeof(name));
	name[255] = '\0';
	assert_int_equal(name_check(name, &why), 0);
	name[255] = 'x';
	name[256] = '\0';
	assert_int_equal(name_check(name, &why), -ENAMETOOLONG);
	assert_string_equal(why.text,
			    "a name has at most 255 bytes, this one 256");
}

/* ---- what a name is ---- */

enum trait {
	ITEM = 1,
	COPIERS = 2, /* marks a restore */
	SHORT_LIVED = 4,
};

struct meaning {
	const char *name;
	int traits;
	const char *target; /* of a copier's */
};

static const struct meaning meanings[] = {
	/* people's */
	{"Rule.json", ITEM, NULL},
	{"Rule 2.json", ITEM, NULL},
	{" .json", ITEM, NULL},
	{"a.b.json", ITEM, NULL},
	{"Rule.json.json", ITEM, NULL},
	{"Rule (copy 1).json", ITEM, NULL},
	{"tmp.json", ITEM, NULL},
	{"4913.json", ITEM, NULL},
	{"~.json", ITEM, NULL},
	{".json", 0, NULL},
	{"json", 0, NULL},
	{"Rule", 0, NULL},
	{"Rule.JSON", 0, NULL},
	{"Rule.json ", 0, NULL},
	{"README.md", 0, NULL},
	{"tmp", 0, NULL},
	{"sediment", 0, NULL},
	{"", 0, NULL},
	/* vim, nvim, nano */
	{".Rule.json.swp", 0, NULL},
	{".Rule.json.swx", 0, NULL},
	{"4913", SHORT_LIVED, NULL},
	{"Rule.json~", 0, NULL},
	{".Rule.json.un~", 0, NULL},
	{"Rule.json.orig", 0, NULL},
	{"Rule.json.bak", 0, NULL},
	{"Rule.json.save", 0, NULL},
	/* emacs, jed, joe */
	{".#Rule.json", 0, NULL},
	{"#Rule.json#", 0, NULL},
	{"#Rule.json", 0, NULL},
	{"Rule.json.~1~", 0, NULL},
	{"tmpAbC123", SHORT_LIVED, NULL},
	{".#-emacsaB3dE6", 0, NULL},
	/* GLib, geany, kate */
	{".goutputstream-AB12cd", SHORT_LIVED, NULL},
	{".goutputstream-AB12", 0, NULL},
	{"Rule.json.AB12cd", SHORT_LIVED, NULL},
	{".Rule.json.kate-swp", 0, NULL},
	/* sed, perl, gawk, busybox, dos2unix, patch, Python */
	{"sedAbC123", SHORT_LIVED, NULL},
	{"XYabCD12", 0, NULL},
	{"Rule.json.gawk.AbC123", SHORT_LIVED, NULL},
	{"Rule.jsonAbC123", SHORT_LIVED, NULL},
	{"d2utmpAbC123", SHORT_LIVED, NULL},
	{"Rule.json.oAbC123", SHORT_LIVED, NULL},
	{"tmpab_12x9z", SHORT_LIVED, NULL},
	{"tmpab_12x9", 0, NULL},
	/* the trash */
	{"Rule.json.trashinfo", 0, NULL},
	{"Rule.json.trashinfo.AbC123", SHORT_LIVED, NULL},
	/* rsync */
	{".Rule.json.AbC123", COPIERS | SHORT_LIVED, "Rule.json"},
	{".a b.c.json.000000", COPIERS | SHORT_LIVED, "a b.c.json"},
	{".Rule.json.AbC12", 0, NULL},
	{".Rule.json.AbC1234", 0, NULL},
	{".Rule.json.AbC-23", 0, NULL},
	{".Rule.txt.AbC123", 0, NULL},
	{".json.AbC123", 0, NULL},
	{"..Rule.json.AbC123", 0, NULL},
	{".#Rule.json.AbC123", 0, NULL},
	{".AbC123", 0, NULL},
	/* dolphin, kioclient */
	{"Rule.json.part", COPIERS | SHORT_LIVED, "Rule.json"},
	{".Rule.json.part", COPIERS | SHORT_LIVED, "Rule.json"},
	{"film.mkv.part", SHORT_LIVED, NULL},
	{".part", SHORT_LIVED, NULL},
	{"Rule.part.json", ITEM, NULL},
	/* unison, which means to edit */
	{".unison.Rule.json.0a1b2c3d4e5f.unison.tmp", SHORT_LIVED, NULL},
};

static void test_a_name_says_whose_file_it_is(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(meanings); i++) {
		const struct meaning *c = &meanings[i];
		struct name_span target = {NULL, 0};
		int traits = (name_is_item(c->name) ? ITEM : 0) |
			     (name_is_copiers(c->name, &target) ? COPIERS : 0) |
			     (name_is_short_lived(c->name) ? SHORT_LIVED : 0);

		if (traits != c->traits)
			fail_msg("'%s': %d", c->name, traits);
		if (c->target &&
		    (target.len != strlen(c->target) ||
		     memcmp(target.at, c->target, target.len) != 0))
			fail_msg("'%s': '%.*s'", c->name, (int)target.len,
				 target.at);
		if (!c->target)
			assert_null(target.at);
	}
}

/* rsync's temporary name of @len bytes for a name of many x. */
static char *cut_name(char name[300], size_t len)
{
	memset(name, 'x', len);
	name[0] = '.';
	memcpy(name + len - 7, ".7Op2bc", 8);
	return name;
}

static void test_rsync_cuts_the_temporary_names_of_long_names(void **state)
{
	struct name_span target;
	char name[300];

	(void)state;
	assert_true(name_is_copiers(cut_name(name, 254), &target));
	assert_int_equal(target.len, 246);
	assert_ptr_equal(target.at, name + 1);
	/* A dot was dropped. */
	assert_true(name_is_copiers(cut_name(name, 253), NULL));
	/* Not long enough to have been cut. */
	assert_false(name_is_copiers(cut_name(name, 252), NULL));
	cut_name(name, 254)[1] = '#';
	assert_false(name_is_copiers(name, NULL));
}

static void test_folders_with_a_dot_are_scratch_and_some_reserved(void **state)
{
	(void)state;
	assert_true(name_is_scratch_folder(".Trash-0"));
	assert_true(name_is_scratch_folder(".~tmp~"));
	assert_false(name_is_scratch_folder("rules"));
	assert_false(name_is_scratch_folder("#rules"));

	assert_true(name_is_reserved(".snapshots"));
	assert_true(name_is_reserved(".control"));
	assert_true(name_is_reserved(".backup"));
	assert_true(name_is_reserved(".secrets"));
	assert_false(name_is_reserved(".snapshot"));
	assert_false(name_is_reserved(".snapshots2"));
	assert_false(name_is_reserved("control"));

	assert_true(name_is_sync_folder(".~tmp~"));
	assert_true(name_is_sync_folder(".rsync-partial"));
	assert_false(name_is_sync_folder(".Trash-0"));
	assert_false(name_is_sync_folder("rules"));
}

/* ---- series ---- */

struct split {
	const char *name, *stem;
	unsigned number;
};

static const struct split splits[] = {
	{"Rule.json", "Rule", 1},
	{"Rule 2.json", "Rule", 2},
	{"Rule 10.json", "Rule", 10},
	{"Rule 999999999.json", "Rule", 999999999},
	{"Year Record 5.json", "Year Record", 5},
	{"Rule 2 2.json", "Rule 2", 2},
	{"Rule .json", "Rule ", 1},
	{"Rule  2.json", "Rule ", 2}, /* the second of "Rule .json" */
	{"a 2.json", "a", 2},
	{"Rule.json 2.json", "Rule.json", 2},
	/* no numbers */
	{"Rule 0.json", "Rule 0", 1},
	{"Rule 1.json", "Rule 1", 1},
	{"Rule 02.json", "Rule 02", 1},
	{"Rule 1000000000.json", "Rule 1000000000", 1},
	{"Rule 99999999999999999999.json", "Rule 99999999999999999999", 1},
	{"Rule2.json", "Rule2", 1},
	{"Rule-2.json", "Rule-2", 1},
	{"Rule -2.json", "Rule -2", 1},
	{"Rule\t2.json", "Rule\t2", 1},
	{"Rule\xC2\xA0"
	 "2.json",
	 "Rule\xC2\xA0"
	 "2",
	 1}, /* no-break space */
	{"Rule 2x.json", "Rule 2x", 1},
	{"2.json", "2", 1},
	{" 2.json", " 2", 1},
	{"  2.json", " ", 2},
};

static void test_a_number_is_told_from_a_name(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(splits); i++) {
		const struct split *c = &splits[i];
		struct name_series series = name_split(c->name);
		char again[NAME_MAX_BYTES + 1];

		if (series.stem_len != strlen(c->stem) ||
		    memcmp(c->name, c->stem, series.stem_len) != 0 ||
		    series.number != c->number)
			fail_msg("'%s': '%.*s' %u", c->name,
				 (int)series.stem_len, c->name, series.number);
		name_numbered(c->name, series.stem_len, series.number, again);
		assert_string_equal(again, c->name);
		assert_int_equal(name_stem_len(c->name), strlen(c->name) - 5);
	}
}

static void test_a_long_name_is_shortened_for_its_number(void **state)
{
	char stem[300] = "", name[NAME_MAX_BYTES + 1];
	struct name_series series;

	(void)state;
	memset(stem, 'x', 250);
	name_numbered(stem, 250, 1, name);
	assert_int_equal(strlen(name), 255);
	name_numbered(stem, 250, 2, name);
	assert_int_equal(strlen(name), 255);
	assert_string_equal(name + 247, "x 2.json");
	name_numbered(stem, 250, 10000, name);
	assert_int_equal(strlen(name), 255);
	assert_string_equal(name + 243, "x 10000.json");
	name_numbered(stem, 250, NAME_MAX_NUMBER, name);
	series = name_split(name);
	assert_int_equal(series.number, NAME_MAX_NUMBER);
	assert_int_equal(series.stem_len, 240);
}

static void test_it_is_shortened_at_a_character(void **state)
{
	char stem[251], name[NAME_MAX_BYTES + 1];
	unsigned number;
	int i;

	(void)state;
	for (i = 0; i < 249; i += 3)
		memcpy(stem + i, "\xE2\x82\xAC", 3);
	stem[249] = 'x';
	name_numbered(stem, 250, 2, name);
	assert_int_equal(strlen(name), 82 * 3 + 7); /* 248 falls within one */
	assert_string_equal(name + 81 * 3, "\xE2\x82\xAC 2.json");
	for (number = 2; number < 100000000; number *= 10) {
		name_numbered(stem, 250, number, name);
		assert_int_equal(name_check(name, NULL), 0);
		assert_true(name_is_item(name));
		assert_int_equal(name_split(name).number, number);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_name_is_short_utf8_without_a_slash),
		cmocka_unit_test(test_a_name_says_whose_file_it_is),
		cmocka_unit_test(
			test_rsync_cuts_the_temporary_names_of_long_names),
		cmocka_unit_test(
			test_folders_with_a_dot_are_scratch_and_some_reserved),
		cmocka_unit_test(test_a_number_is_told_from_a_name),
		cmocka_unit_test(test_a_long_name_is_shortened_for_its_number),
		cmocka_unit_test(test_it_is_shortened_at_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
