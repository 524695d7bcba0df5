#include "fs/arrive_priv.h"

#include "core/blob.h"
#include "core/intake.h"
#include "core/lineage.h"
#include "core/name.h"
#include "core/number.h"
#include "core/repo.h"
#include "core/report_detail.h"
#include "fs/live_priv.h"

#include <errno.h>
#include <string.h>

bool arrive_name_taken(int64_t parent, const char *name, void *fs)
{
	return loose_by_name(((struct fs *)fs)->live->loose, parent, name) !=
	       NULL;
}

static bool seen_by_a_writer(struct fs *fs, const struct arrival *in,
			     int64_t item, int64_t content)
{
	for (unsigned i = 0; i < in->writer_count; i++) {
		if (seen_has(fs->live->seen, in->writers[i], item, content))
			return true;
	}
	return false;
}

/* What the writers know of an item. */
struct sight {
	struct fs *fs;
	const struct arrival *in;
	int64_t item;
	int64_t seen; /* content; 0: none */
};

static int look_at_content(int64_t content, void *arg)
{
	struct sight *s = arg;

	if (s->in->base ? s->in->base != content
			: !seen_by_a_writer(s->fs, s->in, s->item, content))
		return 0;
	s->seen = content;
	return 1;
}

/* The newest content that they know, of those that are its present version
 * but for references that have followed what they name. */
static int find_seen(struct fs *fs, struct moment *m, const struct arrival *in,
		     const struct entry *target, int64_t *ret_seen,
		     struct why *why)
{
	struct sight s = {fs, in, target->id, 0};
	int r = lineage_walk(m->db, target->id, look_at_content, &s, why);

	*ret_seen = s.seen;
	return r < 0 ? r : 0;
}

/* DESIGN: forced, copier's marks, seen and still current, everything else. */
static bool is_edit(struct fs *fs, const struct arrival *in, int64_t seen)
{
	if (fs->options.overwrite != OVERWRITE_AUTO)
		return fs->options.overwrite == OVERWRITE_EDIT;
	return !in->mark && seen;
}

int arrive_note(struct fs *fs, struct moment *m, const struct arrival *in,
		const struct arrived *out, const struct intake *took,
		struct why *why)
{
	DROP(report_detail_done) struct report_detail detail = {0};
	DROP(buf_done) struct buf text = {0};
	struct batch_key key = {0};
	struct report_line line = {
		.folder = in->parent,
		.asked = in->name,
		.went = strcmp(out->went, in->name) ? out->went : NULL,
		.item = out->item,
		.outcome = out->outcome,
		/* A mirror has what it is a mirror of. */
		.as_sent = fs->options.overwrite == OVERWRITE_EDIT,
	};
	int r = took ? intake_detail(m, took, out->item, &detail, why) : 0;

	if (r == 0 && report_detail_show(&detail, &text) < 0)
		r = why_set(why, -ENOMEM, "out of memory");
	if (r < 0)
		return r;
	line.detail = text.len ? text.data : NULL;
	if (in->writer_count)
		key = (struct batch_key){in->writers[0].pid,
					 in->writers[0].start};
	return batch_note(fs->repo->batches, m, &key, &line, why);
}

/* What becomes of the bytes in @folder. */
static int take(struct moment *m, const struct arrival *in, int64_t folder,
		struct taken *taken, struct arrived *ret, struct why *why)
{
	const struct intake_text text = {
		.folder = folder,
		.bytes = in->bytes,
		.len = in->len,
		.like = taken->entry.content,
		.sha256 = in->sha256,
	};
	int r = intake_take(m, &text, &taken->took, why);

	ret->content = taken->took.content;
	return r;
}

static int add_item(struct moment *m, const struct arrival *in,
		    const struct taken *taken, struct arrived *ret,
		    struct why *why)
{
	const struct new_item new = {
		.node = in->node,
		.content = taken->took.content,
		.size = taken->took.size,
		.attr = in->attr,
	};
	int r = tree_add_item(m, in->parent, ret->went, &new, &ret->item, why);

	return r < 0 ? r : intake_keep(m, &taken->took, ret->item, why);
}

static int create(struct moment *m, const struct arrival *in,
		  struct taken *taken, struct arrived *ret, struct why *why)
{
	int r = take(m, in, in->parent, taken, ret, why);

	memcpy(ret->went, in->name, strlen(in->name) + 1);
	ret->outcome = OUTCOME_CREATED;
	if (r == 0)
		r = add_item(m, in, taken, ret, why);
	if (r == 0)
		ret->born = m->id;
	if (r == 0 && !in->node)
		ret->node = ret->item;
	return r;
}

