/*
 * problems - what is wrong with the live items now: references to nothing,
 * values of secret members that are missing or cannot be read, files to
 * upload.
 *
 * Costs what is wrong and what is secret, not what is there.
 *
 * Thread-safety: as the struct db underneath.
 */
#ifndef CORE_PROBLEMS_H
#define CORE_PROBLEMS_H

#include <stdint.h>

struct buf;
struct db;
struct kinds;
struct why;

struct problem { /* the strings are borrowed */
	int64_t item;
	const char *path; /* of the item, relative to the folder */
	const char *what; /* "refers to nothing", "password missing",
			     "password cannot be read", "file to upload" */
	const char *at;	  /* where in its text: "tasks[0].rules[2]" */
	/* NULL but for a reference, from here on. */
	const char *target; /* what is missing: "/rules/A", or an id */
	const char *meant;  /* "rule or folder" */
	const char *reason; /* why it cannot be read, else NULL */
};

/* Nonzero ends the walk and is returned. The callback may query. */
typedef int (*problem_fn)(const struct problem *p, void *arg);

/* Those of the items below @folder, in the order of the items' numbers; of one
 * item sort by sort, in the order of its text. */
int problems_walk(struct db *db, const struct kinds *kinds, int64_t folder,
		  problem_fn fn, void *arg, struct why *why);

/* Append them as JSON lines: path, problem, at; target and meant; or reason. */
int problems_show(struct db *db, const struct kinds *kinds, int64_t folder,
		  struct buf *out, struct why *why);

#endif
