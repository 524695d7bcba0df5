#include "fs/arrive.h"

#include "core/blob.h"
#include "core/lineage.h"
#include "core/name.h"
#include "core/number.h"
#include "core/repo.h"
#include "core/scratch.h"
#include "fs/live_priv.h"

#include <errno.h>
#include <string.h>

/* How long what left its name may still come back to it. */
static const int64_t LIMBO_NS = 5000000000;

/* What the name held when the content came. */
struct taken {
	struct entry entry; /* id 0: nothing */
	struct act *act;    /* how it left */
	int64_t seen;	    /* what the writers know of it; 0: nothing */
	bool by_file;	    /* a file that is no item has the name */
};

bool arrive_name_taken(int64_t parent, const char *name, void *fs)
{
	return loose_by_name(((struct fs *)fs)->live->loose, parent, name) !=
	       NULL;
}

/* The item that one of the writers took from this name a moment ago. */
static struct act *in_limbo(struct fs *fs, const struct moment *m,
			    const struct arrival *in)
{
	for (unsigned i = 0; i < in->writer_count; i++) {
		struct act *act = act_on_name(fs->live->seen, ACT_REMOVED,
					      in->writers[i], in->parent,
					      in->name, m->time_ns, LIMBO_NS);
		if (act)
			return act;
	}
	return NULL;
}

/*
 * Bring the item back as if it had never left. It may have come back to
 * another name meanwhile (mv X X~; mv X~ Y): then it has nothing to do here.
 */
static int revive(struct moment *m, struct act *act, struct taken *ret,
		  struct why *why)
{
	struct entry entry;
	struct why unused = {0};
	int64_t item = act->item;
	int r = tree_get(m->db, MOMENT_NOW, item, &entry, &unused);

	if (r != -ENOENT)
		return r;
	r = tree_revive(m, item, act->moment, why);
	if (r < 0)
		return r;
	ret->act = act;
	return tree_get(m->db, MOMENT_NOW, item, &ret->entry, why);
}

/* 1: a file that is no item has the name, and it is not the one that comes:
 * a draft, mostly. */
static int has_file(struct fs *fs, struct moment *m, const struct arrival *in,
		    struct why *why)
{
	const struct loose *f =
		loose_by_name(fs->live->loose, in->parent, in->name);
	struct scratch s;
	int r;

	if (f)
		return f->id != in->node;
	r = scratch_lookup(m->db, in->parent, in->name, &s, why);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return s.id != in->node;
}

static int find_taken(struct fs *fs, struct moment *m, const struct arrival *in,
		      struct taken *ret, struct why *why)
{
	struct act *act;
	int r = -ENOENT;

	*ret = (struct taken){0};
	if (in->target)
		r = tree_get(m->db, MOMENT_NOW, in->target, &ret->entry, why);
	if (r == -ENOENT)
		r = tree_lookup(m->db, MOMENT_NOW, in->parent, in->name,
				&ret->entry, why);
	if (r != -ENOENT)
		return r;
	ret->entry.id = 0;
	r = has_file(fs, m, in, why);
	ret->by_file = r > 0;
	if (r != 0)
		return r < 0 ? r : 0;
	act = in_limbo(fs, m, in);
	return act ? revive(m, act, ret, why) : 0;
}

int arrive_bring_back(struct fs *fs, struct moment *m, const struct arrival *in,
		      struct why *why)
{
	struct taken taken = {0};
	struct why unused = {0};
	struct act *act;
	int r = has_file(fs, m, in, why);

	if (r != 0)
		return r < 0 ? r : 0;
	act = in_limbo(fs, m, in);
	r = act ? revive(m, act, &taken, &unused) : 0;
	if (r == -EEXIST || r == -ENOENT)
		return 0; /* the name or its folder has gone to others */
	if (r < 0)
		return why_set(why, r, "%s", unused.text);
	if (!taken.act)
		return 0;
	act_forget(taken.act);
	return 1;
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

static int note(struct fs *fs, struct moment *m, const struct arrival *in,
		const struct arrived *out, struct why *why)
{
	struct batch_key key = {0};
	struct report_line line = {
		.folder = in->parent,
		.asked = in->name,
		.went = strcmp(out->went, in->name) ? out->went : NULL,
		.item = out->item,
		.outcome = out->outcome,
	};

	if (in->writer_count)
		key = (struct batch_key){in->writers[0].pid,
					 in->writers[0].start};
	return batch_note(fs->repo->batches, m, &key, &line, why);
}

static struct new_item new_item(const struct arrival *in, int64_t content)
{
	return (struct new_item){
		.node = in->node,
		.content = content,
		.size = (int64_t)in->len,
		.attr = in->attr,
	};
}

static int create(struct fs *fs, struct moment *m, const struct arrival *in,
		  struct arrived *ret, struct why *why)
{
	const struct new_item new = new_item(in, ret->content);
	int r;

