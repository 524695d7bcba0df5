/*
 * The head of a member of a tar: a ustar header, and before it a pax header
 * with what that cannot hold.
 */
#include "core/archive_priv.h"
#include "core/buf.h"
#include "core/tar_block.h"
#include "core/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The most that octal digits of a field hold. */
#define OCTAL_7 INT64_C(07777777)
#define OCTAL_11 INT64_C(077777777777)
static const int64_t second = 1000000000;

/* ---- what a ustar header cannot hold ---- */

struct record {
	const char *key;
	const char *value;
	size_t len;	   /* of the value */
	const char *after; /* follows the value */
};

enum { RECORDS_MAX = 5, NUMBER_SIZE = 32 };

struct records {
	struct record list[RECORDS_MAX];
	size_t count;
	char numbers[RECORDS_MAX][NUMBER_SIZE];
};

/* "LENGTH KEY=VALUE\n", where the length counts its own digits. */
static size_t record_size(const struct record *r)
{
	size_t rest = 3 + strlen(r->key) + r->len + strlen(r->after);
	size_t digits = 1;

	for (size_t power = 10; rest + digits >= power; power *= 10)
		digits++;
	return rest + digits;
}

/* Where the path may be cut for the two fields of a header; 0: it fits into
 * the first. False: it fits not at all, or is not ASCII. */
static bool fits(const struct archive_entry *e, size_t len, size_t *ret_cut)
{
	size_t all = len + e->folder;

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)e->path[i] >= 0x80)
			return false;
	*ret_cut = 0;
	if (all <= sizeof(((struct tar_block *)0)->name))
		return true;
	for (size_t i = all - sizeof(((struct tar_block *)0)->name) - 1;
	     i < len && i <= sizeof(((struct tar_block *)0)->prefix); i++) {
		if (i > 0 && e->path[i] == '/') {
			*ret_cut = i;
			return true;
		}
	}
	return false;
}

static void add_number(struct records *r, const char *key, int64_t number)
{
	char *text = r->numbers[r->count];
	int len = snprintf(text, NUMBER_SIZE, "%" PRId64, number);

	r->list[r->count++] = (struct record){key, text, (size_t)len, ""};
}

static void add_time(struct records *r, int64_t ns)
{
	uint64_t all = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	char *text = r->numbers[r->count];
	int len = snprintf(text, NUMBER_SIZE, "%s%" PRIu64 ".%09" PRIu64,
			   ns < 0 ? "-" : "", all / (uint64_t)second,
			   all % (uint64_t)second);

	while (text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	r->list[r->count++] = (struct record){"mtime", text, (size_t)len, ""};
}

static void find_records(const struct archive_entry *e, struct records *r)
{
	size_t len = strlen(e->path), cut;

	r->count = 0;
	if (!fits(e, len, &cut))
		r->list[r->count++] = (struct record){"path", e->path, len,
						      e->folder ? "/" : ""};
	if (e->size > OCTAL_11)
		add_number(r, "size", e->size);
	if (e->mtime_ns < 0 || e->mtime_ns % second)
		add_time(r, e->mtime_ns);
	if (e->uid > OCTAL_7)
		add_number(r, "uid", e->uid);
	if (e->gid > OCTAL_7)
		add_number(r, "gid", e->gid);
}

static size_t records_size(const struct records *r)
{
	size_t size = 0;

	for (size_t i = 0; i < r->count; i++)
		size += record_size(&r->list[i]);
	return size;
}

static size_t blocks(size_t size)
{
	return (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}

int64_t tar_head_size(const struct archive_entry *entry)
{
	struct records r;

	find_records(entry, &r);
	if (r.count == 0)
		return TAR_BLOCK;
	return (int64_t)(2 * (size_t)TAR_BLOCK + blocks(records_size(&r)));
}

/* ---- headers ---- */

/* The field and its final NUL; a number that is too large is elsewhere. */
static void octal(char *field, size_t size, int64_t number)
{
	int64_t most = ((int64_t)1 << (3 * (size - 1))) - 1;

	if (number < 0 || number > most)
		number = 0;
	field[--size] = '\0';
	while (size > 0) {
		field[--size] = (char)('0' + (number & 7));
		number >>= 3;
	}
}

/* As much of the path as fits, for programs that know no pax headers. */
static void put_path(struct tar_block *h, const struct archive_entry *e)
{
	size_t len = strlen(e->path), cut = 0;
	size_t last;

	if (!fits(e, len, &cut)) {
		cut = 0;
		last = utf8_floor(e->path, len, sizeof(h->name) - 1);
	} else {
		last = len - cut - (cut > 0);
	}
	if (cut > 0)
		memcpy(h->prefix, e->path, cut);
	memcpy(h->name, e->path + cut + (cut > 0), last);
	if (e->folder)
		h->name[last] = '/';
}

static void seal(struct tar_block *h, struct buf *out)
{
	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	octal(h->major, sizeof(h->major), 0);
	octal(h->minor, sizeof(h->minor), 0);
	octal(h->sum, 7, tar_sum(h));
	h->sum[7] = ' ';
	buf_add(out, h, sizeof(*h));
}

static void pax_header(const struct archive_entry *e, const struct records *r,
		       struct buf *out)
{
	static const char nothing[TAR_BLOCK];
	struct tar_block h = {.name = "PaxHeaders", .type = 'x'};
	size_t size = records_size(r);

	octal(h.mode, sizeof(h.mode), 0644);
	octal(h.uid, sizeof(h.uid), e->uid);
	octal(h.gid, sizeof(h.gid), e->gid);
	octal(h.size, sizeof(h.size), (int64_t)size);
	octal(h.mtime, sizeof(h.mtime), e->mtime_ns / second);
	seal(&h, out);
	for (size_t i = 0; i < r->count; i++) {
		const struct record *record = &r->list[i];

		buf_addf(out, "%zu %s=", record_size(record), record->key);
		buf_add(out, record->value, record->len);
		buf_text(out, record->after);
		buf_byte(out, '\n');
	}
	buf_add(out, nothing, blocks(size) - size);
}

void tar_head(const struct archive_entry *entry, struct buf *out)
{
	struct tar_block h = {.type = entry->folder ? '5' : '0'};
	struct records r;

	find_records(entry, &r);
	if (r.count > 0)
		pax_header(entry, &r, out);
	put_path(&h, entry);
	octal(h.mode, sizeof(h.mode), entry->mode & 07777);
	octal(h.uid, sizeof(h.uid), entry->uid);
	octal(h.gid, sizeof(h.gid), entry->gid);
	octal(h.size, sizeof(h.size), entry->size);
	octal(h.mtime, sizeof(h.mtime), entry->mtime_ns / second);
	seal(&h, out);
}
