/*
 * .control/diff of a live folder: a file per revision that concerns it, with
 * what has changed since (a snapshot) or what it changed (any other); and
 * .control/show: all that there is to say about it. In a directory each, which
 * is not listed, the same in other forms: their names are none that a snapshot
 * may have. Nor is ".running".
 */
#include "core/buf.h"
#include "core/repo.h"
#include "core/revision.h"
#include "core/show.h"
#include "core/tree.h"
#include "fs/call.h"
#include "fs/file.h"
#include "fs/fs.h"
#include "fs/kinds.h"
#include "fs/made.h"
#include "fs/texts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_MAX ((INT64_C(1) << INUM_FORM_BITS) - 1)

/* ---- the forms that there are, each a directory ---- */

struct form {
	enum inum_kind dir; /* its directory: this kind ... */
	int64_t high;	    /* ... with this number */
	/* In the directory of the same kind with the number 0; NULL: that. */
	const char *name;
	enum diff_form form;
	int (*show)(struct db *db, const struct show_ask *ask, struct buf *out,
		    struct why *why);
};

static const struct form forms[] = {
	{INUM_DIFF, 0, NULL, DIFF_TEXT, show_diff},
	{INUM_DIFF, 1, ".paths", DIFF_PATHS, show_diff},
	{INUM_DIFF, 2, ".json", DIFF_JSON, show_diff},
	{INUM_SHOW, 0, NULL, DIFF_TEXT, show_revision},
	{INUM_SHOW, 1, ".json", DIFF_JSON, show_revision},
};
enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

/* NULL: a number that was made up. */
static const struct form *form_of_dir(uint64_t dir)
{
	for (size_t i = 0; i < FORMS; i++)
		if (forms[i].dir == inum_kind(dir) &&
		    forms[i].high == inum_high(dir, INUM_DIFF_BITS))
			return &forms[i];
	return NULL;
}

/* The form that is called @name in the directory of @above. */
static const struct form *form_named(const struct form *above, const char *name)
{
	for (size_t i = 0; i < FORMS && !above->name; i++)
		if (forms[i].dir == above->dir && forms[i].name &&
		    strcmp(forms[i].name, name) == 0)
			return &forms[i];
	return NULL;
}

/* In the place of a number: what has none yet. */
static const char running[] = ".running";

static bool is_running(const struct form *form, const char *name)
{
	return form->show == show_revision && strcmp(name, running) == 0;
}

static int64_t folder_of(uint64_t ino)
{
	return inum_low(ino, INUM_DIFF_BITS);
}

static const struct form *form_of_file(uint64_t ino)
{
	int64_t form = inum_high(ino, INUM_DIFF_BITS) >> INUM_FORM_BITS;

	return form < FORMS ? &forms[form] : NULL;
}

static int64_t id_of_file(uint64_t ino)
{
	return inum_high(ino, INUM_DIFF_BITS) & ID_MAX;
}

static void file_node(struct call *c, const struct form *form, int64_t folder,
		      int64_t id, const struct attr *base, struct node *ret)
{
	int64_t high = (int64_t)(form - forms) << INUM_FORM_BITS | id;
	uint64_t ino = inum_pair(INUM_DIFF_FILE, high, folder, INUM_DIFF_BITS);
	int64_t size = 0;

	(void)texts_size(c->fs->texts, ino, &size);
	made_file(ino, base, 0444, size, ret);
}

/* ---- which there are: snapshots that cover the folder, and revisions ---- */

static int take_any(const struct revision *row, void *arg)
{
	*(int64_t *)arg = row->id;
	return 1;
}

/* A snapshot that is no snapshot of this folder is of one below: no diff. */
static int take_other(const struct revision *row, void *arg)
{
	if (strcmp(row->kind, "snapshot") == 0)
		return 0;
	*(int64_t *)arg = row->id;
	return 1;
}

/* What is taken of the revisions of the folder and those below. */
static revision_fn taker(const struct form *form)
{
	return form->show == show_diff ? take_other : take_any;
}

typedef int (*list_fn)(struct db *db, int64_t folder, int64_t after,
		       revision_fn fn, void *arg, struct why *why);

/* The first id after @after that @list lists and @take takes; INT64_MAX:
 * none. */
static int next_of(list_fn list, revision_fn take, struct call *c,
		   int64_t folder, int64_t after, int64_t *ret_id)
{
	int r;

	*ret_id = INT64_MAX;
	r = list(call_db(c), folder, after, take, ret_id, &c->why);
	return r < 0 ? r : 0;
}

/* 1: revision @row is of @folder, of one above it or of one below. */
static int concerns(struct call *c, const struct form *form, int64_t folder,
		    const struct revision *row)
{
	int64_t id = 0;
	int r = tree_is_below(call_db(c), MOMENT_NOW, row->scope, folder,
			      &c->why);

	if (r == 0 || r == -ENOENT)
		r = next_of(revision_list, taker(form), c, folder, row->id - 1,
			    &id);
	return r == 0 ? id == row->id : r;
}

