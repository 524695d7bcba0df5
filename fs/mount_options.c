#include "fs/mount_options.h"

#include "core/defer.h"
#include "core/why.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_MAX_ITEM (INT64_C(512) << 20)

static int set_overwrite(struct mount_options *o, const char *value)
{
	static const char *const names[] = {[OVERWRITE_AUTO] = "auto",
					    [OVERWRITE_EDIT] = "edit",
					    [OVERWRITE_RESTORE] = "restore"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], value) != 0)
			continue;
		o->fs.overwrite = (enum overwrite)i;
		return 0;
	}
	return -EINVAL;
}

static int set_identical(struct mount_options *o, const char *value)
{
	static const char *const names[] = {[IDENTICAL_AUTO] = "auto",
					    [IDENTICAL_SKIP] = "skip",
					    [IDENTICAL_NUMBER] = "number"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], value) != 0)
			continue;
		o->fs.identical = (enum identical)i;
		return 0;
	}
	return -EINVAL;
}

static int set_max_item(struct mount_options *o, const char *value)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;
	long long n;

	errno = 0;
	n = strtoll(value, &end, 10);
	if (errno || end == value || n <= 0)
		return -EINVAL;
	unit = *end ? strchr(units, *end & ~0x20) : NULL;
	if (unit && *unit) {
		for (long i = 0; i <= unit - units && n <= MAX_MAX_ITEM; i++)
			n *= 1024;
		end++;
	}
	if (*end || n > MAX_MAX_ITEM)
		return -EINVAL;
	o->fs.max_item = n;
	return 0;
}

static int set_snapdir(struct mount_options *o, const char *value)
{
	o->fs.snapdir_visible = strcmp(value, "visible") == 0;
	return o->fs.snapdir_visible || strcmp(value, "hidden") == 0 ? 0
								     : -EINVAL;
}

static int set_refs(struct mount_options *o, const char *value)
{
	o->fs.refs = strcmp(value, "keep") == 0 ? REFS_KEEP : REFS_FOLLOW;
	return o->fs.refs == REFS_KEEP || strcmp(value, "follow") == 0
		       ? 0
		       : -EINVAL;
}

/* The daemon stands elsewhere; the file may be made later. */
static int set_key(struct mount_options *o, const char *value)
{
	char here[PATH_MAX] = "";

	free(o->key);
	o->key = NULL;
	if (!*value || (*value != '/' && !getcwd(here, sizeof(here))) ||
	    asprintf(&o->key, "%s%s%s", here, *here ? "/" : "", value) < 0)
		return -EINVAL;
	return 0;
}

/* Words with a value, which is ours. */
static const struct setting {
	const char *name;
	int (*set)(struct mount_options *o, const char *value);
	const char *values;
} settings[] = {
	{"overwrite", set_overwrite, "auto, edit or restore"},
	{"identical", set_identical, "auto, skip or number"},
	{"refs", set_refs, "follow or keep"},
	{"max_item", set_max_item, "a size up to 512M"},
	{"snapdir", set_snapdir, "hidden or visible"},
	{"key", set_key, "a file"},
};

/* For the kernel, or for libfuse. */
static const char *const passed[] = {
	"allow_other", "auto_unmount", "nosuid", "nodev",   "exec",
	"noexec",      "sync",	       "async",	 "dirsync", "atime",
	"noatime",     "nodiratime",   "debug",
};

/*
 * For mount(8) and systemd, or true without being said. "dev" and "suid" come
 * from mount.fuse whenever root mounts, and mean nothing here: there are
 * neither devices nor programs in a repository.
 */
static const char *const ignored[] = {
	"defaults",	 "rw",	     "auto",	   "noauto",   "user",
	"nouser",	 "users",    "nousers",	   "owner",    "noowner",
	"group",	 "nogroup",  "_netdev",	   "nofail",   "dev",
	"suid",		 "relatime", "norelatime", "diratime", "strictatime",
	"nostrictatime", "lazytime", "nolazytime", "nonempty", "nomand",
	"silent",	 "loud",
};

static bool is_one_of(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(word, list[i]) == 0)
			return true;
	}
	return false;
}
#define IS_ONE_OF(word, list) \
	is_one_of(word, list, sizeof(list) / sizeof((list)[0]))

