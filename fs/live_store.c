/*
 * Loose files become scratch rows.
 */
#include "fs/live_priv.h"

#include <errno.h>

static struct scratch row_of(const struct loose *f)
{
	return (struct scratch){
		.id = f->id,
		.parent = f->parent,
		.type = SCRATCH_FILE,
		.attr = f->attr,
		.was = f->was,
		.content = f->content,
		.size = f->content ? (int64_t)f->spool.len : 0,
	};
}

int loose_store(struct moment *m, struct loose *f, struct why *why)
{
	struct scratch row = row_of(f);
	bool bytes = f->dirty;
	int r = 0;

	if (!f->stored) {
		r = scratch_add(m, &row, f->name, NULL, why);
		bytes = f->spool.len > 0 && !f->content;
		f->dirty_from = 0;
		f->dirty_to = f->spool.len;
	} else if (f->attr_dirty || f->dirty) {
		r = scratch_set_attr(m, f->id, &f->attr, why);
	}
	if (r < 0)
		return r;
	if (bytes && f->dirty_from == 0 && f->dirty_to >= f->spool.len)
		r = scratch_write(m, f->id, f->spool.data, f->spool.len, why);
	else if (bytes)
		r = scratch_patch(m, f->id, (int64_t)f->dirty_from,
				  f->spool.data + f->dirty_from,
				  f->dirty_to - f->dirty_from, why);
	if (r == 0)
		r = moment_commit(m, why);
	if (r < 0)
		return r;
	f->stored = true;
	f->dirty = f->attr_dirty = false;
	f->dirty_from = f->dirty_to = 0;
	return 0;
}

void loose_put_away(struct live *live, struct loose *f, int64_t now_ns)
{
	wrote_note(live->seen, f->id, f->writers, f->writer_count,
		   f->past_mtime || f->from_past, now_ns);
	loose_drop(live->loose, f);
}
