/*
 * The members of a zip, in the order of its directory, which must be theirs in
 * the file: one after another, with nothing between them. So nothing is read
 * twice and nothing overlaps, whatever the directory says.
 */
#include "core/archive_names.h"
#include "core/archive_priv.h"
#include "core/buf.h"
#include "core/unpack.h"
#include "core/utf8.h"
#include "core/why.h"
#include "core/zip_record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

enum { STORED = 0, DEFLATED = 8, MODE_FILE = 0644, MODE_FOLDER = 0755 };

struct zip {
	const struct archive_reading *reading;
	int64_t size;	/* of the file */
	int64_t at;	/* where the next member must begin */
	int64_t listed; /* where the directory says of it */
	int64_t out;	/* bytes that have come out */
	struct zip_whole whole;
	struct buf listing, name; /* of the directory */
	struct buf member;	  /* the record before the bytes */
	struct buf packed, bytes;
};

static void zip_done(struct zip *z)
{
	buf_done(&z->listing);
	buf_done(&z->name);
	buf_done(&z->member);
	buf_done(&z->packed);
	buf_done(&z->bytes);
}

static int no_memory(struct why *why)
{
	return why_set(why, -ENOMEM, "out of memory");
}

/* Of the member whose name is known. */
__attribute__((format(printf, 3, 4))) static int
bad(const struct zip *z, struct why *why, const char *fmt, ...);

static int bad(const struct zip *z, struct why *why, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return why_set(why, -EBADMSG, "'%.*s' is damaged in the archive: %s",
		       NAMES_SHOWN(z->name.data), text);
}

/* ---- names ---- */

/* The name in UTF-8 that stands beside one in another encoding, if it is of
 * that; else NULL. */
static const char *find_other_name(const struct zip_member *m, size_t *ret_len)
{
	const unsigned char *name = (const void *)m->text->data;
	const unsigned char *at = name + m->name_len;
	size_t left = m->extra_len;
	uint32_t crc = archive_crc(name, m->name_len);

	while (left >= 4) {
		size_t size = at[2] | (size_t)at[3] << 8;
		unsigned id = at[0] | (unsigned)at[1] << 8;

		/* version, check sum, name */
		if (id == ZIP_EXTRA_NAME && size > 5 && at[4] == 1 &&
		    crc == (at[5] | (uint32_t)at[6] << 8 |
			    (uint32_t)at[7] << 16 | (uint32_t)at[8] << 24)) {
			*ret_len = size - 5;
			return (const char *)at + 9;
		}
		at += 4 + size;
		left -= 4 + size;
	}
	return NULL;
}

static int take_name(struct zip *z, const struct zip_member *m, struct why *why)
{
	const char *name = m->text->data, *other = NULL;
	size_t len = m->name_len, other_len = 0;

	if (!(m->flags & ZIP_UTF8))
		other = find_other_name(m, &other_len);
	if (other) {
		name = other;
		len = other_len;
	}
	buf_reset(&z->name);
	buf_add(&z->name, name, len);
	buf_byte(&z->name, '\0');
	if (buf_error(&z->name))
		return no_memory(why);
	/* Some programs of a system where it divides a path write it so, and
	 * no name there has one. */
	for (size_t i = 0; i < len && m->made_by >> 8 == 0; i++)
		if (z->name.data[i] == '\\')
			z->name.data[i] = '/';
	return 0;
}

/* ---- what it is ---- */

static int check_kind(const struct zip *z, const struct zip_member *m,
		      struct archive_entry *e, struct why *why)
{
	/* Unix, and the same by another name. */
	bool unix_made = m->made_by >> 8 == 3 || m->made_by >> 8 == 19;
	mode_t mode = unix_made ? m->attributes >> 16 : 0;
	size_t len = z->name.len - 1;

