/*
 * name - what a file name says: item or scratch file, whose temporary file,
 * which number in a series.
 *
 * Pure functions of the bytes of one name, without a path; whether an item
 * of that name exists is for the caller to know.
 *
 * Thread-safety: no state; every function may be called from any thread.
 */
#ifndef CORE_NAME_H
#define CORE_NAME_H

#include <stdbool.h>
#include <stddef.h>

struct why;

enum {
	NAME_MAX_BYTES = 255,
	NAME_MAX_NUMBER = 999999999,
};

/*
 * May anything be called @name? 1 to 255 bytes of valid UTF-8, no '/', not
 * "." or "..". -ENAMETOOLONG, else -EINVAL.
 */
int name_check(const char *name, struct why *why);

/*
 * NAME.json, not beginning with '.' or '#'. Everything that editors and
 * copiers put beside an item fails that: NAME~, NAME.bak, 4913, sedXXXXXX.
 * In a scratch folder nothing is an item, whatever its name.
 */
bool name_is_item(const char *name);

/* A folder of that name is scratch, and all below it. */
bool name_is_scratch_folder(const char *name);

/* The dot directories of the mount, which nobody may create. */
bool name_is_reserved(const char *name);

/* A part of a name; not terminated. */
struct name_span {
	const char *at;
	size_t len;
};

/*
 * Is @name the temporary name that only copiers and synchronizers give to a
 * file that becomes an item: rsync's .NAME.XXXXXX, KIO's NAME.part or
 * .NAME.part? Renaming it to the item is then a restore. No editor's names
 * are among these, nor unison's, which means to edit.
 *
 * *ret_target (may be NULL) is the item's name within @name; rsync cuts a
 * name that is too long, so it may be only the beginning.
 */
bool name_is_copiers(const char *name, struct name_span *ret_target);

/* A folder in which a synchronizer collects files before it renames them into
 * place: what is renamed out of it is restored, as above. */
bool name_is_sync_folder(const char *name);

/*
 * Is @name surely a temporary file of some program, gone or renamed within
 * moments? Only good for putting off its storage: a guess from the form of
 * the name, so it may be wrong about a user's file, and never says anything
 * about edit or restore.
 */
bool name_is_short_lived(const char *name);

/* "Rule 2.json" is number 2 of the series "Rule", "Rule.json" its first. */
struct name_series {
	size_t stem_len; /* the first bytes of the name: "Rule" */
	unsigned number; /* 1, or 2 to NAME_MAX_NUMBER when the name says so */
};

/*
 * Take the item name @name apart. A number is a space and digits before
 * .json, without leading zeros; "Rule 1" and "Rule 02" hold none. It is part of
 * a series only if an item of the stem's name exists: the caller decides, and
 * takes the whole as the stem otherwise (name_stem_len()).
 */
struct name_series name_split(const char *name);

/* The bytes of the item name @name before .json. */
size_t name_stem_len(const char *name);

/*
 * "STEM NUMBER.json", or "STEM.json" for number 1; the stem is shortened at a
 * character when that would be longer than 255 bytes.
 */
void name_numbered(const char *stem, size_t stem_len, unsigned number,
		   char ret_name[NAME_MAX_BYTES + 1]);

#endif
