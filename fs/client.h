/*
 * client - what a command talks to: the control files of a mounted folder, or
 * the engine on a repository file that is not mounted. A command need not know
 * which of the two it has.
 *
 * A file that is mounted may be named too: it is read beside the mount, and
 * written through the mount's control files.
 *
 * Thread-safety: for the thread that runs the command.
 */
#ifndef FS_CLIENT_H
#define FS_CLIENT_H

#include "core/defer.h"

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct client;
struct why;

/*
 * Reach the folder that @place and @inside (place.h) mean. @writer: the name
 * of the command if it is going to write, NULL if it only reads. -EBUSY:
 * somebody else than a mount has the file open for writing.
 */
int client_open(const char *place, const char *inside, const char *writer,
		struct client **ret_client, struct why *why);
void client_close(struct client *client); /* accepts NULL */
DEFINE_DROP(client, client_close);

/* What the place names below the folder that was found: an item, or something
 * that is gone; "" for the folder itself. */
const char *client_rest(const struct client *client);
/* 0 if the place is a folder, else the refusal. */
int client_need_folder(const struct client *client, struct why *why);

/* Append what the folder shows as @what: "status", "revisions", "report",
 * "history", "log", "problems", with @arg NULL; of the snapshot or revision @arg
 * "diff", "diff/.paths", "diff/.json", "show", "show/.json" (core/show); of the
 * name @arg in the folder "references"; of what is under way "show/.running" and
 * "show/.json/.running", which is nothing in a file that is not mounted. */
int client_show(struct client *client, const char *what, const char *arg,
		struct buf *out, struct why *why);

/* The same of the folder that @place and @inside mean, in one go. */
int client_list(const char *place, const char *inside, const char *what,
		struct buf *out, struct why *why);

/* Append the revisions of the whole repository, whatever the folder. */
int client_show_record(struct client *client, struct buf *out, struct why *why);

/* Run the command @verb ("snapshot", "revert", "pull") and append what it answers.
 * The reason of a failure is the engine's own sentence. */
int client_command(struct client *client, const char *verb, const char *text,
		   struct buf *out, struct why *why);
/* The same; a person sees how far it is: @doing is "reverting" (fs/progress). */
int client_command_watched(struct client *client, const char *verb,
			   const char *text, const char *doing, struct buf *out,
			   struct why *why);

/* An archive to be restored; see core/restore. */
struct client_restore {
	int fd;	   /* can be read by position, if the client is a file */
	bool full; /* the place is a whole repository */
	bool dry_run, json, once;
	/* Called now and then; @total 0: not known. */
	void (*progress)(int64_t done, int64_t total, void *arg);
	void *arg;
};
int client_restore(struct client *client, const struct client_restore *what,
		   struct buf *out, struct why *why);
/* Must the archive be a file that can be read by position? */
bool client_is_file(const struct client *client);

/* A snapshot that is listed under @name. */
int client_snapshot_named(struct client *client, const char *name,
			  struct why *why);

#endif
