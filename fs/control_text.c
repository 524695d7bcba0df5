/*
 * What the control files show.
 */
#include "core/buf.h"
#include "core/history.h"
#include "core/log.h"
#include "core/problems.h"
#include "core/report.h"
#include "core/repo.h"
#include "core/show.h"
#include "core/work.h"
#include "fs/call.h"
#include "fs/control.h"
#include "fs/fs.h"
#include "fs/sentences.h"
#include "fs/texts.h"

#include <inttypes.h>

int control_show_help(struct call *c, uint64_t ino, struct buf *out)
{
	(void)ino;
	return buf_add_text(out, control_help, &c->why);
}

/* What the mount adds to what the repository says of itself. */
static int show_mount(struct call *c, struct buf *out)
{
	static const char *const overwrite[] = {
		[OVERWRITE_AUTO] = "auto",
		[OVERWRITE_EDIT] = "edit",
		[OVERWRITE_RESTORE] = "restore",
	};
	static const char *const identical[] = {
		[IDENTICAL_AUTO] = "auto",
		[IDENTICAL_SKIP] = "skip",
		[IDENTICAL_NUMBER] = "number",
	};
	const struct fs_options *options = &c->fs->options;
	struct why why = {0};
	const char *writable = "yes";

	if (options->read_only)
		writable = "no: mounted read-only";
	else if (store_writable(c->fs->repo->store, &why) < 0)
		writable = why.text;
	buf_addf(out,
		 "mounted %s\n"
		 "writable %s\n"
		 "overwrite %s\n"
		 "identical %s\n"
		 "max_item %" PRId64 "\n",
		 c->fs->mountpoint, writable, overwrite[options->overwrite],
		 identical[options->identical], options->max_item);
	return buf_error(out);
}

int control_show_status(struct call *c, uint64_t ino, struct buf *out)
{
	struct db *db = call_db(c);
	int r;

	if (!db)
		return c->why.code;
	r = show_status(db, control_folder(ino), out, &c->why);
	if (r == 0)
		r = works_show(c->fs->repo->works, db, control_folder(ino), out,
			       &c->why);
	return r < 0 ? r : show_mount(c, out);
}

int control_show_answer(struct call *c, uint64_t ino, struct buf *out)
{
	texts_answer(c->fs->texts, ino, out);
	return buf_error(out);
}

int control_show_revisions(struct call *c, uint64_t ino, struct buf *out)
{
	struct db *db = call_db(c);

	if (!db)
		return c->why.code;
	return show_revisions(db, control_folder(ino), out, &c->why);
}

int control_show_history(struct call *c, uint64_t ino, struct buf *out)
{
	struct db *db = call_db(c);

	if (!db)
		return c->why.code;
	return history_show(db, control_folder(ino), NULL, out, &c->why);
}

int control_show_log(struct call *c, uint64_t ino, struct buf *out)
{
	struct db *db = call_db(c);

	if (!db)
		return c->why.code;
	return log_show(db, control_folder(ino), out, &c->why);
}

int control_show_report(struct call *c, uint64_t ino, struct buf *out)
{
	struct db *db = call_db(c);

	if (!db)
		return c->why.code;
	return report_show(db, store_kinds(c->fs->repo->store),
			   control_folder(ino), out, &c->why);
}

int control_show_problems(struct call *c, uint64_t ino, struct buf *out)
{
	struct db *db = call_db(c);

	if (!db)
		return c->why.code;
	return problems_show(db, store_kinds(c->fs->repo->store),
			     control_folder(ino), out, &c->why);
}

int control_show_errors(struct call *c, uint64_t ino, struct buf *out)
{
	struct db *db = call_db(c);

	if (!db)
		return c->why.code;
	return sentences_show(c->fs->errors, db, control_folder(ino), out,
			      &c->why);
}

int control_show_manifest(struct call *c, uint64_t ino, struct buf *out)
{
	struct db *db = call_db(c);

	if (!db)
		return c->why.code;
	return show_manifest(db,
			     &(struct manifest){.at = MOMENT_NOW,
						.folder = control_folder(ino)},
			     out, &c->why);
}
