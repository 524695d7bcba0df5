#include "core/problems.h"

#include "core/buf.h"
#include "core/defer.h"
#include "core/kind_row.h"
#include "core/moment.h"
#include "core/ref_row.h"
#include "core/ref_text.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>

struct problems {
	struct db *db;
	const struct kinds *kinds;
	problem_fn fn;
	void *arg;
	struct ref_text text;
	struct ref_list refs;
	struct buf path, at, meant;
	struct why *why;
};

static void problems_done(struct problems *p)
{
	ref_text_done(&p->text);
	ref_list_done(&p->refs);
	buf_done(&p->path);
	buf_done(&p->at);
	buf_done(&p->meant);
}

static int no_memory(const struct problems *p)
{
	return why_set(p->why, -ENOMEM, "out of memory");
}

static int tell(struct problems *p, int64_t item, const struct reference *ref)
{
	struct problem problem;
	int r;

	buf_reset(&p->at);
	buf_reset(&p->meant);
	r = examine_where(p->text.bytes.data, p->text.bytes.len, ref->at,
			  &p->at, p->why);
	if (r < 0)
		return r;
	buf_byte(&p->at, '\0');
	kinds_show(p->kinds, ref->rule->leads, &p->meant);
	buf_byte(&p->meant, '\0');
	if (buf_error(&p->at) || buf_error(&p->meant))
		return no_memory(p);
	problem = (struct problem){
		.item = item,
		.path = p->path.data,
		.what = "refers to nothing",
		.at = p->at.data,
		.target = reference_target(&p->text.found, ref),
		.meant = p->meant.data,
	};
	return p->fn(&problem, p->arg);
}

static int look_at(struct problems *p, int64_t item)
{
	const struct examination *found = &p->text.found;
	const struct kind *kind = NULL;
	struct entry e;
	int r = tree_get(p->db, MOMENT_NOW, item, &e, p->why);

	if (r == 0)
		r = ref_kind(p->db, p->kinds, item, &kind, p->why);
	if (r < 0 || !kind)
		return r;
	r = ref_text_read(p->db, kind, e.content, &p->text, p->why);
	if (r == 0)
		r = ref_read(p->db, item, &p->refs, p->why);
	for (size_t i = 0; i < found->ref_count && r == 0; i++)
		if (ref_list_misses(&p->refs, found, &found->refs[i]))
			r = tell(p, item, &found->refs[i]);
	return r;
}

int problems_walk(struct db *db, const struct kinds *kinds, int64_t folder,
		  problem_fn fn, void *arg, struct why *why)
{
	DROP(problems_done)
	struct problems p = {
		.db = db,
		.kinds = kinds,
		.fn = fn,
		.arg = arg,
		.why = why,
	};
	int64_t item = 0;
	int r;

	while ((r = ref_next_missing(db, item, &item, why)) > 0) {
		buf_reset(&p.path);
		r = tree_path(db, MOMENT_NOW, folder, item, &p.path, why);
		if (r == -EXDEV || r == -ENOENT)
			continue; /* elsewhere, or gone meanwhile */
		buf_byte(&p.path, '\0');
		if (r == 0 && buf_error(&p.path))
			r = no_memory(&p);
		if (r == 0)
			r = look_at(&p, item);
		if (r != 0)
			return r;
	}
	return r;
}

static int add_line(const struct problem *p, void *arg)
{
	struct buf *out = arg;

	buf_text(out, "{\"path\":");
	buf_json_string(out, p->path);
	buf_text(out, ",\"problem\":");
	buf_json_string(out, p->what);
	buf_text(out, ",\"at\":");
	buf_json_string(out, p->at);
	buf_text(out, ",\"target\":");
	buf_json_string(out, p->target);
	buf_text(out, ",\"meant\":");
	buf_json_string(out, p->meant);
	buf_text(out, "}\n");
	return buf_error(out);
}

int problems_show(struct db *db, const struct kinds *kinds, int64_t folder,
		  struct buf *out, struct why *why)
{
	int r = problems_walk(db, kinds, folder, add_line, out, why);

	return r == -ENOMEM ? why_set(why, r, "out of memory") : r;
}