	e->folder = len > 0 && z->name.data[len - 1] == '/';
	e->mode = mode & 07777;
	if (!mode)
		e->mode = e->folder ? MODE_FOLDER : MODE_FILE;
	if (S_ISLNK(mode))
		return why_set(why, -EINVAL, "'%.*s' is a link",
			       NAMES_SHOWN(z->name.data));
	if ((mode & S_IFMT) && !S_ISREG(mode) && !S_ISDIR(mode))
		return why_set(why, -EINVAL, "'%.*s' is a device or a pipe",
			       NAMES_SHOWN(z->name.data));
	if ((mode & S_IFMT) && S_ISDIR(mode) != e->folder)
		return bad(z, why, "its name and its mode do not agree");
	return 0;
}

static int check_method(const struct zip *z, const struct zip_member *m,
			struct why *why)
{
	if (m->flags & (ZIP_ENCRYPTED | ZIP_HIDDEN))
		return why_set(why, -EINVAL, "'%.*s' is encrypted",
			       NAMES_SHOWN(z->name.data));
	if (m->method != STORED && m->method != DEFLATED)
		return why_set(why, -EINVAL,
			       "'%.*s' is compressed by a method (%u) that is "
			       "not known",
			       NAMES_SHOWN(z->name.data), m->method);
	if (m->method == STORED && m->packed != m->size)
		return bad(z, why, "two sizes that do not agree");
	return 0;
}

static int check_size(struct zip *z, const struct zip_member *m,
		      struct why *why)
{
	/* The most that deflate makes of a byte. */
	static const int64_t deflate_most = 1040;
	const struct archive_limits *limits = z->reading->limits;
	const struct unpack_limits all = {limits->max_total, limits->max_ratio};

	if (limits->max_item && m->size > limits->max_item)
		return why_set(
			why, -EFBIG,
			"'%.*s' has %" PRId64 " bytes, more than %" PRId64,
			NAMES_SHOWN(z->name.data), m->size, limits->max_item);
	if (m->packed > z->whole.directory - z->at ||
	    m->size / deflate_most > m->packed)
		return bad(z, why, "a size that cannot be");
	z->out += m->size + (int64_t)z->name.len;
	return unpack_check(&all, z->size, z->out, why);
}

/* The record before the bytes says what the directory says. */
static int check_member(const struct zip *z, const struct zip_member *m,
			const struct zip_member *own, struct why *why)
{
	bool later = own->flags & ZIP_DESCRIBED;

	if (own->name_len != m->name_len ||
	    memcmp(own->text->data, m->text->data, m->name_len) != 0)
		return bad(z, why,
			   "the directory and the record at byte %" PRId64
			   " name it differently",
			   z->at);
	if (own->method != m->method ||
	    ((own->flags ^ m->flags) & (ZIP_ENCRYPTED | ZIP_DESCRIBED)) ||
	    (!later && (own->crc != m->crc || own->size != m->size ||
			own->packed != m->packed)))
		return bad(z, why,
			   "the directory and the record at byte %" PRId64
			   " do not agree",
			   z->at);
	return 0;
}

/* ---- bytes ---- */

static int inflate_all(struct zip *z, const struct zip_member *m,
		       struct why *why)
{
	unsigned char nothing = 0;
	z_stream s = {
		.next_in = (unsigned char *)z->packed.data,
		.avail_in = (unsigned)m->packed,
		.next_out = m->size ? (unsigned char *)z->bytes.data : &nothing,
		.avail_out = (unsigned)m->size,
	};
	int rc;

	if (inflateInit2(&s, -MAX_WBITS) != Z_OK)
		return no_memory(why);
	rc = inflate(&s, Z_FINISH);
	(void)inflateEnd(&s);
	if (rc == Z_MEM_ERROR)
		return no_memory(why);
	if (rc != Z_STREAM_END || s.avail_in || s.avail_out)
		return bad(z, why, "%s",
			   s.msg ? s.msg : "it is not as long as it should be");
	return 0;
}

/* The bytes of the member, which stand at @at. */
static int read_bytes(struct zip *z, const struct zip_member *m, int64_t at,
		      struct why *why)
{
	struct buf *in = m->method == STORED ? &z->bytes : &z->packed;
	int r;

