#include "core/restore_priv.h"

#include "core/intake.h"
#include "core/lineage.h"
#include "core/moment.h"
#include "core/report_detail.h"
#include "core/report_row.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>

int restore_report(struct restore *rs, const struct report_line *line)
{
	int64_t id;
	int r = report_add(rs->m, rs->report, line, &id, rs->why);

	if (r == 0 && !rs->report)
		rs->report = id;
	return r;
}

/* The answer has a limit, so that memory has one. */
static int finish(struct restore *rs, size_t begun)
{
	struct buf *out = rs->out;

	if (buf_error(out))
		return why_set(rs->why, -ENOMEM, "out of memory");
	if (out->len > RESTORE_SHOWN) {
		out->len = begun;
		rs->hidden++;
	}
	return 0;
}

static void say_json(struct buf *out, const char *what, const char *path,
		     const char *went, const char *reason)
{
	buf_text(out, "{\"path\":");
	buf_json_string(out, path);
	buf_addf(out, ",\"outcome\":\"%s\"", what);
	if (went) {
		buf_text(out, ",\"went\":");
		buf_json_string(out, went);
	}
	if (reason) {
		buf_text(out, ",\"reason\":");
		buf_json_string(out, reason);
	}
	buf_text(out, "}\n");
}

int restore_say(struct restore *rs, const char *what, const char *path,
		const char *went, const char *reason)
{
	struct buf *out = rs->out;
	size_t begun = out->len;

	if (rs->request->json)
		say_json(out, what, path, went, reason);
	else if (reason)
		buf_addf(out, "%s: %s: %s\n", path, what, reason);
	else if (went)
		buf_addf(out, "%s -> %s\n", path, went);
	else
		buf_addf(out, "%s: %s\n", path, what);
	return finish(rs, begun);
}

int restore_say_reference(struct restore *rs, const char *path,
			  const struct lineage_change *change)
{
	struct buf *out = rs->out;
	size_t begun = out->len;

	if (!rs->request->json) {
		buf_addf(out, "%s: %s: ", path, change->at);
		buf_json_string(out, change->sent);
		buf_text(out, " -> ");
		buf_json_string(out, change->now);
		buf_byte(out, '\n');
		return finish(rs, begun);
	}
	buf_text(out, "{\"path\":");
	buf_json_string(out, path);
	buf_text(out, ",\"at\":");
	buf_json_string(out, change->at);
	buf_text(out, ",\"sent\":");
	buf_json_string(out, change->sent);
	buf_text(out, ",\"now\":");
	buf_json_string(out, change->now);
	buf_text(out, "}\n");
	return finish(rs, begun);
}

/* ---- the end ---- */

static void end_json(struct restore *rs)
{
	const struct restore_result *r = rs->result;

	buf_addf(rs->out,
		 "{\"dry_run\":%s,\"created\":%" PRId64 ",\"renamed\":%" PRId64
		 ",\"edited\":%" PRId64 ",\"removed\":%" PRId64
		 ",\"unchanged\":%" PRId64 ",\"skipped\":%" PRId64,
		 rs->request->dry_run ? "true" : "false", r->created,
		 r->renamed, r->edited, r->removed, r->unchanged, r->skipped);
	buf_addf(rs->out,
		 ",\"folders\":%" PRId64 ",\"references\":%" PRId64
		 ",\"hidden\":%" PRId64,
		 r->folders, r->references, rs->hidden);
	if (!rs->request->dry_run)
		buf_addf(rs->out,
			 ",\"revision\":%" PRId64 ",\"guard\":%" PRId64,
			 r->revision, r->guard);
	buf_text(rs->out, "}\n");
}

static void add_count(struct buf *out, int64_t count, const char *one,
		      const char *many)
{
	if (count)
		buf_addf(out, ", %" PRId64 " %s", count,
			 count == 1 ? one : many);
}

void restore_say_end(struct restore *rs)
{
	const struct restore_result *r = rs->result;
	struct buf *out = rs->out;

	if (rs->request->json) {
		end_json(rs);
		return;
	}
	if (rs->hidden)
		buf_addf(out, "(%" PRId64 " more lines)\n", rs->hidden);
	buf_addf(out, "%s%s: %" PRId64 " created",
		 rs->request->dry_run ? "would " : "",
		 rs->request->full ? "restore in full" : "restore", r->created);
	add_count(out, r->renamed, "renamed", "renamed");
	add_count(out, r->edited, "changed", "changed");
	add_count(out, r->removed, "removed", "removed");
	add_count(out, r->unchanged, "unchanged", "unchanged");
	add_count(out, r->skipped, "skipped", "skipped");
	add_count(out, r->folders, "new folder", "new folders");
	add_count(out, r->references, "reference rewritten",
		  "references rewritten");
	if (!rs->request->dry_run && r->guard)
		buf_addf(out,
			 " (revision %" PRId64 ", snapshot %" PRId64
			 " before it)",
			 r->revision, r->guard);
	else if (!rs->request->dry_run && r->revision)
		buf_addf(out, " (revision %" PRId64 ")", r->revision);
	buf_byte(out, '\n');
}

int restore_detail(struct restore *rs, const struct intake *in,
		   struct report_line *line, struct buf *text)
{
	DROP(report_detail_done) struct report_detail detail = {0};
	int r = intake_detail(rs->m, in, line->item, &detail, rs->why);

	if (r < 0)
		return r;
	if (report_detail_show(&detail, text) < 0)
		return why_set(rs->why, -ENOMEM, "out of memory");
	line->detail = text->len ? text->data : NULL;
	return 0;
}
