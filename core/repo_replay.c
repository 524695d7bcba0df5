#include "core/repo_priv.h"

#include "core/inbox.h"
#include "core/intake.h"
#include "core/number.h"
#include "core/tree.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* Where it was to go, or beside what has come there since; the root has room
 * for what has lost its folder. */
static int find_place(struct repo *repo, struct moment *m,
		      struct report_line *line, char ret_name[256])
{
	struct entry folder;
	int r = tree_get(m->db, MOMENT_NOW, line->folder, &folder, NULL);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r == -ENOENT || !folder.folder)
		line->folder = TREE_ROOT;
	r = number_free_name(repo->numbers, m, line->folder, line->asked, NULL,
			     ret_name, NULL);
	if (r == 0 && strcmp(ret_name, line->asked) != 0) {
		line->outcome = OUTCOME_RENAMED;
		line->went = ret_name;
	}
	return r;
}

static int add(struct repo *repo, struct moment *m, const struct letter *letter,
	       struct report_line *line)
{
	DROP(intake_done) struct intake in = {0};
	char name[256];
	struct intake_text text = {.bytes = letter->bytes, .len = letter->len};
	struct new_item new = {.attr = letter->attr};
	int r = find_place(repo, m, line, name);

	text.folder = line->folder;
	if (r == 0)
		r = intake_take(m, &text, &in, NULL);
	new.content = in.content;
	new.size = in.size;
	if (r == 0)
		r = tree_add_item(m, line->folder, name, &new, &line->item,
				  NULL);
	if (r == 0)
		r = intake_keep(m, &in, line->item, NULL);
	/* The line borrows the name. */
	return r < 0 ? r
		     : batch_note(repo->batches, m, &letter->key, line, NULL);
}

static int edit(struct repo *repo, struct moment *m,
		const struct letter *letter, struct report_line *line)
{
	DROP(intake_done) struct intake in = {0};
	const struct intake_text text = {
		.folder = line->folder,
		.bytes = letter->bytes,
		.len = letter->len,
		.like = letter->seen,
	};
	int r = intake_take(m, &text, &in, NULL);

	line->item = letter->item;
	line->outcome = OUTCOME_UNCHANGED;
	if (r == 0 && in.content != letter->seen) {
		line->outcome = OUTCOME_EDITED;
		r = tree_save(m, letter->item, in.content, in.arrived, in.size,
			      &letter->attr, NULL);
	}
	if (r == 0)
		r = intake_keep(m, &in, letter->item, NULL);
	return r < 0 ? r
		     : batch_note(repo->batches, m, &letter->key, line, NULL);
}

static int file_content(struct repo *repo, struct moment *m,
			const struct letter *letter)
{
	struct report_line line = {
		.folder = letter->folder,
		.asked = letter->name,
		.outcome = OUTCOME_CREATED,
	};
	struct entry entry;
	int r = letter->item ? tree_get(m->db, MOMENT_NOW, letter->item, &entry,
					NULL)
			     : -ENOENT;

	if (r < 0 && r != -ENOENT)
		return r;
	if (r < 0 || entry.content != letter->seen)
		return add(repo, m, letter, &line);
	line.folder = entry.parent;
	return edit(repo, m, letter, &line);
}

static int file_letter(const struct letter *letter, void *arg)
{
	DROP(moment_end) struct moment m = {0};
	struct repo *repo = arg;
	int r = moment_begin(repo->store, &letter->who, &m, NULL);

	if (r < 0)
		return r;
	moment_back(&m, letter->time_ns);
	r = file_content(repo, &m, letter);
	if (r == 0)
		r = inbox_file(repo->inbox, &m, letter->number, NULL);
	if (r == 0)
		r = moment_commit(&m, NULL);
	if (r == 0)
		inbox_filed(repo->inbox, letter->number);
	return r;
}

void repo_replay(struct repo *repo)
{
	(void)inbox_each(repo->inbox, file_letter, repo, NULL);
}

void repo_await(struct repo *repo)
{
	static const struct timespec pause = {.tv_nsec = 5000000};
	char holder[256];
	int64_t left;

	for (int tries = 0; tries < 100; tries++) {
		if (inbox_left(repo->store, &left, NULL) < 0 || !left)
			return;
		if (store_holder(store_path(repo->store), holder,
				 sizeof(holder), NULL) < 0)
			return; /* it is dead */
		(void)nanosleep(&pause, NULL);
	}
}
