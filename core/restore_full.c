#include "core/restore_priv.h"

#include "core/intake.h"
#include "core/moment.h"
#include "core/why.h"

#include <errno.h>
#include <string.h>

static int no_memory(const struct restore *rs)
{
	return why_set(rs->why, -ENOMEM, "out of memory");
}

static int keep(struct restore *rs, int64_t item)
{
	return bits_add(&rs->kept, item) < 0 ? no_memory(rs) : 0;
}

static void owner_of(const struct restore *rs,
		     const struct archive_entry *member, struct attr *attr)
{
	bool root = rs->m->who.uid == 0;

	attr->uid = root ? member->uid : rs->m->who.uid;
	attr->gid = root ? member->gid : rs->m->who.gid;
}

/* An archive may have times to the second only. */
static bool same_time(int64_t here, int64_t there)
{
	const int64_t second = 1000000000;

	return here == there ||
	       (there % second == 0 && here / second == there / second);
}

/* What @attr becomes by the archive; false: it is so already. */
static bool set_attr(const struct archive_entry *member, struct attr *attr)
{
	mode_t mode = member->mode & 0777;

	if (attr->mode == mode && same_time(attr->mtime_ns, member->mtime_ns))
		return false;
	attr->mode = mode;
	attr->mtime_ns = member->mtime_ns;
	return true;
}

static int changed(struct restore *rs, const struct entry *e)
{
	return bits_add(&rs->result->nodes, e->node ? e->node : e->id) < 0
		       ? no_memory(rs)
		       : 0;
}

static int report(struct restore *rs, const struct archive_entry *member,
		  const struct report_line *what)
{
	static const char *const words[] = {
		[OUTCOME_CREATED] = "created",
		[OUTCOME_EDITED] = "edited",
	};
	const char *slash = strrchr(member->path, '/');
	struct report_line line = *what;
	int r;

	line.asked = slash ? slash + 1 : member->path;
	r = restore_report(rs, &line);
	return r < 0 ? r
		     : restore_say(rs, words[line.outcome], member->path, NULL,
				   NULL);
}

static int replace(struct restore *rs, const struct archive_entry *member,
		   const struct entry *was, const struct intake *in)
{
	struct attr attr = was->attr;
	bool other = set_attr(member, &attr),
	     same = in->content == was->content;
	const struct report_line line = {
		.folder = was->parent,
		.item = was->id,
		.outcome = OUTCOME_EDITED,
	};
	int r = keep(rs, was->id);

	/* Of a text that says the same, the secrets may be others. */
	if (r == 0 && same && !other)
		r = intake_differs(rs->m, in, was->id, rs->why);
	if (r == 0 && same && !other)
		rs->result->unchanged++;
	if (r < 0 || (r == 0 && same && !other))
		return r;
	rs->result->edited++;
	if (same)
		r = tree_set_attr(rs->m, was->id, &attr, false, rs->why);
	else
		r = tree_save(rs->m, was->id, in->content, in->arrived,
			      in->size, &attr, rs->why);
	if (r == 0)
		r = intake_keep(rs->m, in, was->id, rs->why);
	if (r == 0)
		r = changed(rs, was);
	return r < 0 ? r : report(rs, member, &line);
}

static int create(struct restore *rs, const struct archive_entry *member,
		  int64_t folder, const char *name, const struct intake *in)
{
	DROP(buf_done) struct buf detail = {0};
	struct report_line line = {
		.folder = folder,
		.outcome = OUTCOME_CREATED,
	};
	struct new_item new = {
		.content = in->content,
		.size = in->size,
		.attr =
			{
				.mode = member->mode & 0777,
				.mtime_ns = member->mtime_ns,
			},
	};
	int r = restore_clear_scratch(rs, folder, name);

	owner_of(rs, member, &new.attr);
	if (r == 0)
		r = tree_add_item(rs->m, folder, name, &new, &line.item,
				  rs->why);
	if (r == 0)
		r = intake_keep(rs->m, in, line.item, rs->why);
	if (r == 0)
		r = restore_detail(rs, in, &line, &detail);
	if (r == 0)
		r = keep(rs, line.item);
	if (r == 0)
		r = restore_touch(rs, folder);
	if (r < 0)
		return r;
	rs->result->created++;
	return report(rs, member, &line);
}

int restore_full_item(struct restore *rs, const struct archive_entry *member,
		      const char *bytes)
{
	const char *slash = strrchr(member->path, '/');
	const char *name = slash ? slash + 1 : member->path;
	DROP(intake_done) struct intake in = {0};
	struct intake_text text = {
		.bytes = bytes,
		.len = (size_t)member->size,
	};
	struct entry was = {0};
	int r = restore_folder(rs, member->path,
			       slash ? (size_t)(slash - member->path) : 0, NULL,
			       &text.folder);

	if (r == 0)
		r = tree_lookup(rs->m->db, MOMENT_NOW, text.folder, name, &was,
				NULL);
	if (r == 0 && was.folder) {
		r = restore_clear(rs, &was, member->path);
		was.id = 0;
	} else if (r == -ENOENT) {
		was.id = r = 0;
	} else if (r < 0) {
		return why_set(rs->why, r, "reading '%s'", member->path);
	}
	text.like = was.id ? was.content : 0;
	if (r == 0)
		r = intake_take(rs->m, &text, &in, rs->why);
	if (r < 0)
		return r;
	return was.id ? replace(rs, member, &was, &in)
		      : create(rs, member, text.folder, name, &in);
}

int restore_full_folder(struct restore *rs, const struct archive_entry *member)
{
	struct attr attr = {
		.mode = member->mode & 0777,
		.mtime_ns = member->mtime_ns,
	};
	struct entry e;
	int64_t folder;
	int r;

	owner_of(rs, member, &attr);
	r = restore_folder(rs, member->path, strlen(member->path), &attr,
			   &folder);
	if (r == 0)
		r = tree_get(rs->m->db, MOMENT_NOW, folder, &e, rs->why);
	if (r < 0)
		return r;
	attr = e.attr;
	if (!set_attr(member, &attr))
		return 0;
	r = tree_set_attr(rs->m, folder, &attr, false, rs->why);
	return r < 0 || folder >= rs->first_new ? r : changed(rs, &e);
}