	(void)fs;
	memcpy(ret->went, in->name, strlen(in->name) + 1);
	ret->outcome = OUTCOME_CREATED;
	r = tree_add_item(m, in->parent, in->name, &new, &ret->item, why);
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
		.bytes = in->bytes,
		.len = in->len,
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

static int edit(struct fs *fs, struct moment *m, const struct arrival *in,
		const struct taken *taken, struct arrived *ret, struct why *why)
{
	struct version_to_save v = {ret->content, 0, (int64_t)in->len};
	const struct entry *e = &taken->entry;
	struct attr attr = e->attr;
	DROP(buf_done) struct buf name = {0};
	int r = tree_name(m->db, MOMENT_NOW, e->id, &name, why);

	(void)fs;
	if (r < 0)
		return r;
	memcpy(ret->went, name.data, name.len);
	ret->went[name.len] = '\0';
	ret->item = e->id;
	ret->former = e->content;
	attr.mtime_ns = in->attr.mtime_ns;
	if (in->attr_set & FUSE_SET_ATTR_MODE)
		attr.mode = in->attr.mode;
	if (in->attr_set & FUSE_SET_ATTR_UID)
		attr.uid = in->attr.uid;
	if (in->attr_set & FUSE_SET_ATTR_GID)
		attr.gid = in->attr.gid;

	ret->outcome = OUTCOME_UNCHANGED;
	r = rebase(m, in, taken, &v, why);
	if (r == 0 && v.content != e->content) {
		ret->outcome = OUTCOME_EDITED;
		ret->born = m->id;
		r = tree_save(m, e->id, v.content, v.arrived, v.size, &attr,
			      why);
	}
	if (r == 0 && in->node && in->node != e->node) {
		ret->gone_node = e->node;
		r = tree_set_node(m, e->id, in->node, why);
	}
	return r;
}

/* Under the next number. */
static int put_beside(struct fs *fs, struct moment *m, const struct arrival *in,
		      struct arrived *ret, struct why *why)
{
	const struct name_taken taken = {arrive_name_taken, fs};
	const struct new_item new = new_item(in, ret->content);
	int r = number_free_name(fs->repo->numbers, m, in->parent, in->name,
				 &taken, ret->went, why);

	if (r < 0)
		return r;
	ret->outcome = OUTCOME_RENAMED;
	ret->born = m->id;
	return tree_add_item(m, in->parent, ret->went, &new, &ret->item, why);
}

static int restore_beside(struct fs *fs, struct moment *m,
			  const struct arrival *in, struct arrived *ret,
			  struct why *why)
{
	bool once = fs->options.identical == IDENTICAL_SKIP ||
		    (fs->options.identical == IDENTICAL_AUTO && in->sync);
	struct entry entry;
	DROP(buf_done) struct buf name = {0};
	int r;

