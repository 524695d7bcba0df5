/*
 * What is done with content that has arrived: it is remembered for what the
 * same process does next, and may turn out to be a copy.
 */
#include "fs/arrive_priv.h"

#include "core/blob.h"
#include "core/intake.h"
#include "core/number.h"
#include "core/repo.h"
#include "core/tree.h"
#include "fs/live_priv.h"

#include <errno.h>
#include <string.h>

/* What it did to the name before is past: it has its content there now. */
static void settled(struct fs *fs, const struct act *saved)
{
	struct act *act;

	while ((act = act_on_name(fs->live->seen, ACT_DIVERTED, saved->proc,
				  saved->parent, saved->name, saved->time_ns,
				  OWN_COPY_NS)))
		act_settle(fs->live->seen, act);
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

	if (out->gone.id)
		live_replaced(fs->live, &out->gone);
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

/* The copy that the edit @entry was after all; its name is in ret->went. */
static int add_refiled(struct moment *m, const struct act *saved,
		       const struct entry *entry, const struct attr *attr,
		       struct intake *took, struct arrived *ret,
		       struct why *why)
{
	DROP(buf_done) struct buf bytes = {0};
	struct intake_text text = {.folder = saved->parent,
				   .like = ret->content};
	struct new_item new = {.attr = *attr};
	int r = blob_get(m->db, ret->content, false, &bytes, why);

	text.bytes = bytes.data;
	text.len = bytes.len;
	if (r == 0)
		r = intake_take(m, &text, took, why);
	new.content = took->content;
	new.size = took->size;
	if (r == 0)
		r = tree_add_item(m, saved->parent, ret->went, &new, &ret->item,
				  why);
	if (r == 0)
		r = intake_keep(m, took, ret->item, why);
	if (r == 0)
		r = intake_refile(m, entry->id, saved->moment, ret->item, why);
	return r;
}

int arrive_refile(struct fs *fs, struct moment *m, const struct act *saved,
		  const struct attr *attr, struct arrived *ret, struct why *why)
{
	const struct name_taken taken = {arrive_name_taken, fs};
	DROP(intake_done) struct intake took = {0};
	struct entry entry;
	struct arrival in = {.parent = saved->parent,
			     .name = saved->name,
			     .writers = &saved->proc,
			     .writer_count = 1,
			     .attr = *attr};
	int r = tree_get(m->db, MOMENT_NOW, saved->item, &entry, why);

	if (r < 0)
		return r;
	if (entry.born != saved->moment)
		return -ENOENT; /* changed since, by somebody else */
	*ret = (struct arrived){.content = entry.arrived ? entry.arrived
							 : entry.content,
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
		r = add_refiled(m, saved, &entry, attr, &took, ret, why);
	return r < 0 ? r : arrive_note(fs, m, &in, ret, &took, why);
}