/* A version of the item, whose bytes may have been rewritten on the way. */
struct version_to_save {
	int64_t content, arrived, size;
};

/* References that have followed what they name since the writer saw the item
 * follow in what is saved over it, too. */
static int rebase(struct moment *m, const struct arrival *in,
		  const struct taken *taken, struct version_to_save *v,
		  struct why *why)
{
	const struct lineage_save save = {
		.item = taken->entry.id,
		.seen = taken->seen,
		.bytes = taken->took.bytes,
		.len = (size_t)taken->took.size,
	};
	const struct moment_note rewritten = {
		.what = NOTE_REWRITTEN,
		.item = taken->entry.id,
		.node = in->node ? in->node : taken->entry.node,
	};
	DROP(buf_done) struct buf out = {0};
	int r = taken->seen ? lineage_rebase(m->db, store_kinds(m->store),
					     &save, &out, why)
			    : 0;

	if (r <= 0)
		return r;
	v->arrived = v->content;
	v->size = (int64_t)out.len;
	r = blob_put(m->db, out.data, out.len, taken->entry.content,
		     &v->content, why);
	return r < 0 ? r : moment_note(m, &rewritten, why);
}

struct attr arrive_attr(const struct arrival *in, const struct entry *e)
{
	struct attr attr = e->attr;

	attr.mtime_ns = in->attr.mtime_ns;
	if (in->attr_set & FUSE_SET_ATTR_MODE)
		attr.mode = in->attr.mode;
	if (in->attr_set & FUSE_SET_ATTR_UID)
		attr.uid = in->attr.uid;
	if (in->attr_set & FUSE_SET_ATTR_GID)
		attr.gid = in->attr.gid;
	return attr;
}

/* A new version, if there is anything new. Of a text that says the same when
 * its secrets are taken out, they may be others: then its time is new. */
static int save_over(struct moment *m, const struct arrival *in,
		     const struct taken *taken, struct arrived *ret,
		     struct why *why)
{
	const struct intake *took = &taken->took;
	struct version_to_save v = {took->content, 0, took->size};
	const struct entry *e = &taken->entry;
	const struct attr attr = arrive_attr(in, e);
	bool same;
	int r = rebase(m, in, taken, &v, why);

	ret->outcome = OUTCOME_UNCHANGED;
	same = r == 0 && v.content == e->content;
	if (same)
		r = intake_differs(m, took, e->id, why);
	/* A synchronizer looks whether the time is what it has set. */
	if (same && r == 0)
		return in->mark ? tree_set_attr(m, e->id, &attr, true, why) : 0;
	if (r < 0)
		return r;
	ret->outcome = OUTCOME_EDITED;
	ret->born = m->id;
	return same ? tree_set_attr(m, e->id, &attr, false, why)
		    : tree_save(m, e->id, v.content, v.arrived, v.size, &attr,
				why);
}

static int edit(struct moment *m, const struct arrival *in, struct taken *taken,
		struct arrived *ret, struct why *why)
{
	const struct entry *e = &taken->entry;
	int r = take(m, in, e->parent, taken, ret, why);

	if (r < 0)
		return r;
	memcpy(ret->went, taken->name, sizeof(ret->went));
	ret->item = e->id;
	ret->former = e->content;
	r = save_over(m, in, taken, ret, why);
	if (r == 0 && in->node && in->node != e->node) {
		ret->gone = *e;
		r = tree_set_node(m, e->id, in->node, why);
	}
	return r < 0 ? r : intake_keep(m, &taken->took, e->id, why);
}

/* Under the next number. */
static int put_beside(struct fs *fs, struct moment *m, const struct arrival *in,
		      struct taken *taken, struct arrived *ret, struct why *why)
{
	const struct name_taken others = {arrive_name_taken, fs};
	int r = take(m, in, in->parent, taken, ret, why);

	if (r == 0)
		r = number_free_name(fs->repo->numbers, m, in->parent, in->name,
				     &others, ret->went, why);
	if (r < 0)
		return r;
	ret->outcome = OUTCOME_RENAMED;
	ret->born = m->id;
	return add_item(m, in, taken, ret, why);
}

