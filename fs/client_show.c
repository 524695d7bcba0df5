/*
 * What a command is shown: a control file's text, or the engine's own.
 */
#include "fs/client_priv.h"

#include "core/buf.h"
#include "core/history.h"
#include "core/log.h"
#include "core/problems.h"
#include "core/references.h"
#include "core/repo.h"
#include "core/report.h"
#include "core/show.h"
#include "core/tree.h"
#include "core/why.h"
#include "fs/client_control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What the engine shows, in one form. */
typedef int (*show_fn)(const struct client *c, struct db *db, const char *arg,
		       struct buf *out, struct why *why);

static int status(const struct client *c, struct db *db, const char *arg,
		  struct buf *out, struct why *why)
{
	(void)arg;
	return show_status(db, c->folder, out, why);
}

static int revisions(const struct client *c, struct db *db, const char *arg,
		     struct buf *out, struct why *why)
{
	(void)arg;
	return show_revisions(db, c->folder, out, why);
}

static int report(const struct client *c, struct db *db, const char *arg,
		  struct buf *out, struct why *why)
{
	(void)arg;
	return report_show(db, store_kinds(c->repo->store), c->folder, out,
			   why);
}

static int history(const struct client *c, struct db *db, const char *arg,
		   struct buf *out, struct why *why)
{
	(void)arg;
	return history_show(db, c->folder, NULL, out, why);
}

static int changes(const struct client *c, struct db *db, const char *arg,
		   struct buf *out, struct why *why)
{
	(void)arg;
	return log_show(db, c->folder, out, why);
}

static struct show_ask ask_of(const struct client *c, const char *spec,
			      enum diff_form form)
{
	return (struct show_ask){
		.folder = c->folder,
		.spec = spec,
		.form = form,
		.kinds = store_kinds(c->repo->store),
	};
}

static int diff(const struct client *c, struct db *db, const char *arg,
		struct buf *out, struct why *why)
{
	const struct show_ask ask = ask_of(c, arg, DIFF_TEXT);

	return show_diff(db, &ask, out, why);
}

static int diff_of_paths(const struct client *c, struct db *db, const char *arg,
			 struct buf *out, struct why *why)
{
	const struct show_ask ask = ask_of(c, arg, DIFF_PATHS);

	return show_diff(db, &ask, out, why);
}

static int diff_json(const struct client *c, struct db *db, const char *arg,
		     struct buf *out, struct why *why)
{
	const struct show_ask ask = ask_of(c, arg, DIFF_JSON);

	return show_diff(db, &ask, out, why);
}

static int revision(const struct client *c, struct db *db, const char *arg,
		    struct buf *out, struct why *why)
{
	const struct show_ask ask = ask_of(c, arg, DIFF_TEXT);

	return show_revision(db, &ask, out, why);
}

static int revision_json(const struct client *c, struct db *db, const char *arg,
			 struct buf *out, struct why *why)
{
	const struct show_ask ask = ask_of(c, arg, DIFF_JSON);

	return show_revision(db, &ask, out, why);
}

static int running(const struct client *c, struct db *db, const char *arg,
		   struct buf *out, struct why *why)
{
	const struct show_ask ask = ask_of(c, arg, DIFF_TEXT);

	return show_running(db, c->repo->works, &ask, out, why);
}

static int problems(const struct client *c, struct db *db, const char *arg,
		    struct buf *out, struct why *why)
{
	(void)arg;
	return problems_show(db, store_kinds(c->repo->store), c->folder, out,
			     why);
}

static int references(const struct client *c, struct db *db, const char *arg,
		      struct buf *out, struct why *why)
{
	struct entry entry;
	int r = tree_lookup(db, MOMENT_NOW, c->folder, arg, &entry, why);

	return r < 0 ? r
		     : references_show(db, store_kinds(c->repo->store),
				       entry.id, out, why);
}

static const struct {
	const char *what;
	show_fn show;
} sources[] = {
	{"status", status},
	{"revisions", revisions},
	{"report", report},
	{"history", history},
	{"log", changes},
	{"diff", diff},
	{"problems", problems},
	{"references", references},
	{"diff/.paths", diff_of_paths},
	{"diff/.json", diff_json},
	{"show/.running", running},
	{"show/.json/.running", running},
	{"show", revision},
	{"show/.json", revision_json},
};

static int show_mounted(const struct client *c, const char *what,
			const char *arg, struct buf *out, struct why *why)
{
	char name[NAME_MAX + 32];
	int r;

	(void)snprintf(name, sizeof(name), "%s%s%s", what, arg ? "/" : "",
		       arg ? arg : "");
	r = control_read(c->place.folder, name, out, why);
	if (r == -ENOENT && arg)
		return why_set(why, r, "'%s' has no %s '%s'", c->place.folder,
			       strcmp(what, "references") == 0
				       ? "item or folder"
				       : "snapshot or revision",
			       arg);
	if (r == -ENOENT)
		return why_set(why, r, "'%s' has no control file '%s'",
			       c->place.folder, name);
	return r;
}

/* What a mount would say of itself. */
static void add_mount(const struct client *c, struct buf *out)
{
	struct mounted mounted;
	int r = mounted_from(c->place.mounted.file, &mounted, NULL);

	buf_addf(out, "mounted %s\n", r < 0 ? "no" : mounted.point);
}

int client_show(struct client *client, const char *what, const char *arg,
		struct buf *out, struct why *why)
{
	DROP(store_put) struct reader reader = {0};
	size_t i = 0;
	int r;

	while (strcmp(sources[i].what, what) != 0)
		i++;
	if (!client->repo)
		return show_mounted(client, what, arg, out, why);
	r = store_read(client->repo->store, &reader, why);
	if (r < 0)
		return r;
	r = sources[i].show(client, reader.db, arg, out, why);
	if (r == 0 && sources[i].show == status)
		add_mount(client, out);
	if (r == 0 && buf_error(out) < 0)
		return why_set(why, -ENOMEM, "out of memory");
	return r;
}

int client_list(const char *place, const char *inside, const char *what,
		struct buf *out, struct why *why)
{
	DROP(client_close_p) struct client *client = NULL;
	int r = client_open(place, inside, NULL, &client, why);

	if (r == 0)
		r = client_need_folder(client, why);
	return r < 0 ? r : client_show(client, what, NULL, out, why);
}

int client_show_record(struct client *client, struct buf *out, struct why *why)
{
	DROP(store_put) struct reader reader = {0};
	int r;

	if (!client->repo)
		return control_read(client->place.mounted.point, "revisions",
				    out, why);
	r = store_read(client->repo->store, &reader, why);
	return r < 0 ? r : show_revisions(reader.db, TREE_ROOT, out, why);
}