	if (m->packed >= UINT32_MAX || m->size >= UINT32_MAX)
		return why_set(why, -EFBIG, "'%.*s' has %" PRId64 " bytes",
			       NAMES_SHOWN(z->name.data), m->size);
	buf_reset(&z->packed);
	buf_reset(&z->bytes);
	if (buf_reserve(in, (size_t)m->packed + 1) < 0 ||
	    buf_reserve(&z->bytes, (size_t)m->size + 1) < 0)
		return no_memory(why);
	r = zip_bytes(z->reading->fd, at, in->data, (size_t)m->packed, why);
	if (r == 0 && m->method == DEFLATED)
		r = inflate_all(z, m, why);
	if (r < 0)
		return r;
	z->bytes.data[m->size] = '\0';
	if (archive_crc(z->bytes.data, (size_t)m->size) != m->crc)
		return bad(z, why, "its check sum is wrong");
	return 0;
}

/* From the record before the member to what comes after it; the next one
 * begins there. */
static int read_member(struct zip *z, const struct zip_member *m,
		       struct why *why)
{
	struct zip_member own;
	int64_t described = 0;
	int r = zip_read_member(z->reading->fd, z->at, &z->member, &own, why);

	if (r == 0)
		r = check_member(z, m, &own, why);
	if (r == 0)
		r = read_bytes(z, m, z->at + own.record, why);
	if (r < 0)
		return r;
	z->at += own.record + m->packed;
	own.packed = m->packed;
	own.size = m->size;
	own.crc = m->crc;
	if (own.flags & ZIP_DESCRIBED)
		r = zip_check_descriptor(z->reading->fd, z->at,
					 z->whole.directory, &own, &described,
					 why);
	z->at += described;
	return r;
}

/* ---- the whole ---- */

static int64_t id_of(int64_t number)
{
	return number < 0 || number > UINT32_MAX ? UINT32_MAX : number;
}

static int take_member(struct zip *z, const struct zip_member *m,
		       struct why *why)
{
	const struct archive_reading *reading = z->reading;
	struct archive_entry e = {
		.uid = (uid_t)id_of(m->uid),
		.gid = (gid_t)id_of(m->gid),
		.mtime_ns = m->mtime_ns,
		.size = m->size,
	};
	int named, r = take_name(z, m, why);

	if (r == 0)
		r = check_kind(z, m, &e, why);
	if (r == 0)
		r = check_method(z, m, why);
	if (r == 0)
		r = check_size(z, m, why);
	if (r < 0)
		return r;
	if (m->at != z->at)
		return bad(z, why,
			   "it begins at byte %" PRId64
			   ", and the one before it ends at %" PRId64,
			   m->at, z->at);
	if (e.folder && e.size)
		return bad(z, why, "a folder that holds bytes");
	r = read_member(z, m, why);
	if (r < 0)
		return r;
	named = names_add(reading->names, z->name.data, z->name.len - 1,
			  e.folder, &e.path, why);
	if (named <= 0)
		return named;
	return reading->fn(&e, e.folder ? NULL : z->bytes.data, reading->arg);
}

static int take_members(struct zip *z, struct why *why)
{
	struct zip_member m;
	int r = 0;

	z->listed = z->whole.directory;
	for (int64_t i = 0; i < z->whole.count && r == 0; i++) {
		r = zip_read_listing(z->reading->fd, z->listed, &z->listing, &m,
				     why);
		if (r < 0)
			return r;
		z->listed += m.record;
		if (z->listed > z->whole.end)
			break;
		r = take_member(z, &m, why);
	}
	if (r != 0)
		return r;
	if (z->listed != z->whole.end || z->at != z->whole.directory)
		return why_set(why, -EBADMSG,
			       "the archive is damaged: its directory is not "
			       "as long as it says, or something stands before "
			       "it, at byte %" PRId64,
			       z->at);
	return 0;
}

int zip_read(const struct archive_reading *reading, struct why *why)
{
	DROP(zip_done) struct zip z = {.reading = reading};
	struct stat st;
	int r;

	if (fstat(reading->fd, &st) < 0)
		return why_set(why, -errno, "the archive cannot be read: %s",
			       strerrordesc_np(errno));
	z.size = st.st_size;
	r = zip_find_end(reading->fd, z.size, &z.whole, why);
	return r < 0 ? r : take_members(&z, why);
}
