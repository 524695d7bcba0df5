#include "core/problems.h"

#include "core/buf.h"
#include "core/defer.h"
#include "core/key.h"
#include "core/kind_row.h"
#include "core/moment.h"
#include "core/ref_row.h"
#include "core/ref_text.h"
#include "core/secret.h"
#include "core/secret_key.h"
#include "core/secret_text.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <stdbool.h>

struct problems {
	struct db *db;
	const struct kinds *kinds;
	problem_fn fn;
	void *arg;
	struct ref_text text;
	struct ref_list refs;
	struct secret_members members;
	struct buf path, at, meant;
	/* The next item of each sort; 0: none. */
	int64_t refers, lacks, keeps;
	/* Once for all: what is wrong with the key, if anything. */
	struct key key;
	struct why key_why;
	bool opened;
	struct why *why;
};

static void problems_done(struct problems *p)
{
	ref_text_done(&p->text);
	ref_list_done(&p->refs);
	buf_done(&p->path);
	buf_done(&p->at);
	buf_done(&p->meant);
	secret_members_done(&p->members);
	key_forget(&p->key);
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

static int look_at_refs(struct problems *p, int64_t item)
{
	const struct examination *found = &p->text.found;
	int r = ref_read(p->db, item, &p->refs, p->why);

	for (size_t i = 0; i < found->ref_count && r == 0; i++)
		if (ref_list_misses(&p->refs, found, &found->refs[i]))
			r = tell(p, item, &found->refs[i]);
	return r;
}

/* ---- secrets and files ---- */

static int tell_member(struct problems *p, int64_t item, const char *what,
		       const char *at, const char *reason)
{
	const struct problem problem = {
		.item = item,
		.path = p->path.data,
		.what = what,
		.at = at,
		.reason = reason,
	};

	return p->fn(&problem, p->arg);
}

static int find_members(struct problems *p, const struct examined_list *found)
{
	return secret_members_find(p->text.bytes.data, p->text.bytes.len, found,
				   &p->members, p->why);
}

static int look_for_values(struct problems *p, int64_t item)
{
	int r = find_members(p, &p->text.found.secrets);

	for (size_t i = 0; i < p->members.len && r == 0; i++) {
		const char *at = secret_path(&p->members, i);

		if (p->members.list[i].says != SECRET_NULL)
			continue;
		r = secret_has(p->db, item, at, p->why);
		if (r == 0)
			r = tell_member(p, item, "password missing", at, NULL);
		else if (r > 0)
			r = 0;
	}
	return r;
}

static int look_for_files(struct problems *p, int64_t item)
{
	int r = find_members(p, &p->text.found.files);

	for (size_t i = 0; i < p->members.len && r == 0; i++) {
		const char *at = secret_path(&p->members, i);

		r = secret_lack_has(p->db, item, SECRET_LACKS_FILE, at, p->why);
		if (r > 0)
			r = tell_member(p, item, "file to upload", at, NULL);
	}
	return r;
}

static int open_key(struct problems *p)
{
	int r = p->opened ? p->key_why.code
			  : secret_key(p->db, &p->key, &p->key_why);

	p->opened = true;
	return r;
}

/* A value that is there, but cannot be had. */
static int look_at_value(struct problems *p, int64_t item, const char *at)
{
	DROP(buf_done) struct buf value = {0};
	struct why why = {0};
	const struct why *reason = &p->key_why;
	int r = open_key(p);

	if (r == 0) {
		r = secret_get(p->db, &p->key, item, at, &value, &why);
		reason = &why;
	}
	if (r == -ENOKEY || r == -EBADMSG)
		return tell_member(p, item, "password cannot be read", at,
				   reason->text);
	return r < 0 ? why_set(p->why, r, "%s", reason->text) : 0;
}

/* Values of members that the text does not have (any more) do not matter. */
static int look_at_values(struct problems *p, int64_t item)
{
	int r = find_members(p, &p->text.found.secrets);

	for (size_t i = 0; i < p->members.len && r == 0; i++) {
		const char *at = secret_path(&p->members, i);

		if (p->members.list[i].says != SECRET_NULL)
			continue;
		r = secret_has(p->db, item, at, p->why);
		if (r > 0)
			r = look_at_value(p, item, at);
	}
	return r;
}

/* ---- item by item ---- */

static int look_at(struct problems *p, int64_t item)
{
	const struct kind *kind = NULL;
	struct entry e;
	int r = tree_get(p->db, MOMENT_NOW, item, &e, p->why);

	if (r == 0)
		r = ref_kind(p->db, p->kinds, item, &kind, p->why);
	if (r < 0 || !kind)
		return r;
	r = ref_text_read(p->db, kind, e.content, &p->text, p->why);
	if (r == 0 && p->refers == item)
		r = look_at_refs(p, item);
	if (r == 0 && p->lacks == item)
		r = look_for_values(p, item);
	if (r == 0 && p->lacks == item)
		r = look_for_files(p, item);
	if (r == 0 && p->keeps == item)
		r = look_at_values(p, item);
	return r;
}

static int64_t lower(int64_t a, int64_t b)
{
	if (!a || !b)
		return a ? a : b;
	return a < b ? a : b;
}

/* The next item above @item of which one of the lists tells; 0: none. */
static int next_item(struct problems *p, int64_t item, int64_t *ret)
{
	int r = 0;

	/* Those that are still ahead stay as they are. */
	if (p->refers && p->refers <= item) {
		p->refers = 0;
		r = ref_next_missing(p->db, item, &p->refers, p->why);
	}
	if (r >= 0 && p->lacks && p->lacks <= item) {
		p->lacks = 0;
		r = secret_lack_next(p->db, item, &p->lacks, p->why);
	}
	if (r >= 0 && p->keeps && p->keeps <= item) {
		p->keeps = 0;
		r = secret_next_item(p->db, item, &p->keeps, p->why);
	}
	*ret = lower(p->refers, lower(p->lacks, p->keeps));
	return r < 0 ? r : 0;
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
		.refers = -1,
		.lacks = -1,
		.keeps = -1,
		.why = why,
	};
	int64_t item = 0;
	int r;

	while ((r = next_item(&p, item, &item)) == 0 && item) {
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

static void add_member(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_addf(out, ",\"%s\":", name);
	buf_json_string(out, value);
}

static int add_line(const struct problem *p, void *arg)
{
	struct buf *out = arg;

	buf_text(out, "{\"path\":");
	buf_json_string(out, p->path);
	add_member(out, "problem", p->what);
	add_member(out, "at", p->at);
	add_member(out, "target", p->target);
	add_member(out, "meant", p->meant);
	add_member(out, "reason", p->reason);
	buf_text(out, "}\n");
	return buf_error(out);
}

int problems_show(struct db *db, const struct kinds *kinds, int64_t folder,
		  struct buf *out, struct why *why)
{
	int r = problems_walk(db, kinds, folder, add_line, out, why);

	return r == -ENOMEM ? why_set(why, r, "out of memory") : r;
}
