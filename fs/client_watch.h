/*
 * client_watch - how far a command is, while it runs.
 *
 *	DROP(client_watch_end) struct client_watch watch = {...};
 *
 *	client_watch_begin(&watch);
 *	the command
 *
 * Whoever works says it (core/work): to the engine in this process, or in the
 * folder's .control/status. A thread of its own asks several times a second.
 *
 * Thread-safety: for the thread that runs the command.
 */
#ifndef FS_CLIENT_WATCH_H
#define FS_CLIENT_WATCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct works;

struct client_watch {
	struct works *works; /* of the engine in this process, or NULL: */
	const char *folder;  /* ... the mounted folder where the work is */
	/* Called from the other thread; @total 0: not known. NULL: nobody wants
	 * to know, and nothing is begun. */
	void (*progress)(int64_t done, int64_t total, void *arg);
	void *arg;
	/* Private. */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool running, over;
};

/* Stays where it is until its end. If there is no thread to be had, nothing is
 * told. */
void client_watch_begin(struct client_watch *watch);
/* Nothing is told any more. */
void client_watch_end(struct client_watch *watch); /* for DROP() */

#endif
