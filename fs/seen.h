/*
 * seen - which process has seen which content of which item, and what
 * processes have lately done to names. It decides edit or restore.
 *
 * A process has seen the content that was current when it last opened the item
 * for reading, and the one it wrote itself. Contents are compared, not
 * versions: what a program has seen is bytes.
 *
 * Bounded: 128 processes, each with what it needs up to some 50,000 items, so
 * that a grep over everything makes an editor forget nothing, and a script may
 * read them all before it saves any; 2 MiB altogether, at the cost of who
 * remembers most; 2,048 acts of 256 processes, likewise. Forgetting makes a
 * restore, which loses nothing.
 *
 * Thread-safety: none; the lock of the live tree.
 */
#ifndef FS_SEEN_H
#define FS_SEEN_H

#include "fs/proc.h"

#include <stdbool.h>
#include <stdint.h>

struct seen;

int seen_new(struct seen **ret);
void seen_free(struct seen *seen);
DEFINE_DROP(seen, seen_free);

void seen_note(struct seen *seen, struct proc proc, int64_t item,
	       int64_t content);
bool seen_has(const struct seen *seen, struct proc proc, int64_t item,
	      int64_t content);

enum act_kind {
	/* An item left its name: unlinked, or renamed aside. It comes back if
	 * the name does. */
	ACT_REMOVED,
	/* What the process wrote to a name went elsewhere (item), or nowhere
	 * (0: refused). What it does next to that name is meant for its own
	 * copy. */
	ACT_DIVERTED,
	/* An edit that a modification time in the past may yet turn into a
	 * restore; or a new item, whose attributes may still be completed. */
	ACT_SAVED,
	/* It wrote to a file that is no item (node). */
	ACT_WROTE,
};

struct act {
	enum act_kind kind;
	struct proc proc;
	int64_t time_ns;
	int64_t parent; /* the name that was acted on */
	char name[256];
	int64_t node;	 /* the kernel's number of what was there, 0: none */
	int64_t item;	 /* removed: it; diverted: the copy; saved: it */
	int64_t content; /* saved, diverted: what it wrote */
	int64_t moment;	 /* removed: when; saved: born of the new state */
	bool edit;	 /* saved: over a former version */
	bool mark;	 /* wrote: as a copier */
};

void act_note(struct seen *seen, const struct act *act);
/* The newest act of the kind by @proc on a name, not older than @age_ns. */
struct act *act_on_name(struct seen *seen, enum act_kind kind, struct proc proc,
			int64_t parent, const char *name, int64_t now_ns,
			int64_t age_ns);
/* ... on a node. */
struct act *act_on_node(struct seen *seen, enum act_kind kind, struct proc proc,
			int64_t node, int64_t now_ns, int64_t age_ns);
/* ... on an item, by anyone. */
struct act *act_on_item(struct seen *seen, enum act_kind kind, int64_t item,
			int64_t now_ns, int64_t age_ns);
void act_forget(struct act *act);
/* Forget all of the kind that @is_past() says are. */
void act_forget_past(struct seen *seen, enum act_kind kind,
		     bool (*is_past)(const struct act *act, void *arg),
		     void *arg);
/* A diverted act is past: the name means the original again. Who wrote the
 * copy is still known. */
void act_settle(struct seen *seen, struct act *act);

/* Who wrote @content to @item, up to @max of them; how many. */
unsigned authors_get(struct seen *seen, int64_t item, int64_t content,
		     int64_t now_ns, struct proc *ret_authors, unsigned max);

/* These processes wrote the file @node, which is in memory no more, and nobody
 * else. @mark: one of them is a copier. */
void wrote_note(struct seen *seen, int64_t node, const struct proc *writers,
		unsigned count, bool mark, int64_t now_ns);
/* Who did, up to @max of them; how many. */
unsigned wrote_get(struct seen *seen, int64_t node, int64_t now_ns,
		   struct proc *ret_writers, unsigned max, bool *ret_mark);

#endif
