#include "core/name.h"

#include "core/utf8.h"
#include "core/why.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char extension[] = ".json";

enum {
	EXTENSION_LEN = sizeof(extension) - 1,
	RANDOM_LEN = 6, /* what mkstemp() and its like make of XXXXXX */
	/*
	 * rsync cuts a name off so that it has 254 bytes with its additions,
	 * and then one less if a dot would meet a dot. (Where that falls among
	 * other characters than ASCII it drops all of them, and the form is
	 * lost.)
	 */
	RSYNC_CUT_LEN = 253,
};

int name_check(const char *name, struct why *why)
{
	size_t len = strlen(name);

	if (len == 0)
		return why_set(why, -EINVAL, "a name must not be empty");
	if (len > NAME_MAX_BYTES)
		return why_set(why, -ENAMETOOLONG,
			       "a name has at most %d bytes, this one %zu",
			       NAME_MAX_BYTES, len);
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return why_set(why, -EINVAL, "'%s' is not a name", name);
	if (memchr(name, '/', len))
		return why_set(why, -EINVAL, "a name must not hold a '/'");
	if (!utf8_valid(name, len))
		return why_set(why, -EINVAL, "a name must be valid UTF-8");
	return 0;
}

/* ---- parts of a name ---- */

static struct name_span whole(const char *name)
{
	return (struct name_span){name, strlen(name)};
}

/* Each takes its part off the span, or leaves it and says false. */
static bool take_start(struct name_span *s, const char *start)
{
	size_t len = strlen(start);

	if (s->len < len || memcmp(s->at, start, len) != 0)
		return false;
	s->at += len;
	s->len -= len;
	return true;
}

static bool take_end(struct name_span *s, const char *end)
{
	size_t len = strlen(end);

	if (s->len < len || memcmp(s->at + s->len - len, end, len) != 0)
		return false;
	s->len -= len;
	return true;
}

static bool is_random(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

static bool take_random_end(struct name_span *s)
{
	size_t i;

	if (s->len < RANDOM_LEN)
		return false;
	for (i = s->len - RANDOM_LEN; i < s->len; i++)
		if (!is_random(s->at[i]))
			return false;
	s->len -= RANDOM_LEN;
	return true;
}

static bool is_item(struct name_span s)
{
	return s.len > EXTENSION_LEN && s.at[0] != '.' && s.at[0] != '#' &&
	       take_end(&s, extension);
}

/* ---- what kind of file ---- */

bool name_is_item(const char *name)
{
	return is_item(whole(name));
}

bool name_is_scratch_folder(const char *name)
{
	return name[0] == '.';
}

bool name_is_reserved(const char *name)
{
	static const char *const names[] = {".snapshots", ".control", ".backup",
					    ".secrets"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* .NAME.XXXXXX; of a name that was cut, .json may be gone. */
static bool is_rsyncs(struct name_span s, struct name_span *ret_target)
{
	bool cut = s.len >= RSYNC_CUT_LEN;

	if (!take_random_end(&s) || !take_end(&s, ".") ||
	    !take_start(&s, ".") || s.len == 0)
		return false;
	*ret_target = s;
	return is_item(s) || (cut && s.at[0] != '.' && s.at[0] != '#');
}

/* NAME.part, hidden or not. */
static bool is_kios(struct name_span s, struct name_span *ret_target)
{
	(void)take_start(&s, ".");
	if (!take_end(&s, ".part"))
		return false;
	*ret_target = s;
	return is_item(s);
}

bool name_is_copiers(const char *name, struct name_span *ret_target)
{
	struct name_span s = whole(name), target;

	if (!is_rsyncs(s, &target) && !is_kios(s, &target))
		return false;
	if (ret_target)
		*ret_target = target;
	return true;
}

bool name_is_sync_folder(const char *name)
{
	return strcmp(name, ".~tmp~") == 0 ||
	       strcmp(name, ".rsync-partial") == 0;
}

/* A fixed start and so many random characters, for editors and tools that do
 * not name the item in it. */
struct anonymous {
	const char *start;
	size_t random_len;
};

static bool is_anonymous(const char *name)
{
	static const struct anonymous forms[] = {
		{".goutputstream-", 6}, /* GLib */
		{"sed", 6},
		{"d2utmp", 6}, /* dos2unix */
		{"tmp", 6},    /* emacs */
		{"tmp", 8},    /* Python */
	};
	size_t i, n;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct name_span s = whole(name);

		if (!take_start(&s, forms[i].start) ||
		    s.len != forms[i].random_len)
			continue;
		for (n = 0; n < s.len; n++)
			if (!is_random(s.at[n]) && s.at[n] != '_')
				break;
		if (n == s.len)
			return true;
	}
	return false;
}

/* An item's name, something, six random characters. */
static bool is_suffixed(struct name_span s)
{
	static const char *const between[] = {
		"",	       /* busybox sed */
		".",	       /* GLib, geany, perl's and bsdtar's kin */
		".o",	       /* patch */
		".gawk.",      /* gawk -i inplace */
		".trashinfo.", /* the trash of file managers */
	};
	size_t i;

	if (!take_random_end(&s))
		return false;
	for (i = 0; i < sizeof(between) / sizeof(between[0]); i++) {
		struct name_span item = s;

		if (take_end(&item, between[i]) && is_item(item))
			return true;
	}
	return false;
}

bool name_is_short_lived(const char *name)
{
	struct name_span s = whole(name);

	if (strcmp(name, "4913") == 0) /* vim, to see what it may do */
		return true;
	if (name_is_copiers(name, NULL) || is_anonymous(name) || is_suffixed(s))
		return true;
	if (take_start(&s, ".unison.") && take_end(&s, ".unison.tmp"))
		return true;
	return take_end(&s, ".part");
}

/* ---- series ---- */

size_t name_stem_len(const char *name)
{
	return strlen(name) - EXTENSION_LEN;
}

struct name_series name_split(const char *name)
{
	size_t len = name_stem_len(name), at = len;
	struct name_series series = {len, 1};
	unsigned number = 0, place = 1;

	/* NAME_MAX_NUMBER is nine nines: more digits are no number. */
	while (at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9' &&
	       place <= NAME_MAX_NUMBER) {
		number += (unsigned)(name[--at] - '0') * place;
		place *= 10;
	}
	if (at < 2 || name[at - 1] != ' ' || name[at] == '0' || number < 2)
		return series;
	series.stem_len = at - 1;
	series.number = number;
	return series;
}

void name_numbered(const char *stem, size_t stem_len, unsigned number,
		   char ret_name[NAME_MAX_BYTES + 1])
{
	char end[24] = "";
	size_t len;

	if (number > 1)
		(void)snprintf(end, sizeof(end), " %u", number);
	len = utf8_floor(stem, stem_len,
			 NAME_MAX_BYTES - EXTENSION_LEN - strlen(end));
	(void)snprintf(ret_name, NAME_MAX_BYTES + 1, "%.*s%s%s", (int)len, stem,
		       end, extension);
}
