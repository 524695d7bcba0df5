#include "fs/proc.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 512 };

static const int64_t KEEP_NS = 1000000000;

struct slot {
	pid_t tid;
	struct proc proc;
	int64_t asked_ns;
	char program[32];
};

struct procs {
	pthread_mutex_t lock;
	struct slot slots[SLOTS]; /* by tid modulo SLOTS */
};

int procs_new(struct procs **ret)
{
	struct procs *procs = calloc(1, sizeof(*procs));

	if (!procs)
		return -ENOMEM;
	pthread_mutex_init(&procs->lock, NULL);
	*ret = procs;
	return 0;
}

void procs_free(struct procs *procs)
{
	if (!procs)
		return;
	pthread_mutex_destroy(&procs->lock);
	free(procs);
}

static void close_file(FILE **file)
{
	if (*file)
		(void)fclose(*file); /* was only read */
}

static pid_t ask_number(pid_t tid)
{
	char path[64], line[128];
	DROP(close_file) FILE *file = NULL;
	int pid;

	if (tid <= 0)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "Tgid:", 5) != 0)
			continue;
		pid = (int)strtol(line + 5, NULL, 10);
		return pid;
	}
	return 0;
}

/*
 * Name and start time of process @pid from "PID (NAME) S 19 numbers START":
 * the name may hold spaces and parentheses, so the last one counts.
 */
static int read_stat(pid_t pid, uint64_t *ret_start, char ret_program[32])
{
	char path[64], line[1024], *name, *rest, *save = NULL;
	DROP(close_file) FILE *file = NULL;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file || !fgets(line, sizeof(line), file))
		return -ESRCH;
	name = strchr(line, '(');
	rest = strrchr(line, ')');
	if (!name || !rest || rest < name)
		return -ESRCH;
	*rest++ = '\0';
	(void)snprintf(ret_program, 32, "%.31s", name + 1);
	for (int field = 3; field <= 22; field++) {
		rest = strtok_r(field == 3 ? rest : NULL, " ", &save);
		if (!rest)
			return -ESRCH;
	}
	*ret_start = strtoull(rest, NULL, 10);
	return 0;
}

static void ask(struct slot *slot, pid_t tid, int64_t now_ns)
{
	pid_t pid = ask_number(tid);

	memset(slot, 0, sizeof(*slot));
	slot->tid = tid;
	slot->asked_ns = now_ns;
	if (pid && read_stat(pid, &slot->proc.start, slot->program) == 0)
		slot->proc.pid = pid;
}

/* 1: what is known of @tid is not old. With the lock. */
static bool is_fresh(const struct slot *slot, pid_t tid, int64_t now_ns)
{
	return slot->tid == tid && now_ns - slot->asked_ns < KEEP_NS &&
	       now_ns >= slot->asked_ns;
}

pid_t procs_number(struct procs *procs, pid_t tid, int64_t now_ns)
{
	const struct slot *slot = &procs->slots[(unsigned)tid % SLOTS];
	bool fresh;
	pid_t pid;

	if (tid <= 0)
		return 0;
	pthread_mutex_lock(&procs->lock);
	fresh = is_fresh(slot, tid, now_ns);
	pid = slot->proc.pid;
	pthread_mutex_unlock(&procs->lock);
	return fresh ? pid : ask_number(tid);
}

struct proc procs_lookup(struct procs *procs, pid_t tid, int64_t now_ns,
			 char ret_program[32])
{
	struct slot *slot, fresh;
	struct proc proc = {0};

	ret_program[0] = '\0';
	if (tid <= 0)
		return proc;
	slot = &procs->slots[(unsigned)tid % SLOTS];
	pthread_mutex_lock(&procs->lock);
	if (is_fresh(slot, tid, now_ns)) {
		proc = slot->proc;
		memcpy(ret_program, slot->program, sizeof(slot->program));
		pthread_mutex_unlock(&procs->lock);
		return proc;
	}
	pthread_mutex_unlock(&procs->lock);

	ask(&fresh, tid, now_ns);
	pthread_mutex_lock(&procs->lock);
	*slot = fresh;
	pthread_mutex_unlock(&procs->lock);
	memcpy(ret_program, fresh.program, sizeof(fresh.program));
	return fresh.proc;
}
