/*
 * witness_priv - what the files of the witness share.
 */
#ifndef FS_WITNESS_PRIV_H
#define FS_WITNESS_PRIV_H

#include "core/buf.h"
#include "core/news.h"
#include "fs/witness.h"

#include <pthread.h>
#include <stdatomic.h>

/* The errand that the process is on; under the lock. Names are the thread's. */
struct mission {
	enum errand_what what; /* ERRAND_NONE: on none */
	int64_t dir, to_dir;
	const char *name, *to_name;
	bool folder;
	int64_t item; /* ERRAND_LOOK: what was there, and how it was */
	struct attr attr;
	bool shown; /* it has looked the name up, and was shown something */
};

struct witness {
	struct fs *fs;
	_Atomic pid_t pid; /* 0: it is gone */
	int fd;

	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct tidings *first, **last;
	int waiting; /* that many */
	struct mission mission;
	atomic_bool stop;
	atomic_long numbers;

	/* The thread's own. */
	pthread_t thread;
	bool started;
	bool visiting;
	int errands; /* of this visit */
};

/*
 * Have the errand for one piece of news run. What is no longer so is left out.
 * 0, or what says that the next one will fail as well: -ESTALE: not mounted
 * there any more; -EPIPE: the process is gone, or w->stop.
 */
int witness_tell(struct witness *w, const struct news *news);
/* A folder stands for what is in it. */
int witness_touch(struct witness *w, int64_t folder);
/* It does not answer: no more is told. */
void witness_end_process(struct witness *w);
/* For now that was all. */
void witness_rest(struct witness *w);

/* Tell of all that @t is about. */
void witness_relate(struct witness *w, const struct tidings *t);

#endif
