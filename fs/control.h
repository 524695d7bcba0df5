/*
 * control - the command and status files of a folder: .control/.
 *
 * A file there is a row of a constant table (control_table.c): a new one is a
 * new row.
 *
 * Thread-safety: any thread.
 */
#ifndef FS_CONTROL_H
#define FS_CONTROL_H

#include "core/defer.h"
#include "fs/node.h"

#include <stdbool.h>

struct buf;
struct call;
struct command;
struct file;
struct fuse_file_info;
struct who;

/* What becomes of an archive that is copied onto a control file. */
enum control_restore {
	CONTROL_RESTORE_NOT,
	CONTROL_RESTORE_HERE, /* into the folder */
	CONTROL_RESTORE_FULL, /* it is the whole repository */
};

struct control_file {
	const char *name;
	mode_t mode; /* the most that the folder's permission gives */
	/* Not 0: it is a directory of this kind. */
	enum inum_kind dir;
	bool root; /* in the .control of the root only */
	/* Too dear to be made for a stat: that gives the size it had when it
	 * was last opened. */
	bool dear;
	enum control_restore restores;
	/* Append the text of the file @ino. */
	int (*show)(struct call *c, uint64_t ino, struct buf *out);
	/* Too long for that: make a handle of its own kind that reads, whose
	 * size getattr finds as after made_open(). */
	int (*stream)(struct call *c, uint64_t ino, struct fuse_file_info *fi);
	/* A command file: run one line in @folder, append its answer. */
	int (*run)(struct call *c, int64_t folder, const struct who *who,
		   const char *line, struct buf *out);
};

extern const struct control_file control_files[];
extern const size_t control_file_count;

/* The row of a node of kind CONTROL_FILE, and its folder. NULL: no row. */
const struct control_file *control_row(uint64_t ino);
int64_t control_folder(uint64_t ino);
/* The node of a row in a folder: a file or directory of it. */
uint64_t control_ino(size_t row, int64_t folder);

/* The node of the file "restore" in the folder of @ino: where the answer stands
 * of what is restored there. */
uint64_t control_restore_ino(uint64_t ino);

/* c->why says what failed in @folder: make it a sentence of .control/errors.
 * Returns @r. */
int control_failed(struct call *c, int64_t folder, int r);

extern const char control_help[];

/* ---- control_text.c: what is shown ---- */

int control_show_help(struct call *c, uint64_t ino, struct buf *out);
int control_show_status(struct call *c, uint64_t ino, struct buf *out);
int control_show_answer(struct call *c, uint64_t ino, struct buf *out);
int control_show_revisions(struct call *c, uint64_t ino, struct buf *out);
int control_show_history(struct call *c, uint64_t ino, struct buf *out);
int control_show_log(struct call *c, uint64_t ino, struct buf *out);
int control_show_report(struct call *c, uint64_t ino, struct buf *out);
int control_show_problems(struct call *c, uint64_t ino, struct buf *out);
int control_show_errors(struct call *c, uint64_t ino, struct buf *out);
int control_show_manifest(struct call *c, uint64_t ino, struct buf *out);

/* ---- control_run.c: what is done ---- */

int control_run_snapshot(struct call *c, int64_t folder, const struct who *who,
			 const char *line, struct buf *out);
int control_run_revert(struct call *c, int64_t folder, const struct who *who,
		       const char *line, struct buf *out);

/* ---- control_backup.c: archives, streamed ---- */

int control_open_tar(struct call *c, uint64_t ino, struct fuse_file_info *fi);
int control_open_zip(struct call *c, uint64_t ino, struct fuse_file_info *fi);

/* A command of the engine that may take folders and items away; then the kernel
 * forgets what it changed. */
int control_run_taking(struct call *c, const struct who *who,
		       const struct command *command, struct buf *out);

/* ---- control_pull.c ---- */

int control_show_pull(struct call *c, uint64_t ino, struct buf *out);
int control_run_pull(struct call *c, int64_t folder, const struct who *who,
		     const char *line, struct buf *out);

/* ---- control_command.c: a command file that is open for writing ---- */

int command_open(struct call *c, uint64_t ino, struct fuse_file_info *fi);
int command_read(struct call *c, struct file *file, size_t size,
		 int64_t offset);
int command_write(struct call *c, struct file *file, const char *bytes,
		  size_t size, int64_t offset);
int command_flush(struct call *c, struct file *file);
void command_release(struct call *c, struct file *file);
void command_free(struct file *file);

#endif
