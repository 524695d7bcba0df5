#include "core/revert_spec.h"

#include "core/defer.h"
#include "core/json.h"
#include "core/json_token.h"
#include "core/moment.h"
#include "core/revision.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void revert_spec_done(struct revert_spec *spec)
{
	buf_done(&spec->paths);
}

const char *revert_spec_next(const struct revert_spec *spec, const char *path)
{
	const char *next = spec->paths.data;

	if (path)
		next = path + strlen(path) + 1;
	return next && next < spec->paths.data + spec->paths.len ? next : NULL;
}

/* ---- paths ---- */

/* A path as people write it: "./a/b", "/a/b", "." for the folder itself. */
static const char *skip_here(const char *path)
{
	while (path[0] == '/' ||
	       (path[0] == '.' && (path[1] == '/' || !path[1])))
		path++;
	return path;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

static void add_path(struct revert_spec *spec, const char *path)
{
	buf_text(&spec->paths, path);
	buf_byte(&spec->paths, '\0');
	spec->path_count++;
}

static void forget_paths(struct revert_spec *spec)
{
	buf_reset(&spec->paths);
	spec->path_count = 0;
}

/* The string at *@text, which moves past it and the blanks that follow: false
 * if none is there, whole and by itself. */
static bool take_string(const char **text, const char *end, struct buf *path)
{
	const char *inside;
	struct json_token t = {.end = end};
	size_t len;

	if (**text != '"')
		return false;
	t.at = inside = *text + 1;
	if (json_token_string(&t) <= 0 ||
	    (*t.at && *t.at != ' ' && *t.at != '\t'))
		return false;
	len = (size_t)(t.at - inside) - 1;
	buf_reset(path);
	if (buf_reserve(path, len + 1) < 0)
		return false;
	path->len = json_unescape(inside, len, path->data);
	buf_byte(path, '\0');
	*text = skip_blanks(t.at);
	return true;
}

/* Is @text nothing but strings? Their paths are added then. */
static bool take_list(const char *text, struct revert_spec *spec)
{
	DROP(buf_done) struct buf path = {0};
	const char *end = text + strlen(text);

	while (take_string(&text, end, &path))
		add_path(spec, skip_here(path.data));
	if (!*text)
		return true;
	forget_paths(spec);
	return false;
}

/* Strings as JSON has them are a list; anything else is one path as it stands,
 * whatever is in it. */
static int take_paths(const char *text, struct revert_spec *spec,
		      struct why *why)
{
	if (*text && !take_list(text, spec))
		add_path(spec, skip_here(text));
	/* The folder itself is all there is. */
	for (const char *path = NULL; (path = revert_spec_next(spec, path));)
		if (!*path) {
			forget_paths(spec);
			break;
		}
	return buf_error(&spec->paths) ? why_set(why, -ENOMEM, "out of memory")
				       : 0;
}

/* ---- which state ---- */

enum side { SIDE_BEFORE, SIDE_AFTER, SIDE_UNDO };

static const char *const side_words[] = {
	[SIDE_BEFORE] = "before",
	[SIDE_AFTER] = "after",
	[SIDE_UNDO] = "undo",
};

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
	if (ret->undo && strcmp(row.kind, "snapshot") == 0)
		return why_set(why, -EINVAL,
			       "revision %" PRId64 " is a snapshot: it changed "
			       "nothing that could be undone",
			       id);
	if (side == SIDE_AFTER)
		return moment_after(db, &row, &ret->moment, why);
	ret->moment = row.before;
	return ret->undo ? moment_after(db, &row, &ret->after, why) : 0;
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
static int parse_snapshot(struct db *db, int64_t folder, const char **text,
			  struct revert_spec *ret, struct why *why)
{
	struct snapshot_ref ref;
	char name[256];
	size_t len = strnlen(*text, sizeof(name));
	int r = why_set(why, -ENOENT, "no snapshot is called so");

	if (len == sizeof(name))
		len = shorten(*text, len);
	while (r == -ENOENT && len > 0) {
		memcpy(name, *text, len);
		name[len] = '\0';
		r = snapshot_resolve(db, folder, name, &ref, why);
		if (r == -ENOENT)
			len = shorten(*text, len);
	}
	if (r < 0)
		return r;
	label_snapshot(ret, &ref, name);
	*text = skip_blanks(*text + len);
	return 0;
}

int revert_spec_parse(struct db *db, int64_t folder, const char *text,
		      struct revert_spec *ret, struct why *why)
{
	enum side side;
	int64_t id;
	int r;

	text = skip_blanks(text);
	if (!*text)
		return why_set(why, -EINVAL,
			       "which state? a snapshot, 'before N', "
			       "'after N', 'undo N' or @TIME");
	if (take_side(&text, &side, &id))
		r = parse_side(db, side, id, ret, why);
	else
		r = parse_snapshot(db, folder, &text, ret, why);
	return r < 0 ? r : take_paths(text, ret, why);
}
