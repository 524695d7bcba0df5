#include "core/command.h"

#include "core/buf.h"
#include "core/repo.h"
#include "core/report.h"
#include "core/revert.h"
#include "core/revision.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static int run_snapshot(struct repo *repo, const struct who *who,
			int64_t folder, const char *text, struct buf *out,
			struct why *why)
{
	DROP(moment_end) struct moment m = {0};
	int64_t id;
	int r = moment_begin(repo->store, who, &m, why);

	if (r == 0)
		r = batches_end_in(repo->batches, &m, folder, why);
	if (r == 0)
		r = snapshot_create(&m, folder, NULL, text, &id, why);
	if (r == 0)
		r = moment_commit(&m, why);
	if (r < 0)
		return r;
	buf_addf(out, "snapshot %" PRId64 "\n", id);
	return 0;
}

static int run_revert(struct repo *repo, const struct who *who, int64_t folder,
		      const char *text, struct buf *out,
		      struct revert_result *ret, struct why *why)
{
	static const char dry[] = "dry-run ";
	bool dry_run = strncmp(text, dry, strlen(dry)) == 0;

	if (dry_run)
		text += strlen(dry);
	return revert_run(repo, who, folder, text, dry_run, out, ret, why);
}

int command_run(struct repo *repo, const struct who *who, int64_t folder,
		const char *verb, const char *text, struct buf *out,
		struct revert_result *ret, struct why *why)
{
	if (strcmp(verb, "snapshot") == 0)
		return run_snapshot(repo, who, folder, text, out, why);
	if (strcmp(verb, "revert") == 0)
		return run_revert(repo, who, folder, text, out, ret, why);
	return why_set(why, -EINVAL, "there is no command '%s'", verb);
}
