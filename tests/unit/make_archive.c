#include "tests/unit/make_archive.h"

#include "tests/unit/test.h"

#include <stdlib.h>
#include <unistd.h>

void make_member(struct making *m, const struct archive_entry *entry,
		 const char *bytes)
{
	uint32_t crc = archive_crc(bytes, (size_t)entry->size);
	enum archive_format format = m->size.format;
	int64_t at = m->size.members;

	archive_head(format, entry, crc, &m->bytes);
	buf_add(&m->bytes, bytes, (size_t)entry->size);
	for (int64_t i = archive_pad(format, entry); i > 0; i--)
		buf_byte(&m->bytes, '\0');
	archive_listing(format, entry, crc, at, &m->directory);
	archive_size_add(&m->size, entry);
	assert_int_equal(m->bytes.len, m->size.members);
	assert_int_equal(m->directory.len, m->size.directory);
}

void make_text(struct making *m, const char *path, const char *text)
{
	const struct archive_entry entry = {
		.path = path,
		.folder = !text,
		.mode = text ? 0644 : 0755,
		.uid = 1000,
		.gid = 100,
		.mtime_ns = INT64_C(1700000000000000000),
		.size = text ? (int64_t)strlen(text) : 0,
	};

	make_member(m, &entry, text);
}

void make_end(struct making *m)
{
	if (m->directory.len)
		buf_add(&m->bytes, m->directory.data, m->directory.len);
	archive_end(&m->size, &m->bytes);
	assert_int_equal(buf_error(&m->bytes), 0);
	assert_int_equal(m->bytes.len, archive_size_end(&m->size));
}

void make_done(struct making *m)
{
	buf_done(&m->bytes);
	buf_done(&m->directory);
}

int make_file(const void *bytes, size_t len)
{
	char path[] = "/tmp/repofs-archive-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	return fd;
}
