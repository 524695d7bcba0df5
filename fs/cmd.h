/*
 * cmd - the commands of the command line.
 *
 * A command gets its own name as argv[0] and returns the exit code of the
 * program. It prints its own failures: one sentence, "repofs: NAME: ...".
 */
#ifndef FS_CMD_H
#define FS_CMD_H

enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1, /* it could not be done; diff, check: found some */
	EXIT_USAGE = 2,	 /* asked wrongly; diff, check: also any failure */
};

int cmd_init(int argc, char **argv);
int cmd_mount(int argc, char **argv);
int cmd_umount(int argc, char **argv);
int cmd_snapshot(int argc, char **argv);
int cmd_revisions(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_revert(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_pull(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_history(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_problems(int argc, char **argv);
int cmd_references(int argc, char **argv);
int cmd_kinds(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_forget(int argc, char **argv);

#endif
