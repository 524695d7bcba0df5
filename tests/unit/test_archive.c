/* What is written is read again; what is not whole, or not wanted, is refused
 * with the reason. */
#include "tests/unit/make_archive.h"
#include "tests/unit/test.h"

#include "core/archive.h"
#include "core/buf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct archive_limits wide = {1 << 24, INT64_C(1) << 32, 1000};

/* A line for each member. */
static int write_line(const struct archive_entry *e, const char *bytes,
		      void *arg)
{
	struct buf *out = arg;

	if (e->folder) {
		assert_null(bytes);
		assert_int_equal(e->size, 0);
	}
	buf_addf(out, "%s%s %o %d %d %" PRId64 " ", e->path,
		 e->folder ? "/" : "", (unsigned)e->mode, (int)e->uid,
		 (int)e->gid, e->mtime_ns);
	buf_add(out, bytes, (size_t)e->size);
	buf_byte(out, '\n');
	return 0;
}

/* What reading @len bytes gives; the lines in @out, with a NUL. */
static int read_bytes(const void *bytes, size_t len,
		      const struct archive_limits *limits, struct buf *out,
		      struct why *why)
{
	int fd = make_file(bytes, len), r;

	buf_reset(out);
	*why = (struct why){0};
	r = archive_read(fd, limits, write_line, out, why);
	buf_byte(out, '\0');
	assert_int_equal(close(fd), 0);
	return r;
}

static void assert_reads(const struct making *m, const char *lines)
{
	struct buf out = {0};
	struct why why;

	assert_done(read_bytes(m->bytes.data, m->bytes.len, &wide, &out, &why),
		    &why);
	assert_string_equal(out.data, lines);
	buf_done(&out);
}

static void assert_refuses(const void *bytes, size_t len, int code,
			   const char *words)
{
	struct buf out = {0};
	struct why why;
	int r = read_bytes(bytes, len, &wide, &out, &why);

	assert_refused(r, code, &why, words);
	buf_done(&out);
}

static const enum archive_format formats[] = {ARCHIVE_TAR, ARCHIVE_ZIP};

/* ---- there and back ---- */

static void test_what_is_written_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct making m = {.size.format = formats[i]};

		make_text(&m, "rules", NULL);
		make_text(&m, "rules/No gaps.json", "{}\n");
		make_text(&m, "rules/Größe ☃.json", "{\"a\": 1}");
		make_text(&m, "leer.json", "");
		make_end(&m);
		assert_reads(&m,
			     "rules/ 755 1000 100 1700000000000000000 \n"
			     "rules/No gaps.json 644 1000 100 "
			     "1700000000000000000 {}\n\n"
			     "rules/Größe ☃.json 644 1000 100 "
			     "1700000000000000000 {\"a\": 1}\n"
			     "leer.json 644 1000 100 1700000000000000000 \n");
		make_done(&m);
	}
}

static void test_an_archive_of_nothing_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct making m = {.size.format = formats[i]};

		make_end(&m);
		assert_reads(&m, "");
		make_done(&m);
	}
}

/* @len bytes, in parts of at most 200. */
static char *long_path(size_t len)
{
	char *path = malloc(len + 1);

	assert_non_null(path);
	for (size_t i = 0; i < len; i++)
		path[i] = i % 201 == 200 ? '/' : (char)('a' + i % 26);
	path[len] = '\0';
	if (len && path[len - 1] == '/')
		path[len - 1] = 'z';
	return path;
}

static void test_paths_of_any_length_are_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++) {
		for (size_t len = 90; len < 2000; len += len < 300 ? 1 : 97) {
			struct making m = {.size.format = formats[i]};
			struct buf lines = {0};
			char *path = long_path(len);

			make_text(&m, path, NULL);
			make_text(&m, "x.json", "1");
			make_end(&m);
			buf_addf(&lines,
				 "%s/ 755 1000 100 1700000000000000000 \n"
				 "x.json 644 1000 100 1700000000000000000 1\n",
				 path);
			buf_byte(&lines, '\0');
			assert_reads(&m, lines.data);
			buf_done(&lines);
			free(path);
			make_done(&m);
		}
	}
}

