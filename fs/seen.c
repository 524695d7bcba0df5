#include "fs/seen_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	PROCS = 128,
	WAYS = 8,	     /* places that one item may have */
	SIGHTS_MIN = 64,     /* of one process; it doubles as it fills */
	SIGHTS_MAX = 65536,  /* ... up to that */
	SIGHTS_ALL = 131072, /* of all of them */
};

struct sight {
	int64_t item, content; /* item 0: empty */
};

struct witness {
	struct proc proc;
	uint64_t used;	      /* of the clock in struct seen */
	struct sight *sights; /* in rows of WAYS, newest first in each */
	size_t size;
};

struct seen {
	uint64_t clock;
	struct witness witnesses[PROCS];
	size_t size; /* of all */
	struct acts *acts;
};

int seen_new(struct seen **ret)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	if (seen)
		seen->acts = acts_new();
	if (!seen || !seen->acts) {
		free(seen);
		return -ENOMEM;
	}
	*ret = seen;
	return 0;
}

struct acts *seen_acts(const struct seen *seen)
{
	return seen->acts;
}

void seen_free(struct seen *seen)
{
	if (!seen)
		return;
	for (int i = 0; i < PROCS; i++)
		free(seen->witnesses[i].sights);
	acts_free(seen->acts);
	free(seen);
}

static const struct witness *find_witness(const struct seen *seen,
					  struct proc proc)
{
	for (int i = 0; i < PROCS; i++) {
		if (proc_same(seen->witnesses[i].proc, proc))
			return &seen->witnesses[i];
	}
	return NULL;
}

static void forget_all(struct seen *seen, struct witness *w)
{
	seen->size -= w->size;
	free(w->sights);
	*w = (struct witness){0};
}

/* The one of @proc, or the one that was used longest ago, emptied. */
static struct witness *claim_witness(struct seen *seen, struct proc proc)
{
	struct witness *oldest = &seen->witnesses[0];

	for (int i = 0; i < PROCS; i++) {
		struct witness *w = &seen->witnesses[i];

		if (proc_same(w->proc, proc))
			return w;
		if (w->used < oldest->used)
			oldest = w;
	}
	forget_all(seen, oldest);
	oldest->proc = proc;
	return oldest;
}

static struct sight *row_of(const struct witness *w, int64_t item)
{
	uint64_t hash = (uint64_t)item * UINT64_C(0x9e3779b97f4a7c15);

	return &w->sights[(hash >> 32) % (w->size / WAYS) * WAYS];
}

static struct sight *find_sight(const struct witness *w, int64_t item)
{
	struct sight *row = w->size ? row_of(w, item) : NULL;

	for (int i = 0; row && i < WAYS; i++) {
		if (row[i].item == item)
			return &row[i];
	}
	return NULL;
}

/* Room for @more: who remembers most forgets, but not for who remembers more
 * than that. */
static bool make_room(struct seen *seen, const struct witness *w, size_t more)
{
	while (seen->size + more > SIGHTS_ALL) {
		struct witness *largest = NULL;

		for (int i = 0; i < PROCS; i++) {
			struct witness *other = &seen->witnesses[i];

			if (other != w && other->size >= w->size &&
			    (!largest || other->size > largest->size))
				largest = other;
		}
		if (!largest || !largest->size)
			return false;
		forget_all(seen, largest);
	}
	return true;
}

/* What the row of @sight held last is forgotten. */
static void put_first(struct sight *row, const struct sight *sight)
{
	memmove(row + 1, row, (WAYS - 1) * sizeof(*row));
	*row = *sight;
}

static bool grow(struct seen *seen, struct witness *w)
{
	struct witness larger = {.size = w->size ? 2 * w->size : SIGHTS_MIN};

	if (larger.size > SIGHTS_MAX ||
	    !make_room(seen, w, larger.size - w->size))
		return false;
	larger.sights = calloc(larger.size, sizeof(*larger.sights));
	if (!larger.sights)
		return false;
	for (size_t i = w->size; i > 0; i--) /* the newest last */
		if (w->sights[i - 1].item)
			put_first(row_of(&larger, w->sights[i - 1].item),
				  &w->sights[i - 1]);
	seen->size += larger.size - w->size;
	free(w->sights);
	w->sights = larger.sights;
	w->size = larger.size;
	return true;
}

/* Forgetting is safe, also for want of memory. */
static void add_sight(struct seen *seen, struct witness *w,
		      const struct sight *sight)
{
	while (!w->size || row_of(w, sight->item)[WAYS - 1].item)
		if (!grow(seen, w))
			break;
	if (w->size)
		put_first(row_of(w, sight->item), sight);
}

void seen_note(struct seen *seen, struct proc proc, int64_t item,
	       int64_t content)
{
	const struct sight new = {.item = item, .content = content};
	struct witness *w;
	struct sight *sight;

	if (!proc.pid || !item)
		return;
	w = claim_witness(seen, proc);
	w->used = ++seen->clock;
	sight = find_sight(w, item);
	if (sight)
		sight->content = content;
	else
		add_sight(seen, w, &new);
}

bool seen_has(const struct seen *seen, struct proc proc, int64_t item,
	      int64_t content)
{
	const struct witness *w = proc.pid ? find_witness(seen, proc) : NULL;
	const struct sight *sight = w ? find_sight(w, item) : NULL;

	return sight && sight->content == content;
}
