#include "tests/unit/temp_restore.h"

#include <string.h>

static int give(void *file, const struct archive_limits *limits, archive_fn fn,
		void *arg, struct why *why)
{
	struct members *m = file;

	(void)limits;
	m->times++;
	for (size_t i = 0; i < m->len; i++) {
		const struct member *one = &m->list[i];
		const struct archive_entry entry = {
			.path = one->path,
			.folder = !one->text,
			.mode = one->mode   ? one->mode
				: one->text ? 0640
					    : 0750,
			.uid = 7,
			.gid = 8,
			.mtime_ns = OLD * INT64_C(1000000000),
			.size = one->text ? (int64_t)strlen(one->text) : 0,
		};
		int r = fn(&entry, one->text, arg);

		if (r != 0)
			return r;
	}
	if (m->fault && m->times > 1)
		return why_set(why, m->fault, "the archive has changed");
	return 0;
}

static const struct who user = {
	.uid = 1000, .gid = 1000, .pid = 42, .program = "test"};

struct restore_result temp_restored;

int temp_restore(struct temp_repo *r, struct restore_request *request,
		 struct members *members)
{
	DROP(restore_result_done) struct restore_result result = {0};
	int code;

	request->source = (struct restore_source){give, members};
	if (!request->folder)
		request->folder = TREE_ROOT;
	r->out.len = 0;
	code = restore_run(&r->repo, &user, request, &r->out, &result,
			   &r->t->why);
	buf_byte(&r->out, '\0');
	temp_restored = result;
	return code;
}

void temp_before(struct temp_repo *r, struct before *ret)
{
	temp_tree(r->t, MOMENT_NOW, TREE_ROOT, true, &ret->tree);
	ret->moment = temp_newest(r->t);
	ret->lines = temp_ask(r->t, "SELECT count(*) FROM report");
	ret->contents = temp_ask(r->t, "SELECT count(*) FROM content") +
			temp_ask(r->t, "SELECT count(*) FROM revision");
}

void temp_same(struct temp_repo *r, struct before *was)
{
	struct before now = {0};

	temp_before(r, &now);
	assert_string_equal(now.tree.data, was->tree.data);
	assert_int_equal(now.moment, was->moment);
	assert_int_equal(now.lines, was->lines);
	assert_int_equal(now.contents, was->contents);
	buf_done(&now.tree);
	buf_done(&was->tree);
	temp_sound(r->t);
}
