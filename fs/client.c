#include "fs/client_priv.h"

#include "core/buf.h"
#include "core/command.h"
#include "core/repo.h"
#include "core/restore.h"
#include "core/revert.h"
#include "core/revision.h"
#include "core/tree.h"
#include "core/why.h"
#include "fs/client_control.h"
#include "fs/client_upload.h"
#include "fs/client_watch.h"
#include "fs/fs.h"
#include "fs/progress.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void client_close(struct client *client)
{
	if (!client)
		return;
	repo_close(client->repo);
	free(client);
}

static struct who us(void)
{
	return (struct who){
		.uid = getuid(),
		.gid = getgid(),
		.pid = getpid(),
		.program = "repofs",
	};
}

/* Without slashes at its ends. */
static const char *trim(char *path)
{
	size_t len;

	while (*path == '/')
		path++;
	len = strlen(path);
	while (len > 0 && path[len - 1] == '/')
		path[--len] = '\0';
	return path;
}

/* The folder that the place's path in the repository means, and what of it is
 * no folder (any more). */
static int find_folder(struct client *c, struct why *why)
{
	DROP(store_put) struct reader reader = {0};
	const char *path = trim(c->place.rest);
	char above[PATH_MAX];
	struct entry entry;
	char *slash;
	int r = store_read(c->repo->store, &reader, why);

	if (r < 0)
		return r;
	(void)snprintf(above, sizeof(above), "%s", path);
	for (;;) {
		r = tree_resolve(reader.db, MOMENT_NOW, TREE_ROOT, above,
				 &entry, why);
		if (r == 0 && entry.folder)
			break;
		if (r < 0 && r != -ENOENT && r != -ENOTDIR)
			return r;
		slash = strrchr(above, '/');
		*(slash ? slash : above) = '\0';
	}
	c->folder = entry.id;
	path += strlen(above);
	(void)snprintf(c->rest, sizeof(c->rest), "%s", path + (*path == '/'));
	return 0;
}

static int open_file(struct client *c, const char *writer, struct why *why)
{
	char holder[64];
	struct store_options options = {.read_only = !writer, .holder = holder};
	int r;

	(void)snprintf(holder, sizeof(holder), "repofs %s",
		       writer ? writer : "");
	r = repo_open(c->place.mounted.file, &options, &c->repo, why);
	return r < 0 ? r : find_folder(c, why);
}

/* The file cannot be written, with @code: if a mount does that, go there. Else
 * @why stands. */
static int open_mount_of(struct client *c, int code)
{
	struct mounted mounted;
	struct place place;
	char path[2 * PATH_MAX];

	if (mounted_from(c->place.mounted.file, &mounted, NULL) < 0)
		return code;
	(void)snprintf(path, sizeof(path), "%s/%s", mounted.point,
		       c->place.rest);
	if (place_find(path, NULL, &place, NULL) < 0 || !place.in_mount)
		return code;
	c->place = place;
	return 0;
}

int client_open(const char *place, const char *inside, const char *writer,
		struct client **ret_client, struct why *why)
{
	DROP(client_close_p) struct client *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return why_set(why, -ENOMEM, "out of memory");
	r = place_find(place, inside, &c->place, why);
	if (r < 0)
		return r;
	if (!c->place.in_mount) {
		r = open_file(c, writer, why);
		if ((r == -EBUSY || r == -EACCES) && writer)
			r = open_mount_of(c, r);
		if (r < 0)
			return r;
	}
	*ret_client = TAKE(c);
	return 0;
}

const char *client_rest(const struct client *client)
{
	return client->repo ? client->rest : client->place.rest;
}

int client_need_folder(const struct client *client, struct why *why)
{
	const char *rest = client_rest(client);

	if (!*rest)
		return 0;
	return why_set(why, -ENOTDIR, "'%s' is no folder (any more)", rest);
}

int client_command(struct client *client, const char *verb, const char *text,
		   struct buf *out, struct why *why)
{
	DROP(revert_result_done) struct revert_result result = {0};
	const struct command command = {client->folder, verb, text};
	struct who who = us();
	int r;

	if (!client->repo)
		return control_command(client->place.folder, verb, text, out,
				       why);
	r = command_run(client->repo, &who, &command, out, &result, why);
	if (r < 0)
		return r;
	return store_sync(client->repo->store, why);
}

int client_command_watched(struct client *client, const char *verb,
			   const char *text, const char *doing, struct buf *out,
			   struct why *why)
{
	struct progress progress = progress_begin(doing);
	struct client_watch watch = {
		.works = client->repo ? client->repo->works : NULL,
		.folder = client->place.folder,
		.progress = progress_tell,
		.arg = &progress,
	};
	int r;

	client_watch_begin(&watch);
	r = client_command(client, verb, text, out, why);
	client_watch_end(&watch);
	progress_hide(&progress);
	return r;
}

/* ---- archives ---- */

bool client_is_file(const struct client *client)
{
	return client->repo;
}

static int need_root(const struct client *c, struct why *why)
{
	bool root = c->repo ? c->folder == TREE_ROOT
			    : strcmp(c->place.folder, c->place.mounted.point) ==
				      0;

	return root ? 0
		    : why_set(why, -EINVAL,
			      "a full restore is of the whole repository, and "
			      "this is a folder in it");
}

static int send_archive(const struct client *c,
			const struct client_restore *what, struct buf *out,
			struct why *why)
{
	char words[32];
	struct upload_request request = {
		.folder = c->place.folder,
		.name = what->full ? "repository.tar" : "restore",
		.words = words,
		.fd = what->fd,
		.progress = what->progress,
		.arg = what->arg,
	};

	(void)snprintf(words, sizeof(words), "%s%s%s",
		       what->dry_run ? "dry-run " : "",
		       what->json ? "json " : "", what->once ? "once " : "");
	if (*words)
		words[strlen(words) - 1] = '\0';
	return client_upload(&request, out, why);
}

int client_restore(struct client *client, const struct client_restore *what,
		   struct buf *out, struct why *why)
{
	DROP(restore_result_done) struct restore_result result = {0};
	int fd = what->fd;
	struct who who = us();
	const struct restore_request request = {
		.folder = client->folder,
		.source = restore_from_fd(&fd),
		.full = what->full,
		.dry_run = what->dry_run,
		.json = what->json,
		.once = what->once,
		.max_item = DEFAULT_MAX_ITEM,
		.progress = what->progress,
		.progress_arg = what->arg,
	};
	int r = what->full ? need_root(client, why) : 0;

	if (r < 0)
		return r;
	if (!client->repo)
		return send_archive(client, what, out, why);
	r = restore_run(client->repo, &who, &request, out, &result, why);
	if (r < 0 || what->dry_run)
		return r;
	return store_sync(client->repo->store, why);
}

int client_snapshot_named(struct client *client, const char *name,
			  struct why *why)
{
	DROP(moment_end) struct moment m = {0};
	struct who who = us();
	int64_t id;
	int r;

	if (!client->repo)
		return control_snapshot_named(client->place.folder, name, why);
	r = moment_begin(client->repo->store, &who, &m, why);
	if (r < 0)
		return r;
	r = snapshot_create(&m, client->folder, name, "", &id, why);
	if (r < 0)
		return r;
	r = moment_commit(&m, why);
	if (r < 0)
		return r;
	return store_sync(client->repo->store, why);
}
