/*
 * .control/pull: what changed in a clone comes into the folder.
 */
#include "core/buf.h"
#include "core/command.h"
#include "core/pull.h"
#include "fs/call.h"
#include "fs/control.h"

/* The last answer; after a remount, what the pull that waits has said. */
int control_show_pull(struct call *c, uint64_t ino, struct buf *out)
{
	struct db *db;
	int r = control_show_answer(c, ino, out);

	if (r < 0 || out->len)
		return r;
	db = call_db(c);
	if (!db)
		return c->why.code;
	return pull_show(db, control_folder(ino), out, &c->why);
}

int control_run_pull(struct call *c, int64_t folder, const struct who *who,
		     const char *line, struct buf *out)
{
	const struct command command = {folder, "pull", line};

	return control_run_taking(c, who, &command, out);
}
