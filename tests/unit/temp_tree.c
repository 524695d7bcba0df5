#include "tests/unit/temp_tree.h"

#include "core/blob.h"
#include "core/buf.h"
#include "tests/unit/corpus.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int64_t temp_at(struct temp *t, const char *path)
{
	struct db *db = t->m.store ? t->m.db : t->reader.db;
	struct entry e;
	int r = tree_resolve(db, MOMENT_NOW, TREE_ROOT, path, &e, &t->why);

	if (r == -ENOENT)
		return 0;
	temp_ok(t, r);
	return e.id;
}

int64_t temp_put(struct temp *t, const char *path, const char *text, size_t len)
{
	const struct attr attr = {.mode = 0644, .mtime_ns = TEMP_NOW};
	const struct attr folder_attr = {.mode = 0755, .mtime_ns = TEMP_NOW};
	int64_t folder = TREE_ROOT, item, content;
	const char *slash;

	for (; (slash = strchr(path, '/')); path = slash + 1) {
		char name[256];
		struct entry e;

		(void)snprintf(name, sizeof(name), "%.*s", (int)(slash - path),
			       path);
		if (tree_lookup(t->m.db, MOMENT_NOW, folder, name, &e, NULL) ==
		    0)
			folder = e.id;
		else
			temp_ok(t, tree_add_folder(&t->m, folder, name,
						   &folder_attr, &folder,
						   &t->why));
	}
	temp_ok(t, blob_put(t->m.db, text, len, 0, &content, &t->why));
	temp_ok(t, tree_add_item(&t->m, folder, path,
				 &(struct new_item){.content = content,
						    .size = (int64_t)len,
						    .attr = attr},
				 &item, &t->why));
	return item;
}

int64_t temp_make(struct temp *t, const char *path, const char *text)
{
	int64_t item;

	temp_begin(t);
	item = temp_put(t, path, text, strlen(text));
	temp_commit(t);
	return item;
}

void temp_read(struct temp *t, int64_t item, struct buf *out)
{
	struct entry e;

	buf_reset(out);
	temp_ok(t, tree_get(t->reader.db, MOMENT_NOW, item, &e, &t->why));
	temp_ok(t, blob_get(t->reader.db, e.content, true, out, &t->why));
	assert_int_equal(out->len, e.size);
	buf_byte(out, '\0');
	out->len--;
}

void temp_says(struct temp *t, const char *path, const char *text)
{
	struct buf out = {0};
	int64_t item = temp_at(t, path);

	if (!item)
		fail_msg("there is no %s", path);
	temp_read(t, item, &out);
	assert_string_equal(out.data, text);
	buf_done(&out);
}

/* ---- the corpus ---- */

static void put_item(const struct corpus_item *item, void *arg)
{
	(void)temp_put(arg, item->path, item->text, item->len);
}

int temp_load_corpus(struct temp *t)
{
	int count;

	temp_begin(t);
	count = corpus_each(put_item, t);
	temp_commit(t);
	return count;
}

static void is_item(const struct corpus_item *item, void *arg)
{
	struct temp *t = arg;
	struct buf out = {0};
	int64_t id = temp_at(t, item->path);

	if (!id)
		fail_msg("there is no %s", item->path);
	temp_read(t, id, &out);
	assert_int_equal(out.len, item->len);
	assert_memory_equal(out.data, item->text, item->len);
	buf_done(&out);
}

void temp_is_corpus(struct temp *t)
{
	(void)corpus_each(is_item, t);
}