/* 0: the series holds the same already; -ENOENT. */
static int skip(struct moment *m, const struct arrival *in,
		const struct taken *taken, struct arrived *ret, struct why *why)
{
	const struct number_sent sent = intake_sent(&taken->took);
	struct entry entry;
	int r = number_find_sent(m, in->parent, in->name, &sent, &ret->item,
				 why);

	if (r == 0)
		r = tree_get_named(m->db, MOMENT_NOW, ret->item, &entry,
				   ret->went, why);
	if (r < 0)
		return r;
	ret->outcome = OUTCOME_SKIPPED;
	return tree_set_attr(m, ret->item, &in->attr, true, why);
}

static int restore_beside(struct fs *fs, struct moment *m,
			  const struct arrival *in, struct taken *taken,
			  struct arrived *ret, struct why *why)
{
	bool once = fs->options.identical == IDENTICAL_SKIP ||
		    (fs->options.identical == IDENTICAL_AUTO && in->sync);
	int r = once ? take(m, in, in->parent, taken, ret, why) : -ENOENT;

	if (r == 0)
		r = skip(m, in, taken, ret, why);
	if (r != -ENOENT)
		return r;
	intake_done(&taken->took);
	return put_beside(fs, m, in, taken, ret, why);
}

/*
 * The item keeps the name. It needs a number of its own if the kernel knows
 * the one it had by the file that it was renamed to; what the writer does next
 * to the name goes by that number.
 */
static int settle_node(struct fs *fs, struct moment *m,
		       const struct entry *entry, struct arrived *ret,
		       struct why *why)
{
	ret->node = entry->node ? entry->node : store_next_id(fs->repo->store);
	if (entry->node)
		return 0;
	return tree_set_node(m, entry->id, ret->node, why);
}

static int decide(struct fs *fs, struct moment *m, const struct arrival *in,
		  struct taken *taken, struct arrived *ret, struct why *why)
{
	int r;

	if (taken->by_file)
		return put_beside(fs, m, in, taken, ret, why);
	if (!taken->entry.id)
		return create(m, in, taken, ret, why);
	r = find_seen(fs, m, in, &taken->entry, &taken->seen, why);
	if (r < 0)
		return r;
	if (is_edit(fs, in, taken->seen)) {
		r = edit(m, in, taken, ret, why);
		if (r == 0 && !in->node)
			r = settle_node(fs, m, &taken->entry, ret, why);
		return r;
	}
	if (in->item_over)
		return why_set(why, -EEXIST,
			       "'%s' is an item that this program has not "
			       "read: not replaced",
			       in->name);
	r = restore_beside(fs, m, in, taken, ret, why);
	if (r == 0)
		r = settle_node(fs, m, &taken->entry, ret, why);
	return r;
}

int arrive_new(struct fs *fs, struct moment *m, const struct arrival *in,
	       struct arrived *ret, struct why *why)
{
	DROP(arrive_taken_done) struct taken taken = {0};
	int r;

	*ret = (struct arrived){.node = in->node};
	r = create(m, in, &taken, ret, why);
	return r < 0 ? r : arrive_note(fs, m, in, ret, &taken.took, why);
}

bool arrive_is_edit(struct fs *fs, const struct arrival *in,
		    const struct entry *entry)
{
	struct sight s = {fs, in, entry->id, 0};

	(void)look_at_content(entry->content, &s);
	return is_edit(fs, in, s.seen);
}

int arrive_edit(struct fs *fs, struct moment *m, const struct arrival *in,
		int64_t seen, struct arrived *ret, struct why *why)
{
	DROP(arrive_taken_done) struct taken taken = {.seen = seen};
	int r = tree_get_named(m->db, MOMENT_NOW, in->target, &taken.entry,
			       taken.name, why);

	*ret = (struct arrived){0};
	if (r == -ENOENT || (r == 0 && taken.entry.content != seen))
		return -ESTALE;
	if (r == 0)
		r = edit(m, in, &taken, ret, why);
	if (r == 0)
		r = settle_node(fs, m, &taken.entry, ret, why);
	return r < 0 ? r : arrive_note(fs, m, in, ret, NULL, why);
}

int arrive(struct fs *fs, struct moment *m, const struct arrival *in,
	   struct arrived *ret, struct why *why)
{
	DROP(arrive_taken_done) struct taken taken = {0};
	bool fresh;
	int r = arrive_find_taken(fs, m, in, &taken, why);

	*ret = (struct arrived){0};
	if (r < 0)
		return r;
	ret->limbo = taken.act;
	ret->node = in->node;
	r = decide(fs, m, in, &taken, ret, why);
	fresh = ret->outcome == OUTCOME_CREATED ||
		ret->outcome == OUTCOME_RENAMED;
	return r < 0 ? r
		     : arrive_note(fs, m, in, ret, fresh ? &taken.took : NULL,
				   why);
}
