/*
 * client_control - the control files of a folder in a mount, from outside.
 *
 * Thread-safety: no state.
 */
#ifndef FS_CLIENT_CONTROL_H
#define FS_CLIENT_CONTROL_H

struct buf;
struct why;

/* Append the bytes of @folder/.control/@name. -ENOENT leaves @why alone. */
int control_read(const char *folder, const char *name, struct buf *out,
		 struct why *why);

/* Open @folder/.control/@name to read it: *ret_fd, the caller's to close. The
 * reason of a failure is the newest of .control/errors, if that is of it.
 * -ENOENT leaves @why alone. */
int control_open(const char *folder, const char *name, int *ret_fd,
		 struct why *why);

/* Write one line to a command file and append its answer, or have the reason
 * of its failure: the same handle gives both. */
int control_command(const char *folder, const char *verb, const char *line,
		    struct buf *out, struct why *why);

/* Open @folder/.control/@name for commands: -ENOENT leaves @why alone. */
int control_begin(const char *folder, const char *name, int *ret_fd,
		  struct why *why);
/* Append the answer that the handle shows. */
int control_answer(int fd, struct buf *out, struct why *why);
/* What it says of the failure @code of what was written. */
int control_explain(int fd, int code, struct why *why);

/* mkdir .snapshots/@name; the reason is the newest of .control/errors. */
int control_snapshot_named(const char *folder, const char *name,
			   struct why *why);

#endif
