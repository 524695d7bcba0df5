#include "core/restore.h"

#include "core/json.h"
#include "core/moment.h"
#include "core/name.h"
#include "core/number.h"
#include "core/repo.h"
#include "core/report_row.h"
#include "core/restore_priv.h"
#include "core/revision.h"
#include "core/why.h"
#include "core/work.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum {
	PROGRESS_EVERY = 64, /* members */
	/* Of a compressed archive: documents that are much alike come down to
	 * a hundredth, what is made to fill a disk to a thousandth. */
	RATIO_MAX = 1000,
};

void restore_result_done(struct restore_result *result)
{
	bits_done(&result->nodes);
	bits_done(&result->parents);
	touched_done(&result->touched);
}

/* ---- where the members come from ---- */

static int read_fd(void *file, const struct archive_limits *limits,
		   archive_fn fn, void *arg, struct why *why)
{
	const int *fd = file;

	return archive_read(*fd, limits, fn, arg, why);
}

struct restore_source restore_from_fd(int *fd)
{
	return (struct restore_source){read_fd, fd};
}

static int read_members(struct restore *rs, archive_fn fn)
{
	const struct restore_source *source = &rs->request->source;
	const struct archive_limits limits = {
		.max_item = rs->request->max_item,
		.max_ratio = RATIO_MAX,
	};

	return source->read(source->file, &limits, fn, rs, rs->why);
}

static void tell(struct restore *rs, int64_t done, int64_t total)
{
	const struct restore_request *request = rs->request;

	rs->work->done = done;
	rs->work->total = total;
	if (request->progress)
		request->progress(done, total, request->progress_arg);
}

static void step(struct restore *rs)
{
	if (++rs->done % PROGRESS_EVERY == 0)
		tell(rs, rs->done, rs->total);
}

/* ---- is it all right? ---- */

/* Why a member is no item, or NULL. */
static const char *no_item(const struct archive_entry *member)
{
	const char *at = member->path, *slash;
	char part[NAME_MAX_BYTES + 1];

	for (; (slash = strchr(at, '/')); at = slash + 1) {
		size_t len = (size_t)(slash - at);

		if (len >= sizeof(part))
			return "the name is too long";
		memcpy(part, at, len);
		part[len] = '\0';
		if (name_is_scratch_folder(part))
			return "nothing is an item in a folder with a dot";
	}
	if (member->folder)
		return name_is_scratch_folder(at)
			       ? "nothing is an item in a folder with a dot"
			       : NULL;
	return name_is_item(at) ? NULL
				: "an item's name ends in .json, and does not "
				  "begin with a dot or #";
}

static int check_text(struct restore *rs, const struct archive_entry *member,
		      const char *bytes)
{
	struct json_fault fault;
	int r;

	if (rs->request->max_item && member->size > rs->request->max_item)
		return why_set(rs->why, -EFBIG,
			       "%s: larger than an item may be (%" PRId64
			       " bytes; option max_item)",
			       member->path, rs->request->max_item);
	r = json_check(bytes, (size_t)member->size, 0, &fault);
	if (r < 0)
		return why_set(rs->why, r, "out of memory checking '%s'",
			       member->path);
	if (r == JSON_VALID)
		return 0;
	return why_set(rs->why, -EINVAL,
		       "nothing is restored: %s, line %zu, column %zu: %s",
		       member->path, fault.line, fault.column, fault.text);
}

/* Before anybody must wait for it. */
static int check_member(const struct archive_entry *member, const char *bytes,
			void *arg)
{
	struct restore *rs = arg;

	if (++rs->total % PROGRESS_EVERY == 0)
		tell(rs, rs->total, 0);
	if (member->folder || no_item(member))
		return 0;
	return check_text(rs, member, bytes);
}

/* ---- into the tree ---- */

static int skip(struct restore *rs, const struct archive_entry *member,
		const char *reason)
{
	const struct report_line line = {
		.folder = rs->request->folder,
		.asked = member->path,
		.outcome = OUTCOME_SKIPPED,
		.reason = reason,
	};
	int r = restore_report(rs, &line);

	rs->result->skipped++;
	return r < 0 ? r
		     : restore_say(rs, "skipped", member->path, NULL, reason);
}

static int add_folder(struct restore *rs, const struct archive_entry *member)
{
	const struct attr attr = {
		.mode = member->mode & 0777,
		.uid = rs->m->who.uid,
		.gid = rs->m->who.gid,
		.mtime_ns = member->mtime_ns,
	};
	struct entry e;
	int64_t folder;
	int r = restore_folder(rs, member->path, strlen(member->path), &attr,
			       &folder);

	if (r < 0 || folder < rs->first_new)
		return r;
	/* It may have been made for what is in it, which came before. */
	r = tree_get(rs->m->db, MOMENT_NOW, folder, &e, rs->why);
	return r < 0 ? r : tree_set_attr(rs->m, folder, &attr, false, rs->why);
}

