/*
 * client_upload - an archive for a folder in a mount.
 *
 * Thread-safety: no state; a thread of its own asks how far it is.
 */
#ifndef FS_CLIENT_UPLOAD_H
#define FS_CLIENT_UPLOAD_H

#include <stdint.h>

struct buf;
struct why;

struct upload_request {
	const char *folder;
	const char *name;  /* of the control file: "restore" */
	const char *words; /* before the archive: "dry-run json", or "" */
	int fd;		   /* it is read from where it stands */
	/* Called now and then, from any thread but by one at a time: bytes,
	 * and after them members; @total 0: not known. */
	void (*progress)(int64_t done, int64_t total, void *arg);
	void *arg;
};

/* Write it, wait until it is restored, and append the answer. The reason of a
 * failure is the answer's. */
int client_upload(const struct upload_request *request, struct buf *out,
		  struct why *why);

#endif
