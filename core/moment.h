/*
 * moment - the one write transaction, and the clock it moves.
 *
 * Whoever changes anything begins a moment, changes, and commits; one moment
 * at a time for the whole store. The number is used up only if the tree
 * changed: storing a scratch file or a report line is no moment of the tree.
 *
 * Thread-safety: a struct moment belongs to the thread that began it.
 */
#ifndef CORE_MOMENT_H
#define CORE_MOMENT_H

#include "core/defer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct db;
struct store;
struct why;

/* The live tree, wherever a moment is asked for. */
#define MOMENT_NOW INT64_MAX

/* On whose behalf; recorded with each moment and revision. */
struct who {
	uid_t uid;
	gid_t gid;
	pid_t pid;	  /* process, not thread */
	char program[32]; /* its name, "" unknown */
};

/* Bits of change.what. */
enum change_what {
	CHANGE_CREATED = 1,
	CHANGE_REMOVED = 2,
	CHANGE_MOVED = 4,
	CHANGE_CONTENT = 8,
	CHANGE_ATTR = 16,
};

/* A moment is over; @committed: what it did holds. Called with the writer lock
 * held. */
typedef void (*moment_over_fn)(bool committed, void *arg);

struct moment {
	struct store *store; /* NULL: not begun, or over */
	struct db *db;	     /* the writer, for reads inside the moment */
	int64_t id;	     /* the number it has if it changes the tree */
	int64_t time_ns;     /* >= that of every earlier moment */
	struct who who;
	int64_t revision; /* 0, or the revision it is part of; may be set
				any time before the commit */
	bool changed;	  /* the tree: set by moment_change() */
	bool narrow;	  /* it adds items, and changes those of which
				whoever commits it tells: store_others()
				stays */
	bool unseen;	  /* what is rewritten in it is new to everybody:
				NOTE_REWRITTEN is not kept */
	struct moment_notes *notes; /* NULL: none; see moment_note() */
	moment_over_fn over;	    /* NULL: nobody watches */
	void *over_arg;
};

/* Take the writer lock and open the transaction. -EROFS: see
 * store_writable(). For DROP(moment_end). */
int moment_begin(struct store *store, const struct who *who,
		 struct moment *ret_moment, struct why *why);

/* What is done in it was acknowledged at @time_ns already: that is its time, but
 * that times do not go back. */
void moment_back(struct moment *m, int64_t time_ns);

/*
 * Commit and let the writer lock go. After 0 the change survives the death of
 * the process (store_sync() makes it survive loss of power). After a failure
 * nothing has changed. -ENOSPC, -EIO.
 */
int moment_commit(struct moment *m, struct why *why);

/* Roll back unless committed; let the lock go, and the notes. */
void moment_end(struct moment *m);

/* For what is kept in memory and must follow the rows: be told when the moment
 * is over. One may be told. */
void moment_watch(struct moment *m, moment_over_fn fn, void *arg);

/* Record that @item changes at this moment; @what: bits, added to those
 * recorded before. The modules that write place and state call it. */
int moment_change(struct moment *m, int64_t item, unsigned what,
		  struct why *why);

/*
 * A change that the rows of "change" do not tell, or that nobody asked for.
 * Notes last until moment_end(), also after the commit.
 */
enum moment_note_what {
	/* The item was amended: what an earlier moment did to it is taken
	 * back. It may have left a place by that: parent, name. */
	NOTE_AMENDED,
	/* The text of the item follows from something else (core/follow,
	 * core/renames): whoever shows it elsewhere must be told. */
	NOTE_REWRITTEN,
	/* The live text of the item holds values of secrets: it has come to
	 * where they are some by a move. Within moment_settle(). */
	NOTE_UNSEALED,
};
struct moment_note {
	enum moment_note_what what;
	int64_t item;
	int64_t node;	  /* NOTE_REWRITTEN: what the kernel knows it by */
	int64_t parent;	  /* 0: none */
	const char *name; /* owned by the moment */
};
/* The name is copied. */
int moment_note(struct moment *m, const struct moment_note *note,
		struct why *why);
/* Borrowed; valid until the next note. */
const struct moment_note *moment_noted(const struct moment *m,
				       size_t *ret_count);

/* What follows from the changes so far; moment_commit() does it first. It is
 * the layers above that know (core/settle.c). */
int moment_settle(struct moment *m, struct why *why);

/* The newest moment; 0 in a repository that never changed. */
int moment_newest(struct db *db, int64_t *ret_id, struct why *why);
/* The newest moment not after @time_ns; 0: the repository was empty then. */
int moment_at(struct db *db, int64_t time_ns, int64_t *ret_id, struct why *why);

struct moment_row {
	int64_t id, time_ns, revision;
	struct who who;
};
/* -ENOENT: no such moment. */
int moment_get(struct db *db, int64_t id, struct moment_row *ret_row,
	       struct why *why);

#endif
