/*
 * What the kernel must forget, and watchers hear of, after a commit.
 */
#include "fs/commit_priv.h"

#include "fs/live_priv.h"

static void rewritten(struct call *c, const struct moment_note *note)
{
	call_forget_node(c, (uint64_t)note->node);
	call_tell_item(c, note->item);
}

void commit_rewritten(struct call *c, const struct moment *m)
{
	size_t count;
	const struct moment_note *notes = moment_noted(m, &count);

	for (size_t i = 0; i < count; i++)
		if (notes[i].what == NOTE_REWRITTEN && notes[i].node)
			rewritten(c, &notes[i]);
}

void commit_tell(struct call *c, const struct moment *m,
		 const struct arrival *in, const struct arrived *out)
{
	if (out->limbo) /* a name is back of which the kernel knows nothing */
		call_forget_node(c, (uint64_t)in->parent);
	switch (out->outcome) {
	case OUTCOME_CREATED:
		if (!in->node)
			call_forget_node(c, (uint64_t)in->parent);
		break;
	case OUTCOME_EDITED:
		/* Pages and attributes of the number that it has now; a file
		 * of its own number is right as the kernel has it. */
		if (!in->node)
			call_forget_node(c, (uint64_t)out->node);
		break;
	case OUTCOME_UNCHANGED:
		if (!in->node)
			call_forget_attr(c, (uint64_t)out->node);
		break;
	case OUTCOME_RENAMED:
	case OUTCOME_SKIPPED:
		if (in->node)
			call_forget_name(c, (uint64_t)in->parent, in->name);
		else
			call_forget_node(c, (uint64_t)out->node);
		call_forget_node(c, (uint64_t)in->parent);
		if (out->item)
			call_tell_moment(c, m->id, out->item);
		break;
	case OUTCOME_REJECTED:
		break;
	}
}

void commit_notices(struct call *c, const struct moment *m,
		    const struct arrival *in, const struct arrived *out)
{
	c->notices_first = true;
	commit_rewritten(c, m);
	commit_tell(c, m, in, out);
}
