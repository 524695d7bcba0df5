#include "core/archive_names.h"

#include "core/blob.h"
#include "core/buf.h"
#include "core/name.h"
#include "core/utf8.h"
#include "core/why.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What a name was met as, in the lowest bits of its digest's first word. */
enum met { MET_ON_THE_WAY = 1, MET_FOLDER = 2, MET_ITEM = 3, MET_BITS = 3 };

/* The beginning of the SHA-256 of a path: of a million names no two have the
 * same, but for one archive in 10^17. The first word is not zero: some bits are
 * those. */
struct digest {
	uint32_t first, second, third;
};

/* A set in many parts, so that the old and the new table of one that grows are
 * no matter. */
enum { PARTS = 256 };
struct part {
	struct digest *slots;
	size_t cap, len; /* cap is a power of two */
};

struct names {
	struct part parts[PARTS];
	/* The folder that the last name was in: most are in the same. */
	struct buf above;
};

int names_new(struct names **ret_names, struct why *why)
{
	struct names *names = calloc(1, sizeof(*names));

	if (!names)
		return why_set(why, -ENOMEM, "out of memory");
	*ret_names = names;
	return 0;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	for (size_t i = 0; i < PARTS; i++)
		free(names->parts[i].slots);
	buf_done(&names->above);
	free(names);
}

/* ---- the set ---- */

static bool is_same(struct digest a, struct digest b)
{
	return a.third == b.third && a.second == b.second &&
	       (a.first & ~(uint32_t)MET_BITS) ==
		       (b.first & ~(uint32_t)MET_BITS);
}

/* Where it is, or would be. */
static struct digest *find(const struct part *part, struct digest d)
{
	size_t i = (size_t)(d.second >> 8) & (part->cap - 1);

	while (part->slots[i].first && !is_same(part->slots[i], d))
		i = (i + 1) & (part->cap - 1);
	return &part->slots[i];
}

static int grow(struct part *part)
{
	struct part more = {.cap = part->cap ? 2 * part->cap : 16,
			    .len = part->len};

	more.slots = calloc(more.cap, sizeof(*more.slots));
	if (!more.slots)
		return -ENOMEM;
	for (size_t i = 0; i < part->cap; i++)
		if (part->slots[i].first)
			*find(&more, part->slots[i]) = part->slots[i];
	free(part->slots);
	*part = more;
	return 0;
}

/* What the path was met as before, 0: it was not; it is @met from now on if
 * that says more. -ENOMEM. */
static int meet(struct names *names, const char *path, size_t len, enum met met,
		struct why *why)
{
	unsigned char sha[BLOB_SHA256];
	struct digest d, *slot;
	struct part *part;
	int r = blob_sha256(path, len, sha, why);
	int before;

	if (r < 0)
		return r;
	memcpy(&d, sha, sizeof(d));
	part = &names->parts[d.second % PARTS];
	if (part->len >= part->cap / 8 * 7 && grow(part) < 0)
		return why_set(why, -ENOMEM, "out of memory for names");
	slot = find(part, d);
	before = (int)(slot->first & MET_BITS);
	if (!slot->first)
		part->len++;
	if ((int)met > before) {
		d.first = (d.first & ~(uint32_t)MET_BITS) | met;
		*slot = d;
	}
	return before;
}

/* ---- one name ---- */

static int check_part(const char *path, const char *part, struct why *why)
{
	struct why own = {0};
	int r;

	if (!*part)
		return why_set(why, -EINVAL, "'%.*s' has an empty part",
			       NAMES_SHOWN(path));
	r = name_check(part, &own);
	if (r < 0)
		return why_set(why, r, "'%.*s' is no name for an item: %s",
			       NAMES_SHOWN(path), own.text);
	if (name_is_reserved(part))
		return why_set(
			why, -EINVAL,
			"'%.*s' is in a folder that the repository makes "
			"itself",
			NAMES_SHOWN(path));
	return 0;
}

static int check_parts(const char *path, struct why *why)
{
	char part[NAME_MAX + 1];
	const char *slash;
	size_t len;
	int r = 0;

	for (const char *at = path; r == 0; at = slash + 1) {
		slash = strchrnul(at, '/');
		len = (size_t)(slash - at);
		if (len > NAME_MAX)
			return why_set(
				why, -ENAMETOOLONG,
				"'%.*s' has a part of more than %d bytes",
				NAMES_SHOWN(path), NAME_MAX);
		memcpy(part, at, len);
		part[len] = '\0';
		r = check_part(path, part, why);
		if (!*slash)
			break;
	}
	return r;
}

static int is_no_folder(const char *path, size_t len, struct why *why)
{
	return why_set(why, -EINVAL,
		       "'%.*s' is an item and a folder in the archive",
		       (int)len, path);
}

/* The folders that @path is in. */
static int meet_above(struct names *names, const char *path, struct why *why)
{
	const char *last = strrchr(path, '/');
	size_t len = last ? (size_t)(last - path) : 0;
	int r;

	if (len == names->above.len &&
	    (len == 0 || memcmp(path, names->above.data, len) == 0))
		return 0;
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/')
			continue;
		r = meet(names, path, i, MET_ON_THE_WAY, why);
		if (r == MET_ITEM)
			return is_no_folder(path, i, why);
		if (r < 0)
			return r;
	}
	buf_reset(&names->above);
	buf_add(&names->above, path, len);
	return buf_error(&names->above) ? why_set(why, -ENOMEM, "out of memory")
					: 0;
}

static int meet_itself(struct names *names, const char *path, bool folder,
		       struct why *why)
{
	int r = meet(names, path, strlen(path), folder ? MET_FOLDER : MET_ITEM,
		     why);

	if (r < 0)
		return r;
	if (folder ? r == MET_ITEM : r == MET_ON_THE_WAY || r == MET_FOLDER)
		return is_no_folder(path, strlen(path), why);
	if (r == MET_ITEM || r == MET_FOLDER)
		return why_set(why, -EINVAL, "'%.*s' is twice in the archive",
			       NAMES_SHOWN(path));
	return 0;
}

int names_add(struct names *names, char *name, size_t len, bool folder,
	      const char **ret_path, struct why *why)
{
	int r;

	if (memchr(name, '\0', len))
		return why_set(why, -EINVAL, "'%.*s' has a NUL in its name",
			       NAMES_SHOWN(name));
	if (!utf8_valid(name, len))
		return why_set(why, -EINVAL, "'%.*s' is no name in UTF-8",
			       NAMES_SHOWN(name));
	if (*name == '/')
		return why_set(why, -EINVAL, "'%.*s' is an absolute name",
			       NAMES_SHOWN(name));
	while (len > 1 && name[len - 1] == '/')
		name[--len] = '\0';
	while (strncmp(name, "./", 2) == 0)
		name += 2;
	if (strcmp(name, ".") == 0 && folder)
		return 0;
	r = check_parts(name, why);
	if (r == 0)
		r = meet_above(names, name, why);
	if (r == 0)
		r = meet_itself(names, name, folder, why);
	if (r < 0)
		return r;
	*ret_path = name;
	return 1;
}
