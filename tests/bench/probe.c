/*
 * probe - the work that the benchmark times where starting a program, or
 * Python, would cost more than the system calls.
 *
 *	probe walk DIR		list everything below DIR, stat each entry
 *	probe read DIR LIST	open, read, close the files named in LIST
 *	probe save DIR LIST	read them all; then, timed, save each anew: open
 *				with O_TRUNC, write with one more space, close
 *
 * LIST holds one path a line, relative to DIR. Prints the number of entries
 * and the nanoseconds taken.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct text {
	char *path;
	char *bytes;
	size_t len;
};

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long walk(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat st;
	long count = 0;

	if (!dir)
		err(1, "%s", name);
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			err(1, "%s", entry->d_name);
		count++;
		if (S_ISDIR(st.st_mode))
			count += walk(fd, entry->d_name);
	}
	closedir(dir);
	return count;
}

static size_t read_list(const char *path, struct text **ret)
{
	FILE *list = fopen(path, "r");
	struct text *texts = NULL;
	size_t n = 0, cap = 0, size = 0;
	char *line = NULL;
	ssize_t len;

	if (!list)
		err(1, "%s", path);
	while ((len = getline(&line, &size, list)) > 0) {
		line[len - 1] = '\0';
		if (n == cap) {
			cap = cap ? 2 * cap : 64;
			texts = realloc(texts, cap * sizeof(*texts));
			if (!texts)
				err(1, "list");
		}
		texts[n++] = (struct text){.path = strdup(line)};
	}
	free(line);
	fclose(list);
	*ret = texts;
	return n;
}

static size_t read_file(int dir, const char *path, char *buf, size_t size)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		err(1, "open %s", path);
	while ((n = read(fd, buf + len, size - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		err(1, "read %s", path);
	close(fd);
	return len;
}

static void save_file(int dir, const struct text *t)
{
	int fd = openat(dir, t->path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		err(1, "open %s", t->path);
	if (write(fd, t->bytes, t->len) != (ssize_t)t->len)
		err(1, "write %s", t->path);
	if (close(fd) < 0)
		err(1, "close %s", t->path);
}

static long long time_list(const char *dir_path, struct text *texts, size_t n,
			   int save)
{
	static char buf[16 << 20];
	int dir = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long long start = now_ns();

	if (dir < 0)
		err(1, "%s", dir_path);
	for (size_t i = 0; i < n; i++) {
		size_t len = read_file(dir, texts[i].path, buf, sizeof(buf));

		if (!save)
			continue;
		texts[i].len = len + 1;
		texts[i].bytes = malloc(len + 1);
		if (!texts[i].bytes)
			err(1, "%s", texts[i].path);
		memcpy(texts[i].bytes, buf, len);
		texts[i].bytes[len] = ' ';
	}
	if (save) {
		start = now_ns();
		for (size_t i = 0; i < n; i++)
			save_file(dir, &texts[i]);
	}
	return now_ns() - start;
}

int main(int argc, char **argv)
{
	struct text *texts;
	long long start, took;
	long count;
	size_t n;

	if (argc == 3 && strcmp(argv[1], "walk") == 0) {
		start = now_ns();
		count = walk(AT_FDCWD, argv[2]);
		took = now_ns() - start;
		printf("%ld %lld\n", count, took);
		return 0;
	}
	if (argc != 4 || (strcmp(argv[1], "read") && strcmp(argv[1], "save")))
		errx(2,
		     "usage: probe walk DIR | read DIR LIST | save DIR LIST");
	n = read_list(argv[3], &texts);
	took = time_list(argv[2], texts, n, argv[1][0] == 's');
	printf("%zu %lld\n", n, took);
	return 0;
}
