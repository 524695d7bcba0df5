#include "core/revert_spec.h"

#include "core/buf.h"
#include "core/defer.h"
#include "core/moment.h"
#include "core/revision.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A path as people write it: "./a/b", "/a/b", "." for the folder itself. */
static const char *skip_here(const char *path)
{
	while (path[0] == '/' ||
	       (path[0] == '.' && (path[1] == '/' || !path[1])))
		path++;
	return path;
}

enum side { SIDE_BEFORE, SIDE_AFTER, SIDE_UNDO };

static const char *const side_words[] = {
	[SIDE_BEFORE] = "before",
	[SIDE_AFTER] = "after",
	[SIDE_UNDO] = "undo",
};

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* The number at *@text, which moves past it and the blanks that follow. */
static bool take_id(const char **text, int64_t *ret_id)
{
	size_t len = strspn(*text, "0123456789");
	char after = (*text)[len];

	if (!len || (after && after != ' ' && after != '\t'))
		return false;
	errno = 0;
	*ret_id = strtoll(*text, NULL, 10);
	*text = skip_blanks(*text + len);
	return errno == 0;
}

/* Does *@text begin with "before 7" or its like? Snapshots may have these
 * words as names, so a word alone means nothing. */
static bool take_side(const char **text, enum side *ret_side, int64_t *ret_id)
{
	for (int i = SIDE_BEFORE; i <= SIDE_UNDO; i++) {
		size_t len = strlen(side_words[i]);
		const char *rest = *text + len;

		if (strncmp(*text, side_words[i], len) != 0 ||
		    skip_blanks(rest) == rest)
			continue;
		rest = skip_blanks(rest);
		if (!take_id(&rest, ret_id))
			return false;
		*ret_side = (enum side)i;
		*text = rest;
		return true;
	}
	return false;
}

/* The moment after @row; while it is under way that is the present. */
static int moment_after(struct db *db, const struct revision *row,
			int64_t *ret_moment, struct why *why)
{
	if (strcmp(row->status, "in progress") == 0)
		return moment_newest(db, ret_moment, why);
	*ret_moment = row->after;
	return 0;
}

static int parse_side(struct db *db, enum side side, int64_t id,
		      struct revert_spec *ret, struct why *why)
{
	DROP(buf_done) struct buf text = {0};
	struct revision row;
	int r = revision_get(db, id, &text, &row, why);

	if (r < 0)
		return r;
	ret->revision = id;
	ret->undo = side == SIDE_UNDO;
	(void)snprintf(ret->label, sizeof(ret->label), "%s%srevision %" PRId64,
		       ret->undo ? "" : side_words[side], ret->undo ? "" : " ",
		       id);
	if (ret->undo && *ret->path)
		return why_set(why, -EINVAL,
			       "'undo %" PRId64 "' stands alone, without a "
			       "path",
			       id);
	if (ret->undo && strcmp(row.kind, "snapshot") == 0)
		return why_set(why, -EINVAL,
			       "revision %" PRId64 " is a snapshot: it changed "
			       "nothing that could be undone",
			       id);
	if (side == SIDE_AFTER)
		return moment_after(db, &row, &ret->moment, why);
	ret->moment = row.before;
	return 0;
}

static void label_snapshot(struct revert_spec *spec,
			   const struct snapshot_ref *ref, const char *name)
{
	spec->revision = ref->id;
	spec->moment = ref->moment;
	if (ref->id)
		(void)snprintf(spec->label, sizeof(spec->label),
			       "snapshot %" PRId64, ref->id);
	else
		(void)snprintf(spec->label, sizeof(spec->label), "%s",
			       name + 1);
}

/* The length of the beginning that ends before the last blank within @len. */
static size_t shorten(const char *text, size_t len)
{
	do {
		len--;
	} while (len > 0 && text[len] != ' ');
	return len;
}

/* The name of a snapshot may hold blanks, and so may the path behind it: the
 * longest beginning that is a snapshot is meant. */
static int parse_snapshot(struct db *db, int64_t folder, const char *text,
			  struct revert_spec *ret, struct why *why)
{
	struct snapshot_ref ref;
	char name[256];
	size_t len = strnlen(text, sizeof(name));
	int r = why_set(why, -ENOENT, "no snapshot is called so");

	if (len == sizeof(name))
		len = shorten(text, len);
	while (r == -ENOENT && len > 0) {
		memcpy(name, text, len);
		name[len] = '\0';
		r = snapshot_resolve(db, folder, name, &ref, why);
		if (r == -ENOENT)
			len = shorten(text, len);
	}
	if (r < 0)
		return r;
	label_snapshot(ret, &ref, name);
	ret->path = skip_blanks(text + len);
	return 0;
}

int revert_spec_parse(struct db *db, int64_t folder, const char *text,
		      struct revert_spec *ret, struct why *why)
{
	struct revert_spec spec = {.path = ""};
	enum side side;
	int64_t id;
	int r;

	text = skip_blanks(text);
	if (!*text)
		return why_set(why, -EINVAL,
			       "which state? a snapshot, 'before N', "
			       "'after N', 'undo N' or @TIME");
	if (take_side(&text, &side, &id)) {
		spec.path = text;
		r = parse_side(db, side, id, &spec, why);
	} else {
		r = parse_snapshot(db, folder, text, &spec, why);
	}
	if (r < 0)
		return r;
	spec.path = skip_here(spec.path);
	*ret = spec;
	return 0;
}