static void test_a_tar_keeps_times_to_the_nanosecond(void **state)
{
	static const int64_t times[] = {
		0,
		1,
		-1,
		-1500000000,
		INT64_C(1700000000123456789),
		INT64_C(1700000000120000000),
		INT64_C(9000000000000000001),
		-INT64_C(9000000000000000000),
	};
	struct buf lines = {0};
	struct making m = {.size.format = ARCHIVE_TAR};

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		struct archive_entry e = {.mode = 0600,
					  .uid = 3000000000,
					  .gid = 2097152,
					  .mtime_ns = times[i],
					  .size = 2};
		char path[20];

		(void)snprintf(path, sizeof(path), "%zu.json", i);
		e.path = path;
		make_member(&m, &e, "{}");
		buf_addf(&lines, "%s 600 %d 2097152 %" PRId64 " {}\n", path,
			 (int)e.uid, times[i]);
	}
	buf_byte(&lines, '\0');
	make_end(&m);
	assert_reads(&m, lines.data);
	buf_done(&lines);
	make_done(&m);
}

static void test_a_zip_keeps_times_to_the_second(void **state)
{
	static const struct {
		int64_t set_ns, got_ns;
	} times[] = {
		{INT64_C(1700000001999999999), INT64_C(1700000001000000000)},
		{-1, -1000000000},
		/* What 32 bits do not hold is in pairs of seconds. */
		{INT64_C(4000000001000000000), INT64_C(4000000000000000000)},
	};
	struct buf lines = {0};
	struct making m = {.size.format = ARCHIVE_ZIP};

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		struct archive_entry e = {.mode = 0640,
					  .mtime_ns = times[i].set_ns};
		char path[20];

		(void)snprintf(path, sizeof(path), "%zu.json", i);
		e.path = path;
		make_member(&m, &e, "");
		buf_addf(&lines, "%s 640 0 0 %" PRId64 " \n", path,
			 times[i].got_ns);
	}
	buf_byte(&lines, '\0');
	make_end(&m);
	assert_reads(&m, lines.data);
	buf_done(&lines);
	make_done(&m);
}

/* Sizes whose fields overflow are counted, though never written here. */
static void test_sizes_over_four_gibibytes_are_counted(void **state)
{
	struct archive_size zip = {.format = ARCHIVE_ZIP};
	struct archive_entry e = {.path = "a.json",
				  .size = INT64_C(5) << 30,
				  .mtime_ns = 1000000000};
	struct buf out = {0};
	int64_t at;

	(void)state;
	archive_size_add(&zip, &e);
	archive_head(ARCHIVE_ZIP, &e, 0, &out);
	assert_int_equal(zip.members, (int64_t)out.len + e.size);
	at = zip.members;
	buf_reset(&out);
	archive_listing(ARCHIVE_ZIP, &e, 0, 0, &out);
	assert_int_equal(zip.directory, out.len);
	archive_size_add(&zip, &e);
	buf_reset(&out);
	archive_listing(ARCHIVE_ZIP, &e, 0, 0, &out);
	archive_listing(ARCHIVE_ZIP, &e, 0, at, &out);
	assert_int_equal(zip.directory, out.len);
	buf_reset(&out);
	archive_end(&zip, &out);
	assert_int_equal(archive_size_end(&zip),
			 zip.members + zip.directory + (int64_t)out.len);
	assert_int_equal(out.len, 56 + 20 + 22);
	buf_done(&out);
}

static void test_more_than_65535_members_are_read(void **state)
{
	struct making m = {.size.format = ARCHIVE_ZIP};
	struct buf out = {0};
	struct why why;
	size_t lines = 0;

	(void)state;
	for (int i = 0; i < 66000; i++) {
		char path[20];

		(void)snprintf(path, sizeof(path), "%d.json", i);
		make_text(&m, path, "{}");
	}
	make_end(&m);
	assert_done(read_bytes(m.bytes.data, m.bytes.len, &wide, &out, &why),
		    &why);
	for (size_t i = 0; i < out.len; i++)
		lines += out.data[i] == '\n';
	assert_int_equal(lines, 66000);
	buf_done(&out);
	make_done(&m);
}

