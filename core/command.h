/*
 * command - the verbs that control files and the command line share.
 *
 * Thread-safety: takes the writer lock itself.
 */
#ifndef CORE_COMMAND_H
#define CORE_COMMAND_H

#include <stdint.h>

struct buf;
struct repo;
struct revert_result;
struct who;
struct why;

/*
 * One line: @verb "snapshot", @text is the description ("" is fine); @verb
 * "revert", @text is a spec of revert_run(), after "dry-run " only a preview;
 * @verb "pull", @text is a line of pull_run().
 */
struct command {
	int64_t folder;
	const char *verb, *text;
};

/*
 * Run it. Open batches of the folder end first. @out gets what is to be shown:
 * "snapshot 5\n", or the changes and a closing sentence. @ret (zeroed by the
 * caller, revert_result_done() by the caller) tells what the kernel must
 * forget. -EINVAL: no such verb or text.
 */
int command_run(struct repo *repo, const struct who *who,
		const struct command *command, struct buf *out,
		struct revert_result *ret, struct why *why);

#endif