/* A number as it is printed. */
static int64_t number_of(const char *name)
{
	int64_t id = strtoll(name, NULL, 10);
	char number[24];

	(void)snprintf(number, sizeof(number), "%" PRId64, id);
	return strcmp(number, name) == 0 ? id : 0;
}

/* The revision that @name means in @folder. */
static int find(struct call *c, const struct form *form, int64_t folder,
		const char *name, int64_t *ret_id)
{
	DROP(buf_done) struct buf text = {0};
	struct db *db = call_db(c);
	struct snapshot_ref ref;
	struct revision row;
	int r = db ? snapshot_resolve(db, folder, name, &ref, &c->why)
		   : c->why.code;

	if (r == -ENOENT) { /* a revision of another kind has no name */
		r = revision_get(db, number_of(name), &text, &row, &c->why);
		if (r == 0 && (form->show != show_diff ||
			       strcmp(row.kind, "snapshot") != 0))
			r = concerns(c, form, folder, &row);
		ref.id = r > 0 ? row.id : 0;
	}
	if (r < 0)
		return r;
	if (ref.id == 0 || ref.id > ID_MAX) /* 0: an instant has none */
		return -ENOENT;
	*ret_id = ref.id;
	return 0;
}

static int dir_getattr(struct call *c, uint64_t ino, struct node *ret)
{
	struct attr base;
	int r = made_base(c, folder_of(ino), &base);

	if (r == 0)
		made_dir(ino, &base, 0555, ret);
	return r;
}

static int dir_lookup(struct call *c, uint64_t dir, const char *name,
		      struct node *ret)
{
	const struct form *form = form_of_dir(dir), *below;
	int64_t folder = folder_of(dir), id = 0;
	struct attr base;
	int r = form ? made_base(c, folder, &base) : -ESTALE;

	if (r < 0)
		return r;
	below = form_named(form, name);
	if (below) {
		made_dir(inum_pair(below->dir, below->high, folder,
				   INUM_DIFF_BITS),
			 &base, 0555, ret);
		return 0;
	}
	if (!is_running(form, name))
		r = find(c, form, folder, name, &id);
	if (r < 0)
		return r;
	file_node(c, form, folder, id, &base, ret);
	if (strcmp(name, "latest") == 0)
		ret->entry_valid = 0;
	return 0;
}

static int dir_list(struct call *c, uint64_t ino, struct file *dir,
		    int64_t offset, struct listing *out)
{
	const struct form *form = form_of_dir(ino);
	int64_t folder = folder_of(ino), snapshot = offset, revision = offset,
		id = offset;
	struct attr base;
	struct node node;
	char name[24];
	int r = form ? made_base(c, folder, &base) : -ESTALE;

	(void)dir;
	while (r == 0) {
		if (snapshot == id)
			r = next_of(snapshot_list, take_any, c, folder, id,
				    &snapshot);
		if (r == 0 && revision == id)
			r = next_of(revision_list, taker(form), c, folder, id,
				    &revision);
		id = snapshot < revision ? snapshot : revision;
		if (r < 0 || id > ID_MAX)
			break;
		(void)snprintf(name, sizeof(name), "%" PRId64, id);
		file_node(c, form, folder, id, &base, &node);
		r = listing_add(out, name, &node, id);
	}
	return r < 0 ? r : 0;
}

/* ---- a file ---- */

static int file_getattr(struct call *c, uint64_t ino, struct node *ret)
{
	const struct form *form = form_of_file(ino);
	struct attr base;
	int r = form ? made_base(c, folder_of(ino), &base) : -ESTALE;

	if (r == 0)
		file_node(c, form, folder_of(ino), id_of_file(ino), &base, ret);
	return r;
}

static int fill(struct call *c, const struct form *form, uint64_t ino,
		struct buf *out)
{
	struct repo *repo = c->fs->repo;
	struct db *db = call_db(c);
	char spec[24];
	struct show_ask ask = {
		.folder = folder_of(ino),
		.spec = spec,
		.form = form->form,
		.kinds = store_kinds(repo->store),
	};

	if (!db)
		return c->why.code;
	if (!id_of_file(ino))
		return show_running(db, repo->works, &ask, out, &c->why);
	(void)snprintf(spec, sizeof(spec), "%" PRId64, id_of_file(ino));
	return form->show(db, &ask, out, &c->why);
}

static int file_open(struct call *c, uint64_t ino, struct fuse_file_info *fi)
{
	const struct form *form = form_of_file(ino);
	DROP(buf_done) struct buf text = {0};
	int r;

	if (!form)
		return -ESTALE;
	if ((fi->flags & O_ACCMODE) != O_RDONLY)
		return why_set(&c->why, -EACCES, "this can only be read");
	r = fill(c, form, ino, &text);
	if (r < 0)
		return r;
	return made_open(c, &kind_diff_file, ino, &text, fi);
}

const struct node_kind kind_diff = {
	.name = "diff",
	.getattr = dir_getattr,
	.lookup = dir_lookup,
	.list = dir_list,
};

const struct node_kind kind_diff_file = {
	.name = "diff file",
	.getattr = file_getattr,
	.open = file_open,
	.release = made_release,
};
