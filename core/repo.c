#include "core/repo_priv.h"

#include "core/inbox.h"
#include "core/moment.h"
#include "core/number.h"
#include "core/report.h"
#include "core/why.h"
#include "core/work.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int repo_open(const char *path, const struct store_options *options,
	      struct repo **ret_repo, struct why *why)
{
	DROP(repo_close_p) struct repo *repo = calloc(1, sizeof(*repo));
	int r;

	if (!repo)
		return why_set(why, -ENOMEM, "out of memory opening '%s'",
			       path);
	r = store_open(path, options, &repo->store, why);
	if (r == 0)
		r = batches_new(&repo->batches, why);
	if (r == 0)
		r = numbers_new(&repo->numbers, why);
	if (r == 0)
		r = works_new(store_env(repo->store), &repo->works, why);
	if (r == 0 && !options->read_only)
		r = inbox_new(repo->store, &repo->inbox, why);
	if (r < 0)
		return r;
	if (repo->inbox)
		repo_replay(repo);
	else
		repo_await(repo);
	*ret_repo = TAKE(repo);
	return 0;
}

/* What fails here is mended when the repository is next opened: a batch that
 * never ended counts as failed. */
static void end_batches(struct repo *repo)
{
	const struct who self = {
		.uid = geteuid(),
		.gid = getegid(),
		.pid = getpid(),
		.program = "repofs",
	};
	DROP(moment_end) struct moment m = {0};

	if (store_writable(repo->store, NULL) < 0 ||
	    moment_begin(repo->store, &self, &m, NULL) < 0)
		return;
	if (batches_end(repo->batches, &m, true, NULL) == 0)
		(void)moment_commit(&m, NULL);
}

void repo_close(struct repo *repo)
{
	if (!repo)
		return;
	if (repo->store && repo->batches)
		end_batches(repo);
	inbox_free(repo->inbox);
	works_free(repo->works);
	numbers_free(repo->numbers);
	batches_free(repo->batches);
	store_close(repo->store);
	free(repo);
}
