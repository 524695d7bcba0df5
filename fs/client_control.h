/*
 * client_control - the control files of a folder in a mount, from outside.
 *
 * Thread-safety: no state.
 */
#ifndef FS_CLIENT_CONTROL_H
#define FS_CLIENT_CONTROL_H

#include <stdint.h>

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

/* An archive for a control file. */
struct upload_request {
	const char *name;  /* "restore", "repository.tar" */
	const char *words; /* before it: "dry-run json", or "" */
	int fd;		   /* it is read from where it stands */
	/* Called now and then. */
	void (*progress)(int64_t done, void *arg);
	void *arg;
};
/* Write it, wait until it is restored, and append the answer. The reason of a
 * failure is the answer's. */
int control_upload(const char *folder, const struct upload_request *request,
		   struct buf *out, struct why *why);

/* mkdir .snapshots/@name; the reason is the newest of .control/errors. */
int control_snapshot_named(const char *folder, const char *name,
			   struct why *why);

#endif