static int stop(const struct archive_entry *e, const char *bytes, void *arg)
{
	(void)e;
	(void)bytes;
	++*(int *)arg;
	return 77;
}

static void test_the_callback_ends_the_reading(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct making m = {.size.format = formats[i]};
		int calls = 0, fd;

		make_text(&m, "a.json", "{}");
		make_text(&m, "b.json", "{}");
		make_end(&m);
		fd = make_file(m.bytes.data, m.bytes.len);
		assert_int_equal(archive_read(fd, &wide, stop, &calls, NULL),
				 77);
		assert_int_equal(calls, 1);
		assert_int_equal(close(fd), 0);
		make_done(&m);
	}
}

/* ---- what is not whole ---- */

static void make_small(struct making *m)
{
	make_text(m, "rules", NULL);
	make_text(m, "rules/Ä.json", "{\"text\": \"of an item\"}\n");
	make_text(m, "b.json", "[]");
	make_end(m);
}

static void test_an_archive_that_is_cut_anywhere_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct making m = {.size.format = formats[i]};
		struct buf out = {0};
		struct why why;

		make_small(&m);
		for (size_t len = 0; len < m.bytes.len; len++) {
			int r = read_bytes(m.bytes.data, len, &wide, &out,
					   &why);

			if (r != -EBADMSG || !why.text[0])
				fail_msg("cut at %zu of %zu: %d '%s'", len,
					 m.bytes.len, r, why.text);
		}
		buf_done(&out);
		make_done(&m);
	}
}

/* A changed bit is found, or changes nothing that is read but what no check
 * sum covers: modes, times and owners in a zip. */
static void
test_an_archive_with_a_changed_byte_gives_no_other_items(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct making m = {.size.format = formats[i]};
		struct buf out = {0};
		struct why why;
		size_t refused = 0;

		make_small(&m);
		for (size_t at = 0; at < m.bytes.len; at++) {
			int r;

			m.bytes.data[at] ^= 0x10;
			r = read_bytes(m.bytes.data, m.bytes.len, &wide, &out,
				       &why);
			m.bytes.data[at] ^= 0x10;
			refused += r < 0;
			if (r == 0 && formats[i] == ARCHIVE_ZIP &&
			    !strstr(out.data, "{\"text\": \"of an item\"}"))
				fail_msg("changed at %zu: '%s'", at, out.data);
		}
		assert_true(refused > m.bytes.len / 4);
		buf_done(&out);
		make_done(&m);
	}
}

static void test_what_follows_the_end_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct making m = {.size.format = formats[i]};

		make_small(&m);
		buf_text(&m.bytes, "x");
		assert_refuses(m.bytes.data, m.bytes.len, -EBADMSG,
			       formats[i] == ARCHIVE_TAR ? "follows the end"
							 : "cut");
		make_done(&m);
	}
}

static void test_zeros_after_a_tar_are_fine(void **state)
{
	struct making m = {.size.format = ARCHIVE_TAR};
	struct buf out = {0};
	struct why why;

	(void)state;
	make_small(&m);
	for (int i = 0; i < 9000; i++)
		buf_byte(&m.bytes, '\0');
	assert_done(read_bytes(m.bytes.data, m.bytes.len, &wide, &out, &why),
		    &why);
	buf_done(&out);
	make_done(&m);
}

static void test_something_else_is_refused(void **state)
{
	static char text[2000];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_refuses("", 0, -EBADMSG, "empty");
	assert_refuses(text, sizeof(text), -EBADMSG, "no tar or zip");
	memset(text, 0, sizeof(text));
	assert_refuses("PK\3\4 and more of that", 20, -EBADMSG, "cut");
	assert_refuses("\x1f\x8b no gzip", 10, -EBADMSG, "damaged");
	assert_refuses("BZh0 it is", 10, -EBADMSG, "damaged");
}

/* ---- what is not wanted ---- */

static void assert_name_refused(const char *path, int code, const char *words)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct making m = {.size.format = formats[i]};

		make_text(&m, "first.json", "{}");
		make_text(&m, path, "{}");
		make_end(&m);
		assert_refuses(m.bytes.data, m.bytes.len, code, words);
		make_done(&m);
	}
}

