#include "fs/call.h"
#include "fs/fs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A directory of the entries "1" to "9", whose ids are these numbers. */
static int list_digits(struct call *c, uint64_t ino, struct file *dir,
		       int64_t offset, struct listing *out)
{
	(void)c;
	(void)ino;
	(void)dir;
	for (int64_t id = offset + 1; id <= 9; id++) {
		const char name[] = {(char)('0' + id), '\0'};
		struct node node = {.st.st_ino = 100 + (uint64_t)id,
				    .st.st_mode = S_IFREG};

		if (listing_add(out, name, &node, id))
			return 0;
	}
	return 0;
}

/* One entry as the kernel's struct fuse_dirent has it. */
struct record {
	uint64_t ino, offset;
	uint32_t name_len, type;
	char name[];
};

/* The names that a program gets that reads with room for @size bytes a time,
 * and begins at @offset. */
static void read_names(size_t size, uint64_t offset, char *ret)
{
	static const struct node_kind kind = {.name = "digits",
					      .list = list_digits};
	_Alignas(8) char data[512];
	struct fs fs = {0};
	struct call c = {.fs = &fs};

	*ret = '\0';
	for (;;) {
		struct listing out = {.data = data, .size = size, .c = &c};

		assert_int_equal(
			listing_fill(&out, &kind, 7, NULL, (int64_t)offset), 0);
		assert_true(out.len <= size);
		if (out.len == 0)
			return;
		for (size_t at = 0; at < out.len;) {
			const struct record *r = (const void *)(data + at);

			(void)strncat(ret, r->name, r->name_len);
			offset = r->offset;
			at += (sizeof(*r) + r->name_len + 7) / 8 * 8;
		}
	}
}

static void test_any_room_gives_every_entry_once(void **state)
{
	char names[64];

	(void)state;
	for (size_t size = 32; size <= 512; size += 8) {
		read_names(size, 0, names);
		assert_string_equal(names, "...123456789");
	}
}

static void test_reading_goes_on_after_any_entry(void **state)
{
	static const char all[] = "...123456789";
	char names[64];

	(void)state;
	read_names(512, 1, names);
	assert_string_equal(names, all + 1);
	for (uint64_t id = 0; id <= 9; id++) {
		read_names(512, id + 2, names);
		assert_string_equal(names, all + 3 + id);
	}
}

static void test_an_entry_without_room_is_not_added(void **state)
{
	struct fs fs = {0};
	struct call c = {.fs = &fs};
	char data[40];
	struct listing out = {.data = data, .size = sizeof(data), .c = &c};
	struct node node = {.st.st_ino = 5, .st.st_mode = S_IFDIR};

	(void)state;
	assert_int_equal(listing_add(&out, "0123456789abcdefg", &node, 1), 1);
	assert_int_equal(out.len, 0);
	assert_int_equal(listing_add(&out, "0123456789abcdef", &node, 1), 0);
	assert_int_equal(out.len, sizeof(data));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_room_gives_every_entry_once),
		cmocka_unit_test(test_reading_goes_on_after_any_entry),
		cmocka_unit_test(test_an_entry_without_room_is_not_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