	if (once) {
		r = number_find_same(m, in->parent, in->name, in->bytes,
				     in->len, &ret->item, why);
		if (r == 0)
			r = tree_get(m->db, MOMENT_NOW, ret->item, &entry, why);
		if (r == 0)
			r = tree_name(m->db, MOMENT_NOW, ret->item, &name, why);
		if (r == 0) {
			ret->outcome = OUTCOME_SKIPPED;
			memcpy(ret->went, name.data, name.len);
			ret->went[name.len] = '\0';
			return tree_set_attr(m, ret->item, &in->attr, true,
					     why);
		}
		if (r != -ENOENT)
			return r;
	}
	return put_beside(fs, m, in, ret, why);
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
		return put_beside(fs, m, in, ret, why);
	if (!taken->entry.id)
		return create(fs, m, in, ret, why);
	r = find_seen(fs, m, in, &taken->entry, &taken->seen, why);
	if (r < 0)
		return r;
	if (is_edit(fs, in, taken->seen)) {
		r = edit(fs, m, in, taken, ret, why);
		if (r == 0 && !in->node)
			r = settle_node(fs, m, &taken->entry, ret, why);
		return r;
	}
	if (in->item_over)
		return why_set(why, -EEXIST,
			       "'%s' is an item that this program has not "
			       "read: not replaced",
			       in->name);
	r = restore_beside(fs, m, in, ret, why);
	if (r == 0)
		r = settle_node(fs, m, &taken->entry, ret, why);
	return r;
}

int arrive(struct fs *fs, struct moment *m, const struct arrival *in,
	   struct arrived *ret, struct why *why)
{
	struct taken taken;
	int r = find_taken(fs, m, in, &taken, why);

	*ret = (struct arrived){0};
	if (r < 0)
		return r;
	ret->limbo = taken.act;
	ret->node = in->node;
	r = blob_put(m->db, in->bytes, in->len, taken.entry.content,
		     &ret->content, why);
	if (r == 0)
		r = decide(fs, m, in, &taken, ret, why);
	return r < 0 ? r : note(fs, m, in, ret, why);
}

/* What it did to the name before is past: it has its content there now. */
static void settled(struct fs *fs, const struct act *saved)
{
	struct act *act;

	while ((act = act_on_name(fs->live->seen, ACT_DIVERTED, saved->proc,
				  saved->parent, saved->name, saved->time_ns,
				  OWN_COPY_NS)))
		act_settle(act);
}

void arrive_remember(struct fs *fs, const struct moment *m,
		     const struct arrival *in, const struct arrived *out)
{
	struct act act = {
		.kind = out->outcome == OUTCOME_RENAMED ||
					out->outcome == OUTCOME_SKIPPED
				? ACT_DIVERTED
				: ACT_SAVED,
		.time_ns = m->time_ns,
		.parent = in->parent,
		.node = out->node,
		.item = out->item,
		.content = out->content,
		.moment = out->born,
		.edit = out->outcome == OUTCOME_EDITED,
	};

	if (out->limbo)
		act_forget(out->limbo);
	memcpy(act.name, in->name, strlen(in->name) + 1);
	for (unsigned i = 0; i < in->writer_count; i++) {
		act.proc = in->writers[i];
		if (act.kind == ACT_SAVED)
			settled(fs, &act);
		act_note(fs->live->seen, &act);
		/* A copier that was diverted has not seen its copy: the next
		 * file it copies may be called like it. */
		if (act.kind == ACT_SAVED)
			seen_note(fs->live->seen, act.proc, out->item,
				  out->content);
	}
}

int arrive_refile(struct fs *fs, struct moment *m, const struct act *saved,
		  const struct attr *attr, struct arrived *ret, struct why *why)
{
	const struct name_taken taken = {arrive_name_taken, fs};
	struct entry entry;
	struct arrival in = {.parent = saved->parent,
			     .name = saved->name,
			     .writers = &saved->proc,
			     .writer_count = 1,
			     .attr = *attr};
	int64_t sent, size;
	int r = tree_get(m->db, MOMENT_NOW, saved->item, &entry, why);

	if (r < 0)
		return r;
	if (entry.born != saved->moment)
		return -ENOENT; /* changed since, by somebody else */
	sent = entry.arrived ? entry.arrived : entry.content;
	r = blob_stat(m->db, sent, &size, NULL, why);
	if (r < 0)
		return r;
	*ret = (struct arrived){.content = sent,
				.node = entry.node,
				.outcome = OUTCOME_RENAMED,
				.born = m->id};
	r = tree_unsave(m, entry.id, entry.born, why);
	if (r == 0)
		r = report_take_back(m, entry.id, why);
	if (r == 0)
		r = number_free_name(fs->repo->numbers, m, in.parent, in.name,
				     &taken, ret->went, why);
	if (r == 0)
		r = tree_add_item(m, in.parent, ret->went,
				  &(struct new_item){.content = sent,
						     .size = size,
						     .attr = *attr},
				  &ret->item, why);
	return r < 0 ? r : note(fs, m, &in, ret, why);
}
