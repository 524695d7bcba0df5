/* Archives as real programs make them, whole and cut. Programs that are not
 * there are passed over. */
#include "tests/unit/test.h"

#include "core/archive.h"
#include "core/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	char dir[40];
	struct buf lines;
	struct why why;
};

/* A shell script in the test's own folder; its exit status. */
static int sh(const struct place *p, const char *script)
{
	char line[2000];
	int status;

	(void)snprintf(line, sizeof(line),
		       "cd %s && export LC_ALL=C.UTF-8 TZ=UTC && { %s\n} "
		       ">log 2>&1",
		       p->dir, script);
	status = system(line);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* A tree: a folder, a long name, one that is not ASCII, an empty item, one of
 * several blocks, and times. */
static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	(void)umask(022);
	assert_non_null(p);
	(void)snprintf(p->dir, sizeof(p->dir), "/tmp/repofs-foreign-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	assert_int_equal(
		sh(p, "mkdir -p t/rules/Größe && cd t &&"
		      "printf '{\"n\": 1}' > rules/A.json &&"
		      "printf '{\"n\": 2}' > \"rules/Größe/Ä ☃.json\" &&"
		      ": > empty.json &&"
		      "n=$(printf '%0120d' 7) && mkdir -p $n/$n &&"
		      "printf '{\"n\": 3}' > $n/$n/$n.json &&"
		      "{ printf '['; for i in $(seq 2000); do"
		      " printf '%d, ' $i; done; printf '0]'; } > large.json &&"
		      "chmod 640 rules/A.json && chmod 750 rules &&"
		      "find . -exec touch -d '2023-11-14 22:13:20' {} +"),
		0);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	(void)sh(p, "chmod -R u+w . && rm -rf \"$PWD\"");
	buf_done(&p->lines);
	free(p);
	return 0;
}

static int add_line(const struct archive_entry *e, const char *bytes, void *arg)
{
	struct place *p = arg;

	buf_addf(&p->lines, "%s%s %o %" PRId64 " %" PRIu32 "\n", e->path,
		 e->folder ? "/" : "", (unsigned)e->mode,
		 e->mtime_ns / 1000000000, archive_crc(bytes, (size_t)e->size));
	return 0;
}

static int read_fd(struct place *p, int fd)
{
	const struct archive_limits limits = {1 << 24, INT64_C(1) << 30, 500};

	buf_reset(&p->lines);
	p->why = (struct why){0};
	return archive_read(fd, &limits, add_line, p, &p->why);
}

static int open_archive(const struct place *p, const char *name)
{
	char path[700];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail_msg("%s was not made", path);
	return fd;
}

static void read_file(const struct place *p, const char *path, struct buf *out)
{
	char name[600];
	ssize_t n;
	int fd;

	(void)snprintf(name, sizeof(name), "t/%s", path);
	fd = open_archive(p, name);
	assert_int_equal(buf_reserve(out, 1 << 16), 0);
	n = read(fd, out->data, 1 << 16);
	assert_true(n >= 0);
	out->len = (size_t)n;
	assert_int_equal(close(fd), 0);
}

#define ZEROS "00000000000000000000"
#define LONG_PART ZEROS ZEROS ZEROS ZEROS ZEROS "00000000000000000007"

static const struct {
	const char *path;
	unsigned mode;
} items[] = {
	{"rules/A.json", 0640},
	{"rules/Größe/Ä ☃.json", 0644},
	{"empty.json", 0644},
	{LONG_PART "/" LONG_PART "/" LONG_PART ".json", 0644},
	{"large.json", 0644},
};

/* All that was read is what is in the tree: items, modes, times, bytes. */
static void assert_is_tree(const struct place *p, bool modes)
{
	size_t lines = 0, folders = 0;

	for (size_t i = 0; i < COUNT(items); i++) {
		struct buf bytes = {0};
		char line[600];

		read_file(p, items[i].path, &bytes);
		(void)snprintf(line, sizeof(line), "%s %o 1700000000 %u\n",
			       items[i].path, modes ? items[i].mode : 0644,
			       archive_crc(bytes.data, bytes.len));
		if (!memmem(p->lines.data, p->lines.len, line, strlen(line)))
			fail_msg("'%s' is not in '%.*s'", line,
				 (int)p->lines.len, p->lines.data);
		buf_done(&bytes);
	}
	for (size_t i = 0; i < p->lines.len; i++) {
		lines += p->lines.data[i] == '\n';
		folders += i > 0 && memcmp(p->lines.data + i - 1, "/ ", 2) == 0;
	}
	assert_int_equal(lines - folders, COUNT(items));
}