/* Comments of other programs: x-systemd.automount, comment=..., user=NAME. */
static bool is_comment(const char *word)
{
	static const char *const begins[] = {
		"x-", "comment=", "user=", "fsname=", "subtype="};

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		if (strncmp(word, begins[i], strlen(begins[i])) == 0)
			return true;
	}
	return false;
}

static int take_setting(struct mount_options *o, const char *word,
			const char *value, struct why *why)
{
	size_t len = (size_t)(value - 1 - word);

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		const struct setting *s = &settings[i];

		if (strlen(s->name) != len || memcmp(s->name, word, len) != 0)
			continue;
		if (s->set(o, value) < 0)
			return why_set(why, -EINVAL, "%s is %s, not '%s'",
				       s->name, s->values, value);
		return 0;
	}
	return why_set(why, -EINVAL, "no option -o %s", word);
}

static int take_word(struct mount_options *o, const char *word, struct why *why)
{
	const char *equals = strchr(word, '=');

	if (!*word || IS_ONE_OF(word, ignored) || is_comment(word))
		return 0;
	if (equals)
		return take_setting(o, word, equals + 1, why);
	if (strcmp(word, "default_permissions") == 0) {
		o->modes = true;
		return 0;
	}
	if (strcmp(word, "allow_other") == 0)
		o->modes = true;
	if (strcmp(word, "ro") == 0)
		o->fs.read_only = true;
	else if (!IS_ONE_OF(word, passed))
		return why_set(why, -EINVAL, "no option -o %s", word);
	buf_byte(&o->words, ',');
	return buf_add_text(&o->words, word, why);
}

static int take_words(struct mount_options *o, const char *words,
		      struct why *why)
{
	char word[PATH_MAX + 8]; /* only comments may be longer */
	size_t len;
	int r = 0;

	for (; *words && r == 0; words += len + (words[len] == ',')) {
		len = strcspn(words, ",");
		(void)snprintf(word, sizeof(word), "%.*s", (int)len, words);
		r = take_word(o, word, why);
	}
	return r;
}

/* The letters of ours, and those that mount(8) gives its helpers. */
static int take_letter(struct mount_options *o, int letter, char **argv,
		       struct why *why)
{
	switch (letter) {
	case 'o':
		return take_words(o, optarg, why);
	case 'r':
		return take_words(o, "ro", why);
	case 'f':
		o->foreground = true;
		return 0;
	case 'd':
		o->debug = true;
		o->foreground = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	case ':':
		return why_set(why, -EINVAL, "%s needs a value",
			       argv[optind - 1]);
	case '?':
		return why_set(why, -EINVAL, "no option %s", argv[optind - 1]);
	default: /* -s -n -v -w -t TYPE */
		return 0;
	}
}

int mount_options_parse(int argc, char **argv, struct mount_options *ret,
			struct why *why)
{
	static const struct option longs[] = {
		{"help", no_argument, NULL, 'h'},
		{"options", required_argument, NULL, 'o'},
		{"foreground", no_argument, NULL, 'f'},
		{"debug", no_argument, NULL, 'd'},
		{0},
	};
	DROP(mount_options_done) struct mount_options o = {0};
	int letter, r = 0;

	o.fs.max_item = DEFAULT_MAX_ITEM;
	optind = 0; /* the dispatcher may have parsed before */
	while (r == 0 && !o.help) {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): no thread yet */
		letter = getopt_long(argc, argv, ":o:fdhrwsnvt:", longs, NULL);
		if (letter == -1)
			break;
		r = take_letter(&o, letter, argv, why);
	}
	if (r < 0)
		return r;
	if (!o.help && argc - optind != 2)
		return why_set(why, -EINVAL,
			       "a repository file and a folder are wanted");
	if (!o.help) {
		o.file = argv[optind];
		o.dir = argv[optind + 1];
	}
	*ret = o;
	o = (struct mount_options){0};
	return 0;
}

void mount_options_done(struct mount_options *o)
{
	buf_done(&o->words);
	free(o->key);
	*o = (struct mount_options){0};
}

void mount_options_quote(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == ',' || *text == '\\')
			buf_byte(out, '\\');
		buf_byte(out, *text);
	}
}
