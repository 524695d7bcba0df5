#include "core/backup.h"

#include "core/backup_walk.h"
#include "core/blob.h"
#include "core/db.h"
#include "core/tree.h"
#include "core/utf8.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum phase {
	UNUSED, /* a cursor that stands nowhere */
	MEMBERS,
	LISTING, /* the directory of a zip */
	END,
	OVER,
};

/* A place in the archive: the piece that begins at @at. */
struct cursor {
	enum phase phase;
	int64_t at, len;
	struct walk walk;
	struct walk_entry found;
	struct archive_size before; /* the members before it */
	uint64_t used;		    /* a clock: when last */
};

/* One for the members and one for the directory is what reading a zip takes,
 * and the rest is for several who read through one handle. */
enum { CURSORS = 4 };

struct backup {
	struct backup_spec spec;
	struct archive_size whole;
	int64_t size;
	struct cursor cursors[CURSORS];
	uint64_t clock;
	/* The piece that was made last. */
	struct buf piece, content;
	int64_t piece_at; /* -1: none */
	/* Of a zip: the check sums of its members, and a bit for each that is
	 * known. */
	uint32_t *sums;
	unsigned char *known;
};

void backup_free(struct backup *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < CURSORS; i++)
		walk_done(&b->cursors[i].walk);
	buf_done(&b->piece);
	buf_done(&b->content);
	free(b->sums);
	free(b->known);
	free(b);
}

static int no_memory(struct why *why)
{
	return why_set(why, -ENOMEM, "out of memory");
}

/* ---- opening ---- */

/* The most that the field of a zip holds, with the '/' after a folder. */
enum { ZIP_PATH_MAX = 0xfffe };

static int check_entry(const struct backup *b, const struct archive_entry *e,
		       struct why *why)
{
	size_t len = strlen(e->path);
	int shown = (int)utf8_floor(e->path, len, 160);

	if (b->spec.allow && !b->spec.allow(e, b->spec.allow_arg))
		return why_set(why, -EACCES,
			       "'%.*s' may not be read by you, so it cannot be "
			       "archived",
			       shown, e->path);
	if (b->spec.format == ARCHIVE_ZIP && len > ZIP_PATH_MAX)
		return why_set(why, -ENAMETOOLONG,
			       "'%.*s...' is too long for a zip: take a tar",
			       shown, e->path);
	return 0;
}

static int measure(struct backup *b, struct db *db, struct why *why)
{
	DROP(walk_done) struct walk walk = {0};
	struct walk_entry found;
	int r;

	b->whole.format = b->spec.format;
	while ((r = walk_next(&walk, db, &b->spec, &found, why)) > 0) {
		r = check_entry(b, &found.entry, why);
		if (r < 0)
			return r;
		archive_size_add(&b->whole, &found.entry);
	}
	b->size = archive_size_end(&b->whole);
	return r;
}

static int make_sums(struct backup *b, struct why *why)
{
	size_t count = (size_t)b->whole.count + 1;

	if (b->spec.format != ARCHIVE_ZIP)
		return 0;
	b->sums = calloc(count, sizeof(*b->sums));
	b->known = calloc(count / 8 + 1, 1);
	return b->sums && b->known ? 0 : no_memory(why);
}

int backup_open(struct db *db, const struct backup_spec *spec,
		struct backup **ret_backup, struct why *why)
{
	DROP(backup_free_p) struct backup *b = calloc(1, sizeof(*b));
	DROP(reading_end) struct reading reading = {0};
	struct entry folder;
	int r;

	if (!b)
		return no_memory(why);
	b->spec = *spec;
	b->piece_at = -1;
	r = reading_begin(&reading, db, why);
	if (r == 0)
		r = tree_get(db, spec->moment, spec->folder, &folder, why);
	if (r == 0 && !folder.folder)
		return why_set(why, -ENOTDIR, "it is no folder");
	if (r == 0)
		r = measure(b, db, why);
	if (r == 0)
		r = make_sums(b, why);
	if (r < 0)
		return r;
	*ret_backup = TAKE(b);
	return 0;
}

int64_t backup_size(const struct backup *backup)
{
	return backup->size;
}

int64_t backup_count(const struct backup *backup)
{
	return backup->whole.count;
}

/* ---- from piece to piece ---- */

static int changed(struct why *why)
{
	return why_set(why, -ESTALE,
		       "the repository was changed by somebody else while it "
		       "was backed up");
}

/* The length of the piece at which a member makes the archive longer. */
static int64_t length(const struct cursor *c)
{
	struct archive_size after = c->before;

	archive_size_add(&after, &c->found.entry);
	if (c->phase == LISTING)
		return after.directory - c->before.directory;
	return after.members - c->before.members;
}

/* Stand at the first piece of @phase. */
static void stand(const struct backup *b, struct cursor *c, enum phase phase)
{
	walk_done(&c->walk);
	c->phase = phase;
	c->at = phase == MEMBERS ? 0 : b->whole.members;
	c->len = 0;
	c->before = (struct archive_size){.format = b->spec.format};
}

/* No entry is left: what comes after all of the phase? */
static int next_phase(const struct backup *b, struct cursor *c, struct why *why)
{
	if (c->before.members != b->whole.members)
		return changed(why);
	if (c->phase == MEMBERS && b->spec.format == ARCHIVE_ZIP) {
		stand(b, c, LISTING);
		return 0;
	}
	c->phase = END;
	c->at = b->whole.members + b->whole.directory;
	c->len = b->size - c->at;
	return 1;
}

