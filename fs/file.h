/*
 * file - an open file or directory: what fi->fh points to.
 *
 * RELEASE may arrive while the thread that answered the last READ is still
 * sending from the file's bytes. Whoever replies from them therefore holds a
 * reference (reply.file).
 *
 * Thread-safety: references may be taken and dropped anywhere; the bytes of a
 * file whose content is fixed at open are only read; others use the lock.
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include "core/buf.h"
#include "core/defer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct call;
struct node_kind;

struct file {
	const struct node_kind *kind;
	uint64_t ino;
	atomic_int refs;
	pthread_mutex_t lock;
	struct buf bytes;
	void *own;		   /* of the kind; freed by its free_own */
	struct file *next, **link; /* of the files that the kernel knows */
};

/* One reference, for fi->fh. -ENOMEM. */
int file_new(const struct node_kind *kind, uint64_t ino,
	     struct file **ret_file);
struct file *file_get(struct file *file);
void file_put(struct file *file); /* accepts NULL */
DEFINE_DROP(file, file_put);

static inline struct file *file_of(uint64_t fh)
{
	return (struct file *)(uintptr_t)fh;
}

/*
 * The files that the kernel knows: what is left of them when the mount ends
 * will never be released by it. Thread-safety: any thread.
 */
struct files;
int files_new(struct files **ret);
void files_free(struct files *files); /* empty; accepts NULL */
DEFINE_DROP(files, files_free);
/* The list takes no reference: whoever adds has the kernel's. */
void files_add(struct files *files, struct file *file);
void files_remove(struct files *files, struct file *file);
/* Is one of this kind open on @ino? */
bool files_has(struct files *files, const struct node_kind *kind, uint64_t ino);
/* Take one off the list; NULL: none is left. */
struct file *files_take(struct files *files);

/* The read of every file whose bytes are fixed at open. */
int file_read_bytes(struct call *c, struct file *file, size_t size,
		    int64_t offset);
/* The same, of a file whose bytes @load gets when they are first read; it is
 * called each time, with the lock. */
typedef int (*file_load)(struct call *c, struct file *file);
int file_read_loaded(struct call *c, struct file *file, file_load load,
		     size_t size, int64_t offset);
/* The read of others: @len bytes in memory, which a writer may change before
 * they are sent, are copied. */
int file_copy_bytes(struct call *c, const char *bytes, size_t len, size_t size,
		    int64_t offset);

#endif
