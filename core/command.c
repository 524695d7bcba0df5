#include "core/command.h"

#include "core/buf.h"
#include "core/pull.h"
#include "core/repo.h"
#include "core/report.h"
#include "core/revert.h"
#include "core/revision.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static int run_snapshot(struct repo *repo, const struct who *who,
			const struct command *command, struct buf *out,
			struct why *why)
{
	DROP(moment_end) struct moment m = {0};
	int64_t id = 0;
	int r = moment_begin(repo->store, who, &m, why);

	if (r == 0)
		r = batches_end_in(repo->batches, &m, command->folder, why);
	if (r == 0)
		r = snapshot_create(&m, command->folder, NULL, command->text,
				    &id, why);
	if (r == 0)
		r = moment_commit(&m, why);
	if (r < 0)
		return r;
	buf_addf(out, "snapshot %" PRId64 "\n", id);
	return 0;
}

static int run_revert(struct repo *repo, const struct who *who,
		      const struct command *command, struct buf *out,
		      struct revert_result *ret, struct why *why)
{
	static const char dry[] = "dry-run ";
	struct revert_request request = {
		.folder = command->folder,
		.spec = command->text,
		.dry_run = strncmp(command->text, dry, strlen(dry)) == 0,
	};

	if (request.dry_run)
		request.spec += strlen(dry);
	return revert_run(repo, who, &request, out, ret, why);
}

int command_run(struct repo *repo, const struct who *who,
		const struct command *command, struct buf *out,
		struct revert_result *ret, struct why *why)
{
	if (strcmp(command->verb, "snapshot") == 0)
		return run_snapshot(repo, who, command, out, why);
	if (strcmp(command->verb, "revert") == 0)
		return run_revert(repo, who, command, out, ret, why);
	if (strcmp(command->verb, "pull") == 0)
		return pull_run(
			repo, who,
			&(struct pull_request){command->folder, command->text},
			out, ret, why);
	return why_set(why, -EINVAL, "there is no command '%s'", command->verb);
}
