/*
 * proc - which process a request comes from.
 *
 * The kernel names the thread that asks. Editors and file managers open, read
 * and save one file from several threads, so what counts is the process: its
 * number and its start time, since numbers come again. The answer for a thread
 * is kept for a second; looking it up costs two reads in /proc.
 *
 * Thread-safety: any thread.
 */
#ifndef FS_PROC_H
#define FS_PROC_H

#include "core/defer.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct proc {
	pid_t pid;	/* 0: unknown (another pid namespace, or gone) */
	uint64_t start; /* clock ticks since boot */
};

static inline bool proc_same(struct proc a, struct proc b)
{
	return a.pid && a.pid == b.pid && a.start == b.start;
}

struct procs;
int procs_new(struct procs **ret);
void procs_free(struct procs *procs);
DEFINE_DROP(procs, procs_free);

/*
 * The number alone of the process of thread @tid at @now_ns; 0: unknown. All
 * that FLUSH may ask: the kernel sends one while a program is inside execve(),
 * which holds a lock that the start time (/proc/PID/stat) waits for, and waits
 * for the answer.
 */
pid_t procs_number(struct procs *procs, pid_t tid, int64_t now_ns);

/* The process of thread @tid at @now_ns, and its name ("" unknown). */
struct proc procs_lookup(struct procs *procs, pid_t tid, int64_t now_ns,
			 char ret_program[32]);

#endif
