/*
 * What has the name that content wants: an item, a file that is none, or an item
 * that left it a moment ago, to make room.
 */
#include "fs/arrive_priv.h"

#include "core/scratch.h"
#include "fs/live_priv.h"

#include <errno.h>
#include <stdio.h>

/* How long what left its name may still come back to it. */
static const int64_t LIMBO_NS = 5000000000;

void arrive_taken_done(struct taken *taken)
{
	intake_done(&taken->took);
}

/* The item that one of the writers took from this name a moment ago. */
static struct act *in_limbo(struct fs *fs, int64_t now_ns,
			    const struct arrival *in)
{
	for (unsigned i = 0; i < in->writer_count; i++) {
		struct act *act = act_on_name(fs->live->seen, ACT_REMOVED,
					      in->writers[i], in->parent,
					      in->name, now_ns, LIMBO_NS);
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
	return tree_get_named(m->db, MOMENT_NOW, item, &ret->entry, ret->name,
			      why);
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

int arrive_find_taken(struct fs *fs, struct moment *m, const struct arrival *in,
		      struct taken *ret, struct why *why)
{
	struct act *act;
	int r = -ENOENT;

	*ret = (struct taken){0};
	if (in->target)
		r = tree_get_named(m->db, MOMENT_NOW, in->target, &ret->entry,
				   ret->name, why);
	if (r == -ENOENT) {
		r = tree_lookup(m->db, MOMENT_NOW, in->parent, in->name,
				&ret->entry, why);
		(void)snprintf(ret->name, sizeof(ret->name), "%s", in->name);
	}
	if (r != -ENOENT)
		return r;
	ret->entry.id = 0;
	r = has_file(fs, m, in, why);
	ret->by_file = r > 0;
	if (r != 0)
		return r < 0 ? r : 0;
	act = in_limbo(fs, m->time_ns, in);
	return act ? revive(m, act, ret, why) : 0;
}

int arrive_name_is_free(struct fs *fs, struct moment *m,
			const struct arrival *in, struct why *why)
{
	struct entry entry;
	int r;

	if (in_limbo(fs, m->time_ns, in))
		return 0;
	r = tree_lookup(m->db, MOMENT_NOW, in->parent, in->name, &entry, why);
	if (r != -ENOENT)
		return r;
	r = has_file(fs, m, in, why);
	return r < 0 ? r : !r;
}

bool arrive_to_limbo(struct fs *fs, const struct arrival *in, int64_t now_ns)
{
	return in_limbo(fs, now_ns, in) != NULL;
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
	act = in_limbo(fs, m->time_ns, in);
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