/* Go to the piece after this one, or the first: 1; 0: look again. */
static int advance(const struct backup *b, struct cursor *c, struct db *db,
		   struct why *why)
{
	int r;

	if (c->phase == END) {
		c->phase = OVER;
		return 1;
	}
	if (c->len > 0) {
		archive_size_add(&c->before, &c->found.entry);
		c->at += c->len;
	}
	r = walk_next(&c->walk, db, &b->spec, &c->found, why);
	if (r == 0)
		return next_phase(b, c, why);
	if (r < 0)
		return r;
	c->len = length(c);
	return 1;
}

/* Go forward to the piece that holds @offset. */
static int seek(const struct backup *b, struct cursor *c, struct db *db,
		int64_t offset, struct why *why)
{
	int r = 0;

	while (r >= 0 && c->phase != OVER && offset >= c->at + c->len)
		r = advance(b, c, db, why);
	if (r < 0)
		c->phase = UNUSED;
	return r < 0 ? r : 0;
}

/* The cursor that has the shortest way to @offset. */
static struct cursor *choose(struct backup *b, int64_t offset)
{
	bool listing = b->spec.format == ARCHIVE_ZIP &&
		       offset >= b->whole.members;
	int64_t first = listing ? b->whole.members : 0;
	struct cursor *best = NULL, *oldest = &b->cursors[0];

	for (size_t i = 0; i < CURSORS; i++) {
		struct cursor *c = &b->cursors[i];

		if (c->used < oldest->used)
			oldest = c;
		if (c->phase != UNUSED && c->phase != OVER && c->at <= offset &&
		    c->at >= first && (!best || c->at > best->at))
			best = c;
	}
	if (!best) {
		best = oldest;
		stand(b, best, listing ? LISTING : MEMBERS);
	}
	best->used = ++b->clock;
	return best;
}

/* ---- the bytes of a piece ---- */

static int load(struct backup *b, struct db *db, const struct walk_entry *found,
		struct why *why)
{
	int r = 0;

	buf_reset(&b->content);
	if (!found->entry.folder)
		r = blob_get(db, found->content, true, &b->content, why);
	if (r == -EBADMSG) {
		int shown = (int)utf8_floor(found->entry.path,
					    strlen(found->entry.path), 120);

		return why_set(why, r, "'%.*s' is damaged in the repository",
			       shown, found->entry.path);
	}
	if (r == 0 && (int64_t)b->content.len != found->entry.size)
		return changed(why);
	return r;
}

/* The check sum of the member of @c; its content is loaded, if @loaded. */
static int sum_of(struct backup *b, const struct cursor *c, struct db *db,
		  bool loaded, uint32_t *ret, struct why *why)
{
	size_t i = (size_t)c->before.count;
	int r;

	if (b->spec.format != ARCHIVE_ZIP)
		return 0;
	if (c->before.count >= b->whole.count)
		return changed(why);
	if (!(b->known[i / 8] & 1 << i % 8)) {
		r = loaded ? 0 : load(b, db, &c->found, why);
		if (r < 0)
			return r;
		b->sums[i] = archive_crc(b->content.data, b->content.len);
		b->known[i / 8] |= (unsigned char)(1 << i % 8);
	}
	*ret = b->sums[i];
	return 0;
}

static int make_member(struct backup *b, const struct cursor *c, struct db *db,
		       struct why *why)
{
	static const char nothing[512];
	const struct archive_entry *e = &c->found.entry;
	uint32_t sum = 0;
	int r = load(b, db, &c->found, why);

	if (r == 0)
		r = sum_of(b, c, db, true, &sum, why);
	if (r < 0)
		return r;
	archive_head(b->spec.format, e, sum, &b->piece);
	buf_add(&b->piece, b->content.data, b->content.len);
	buf_add(&b->piece, nothing, (size_t)archive_pad(b->spec.format, e));
	return 0;
}

static int make_piece(struct backup *b, const struct cursor *c, struct db *db,
		      struct why *why)
{
	uint32_t sum = 0;
	int r = 0;

	if (b->piece_at == c->at)
		return 0;
	b->piece_at = -1;
	buf_reset(&b->piece);
	if (c->phase == MEMBERS) {
		r = make_member(b, c, db, why);
	} else if (c->phase == LISTING) {
		r = sum_of(b, c, db, false, &sum, why);
		if (r == 0)
			archive_listing(b->spec.format, &c->found.entry, sum,
					c->before.members, &b->piece);
	} else {
		archive_end(&b->whole, &b->piece);
	}
	if (r < 0)
		return r;
	if (buf_error(&b->piece)) {
		buf_done(&b->piece);
		return no_memory(why);
	}
	if ((int64_t)b->piece.len != c->len)
		return changed(why);
	b->piece_at = c->at;
	return 0;
}

int backup_read(struct backup *b, struct db *db, int64_t offset, void *bytes,
		size_t size, size_t *ret_len, struct why *why)
{
	DROP(reading_end) struct reading reading = {0};
	char *to = bytes;
	size_t done = 0;
	int r = reading_begin(&reading, db, why);

	if (r < 0)
		return r;
	while (done < size && offset < b->size) {
		struct cursor *c = choose(b, offset);
		size_t from, len;

		r = seek(b, c, db, offset, why);
		if (r == 0)
			r = make_piece(b, c, db, why);
		if (r < 0)
			return r;
		from = (size_t)(offset - c->at);
		len = b->piece.len - from;
		if (len > size - done)
			len = size - done;
		memcpy(to + done, b->piece.data + from, len);
		done += len;
		offset += (int64_t)len;
	}
	*ret_len = done;
	return 0;
}