static void test_names_that_lead_elsewhere_are_refused(void **state)
{
	char part[300];

	(void)state;
	memset(part, 'a', sizeof(part));
	part[256] = '\0';
	assert_name_refused("/etc/passwd.json", -EINVAL, "absolute");
	assert_name_refused("../a.json", -EINVAL, "'../a.json'");
	assert_name_refused("a/../b.json", -EINVAL, "'a/../b.json'");
	assert_name_refused("a/./b.json", -EINVAL, "'a/./b.json'");
	assert_name_refused("a//b.json", -EINVAL, "empty part");
	assert_name_refused("", -EINVAL, "empty part");
	assert_name_refused(".snapshots/1/a.json", -EINVAL, "makes itself");
	assert_name_refused("a/.control/revert", -EINVAL, "makes itself");
	assert_name_refused(".secrets/a.json", -EINVAL, "makes itself");
	assert_name_refused(".backup", -EINVAL, "makes itself");
	assert_name_refused("a\xff.json", -EINVAL, "UTF-8");
	assert_name_refused(part, -ENAMETOOLONG, "255");
	assert_name_refused("first.json", -EINVAL, "twice");
	assert_name_refused("./first.json", -EINVAL, "twice");
	assert_name_refused("first.json/x.json", -EINVAL,
			    "an item and a folder");
}

static void test_a_folder_that_is_an_item_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct making m = {.size.format = formats[i]};

		make_text(&m, "a/b/c.json", "{}");
		make_text(&m, "a/b", NULL);
		make_text(&m, "a", "{}");
		make_end(&m);
		assert_refuses(m.bytes.data, m.bytes.len, -EINVAL,
			       "'a' is an item and a folder");
		make_done(&m);
	}
}

static void test_what_says_nothing_in_a_name_is_fine(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct making m = {.size.format = formats[i]};

		make_text(&m, ".", NULL);
		make_text(&m, "./a", NULL);
		make_text(&m, "././a/b.json", "1");
		make_end(&m);
		assert_reads(&m, "a/ 755 1000 100 1700000000000000000 \n"
				 "a/b.json 644 1000 100 1700000000000000000 "
				 "1\n");
		make_done(&m);
	}
}

/* ---- limits ---- */

static void test_limits_are_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++) {
		const struct archive_limits item = {.max_item = 3},
					    total = {.max_total = 3000};
		struct making m = {.size.format = formats[i]};
		struct buf out = {0};
		char text[4096];
		struct why why;
		int r;

		memset(text, 'x', sizeof(text));
		text[sizeof(text) - 1] = '\0';
		make_text(&m, "a.json", "123");
		make_text(&m, "b.json", text);
		make_end(&m);
		r = read_bytes(m.bytes.data, m.bytes.len, &item, &out, &why);
		assert_refused(r, -EFBIG, &why, "'b.json' has 4095 bytes");
		r = read_bytes(m.bytes.data, m.bytes.len, &total, &out, &why);
		assert_refused(r, -EFBIG, &why, "more than 3000 bytes");
		buf_done(&out);
		make_done(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_an_archive_of_nothing_is_read),
		cmocka_unit_test(test_paths_of_any_length_are_kept),
		cmocka_unit_test(test_a_tar_keeps_times_to_the_nanosecond),
		cmocka_unit_test(test_a_zip_keeps_times_to_the_second),
		cmocka_unit_test(test_sizes_over_four_gibibytes_are_counted),
		cmocka_unit_test(test_more_than_65535_members_are_read),
		cmocka_unit_test(test_the_callback_ends_the_reading),
		cmocka_unit_test(
			test_an_archive_that_is_cut_anywhere_is_refused),
		cmocka_unit_test(
			test_an_archive_with_a_changed_byte_gives_no_other_items),
		cmocka_unit_test(test_what_follows_the_end_is_refused),
		cmocka_unit_test(test_zeros_after_a_tar_are_fine),
		cmocka_unit_test(test_something_else_is_refused),
		cmocka_unit_test(test_names_that_lead_elsewhere_are_refused),
		cmocka_unit_test(test_a_folder_that_is_an_item_is_refused),
		cmocka_unit_test(test_what_says_nothing_in_a_name_is_fine),
		cmocka_unit_test(test_limits_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
