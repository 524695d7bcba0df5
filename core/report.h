/*
 * report - what became of each file that was copied in or saved, batch by
 * batch, and the bytes that were refused.
 *
 * A batch is what one process restores without a pause of more than ten
 * seconds. It is a revision of kind "restore" as soon as it holds two items,
 * or one that was numbered, skipped or refused; a batch of one plain new item
 * is only a moment.
 *
 * Thread-safety: within a moment, whose lock protects the open batches.
 */
#ifndef CORE_REPORT_H
#define CORE_REPORT_H

#include "core/defer.h"
#include "core/moment.h"

#include <stdbool.h>
#include <stddef.h>

struct batches;
struct buf;

enum { BATCH_PAUSE_MS = 10000 };

int batches_new(struct batches **ret, struct why *why);
void batches_free(struct batches *batches);
DEFINE_DROP(batches, batches_free);

enum outcome {
	OUTCOME_CREATED,   /* under the name that was asked for */
	OUTCOME_RENAMED,   /* restored beside, under the next number */
	OUTCOME_EDITED,	   /* a new version of the item; never in a batch */
	OUTCOME_UNCHANGED, /* an edit with the same bytes; never in a batch */
	OUTCOME_SKIPPED,   /* the same copy was there already */
	OUTCOME_REJECTED,  /* not valid; kept under rejected/ */
};

struct report_line {
	int64_t folder;
	const char *asked; /* the name that was written to */
	const char *went;  /* NULL: the same */
	int64_t item;	   /* 0: none */
	enum outcome outcome;
	const char *reason; /* NULL: none */
	const char *detail; /* a JSON object, or NULL */
	bool as_sent;	    /* it keeps its id, whoever else has it */
};

/* Who restores: a process for its whole life. */
struct batch_key {
	pid_t pid;
	uint64_t start; /* its start time, in clock ticks since boot */
};

/*
 * Note an outcome, as part of @m, after what it did to the tree: it joins the open batch of @key (begins one
 * if need be), m->revision is set once the batch is a revision, and a line is
 * added to the report. Edits and unchanged saves only add the line.
 */
int batch_note(struct batches *batches, struct moment *m,
	       const struct batch_key *key, const struct report_line *line,
	       struct why *why);

/* The newest edit of @item turns out to be none: its line goes. */
int report_take_back(struct moment *m, int64_t item, struct why *why);

/*
 * @m is part of what @key restores (a folder for the items to come, their
 * attributes) but no item: no line, not counted. @folder: where it happened.
 */
int batch_part(struct batches *batches, struct moment *m,
	       const struct batch_key *key, int64_t folder, struct why *why);

/* End the batches whose last item is more than BATCH_PAUSE_MS ago, or all
 * (@all): their revisions become "completed", with counts. */
int batches_end(struct batches *batches, struct moment *m, bool all,
		struct why *why);
/* End those with something in @folder, below it or above it. */
int batches_end_in(struct batches *batches, struct moment *m, int64_t folder,
		   struct why *why);
/* 1: some batch is open and stale by @now_ns, so batches_end() has work. Needs
 * no moment: any thread. */
int batches_stale(struct batches *batches, int64_t now_ns);

/* Bytes that were refused. */
struct rejected {
	int64_t id, folder, time_ns, size;
	uid_t uid;
	const char *name;   /* the one that was written to; borrowed */
	const char *reason; /* borrowed */
	bool sealed;	    /* it may hold a secret; read only */
};

/*
 * Keep the @what->size bytes at @bytes; folder, name and reason are read too,
 * the rest is the moment's. *ret_id may be given back to rejected_drop() when
 * a later state of the same handle is valid. The newest 200 (and 64 MiB) of
 * the repository are kept. What may hold a secret (core/secret_guard) is sealed:
 * -ENOKEY.
 */
int rejected_keep(struct moment *m, const struct rejected *what,
		  const void *bytes, int64_t *ret_id, struct why *why);
int rejected_drop(struct moment *m, int64_t id, struct why *why);

typedef int (*rejected_fn)(const struct rejected *r, void *arg);
/* Those of @folder itself with an id above @after, in id order. */
int rejected_list(struct db *db, int64_t folder, int64_t after, rejected_fn fn,
		  void *arg, struct why *why);
/* Any output may be NULL. */
int rejected_get(struct db *db, int64_t id, struct buf *bytes,
		 int64_t *ret_folder, int64_t *ret_time_ns, uid_t *ret_uid,
		 struct why *why);

/*
 * Append the report of @folder and below as JSON lines, newest batch last:
 * path, outcome, went, reason, time, user, program, detail; batch, a number
 * that the lines of one have in common, and revision, if it is one; references,
 * a list of those that were rewritten in the item: at, sent, now. @kinds may be
 * NULL: no references.
 */
struct kinds;
int report_show(struct db *db, const struct kinds *kinds, int64_t folder,
		struct buf *out, struct why *why);

#endif