/* The scripts make the archive "a" of the tree "t". */
static const struct {
	const char *what, *needs, *script;
} makers[] = {
	{"GNU tar", "tar", "tar cf a -C t ."},
	{"GNU tar, names alone", "tar", "cd t && tar cf ../a *"},
	{"GNU tar, old format", "tar", "tar cf a --format=gnu -C t ."},
	{"GNU tar, pax", "tar", "tar cf a --format=pax -C t ."},
	{"GNU tar, gzip", "gzip", "tar czf a -C t ."},
	{"GNU tar, zstd", "zstd", "tar cf a --zstd -C t ."},
	{"GNU tar, xz", "xz", "tar cJf a -C t ."},
	{"GNU tar, bzip2", "bzip2", "tar cjf a -C t ."},
	{"zstd in two frames", "zstd",
	 "tar cf b -C t . && { head -c 3000 b | zstd; tail -c +3001 b | zstd; "
	 "} > a"},
	{"gzip in two streams", "gzip",
	 "tar cf b -C t . && { head -c 3000 b | gzip; tail -c +3001 b | gzip; "
	 "} > a"},
	{"xz in two streams", "xz",
	 "tar cf b -C t . && { head -c 3000 b | xz; tail -c +3001 b | xz; } > "
	 "a"},
	{"bzip2 in two streams", "bzip2",
	 "tar cf b -C t . && { head -c 3000 b | bzip2; tail -c +3001 b | "
	 "bzip2; } > a"},
	{"bsdtar", "bsdtar", "bsdtar cf a -C t ."},
	{"bsdtar, ustar and pax", "bsdtar", "bsdtar cf a --format pax -C t ."},
	{"bsdtar, zip", "bsdtar", "bsdtar cf a --format zip -C t ."},
	{"busybox", "busybox", "busybox tar cf a -C t ."},
	{"python, GNU", "python3",
	 "python3 -c \"import tarfile as f; "
	 "t = f.open('a', 'w', format=f.GNU_FORMAT); t.add('t', '.')"
	 "; t.close()\""},
	{"python, pax", "python3",
	 "python3 -c \"import tarfile as f; "
	 "t = f.open('a', 'w', format=f.PAX_FORMAT); t.add('t', '.')"
	 "; t.close()\""},
	{"Info-ZIP", "zip", "cd t && zip -qr ../a.zip . && mv ../a.zip ../a"},
	{"Info-ZIP, stored", "zip",
	 "cd t && zip -q0r ../a.zip . && mv ../a.zip ../a"},
	{"Info-ZIP, no folders", "zip",
	 "cd t && zip -qrD ../a.zip . && mv ../a.zip ../a"},
	{"Info-ZIP to a pipe", "zip", "cd t && zip -qr - . | cat > ../a"},
	{"Info-ZIP, 64 bits", "zip",
	 "cd t && zip -qr -fz ../a.zip . && mv ../a.zip ../a"},
	{"Info-ZIP, a comment", "zip",
	 "cd t && echo 'made today' | zip -qrz ../a.zip . && mv ../a.zip ../a"},
	{"python, as if on Windows", "python3",
	 "python3 -c \"import zipfile, os\nz = zipfile.ZipFile('a', 'w')\n"
	 "for d, _, names in os.walk('t'):\n"
	 "  for n in names:\n"
	 "    p = os.path.join(d, n)\n"
	 "    i = zipfile.ZipInfo(p[2:].replace('/', chr(92)), "
	 "(2023, 11, 14, 22, 13, 20))\n"
	 "    i.create_system = 0\n"
	 "    z.writestr(i, open(p).read())\nz.close()\""},
	{"python, zip", "python3",
	 "cd t && python3 -m zipfile -c ../a * && test -s ../a"},
};

static bool has(const struct place *p, const char *program)
{
	char script[60];

	(void)snprintf(script, sizeof(script), "command -v %s", program);
	return sh(p, script) == 0;
}

static void test_archives_of_real_programs_are_read(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < COUNT(makers); i++) {
		int fd;

		if (!has(p, makers[i].needs)) {
			print_message("no %s\n", makers[i].needs);
			continue;
		}
		if (sh(p, "rm -f a b a.zip") || sh(p, makers[i].script))
			fail_msg("%s made none", makers[i].what);
		fd = open_archive(p, "a");
		if (read_fd(p, fd) != 0)
			fail_msg("%s: %s", makers[i].what, p->why.text);
		assert_int_equal(close(fd), 0);
		assert_is_tree(p, !strstr(makers[i].what, "Windows"));
	}
}

/* Each is cut in many places, and refused each time. */
static void test_cut_archives_of_real_programs_are_refused(void **state)
{
	struct place *p = *state;

	for (size_t i = 0; i < COUNT(makers); i++) {
		struct stat st;
		off_t step;
		int fd;

		if (!has(p, makers[i].needs))
			continue;
		assert_int_equal(sh(p, "rm -f a b a.zip"), 0);
		assert_int_equal(sh(p, makers[i].script), 0);
		fd = open_archive(p, "a");
		assert_int_equal(fstat(fd, &st), 0);
		step = st.st_size / 60 + 1;
		/* Padding that is cut from a tar is no loss. */
		if (read_fd(p, fd) == 0 && st.st_size % 10240 == 0)
			st.st_size -= 10240;
		for (off_t size = st.st_size - 1; size >= 0; size -= step) {
			int r;

			assert_int_equal(ftruncate(fd, size), 0);
			r = read_fd(p, fd);
			if (r != -EBADMSG || !p->why.text[0])
				fail_msg("%s, cut at %jd: %d %s",
					 makers[i].what, (intmax_t)size, r,
					 p->why.text);
		}
		assert_int_equal(close(fd), 0);
	}
}

