/*
 * fs - one mounted repository: what every request can reach.
 *
 * Thread-safety: set up before the first request, then only read; the parts
 * have their own locks.
 */
#ifndef FS_FS_H
#define FS_FS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ahead;
struct files;
struct filing;
struct live;
struct notifier;
struct procs;
struct repo;
struct sentences;
struct texts;
struct views;
struct witness;
struct fuse_session;

enum overwrite { OVERWRITE_AUTO, OVERWRITE_EDIT, OVERWRITE_RESTORE };
enum refs { REFS_FOLLOW, REFS_KEEP };
enum identical { IDENTICAL_AUTO, IDENTICAL_SKIP, IDENTICAL_NUMBER };

enum { DEFAULT_MAX_ITEM = 16 << 20 }; /* bytes */

struct fs_options {
	enum overwrite overwrite;
	enum identical identical;
	enum refs refs;	  /* do references follow what is moved? */
	int64_t max_item; /* bytes of one item: EFBIG past it */
	bool snapdir_visible;
	bool read_only;
};

struct fs {
	struct fs_options options;
	const char *mountpoint; /* absolute */
	uid_t owner;		/* of the repository file */
	gid_t group;
	struct repo *repo;
	struct fuse_session *session;
	struct notifier *notifier;
	struct witness *witness;  /* NULL: nothing changes by itself */
	struct files *files;	  /* open in the kernel's eyes */
	struct ahead *ahead;	  /* what the kernel has of contents */
	struct procs *procs;	  /* thread -> process */
	struct filing *filing;	  /* NULL: everything is filed at once */
	struct live *live;	  /* what is in flight in the live tree */
	struct views *views;	  /* numbers of looked-up past views */
	struct sentences *errors; /* .control/errors */
	struct texts *texts;	  /* last known sizes and results */
};

#endif