static int take_member(const struct archive_entry *member, const char *bytes,
		       void *arg)
{
	struct restore *rs = arg;
	const char *reason = no_item(member);
	int r;

	step(rs);
	if (reason)
		return skip(rs, member, reason);
	if (member->folder)
		return rs->request->full ? restore_full_folder(rs, member)
					 : add_folder(rs, member);
	/* The file may have been changed since it was checked. */
	r = check_text(rs, member, bytes);
	if (r < 0)
		return r;
	return rs->request->full ? restore_full_item(rs, member, bytes)
				 : restore_add_item(rs, member, bytes);
}

static int take_all(struct restore *rs)
{
	int r = read_members(rs, take_member);

	if (r < 0)
		return r;
	return rs->request->full ? restore_sweep(rs) : restore_follow(rs);
}

/* ---- the record ---- */

static const char *title_of(const struct restore *rs)
{
	return rs->request->full ? "full restore from an archive"
				 : "restore from an archive";
}

static int begin_record(struct restore *rs)
{
	struct moment *m = rs->m;
	struct restore_result *ret = rs->result;
	const struct restore_request *request = rs->request;
	int64_t before = m->id - 1;
	int r = 0;

	if (request->full)
		r = batches_end_in(rs->repo->batches, m, request->folder,
				   rs->why);
	if (r == 0 && request->full)
		r = snapshot_create(m, request->folder, NULL,
				    "before a full restore", &ret->guard,
				    rs->why);
	if (r == 0)
		r = revision_begin(m, "restore", request->folder, before,
				   title_of(rs), &ret->revision, rs->why);
	rs->revision = m->revision = ret->revision;
	return r;
}

static int end_record(struct restore *rs)
{
	DROP(buf_done) struct buf counts = {0};
	const struct restore_result *ret = rs->result;
	int r = 0;

	buf_addf(&counts,
		 "{\"created\":%" PRId64 ",\"renamed\":%" PRId64
		 ",\"edited\":%" PRId64 ",\"removed\":%" PRId64
		 ",\"skipped\":%" PRId64 ",\"rejected\":0}",
		 ret->created, ret->renamed, ret->edited, ret->removed,
		 ret->skipped);
	buf_byte(&counts, '\0');
	if (buf_error(&counts))
		return why_set(rs->why, -ENOMEM, "out of memory");
	if (rs->report)
		r = report_is_of(rs->m, ret->revision, rs->report, rs->why);
	if (r < 0)
		return r;
	return revision_end(rs->m, ret->revision, "completed",
			    rs->m->changed ? rs->m->id : rs->m->id - 1,
			    counts.data, rs->why);
}

static int run(struct restore *rs)
{
	int r;

	rs->m->unseen = !rs->request->full;
	rs->first_new = store_next_id(rs->m->store);
	r = begin_record(rs);
	if (r == 0)
		r = take_all(rs);
	if (r == 0)
		r = end_record(rs);
	if (rs->request->full)
		numbers_forget(rs->repo->numbers);
	return r;
}

/* Nothing has changed, and there is nothing to be told: no revision. */
static bool is_idle(const struct restore *rs)
{
	return !rs->m->changed && !rs->report;
}

static int commit(struct restore *rs)
{
	int r = 0;

	if (is_idle(rs))
		rs->result->revision = rs->result->guard = 0;
	if (is_idle(rs) || rs->request->dry_run)
		moment_end(rs->m);
	else
		r = moment_commit(rs->m, rs->why);
	return r;
}

/* ---- all of it ---- */

/* An archive of nothing is most likely a mistake, and in full it would empty
 * the repository. */
static int check(struct restore *rs)
{
	int r = read_members(rs, check_member);

	if (r < 0)
		return r;
	return rs->total ? 0
			 : why_set(rs->why, -EINVAL,
				   "nothing is in the archive: no item and no "
				   "folder");
}

const char *restore_title(bool full)
{
	return full ? "a full restore" : "a restore of an archive";
}

static int begin_work(struct repo *repo, struct work *work, struct why *why)
{
	DROP(store_put) struct reader reader = {0};
	int r = store_read(repo->store, &reader, why);

	return r < 0 ? r : work_begin(repo->works, reader.db, work, why);
}

static void restore_done(struct restore *rs)
{
	bits_done(&rs->kept);
	buf_done(&rs->path);
}

int restore_run(struct repo *repo, const struct who *who,
		const struct restore_request *request, struct buf *out,
		struct restore_result *ret, struct why *why)
{
	DROP(work_end)
	struct work work = {
		.folder = request->folder,
		.what = restore_title(request->full),
		.who = *who,
	};
	DROP(moment_end) struct moment m = {0};
	DROP(restore_done)
	struct restore rs = {
		.repo = repo,
		.m = &m,
		.request = request,
		.work = request->work ? request->work : &work,
		.out = out,
		.result = ret,
		.why = why,
	};
	int r = 0;

	if (!request->work && !request->dry_run)
		r = begin_work(repo, &work, why);
	if (r == 0)
		r = check(&rs);
	if (r == 0)
		r = moment_begin(repo->store, who, &m, why);
	/* A preview does it all, and is then rolled back: it cannot be wrong. */
	if (r == 0)
		r = run(&rs);
	if (r == 0)
		r = commit(&rs);
	if (r < 0)
		return r;
	restore_say_end(&rs);
	return buf_error(out) ? why_set(why, -ENOMEM, "out of memory") : 0;
}
