/*
 * The commands: what is done, and what the kernel must forget then.
 */
#include "core/command.h"
#include "core/repo.h"
#include "core/revert.h"
#include "fs/call.h"
#include "fs/control.h"
#include "fs/filing.h"
#include "fs/fs.h"
#include "fs/live.h"

#include <errno.h>

static uint64_t live_ino(int64_t node)
{
	return inum_make(INUM_LIVE, (uint64_t)node);
}

static void forget_place(struct call *c, int64_t parent, const char *name)
{
	if (!parent)
		return;
	call_forget_name(c, live_ino(parent), name);
	call_forget_node(c, live_ino(parent));
}

static void forget(struct call *c, const struct touched_list *list)
{
	for (size_t i = 0; i < list->len; i++) {
		const struct touched *t = &list->entries[i];

		if (t->content && t->node)
			call_forget_node(c, live_ino(t->node));
		forget_place(c, t->old_parent, t->old_name);
		forget_place(c, t->new_parent, t->new_name);
	}
}

/* Then the kernel forgets what it changed. */
static int run(struct call *c, const struct who *who,
	       const struct command *command, struct buf *out)
{
	DROP(revert_result_done) struct revert_result result = {0};
	int r = command_run(c->fs->repo, who, command, out, &result, &c->why);

	if (r < 0)
		return r;
	live_follow(c, &result.touched);
	forget(c, &result.touched);
	call_tell_revision(c, result.revision);
	return store_sync(c->fs->repo->store, &c->why);
}

int control_run_snapshot(struct call *c, int64_t folder, const struct who *who,
			 const char *line, struct buf *out)
{
	const struct command command = {folder, "snapshot", line};

	return run(c, who, &command, out);
}

int control_run_taking(struct call *c, const struct who *who,
		       const struct command *command, struct buf *out)
{
	DROP(filing_resume) struct filing *paused = filing_pause(c);
	int r = live_reserve_names(c, who);

	return r < 0 ? r : run(c, who, command, out);
}

int control_run_revert(struct call *c, int64_t folder, const struct who *who,
		       const char *line, struct buf *out)
{
	const struct command command = {folder, "revert", line};

	return control_run_taking(c, who, &command, out);
}
