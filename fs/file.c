#include "fs/file.h"

#include "fs/call.h"
#include "fs/node.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int file_new(const struct node_kind *kind, uint64_t ino, struct file **ret_file)
{
	struct file *file = calloc(1, sizeof(*file));

	if (!file)
		return -ENOMEM;
	if (pthread_mutex_init(&file->lock, NULL) != 0) {
		free(file);
		return -ENOMEM;
	}
	file->kind = kind;
	file->ino = ino;
	atomic_init(&file->refs, 1);
	*ret_file = file;
	return 0;
}

struct file *file_get(struct file *file)
{
	atomic_fetch_add_explicit(&file->refs, 1, memory_order_relaxed);
	return file;
}

void file_put(struct file *file)
{
	if (!file ||
	    atomic_fetch_sub_explicit(&file->refs, 1, memory_order_acq_rel) > 1)
		return;
	if (file->kind->free_own)
		file->kind->free_own(file);
	buf_done(&file->bytes);
	(void)pthread_mutex_destroy(&file->lock);
	free(file);
}

int file_read_bytes(struct call *c, struct file *file, size_t size,
		    int64_t offset)
{
	size_t len = file->bytes.len;
	size_t at = (uint64_t)offset < len ? (size_t)offset : len;

	c->reply.kind = REPLY_BYTES;
	c->reply.file = file_get(file);
	c->reply.bytes = at < len ? file->bytes.data + at : NULL;
	c->reply.count = size < len - at ? size : len - at;
	return 0;
}

int file_read_loaded(struct call *c, struct file *file, file_load load,
		     size_t size, int64_t offset)
{
	int r;

	pthread_mutex_lock(&file->lock);
	r = load(c, file);
	pthread_mutex_unlock(&file->lock);
	return r < 0 ? r : file_read_bytes(c, file, size, offset);
}

struct files {
	pthread_mutex_t lock;
	struct file *first;
};

int files_new(struct files **ret)
{
	struct files *files = calloc(1, sizeof(*files));

	if (!files)
		return -ENOMEM;
	if (pthread_mutex_init(&files->lock, NULL) != 0) {
		free(files);
		return -ENOMEM;
	}
	*ret = files;
	return 0;
}

void files_free(struct files *files)
{
	if (!files)
		return;
	assert(!files->first);
	(void)pthread_mutex_destroy(&files->lock);
	free(files);
}

void files_add(struct files *files, struct file *file)
{
	pthread_mutex_lock(&files->lock);
	file->next = files->first;
	if (file->next)
		file->next->link = &file->next;
	file->link = &files->first;
	files->first = file;
	pthread_mutex_unlock(&files->lock);
}

/* Under the lock. */
static void unlink_file(struct file *file)
{
	*file->link = file->next;
	if (file->next)
		file->next->link = file->link;
	file->link = NULL;
	file->next = NULL;
}

void files_remove(struct files *files, struct file *file)
{
	pthread_mutex_lock(&files->lock);
	if (file->link)
		unlink_file(file);
	pthread_mutex_unlock(&files->lock);
}

bool files_has(struct files *files, const struct node_kind *kind, uint64_t ino)
{
	const struct file *file;

	pthread_mutex_lock(&files->lock);
	file = files->first;
	while (file && (file->kind != kind || file->ino != ino))
		file = file->next;
	pthread_mutex_unlock(&files->lock);
	return file;
}

struct file *files_take(struct files *files)
{
	struct file *file;

	pthread_mutex_lock(&files->lock);
	file = files->first;
	if (file)
		unlink_file(file);
	pthread_mutex_unlock(&files->lock);
	return file;
}

int file_copy_bytes(struct call *c, const char *bytes, size_t len, size_t size,
		    int64_t offset)
{
	size_t at = (size_t)offset < len ? (size_t)offset : len;
	size_t count = size < len - at ? size : len - at;

	c->reply.kind = REPLY_DATA;
	c->reply.count = count;
	if (!count)
		return 0;
	c->reply.data = malloc(count);
	if (!c->reply.data)
		return -ENOMEM;
	memcpy(c->reply.data, bytes + at, count);
	return 0;
}
