#include "core/archive.h"

#include "core/archive_priv.h"
#include "core/buf.h"
#include "core/tar_block.h"

#include <zlib.h>

/* ---- how long it is ---- */

int64_t archive_pad(enum archive_format format,
		    const struct archive_entry *entry)
{
	if (format == ARCHIVE_ZIP)
		return 0;
	return (TAR_BLOCK - entry->size % TAR_BLOCK) % TAR_BLOCK;
}

void archive_size_add(struct archive_size *size,
		      const struct archive_entry *entry)
{
	int64_t head;

	if (size->format == ARCHIVE_ZIP) {
		head = zip_head_size(entry);
		size->directory += zip_listing_size(entry, size->members);
	} else {
		head = tar_head_size(entry);
	}
	size->members += head + entry->size + archive_pad(size->format, entry);
	size->count++;
}

/* What ends a tar: two blocks of nothing. */
enum { TAR_END = 2 * TAR_BLOCK };

int64_t archive_size_end(const struct archive_size *size)
{
	if (size->format == ARCHIVE_TAR)
		return size->members + TAR_END;
	return size->members + size->directory + zip_end_size(size);
}

/* ---- the pieces ---- */

uint32_t archive_crc(const void *bytes, size_t len)
{
	return (uint32_t)crc32_z(0, bytes, len);
}

void archive_head(enum archive_format format, const struct archive_entry *entry,
		  uint32_t crc, struct buf *out)
{
	if (format == ARCHIVE_ZIP)
		zip_head(entry, crc, out);
	else
		tar_head(entry, out);
}

void archive_listing(enum archive_format format,
		     const struct archive_entry *entry, uint32_t crc,
		     int64_t at, struct buf *out)
{
	if (format == ARCHIVE_ZIP)
		zip_listing(entry, crc, at, out);
}

void archive_end(const struct archive_size *size, struct buf *out)
{
	static const char nothing[TAR_END];

	if (size->format == ARCHIVE_ZIP)
		zip_end(size, out);
	else
		buf_add(out, nothing, sizeof(nothing));
}
