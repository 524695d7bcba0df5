#include "fs/loose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024 };

struct loose_files {
	struct loose *by_id[BUCKETS];
	struct loose *by_name[BUCKETS];
};

int loose_files_new(struct loose_files **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

static void free_file(struct loose *file)
{
	spool_done(&file->spool);
	free(file);
}

void loose_files_free(struct loose_files *files)
{
	if (!files)
		return;
	for (int i = 0; i < BUCKETS; i++) {
		while (files->by_id[i]) {
			struct loose *file = files->by_id[i];

			files->by_id[i] = file->next_by_id;
			free_file(file);
		}
	}
	free(files);
}

static unsigned hash_id(int64_t id)
{
	return (unsigned)((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 54);
}

static unsigned hash_name(int64_t parent, const char *name)
{
	uint64_t h = (uint64_t)parent * UINT64_C(0x9e3779b97f4a7c15);

	while (*name)
		h = (h ^ (unsigned char)*name++) * UINT64_C(0x100000001b3);
	return (unsigned)(h >> 32) % BUCKETS;
}

static void link_name(struct loose_files *files, struct loose *file)
{
	struct loose **bucket =
		&files->by_name[hash_name(file->parent, file->name)];

	file->next_by_name = *bucket;
	*bucket = file;
}

static void unlink_name(struct loose_files *files, struct loose *file)
{
	struct loose **at =
		&files->by_name[hash_name(file->parent, file->name)];

	while (*at && *at != file)
		at = &(*at)->next_by_name;
	if (*at)
		*at = file->next_by_name;
}

void loose_add(struct loose_files *files, struct loose *file)
{
	struct loose **bucket = &files->by_id[hash_id(file->id)];

	file->next_by_id = *bucket;
	*bucket = file;
	link_name(files, file);
}

void loose_drop(struct loose_files *files, struct loose *file)
{
	struct loose **at = &files->by_id[hash_id(file->id)];

	while (*at && *at != file)
		at = &(*at)->next_by_id;
	if (*at)
		*at = file->next_by_id;
	unlink_name(files, file); /* harmless when it has none */
	free_file(file);
}

struct loose *loose_by_id(const struct loose_files *files, int64_t id)
{
	struct loose *file = files->by_id[hash_id(id)];

	while (file && file->id != id)
		file = file->next_by_id;
	return file;
}

struct loose *loose_by_name(const struct loose_files *files, int64_t parent,
			    const char *name)
{
	struct loose *file = files->by_name[hash_name(parent, name)];

	while (file &&
	       (file->parent != parent || strcmp(file->name, name) != 0))
		file = file->next_by_name;
	return file;
}

int64_t loose_newest_filing(const struct loose_files *files, int64_t parent)
{
	int64_t newest_ns = 0;

	for (int i = 0; i < BUCKETS; i++) {
		for (const struct loose *f = files->by_name[i]; f;
		     f = f->next_by_name) {
			if (f->parent == parent && f->filing &&
			    f->filed_ns > newest_ns)
				newest_ns = f->filed_ns;
		}
	}
	return newest_ns;
}

bool loose_any_in(const struct loose_files *files, int64_t parent)
{
	for (int i = 0; i < BUCKETS; i++) {
		for (const struct loose *f = files->by_name[i]; f;
		     f = f->next_by_name) {
			if (f->parent == parent)
				return true;
		}
	}
	return false;
}

void loose_rename(struct loose_files *files, struct loose *file, int64_t parent,
		  const char *name)
{
	unlink_name(files, file);
	file->parent = parent;
	(void)strncpy(file->name, name, sizeof(file->name) - 1);
	link_name(files, file);
}

void loose_unname(struct loose_files *files, struct loose *file, int64_t item)
{
	unlink_name(files, file);
	file->item = item;
	file->unlinked = !item;
	file->stored = file->filing = false;
}

void loose_hide(struct loose_files *files, struct loose *file)
{
	unlink_name(files, file);
	file->hidden = true;
	file->stored = false;
}

void loose_set_aside(struct loose_files *files, struct loose *file,
		     int64_t content, int64_t parent, const char *name)
{
	file->was = file->item;
	file->item = 0;
	file->content = file->dirty ? 0 : content;
	file->dirty_from = 0;
	file->dirty_to = file->spool.len;
	file->stored = true;
	file->item_name = file->hidden = false;
	loose_rename(files, file, parent, name);
}

int loose_each(struct loose_files *files, loose_fn fn, void *arg)
{
	for (int i = 0; i < BUCKETS; i++) {
		struct loose *file = files->by_id[i], *next;

		for (; file; file = next) {
			int r;

			next = file->next_by_id;
			r = fn(file, arg);
			if (r)
				return r;
		}
	}
	return 0;
}

void loose_written_by(struct loose *file, struct proc proc)
{
	if (!proc.pid)
		return;
	for (unsigned i = 0; i < file->writer_count; i++) {
		if (proc_same(file->writers[i], proc))
			return;
	}
	if (file->writer_count < LOOSE_WRITERS)
		file->writers[file->writer_count++] = proc;
}
