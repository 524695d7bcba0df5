#include "core/restore_priv.h"

#include "core/db.h"
#include "core/intake.h"
#include "core/lineage.h"
#include "core/moment.h"
#include "core/number.h"
#include "core/ref.h"
#include "core/repo.h"
#include "core/why.h"

#include <errno.h>
#include <string.h>

/* One item on its way. */
struct coming {
	const struct archive_entry *member;
	const char *bytes;
	const char *name; /* the last part of its path */
	int64_t folder;
	struct intake in; /* what becomes of the bytes */
	struct report_line line;
	struct buf detail;
	char went[256];
};

static void coming_done(struct coming *c)
{
	intake_done(&c->in);
	buf_done(&c->detail);
}

static struct renames_batch batch_of(struct restore *rs)
{
	return (struct renames_batch){
		.id = &rs->renames,
		.round = &rs->round,
		.revision = rs->revision,
	};
}

/* 1: the series of the name holds it already. */
static int find_same(struct restore *rs, struct coming *c)
{
	const struct number_sent sent = intake_sent(&c->in);
	DROP(buf_done) struct buf name = {0};
	int r;

	if (!rs->request->once)
		return 0;
	r = number_find_sent(rs->m, c->folder, c->name, &sent, &c->line.item,
			     rs->why);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = tree_name(rs->m->db, MOMENT_NOW, c->line.item, &name, rs->why);
	if (r < 0)
		return r;
	memcpy(c->went, name.data, name.len);
	c->went[name.len] = '\0';
	c->line.outcome = OUTCOME_SKIPPED;
	c->line.reason = "it is there already";
	return 1;
}

static int add(struct restore *rs, struct coming *c)
{
	const struct new_item new = {
		.content = c->in.content,
		.size = c->in.size,
		.attr =
			{
				.mode = c->member->mode & 0777,
				.uid = rs->m->who.uid,
				.gid = rs->m->who.gid,
				.mtime_ns = c->member->mtime_ns,
			},
	};
	int r = tree_add_item(rs->m, c->folder, c->went, &new, &c->line.item,
			      rs->why);

	if (r == 0)
		r = intake_keep(rs->m, &c->in, c->line.item, rs->why);
	if (r == 0)
		r = restore_detail(rs, &c->in, &c->line, &c->detail);
	return r < 0 ? r : restore_touch(rs, c->folder);
}

static int place(struct restore *rs, struct coming *c)
{
	const struct intake_text text = {
		.folder = c->folder,
		.bytes = c->bytes,
		.len = (size_t)c->member->size,
	};
	int r = intake_take(rs->m, &text, &c->in, rs->why);

	if (r == 0)
		r = find_same(rs, c);
	if (r != 0)
		return r < 0 ? r : 0;
	r = number_free_name(rs->repo->numbers, rs->m, c->folder, c->name, NULL,
			     c->went, rs->why);
	c->line.outcome = strcmp(c->went, c->name) == 0 ? OUTCOME_CREATED
							: OUTCOME_RENAMED;
	return r < 0 ? r : add(rs, c);
}

static int note(struct restore *rs, const struct coming *c)
{
	const struct renames_batch batch = batch_of(rs);
	const struct renames_line line = {
		.folder = c->folder,
		.asked = c->name,
		.item = c->line.item,
		.fresh = c->line.outcome != OUTCOME_SKIPPED,
	};

	int r = renames_placed(rs->m, &batch, &line, rs->why);

	rs->new_ids |= r > 0;
	return r < 0 ? r : 0;
}

static int say(struct restore *rs, const struct coming *c)
{
	static const char *const words[] = {
		[OUTCOME_CREATED] = "created",
		[OUTCOME_RENAMED] = "renamed",
		[OUTCOME_SKIPPED] = "skipped",
	};
	const char *path = c->member->path;
	DROP(buf_done) struct buf went = {0};

	if (c->line.went) {
		buf_add(&went, path, (size_t)(c->name - path));
		buf_text(&went, c->went);
		buf_byte(&went, '\0');
	}
	if (buf_error(&went))
		return why_set(rs->why, -ENOMEM, "out of memory");
	return restore_say(rs, words[c->line.outcome], path, went.data,
			   c->line.reason);
}

int restore_add_item(struct restore *rs, const struct archive_entry *member,
		     const char *bytes)
{
	const char *slash = strrchr(member->path, '/');
	DROP(coming_done)
	struct coming c = {
		.member = member,
		.bytes = bytes,
		.name = slash ? slash + 1 : member->path,
	};
	int r = restore_folder(rs, member->path,
			       slash ? (size_t)(slash - member->path) : 0, NULL,
			       &c.folder);

	if (r == 0)
		r = place(rs, &c);
	if (r < 0)
		return r;
	c.line.folder = c.folder;
	c.line.asked = c.name;
	c.line.went = strcmp(c.went, c.name) == 0 ? NULL : c.went;
	rs->result->created += c.line.outcome == OUTCOME_CREATED;
	rs->result->renamed += c.line.outcome == OUTCOME_RENAMED;
	rs->result->skipped += c.line.outcome == OUTCOME_SKIPPED;
	r = note(rs, &c);
	if (r == 0)
		r = restore_report(rs, &c.line);
	return r < 0 ? r : say(rs, &c);
}

/* ---- references ---- */

struct following {
	struct restore *rs;
	const char *path;
};

static int say_change(const struct lineage_change *change, void *arg)
{
	struct following *f = arg;

	f->rs->result->references++;
	return restore_say_reference(f->rs, f->path, change);
}

static int follow(struct restore *rs, int64_t item)
{
	const struct renames_batch batch = batch_of(rs);
	DROP(buf_done) struct buf path = {0};
	struct following f = {.rs = rs};
	int r = renames_apply(rs->m, &batch, item, rs->why);

	if (r < 0)
		return r;
	r = tree_path(rs->m->db, MOMENT_NOW, rs->request->folder, item, &path,
		      rs->why);
	buf_byte(&path, '\0');
	if (r < 0 || buf_error(&path))
		return r < 0 ? r : why_set(rs->why, -ENOMEM, "out of memory");
	f.path = path.data;
	return lineage_changes(rs->m->db, store_kinds(rs->m->store), MOMENT_NOW,
			       item, say_change, &f, rs->why);
}

/* 1: *item becomes the next one above it that came at this moment. */
static int next_item(struct restore *rs, int64_t *item)
{
	DROP(q_close) struct q q = q_open(rs->m->db, STMT_RESTORE_NEXT);

	q_i64(&q, 1, rs->m->id);
	q_i64(&q, 2, *item);
	return q_next(&q, item, rs->why);
}

int restore_follow(struct restore *rs)
{
	int64_t item = rs->first_new;
	int r;

	if (!rs->renames)
		return 0;
	r = rs->new_ids ? ref_settle(rs->m, rs->why) : 0;
	while (r == 0 && (r = next_item(rs, &item)) > 0)
		r = follow(rs, item);
	return r < 0 ? r : renames_end(rs->m, rs->renames, rs->why);
}
