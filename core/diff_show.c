#include "core/diff.h"

#include "core/buf.h"
#include "core/defer.h"
#include "core/why.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct shown {
	struct buf *out;
	struct why *why;
	/* A '-' that waits: the same path may come back as '+'. */
	char *gone;
	struct entry gone_entry;
};

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

static void flush_gone(struct shown *s)
{
	if (s->gone)
		diff_line(s->out, '-', s->gone_entry.folder, s->gone, s->gone);
	free(TAKE(s->gone));
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

static int show(const struct difference *d, void *arg)
{
	struct shown *s = arg;
	char what = d->what;

	if (what == '+' && s->gone && strcmp(s->gone, d->to) == 0 &&
	    s->gone_entry.folder == d->folder) {
		what = replaced(&s->gone_entry, &d->new);
		free(TAKE(s->gone));
		if (what)
			diff_line(s->out, what, d->folder, d->to, d->to);
		return 0;
	}
	flush_gone(s);
	if (what != '-') {
		diff_line(s->out, what, d->folder, d->from, d->to);
		return 0;
	}
	s->gone_entry = d->old;
	s->gone = strdup(d->from);
	return s->gone ? 0 : why_set(s->why, -ENOMEM, "out of memory");
}

int diff_show(struct db *db, int64_t folder, int64_t from, int64_t to,
	      struct buf *out, struct why *why)
{
	struct shown s = {.out = out, .why = why};
	int r = diff_run(db, folder, from, to, show, &s, why);

	flush_gone(&s);
	if (r == 0 && buf_error(out))
		return why_set(why, -ENOMEM, "out of memory");
	return r;
}
