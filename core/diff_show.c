#include "core/diff.h"

#include "core/buf.h"
#include "core/defer.h"
#include "core/db.h"
#include "core/diff_members.h"
#include "core/kind.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- lines ---- */

static void add_path(struct buf *out, const char *path, bool folder)
{
	size_t len;

	if (!*path) {
		buf_text(out, "./");
		return;
	}
	while (path[len = strcspn(path, "\n")]) {
		buf_add(out, path, len);
		buf_text(out, "\\n");
		path += len + 1;
	}
	buf_text(out, path);
	if (folder)
		buf_byte(out, '/');
}

void diff_line(struct buf *out, char what, bool folder, const char *from,
	       const char *path)
{
	buf_byte(out, what);
	buf_byte(out, ' ');
	if (what == 'R') {
		add_path(out, from, folder);
		buf_text(out, " -> ");
	}
	add_path(out, path, folder);
	buf_byte(out, '\n');
}

static const char *word_of(char what)
{
	switch (what) {
	case '+':
		return "created";
	case '-':
		return "deleted";
	case 'M':
		return "edited";
	case 'R':
		return "moved";
	default:
		return "attributes";
	}
}

void diff_json_path(struct buf *out, const char *key, const char *path,
		    bool folder)
{
	DROP(buf_done) struct buf whole = {0};

	buf_text(&whole, *path ? path : ".");
	if (folder)
		buf_byte(&whole, '/');
	buf_byte(&whole, '\0');
	buf_addf(out, ",\"%s\":", key);
	if (buf_error(&whole))
		out->err = whole.err;
	else
		buf_json_string(out, whole.data);
}

void diff_object(struct buf *out, char what, bool folder, const char *from,
		 const char *path)
{
	buf_addf(out, "{\"change\":\"%s\"", word_of(what));
	diff_json_path(out, "path", path, folder);
	if (what == 'R')
		diff_json_path(out, "from", from, folder);
}

/* ---- paths alone ---- */

struct by_path {
	diff_fn fn;
	void *arg;
	struct why *why;
	/* A '-' that waits: the same path may come back as '+'. */
	struct difference gone;
	char *path; /* its path; NULL: none waits */
};

static int tell_gone(struct by_path *b)
{
	int r = 0;

	if (b->path)
		r = b->fn(&b->gone, b->arg);
	free(TAKE(b->path));
	return r;
}

/* What a path holds has been replaced: what does one see of that? */
static char replaced(const struct entry *old, const struct entry *new)
{
	if (old->content != new->content)
		return 'M';
	if (old->attr.mode != new->attr.mode ||
	    old->attr.uid != new->attr.uid || old->attr.gid != new->attr.gid ||
	    (!old->folder && old->attr.mtime_ns != new->attr.mtime_ns))
		return 'A';
	return '\0';
}

static int tell_replaced(struct by_path *b, const struct difference *d)
{
	struct difference both = *d;

	both.what = replaced(&b->gone.old, &d->new);
	both.content = both.what == 'M';
	both.attr = both.what == 'A';
	both.from = d->to;
	both.old = b->gone.old;
	free(TAKE(b->path));
	return both.what ? b->fn(&both, b->arg) : 0;
}

static int take(const struct difference *d, void *arg)
{
	struct by_path *b = arg;
	int r;

	if (d->what == '+' && b->path && strcmp(b->path, d->to) == 0 &&
	    b->gone.folder == d->folder)
		return tell_replaced(b, d);
	r = tell_gone(b);
	if (r != 0)
		return r;
	if (d->what != '-')
		return b->fn(d, b->arg);
	b->gone = *d;
	b->path = strdup(d->from);
	b->gone.from = b->path;
	return b->path ? 0 : why_set(b->why, -ENOMEM, "out of memory");
}

int diff_paths(struct db *db, const struct diff_ask *ask, diff_fn fn, void *arg,
	       struct why *why)
{
	struct by_path b = {.fn = fn, .arg = arg, .why = why};
	int r = diff_run(db, ask->folder, ask->from, ask->to, take, &b, why);

	if (r == 0)
		r = tell_gone(&b);
	free(b.path);
	return r;
}

/* ---- all of it ---- */

int diff_kind(struct db *db, const struct kinds *kinds, int64_t at,
	      int64_t folder, const char *path, const struct kind **ret,
	      struct why *why)
{
	DROP(buf_done) struct buf whole = {0};
	int r;

	*ret = NULL;
	if (!kinds)
		return 0;
	buf_byte(&whole, '/');
	r = tree_path(db, at, TREE_ROOT, folder, &whole, why);
	if (r < 0)
		return r;
	buf_addf(&whole, "/%s", path);
	if (buf_error(&whole))
		return why_set(why, -ENOMEM, "out of memory");
	*ret = kinds_by_path(kinds, whole.data, whole.len, 0);
	return 0;
}

struct shown {
	struct db *db;
	const struct diff_ask *ask;
	struct buf *out;
	struct why *why;
};

static int show_members(const struct shown *s, const struct difference *d)
{
	const struct diff_ask *ask = s->ask;
	struct diff_texts texts = {.old = &d->old, .new = &d->new};
	int r;

	if (ask->form == DIFF_PATHS || d->folder || !d->from || !d->to ||
	    d->old.content == d->new.content)
		return 0;
	r = diff_kind(s->db, ask->kinds, ask->from, ask->folder, d->from,
		      &texts.was, s->why);
	if (r == 0)
		r = diff_kind(s->db, ask->kinds, ask->to, ask->folder, d->to,
			      &texts.is, s->why);
	return r < 0 ? r
		     : diff_members(s->db, &texts, ask->form, s->out, s->why);
}

static int show(const struct difference *d, void *arg)
{
	const struct shown *s = arg;
	const char *path = d->to ? d->to : d->from;
	bool json = s->ask->form == DIFF_JSON;
	int r;

	if (json)
		diff_object(s->out, d->what, d->folder, d->from, path);
	else
		diff_line(s->out, d->what, d->folder, d->from, path);
	r = show_members(s, d);
	if (json)
		buf_text(s->out, "}\n");
	return r;
}

int diff_show(struct db *db, const struct diff_ask *ask, struct buf *out,
	      struct why *why)
{
	struct shown s = {db, ask, out, why};
	DROP(reading_end) struct reading reading = {0};
	int r = reading_begin(&reading, db, why);

	if (r == 0)
		r = diff_paths(db, ask, show, &s, why);
	if (r == 0 && buf_error(out))
		return why_set(why, -ENOMEM, "out of memory");
	return r;
}
