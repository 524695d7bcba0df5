/*
 * Where items and folders of the clone are here, and what has moved.
 */
#include "core/pull_priv.h"

#include "core/moment.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- paths ---- */

int pull_path(struct pull *p, int64_t folder, int64_t item, char **ret)
{
	DROP(buf_done) struct buf path = {0};
	DROP(buf_done) struct buf shown = {0};
	int r = tree_path(p->db, MOMENT_NOW, folder, item, &path, p->why);

	for (size_t i = 0; r == 0 && i < path.len; i++)
		if (path.data[i] == '\n')
			buf_text(&shown, "\\n");
		else
			buf_byte(&shown, path.data[i]);
	buf_byte(&shown, '\0');
	if (r < 0 || buf_error(&shown))
		return r < 0 ? r : pull_no_memory(p);
	*ret = TAKE(shown.data);
	return 0;
}

/* ---- folders ---- */

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the folders are */
int pull_folder(struct pull *p, int64_t theirs, int64_t *ret_ours)
{
	DROP(buf_done) struct buf name = {0};
	struct pull_pair pair;
	struct entry e, ours;
	int64_t parent;
	int r = pull_pair(p, theirs, &pair);

	*ret_ours = 0;
	if (r == 0)
		r = pull_is_here(p, pair.ours);
	if (r > 0)
		*ret_ours = pair.ours;
	if (r != 0)
		return r < 0 ? r : 0;
	r = tree_get(p->db, MOMENT_NOW, theirs, &e, p->why);
	if (r == 0)
		r = pull_folder(p, e.parent, &parent);
	if (r < 0 || !parent)
		return r;
	r = tree_name(p->db, MOMENT_NOW, theirs, &name, p->why);
	buf_byte(&name, '\0');
	if (r < 0 || buf_error(&name))
		return r < 0 ? r : pull_no_memory(p);
	r = tree_lookup(p->db, MOMENT_NOW, parent, name.data, &ours, NULL);
	if (r == -ENOENT || (r == 0 && !ours.folder))
		return 0;
	if (r < 0)
		return why_set(p->why, r, "looking for a folder");
	*ret_ours = ours.id;
	return pull_pair_set(
		p, &(struct pull_pair){.theirs = theirs, .ours = ours.id});
}

/* ---- what has moved ---- */

static void free_text(char **text)
{
	free(*text);
}

/* 1: the entry is not where it was at @at. */
static int has_moved(struct pull *p, int64_t at, int64_t item)
{
	DROP(buf_done) struct buf was_name = {0};
	DROP(buf_done) struct buf name = {0};
	struct entry was, now;
	int r = tree_get(p->db, at, item, &was, NULL);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = tree_get(p->db, MOMENT_NOW, item, &now, NULL);
	if (r == 0)
		r = tree_name(p->db, at, item, &was_name, NULL);
	if (r == 0)
		r = tree_name(p->db, MOMENT_NOW, item, &name, NULL);
	if (r < 0)
		return why_set(p->why, r, "reading where an item was");
	buf_byte(&name, '\0');
	buf_byte(&was_name, '\0');
	if (buf_error(&name) || buf_error(&was_name))
		return pull_no_memory(p);
	return was.parent != now.parent ||
	       strcmp(was_name.data, name.data) != 0;
}

/* 1: ours is where theirs is. */
static int is_there_already(struct pull *p, const struct pull_step *step)
{
	DROP(buf_done) struct buf theirs = {0};
	DROP(buf_done) struct buf ours = {0};
	struct entry e, own;
	int64_t parent = 0;
	int r = tree_get(p->db, MOMENT_NOW, step->theirs, &e, p->why);

	if (r == 0)
		r = tree_get(p->db, MOMENT_NOW, step->ours, &own, p->why);
	if (r == 0)
		r = pull_folder(p, e.parent, &parent);
	if (r == 0)
		r = tree_name(p->db, MOMENT_NOW, e.id, &theirs, p->why);
	if (r == 0)
		r = tree_name(p->db, MOMENT_NOW, own.id, &ours, p->why);
	buf_byte(&theirs, '\0');
	buf_byte(&ours, '\0');
	if (r < 0 || buf_error(&theirs) || buf_error(&ours))
		return r < 0 ? r : pull_no_memory(p);
	return parent == own.parent && strcmp(theirs.data, ours.data) == 0;
}

/* Both moved, to different places. */
static int ask_place(struct pull *p, struct pull_step *step,
		     const struct pull_pair *pair, const char *path)
{
	DROP(buf_done) struct buf was = {0};
	DROP(free_text) char *theirs = NULL;
	int r = pull_path(p, p->there, step->theirs, &theirs);

	if (r == 0)
		r = tree_path(p->db, pair->their_at, p->there, pair->theirs,
			      &was, NULL);
	if (r == -EXDEV || r == -ENOENT)
		r = 0;
	buf_byte(&was, '\0');
	if (r < 0 || buf_error(&was))
		return r < 0 ? r : pull_no_memory(p);
	r = pull_ask(p, path, was.data, path, theirs);
	step->move = r == MERGE_THEIRS;
	return r < 0 ? r : 0;
}

int pull_place(struct pull *p, struct pull_step *step,
	       const struct pull_pair *pair, const char *path)
{
	int r = pair->their_at ? has_moved(p, pair->their_at, pair->theirs) : 0;

	if (r > 0)
		r = !is_there_already(p, step);
	if (r <= 0)
		return r;
	r = has_moved(p, pair->our_at, pair->ours);
	if (r > 0)
		return ask_place(p, step, pair, path);
	step->move = r == 0;
	return r;
}