/* One byte of a compressed archive is changed: found, or of no account. */
static void test_damaged_streams_give_no_other_items(void **state)
{
	struct place *p = *state;

	for (size_t i = 4; i < 8; i++) {
		struct stat st;
		size_t refused = 0, tried = 0;
		int fd;

		if (!has(p, makers[i].needs))
			continue;
		assert_int_equal(sh(p, "rm -f a b a.zip"), 0);
		assert_int_equal(sh(p, makers[i].script), 0);
		fd = open_archive(p, "a");
		assert_int_equal(fstat(fd, &st), 0);
		for (off_t at = 0; at < st.st_size; at += 3) {
			unsigned char byte;
			int r;

			assert_int_equal(pread(fd, &byte, 1, at), 1);
			byte ^= 0x20;
			assert_int_equal(pwrite(fd, &byte, 1, at), 1);
			r = read_fd(p, fd);
			byte ^= 0x20;
			assert_int_equal(pwrite(fd, &byte, 1, at), 1);
			tried++;
			refused += r < 0;
			if (r == 0)
				assert_is_tree(p, true);
		}
		print_message("%s: %zu of %zu refused\n", makers[i].what,
			      refused, tried);
		assert_true(refused * 10 > tried * 9);
		assert_int_equal(close(fd), 0);
	}
}

static const struct {
	const char *what, *needs, *script;
	int code;
	const char *words;
} refused[] = {
	{"a symbolic link", "tar", "ln -s A t/l.json && tar cf a -C t .",
	 -EINVAL, "is a link"},
	{"a hard link", "tar",
	 "ln t/empty.json t/h.json && tar cf a -C t h.json empty.json", -EINVAL,
	 "is a link"},
	{"a pipe", "tar", "mkfifo t/p && tar cf a -C t p", -EINVAL, "a pipe"},
	{"an absolute name", "tar", "tar cPf a $PWD/t", -EINVAL, "absolute"},
	{"a way out", "tar", "cd t && tar cPf ../a ../t/empty.json", -EINVAL,
	 "'../t/empty.json'"},
	{"a name twice", "tar",
	 "tar cf a -C t empty.json && tar rf a -C t empty.json", -EINVAL,
	 "twice"},
	{"a file with holes", "tar",
	 "truncate -s 1M t/s.json && tar cSf a --format=gnu -C t s.json",
	 -EINVAL, "holes"},
	{"a file with holes, pax", "tar",
	 "truncate -s 1M t/s.json && tar cSf a --format=pax -C t s.json",
	 -EINVAL, "holes"},
	{"a name in Latin-1", "tar",
	 "touch \"$(printf 't/\\344.json')\" && tar cf a -C t .", -EINVAL,
	 "UTF-8"},
	{"a bomb", "gzip",
	 "truncate -s 60M z && tar cf - z | gzip -9 > a; rm z", -EFBIG,
	 "more than 16777216"},
	{"a bomb of blocks", "gzip",
	 "{ tar cf - -C t empty.json; head -c 60M /dev/zero; } | gzip > a; "
	 "true",
	 -EFBIG, "times as many"},
	{"what follows a stream", "gzip", "tar czf a -C t . && echo more >> a",
	 -EBADMSG, "follows"},
	{"a link in a zip", "zip",
	 "ln -s A t/l.json && cd t && zip -qry ../a.zip . && mv ../a.zip ../a",
	 -EINVAL, "is a link"},
	{"an encrypted zip", "zip",
	 "cd t && zip -qr -P secret ../a.zip . && mv ../a.zip ../a", -EINVAL,
	 "encrypted"},
	{"a zip with bytes before it", "zip",
	 "cd t && zip -qr ../b.zip . && { printf 'PK\\003\\004'; cat ../b.zip; "
	 "} > ../a",
	 -EBADMSG, "does not end where"},
};

static void test_what_is_not_wanted_is_refused(void **state)
{
	struct place *p = *state;

	assert_int_equal(sh(p, "cp -a t whole"), 0);
	for (size_t i = 0; i < COUNT(refused); i++) {
		int fd, r;

		if (!has(p, refused[i].needs))
			continue;
		if (sh(p, "rm -rf a b a.zip b.z* t && cp -a whole t") ||
		    sh(p, refused[i].script))
			fail_msg("%s was not made", refused[i].what);
		fd = open_archive(p, "a");
		r = read_fd(p, fd);
		if (r != refused[i].code ||
		    !strstr(p->why.text, refused[i].words))
			fail_msg("%s: %d, %s", refused[i].what, r, p->why.text);
		assert_int_equal(close(fd), 0);
	}
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_archives_of_real_programs_are_read),
		TEST(test_cut_archives_of_real_programs_are_refused),
		TEST(test_damaged_streams_give_no_other_items),
		TEST(test_what_is_not_wanted_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
