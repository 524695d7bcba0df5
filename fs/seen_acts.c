/*
 * The acts, in the order of time: all of them, and those of each process. When
 * there is no room for more, the process with the most forgets its oldest: so
 * who copies or removes thousands makes nobody else forget.
 */
#include "fs/seen_priv.h"

#include <stdlib.h>
#include <string.h>

enum { ACTS = 2048, ACTORS = 256, NONE = -1 };

struct place {
	struct act act; /* proc.pid 0: forgotten */
	int older, newer;
	int own_older, own_newer; /* of the same process */
};

struct actor {
	struct proc proc;
	int newest, oldest;
	int count; /* 0: nobody */
};

struct acts {
	struct place places[ACTS];
	struct actor actors[ACTORS];
	int newest;
	int used; /* places that were in use once */
	int free; /* of those, one that is not now; then by older */
};

struct acts *acts_new(void)
{
	struct acts *acts = calloc(1, sizeof(*acts));

	if (acts)
		acts->newest = acts->free = NONE;
	return acts;
}

void acts_free(struct acts *acts)
{
	free(acts);
}

/* ---- who ---- */

static int find_actor(const struct acts *acts, struct proc proc)
{
	for (int i = 0; i < ACTORS; i++) {
		const struct actor *actor = &acts->actors[i];

		if (actor->count && proc_same(actor->proc, proc))
			return i;
	}
	return NONE;
}

static int newest_of(const struct acts *acts, struct proc proc)
{
	int i = proc.pid ? find_actor(acts, proc) : NONE;

	return i == NONE ? NONE : acts->actors[i].newest;
}

/* Its oldest act goes. */
static void forget_oldest(struct acts *acts, struct actor *actor)
{
	int at = actor->oldest;
	struct place *place = &acts->places[at];

	actor->oldest = place->own_newer;
	actor->count--;
	if (actor->count)
		acts->places[actor->oldest].own_older = NONE;
	if (place->newer == NONE)
		acts->newest = place->older;
	else
		acts->places[place->newer].older = place->older;
	if (place->older != NONE)
		acts->places[place->older].newer = place->newer;
	place->older = acts->free;
	acts->free = at;
}

/* Whose newest act is the oldest, all of whose acts go. */
static int replace_actor(struct acts *acts)
{
	int found = 0;

	for (int i = 1; i < ACTORS; i++) {
		const struct actor *a = &acts->actors[i];
		const struct actor *b = &acts->actors[found];

		if (acts->places[a->newest].act.time_ns <
		    acts->places[b->newest].act.time_ns)
			found = i;
	}
	while (acts->actors[found].count)
		forget_oldest(acts, &acts->actors[found]);
	return found;
}

static int claim_actor(struct acts *acts, struct proc proc)
{
	int i = find_actor(acts, proc);

	if (i != NONE)
		return i;
	for (i = 0; i < ACTORS && acts->actors[i].count; i++)
		;
	if (i == ACTORS)
		i = replace_actor(acts);
	acts->actors[i] = (struct actor){proc, NONE, NONE, 0};
	return i;
}

/* ---- what ---- */

static int claim_place(struct acts *acts)
{
	struct actor *most = &acts->actors[0];
	int at;

	if (acts->free == NONE && acts->used < ACTS)
		return acts->used++;
	for (int i = 1; acts->free == NONE && i < ACTORS; i++)
		if (acts->actors[i].count > most->count)
			most = &acts->actors[i];
	if (acts->free == NONE)
		forget_oldest(acts, most);
	at = acts->free;
	acts->free = acts->places[at].older;
	return at;
}

static void put_newest(struct acts *acts, int at, int actor_at)
{
	struct place *place = &acts->places[at];
	struct actor *actor = &acts->actors[actor_at];

	place->newer = place->own_newer = NONE;
	place->older = acts->newest;
	place->own_older = actor->count ? actor->newest : NONE;
	if (place->older != NONE)
		acts->places[place->older].newer = at;
	if (place->own_older == NONE)
		actor->oldest = at;
	else
		acts->places[place->own_older].own_newer = at;
	acts->newest = actor->newest = at;
	actor->count++;
}

void act_note(struct seen *seen, const struct act *act)
{
	struct acts *acts = seen_acts(seen);
	int at;

	if (!act->proc.pid)
		return;
	/* First: it may be the process itself that has to forget. */
	at = claim_place(acts);
	acts->places[at].act = *act;
	put_newest(acts, at, claim_actor(acts, act->proc));
}

/* ---- looking, newest first ---- */

static bool is_asked(const struct act *act, enum act_kind kind)
{
	return act->kind == kind && act->proc.pid;
}

/* The one at *@at or the next older one; *@at is then what comes after it. */
static struct act *next_act(struct acts *acts, int *at, enum act_kind kind,
			    int64_t oldest_ns)
{
	while (*at != NONE) {
		struct place *place = &acts->places[*at];

		*at = place->older;
		if (place->act.time_ns < oldest_ns)
			return NULL;
		if (is_asked(&place->act, kind))
			return &place->act;
	}
	return NULL;
}

/* The same among those of one process. */
static struct act *next_own(struct acts *acts, int *at, enum act_kind kind,
			    int64_t oldest_ns)
{
	while (*at != NONE) {
		struct place *place = &acts->places[*at];

		*at = place->own_older;
		if (place->act.time_ns < oldest_ns)
			return NULL;
		if (is_asked(&place->act, kind))
			return &place->act;
	}
	return NULL;
}

struct act *act_on_name(struct seen *seen, enum act_kind kind, struct proc proc,
			int64_t parent, const char *name, int64_t now_ns,
			int64_t age_ns)
{
	struct acts *acts = seen_acts(seen);
	int at = newest_of(acts, proc);
	struct act *act;

	while ((act = next_own(acts, &at, kind, now_ns - age_ns))) {
		if (act->parent == parent && strcmp(act->name, name) == 0)
			return act;
	}
	return NULL;
}

struct act *act_on_node(struct seen *seen, enum act_kind kind, struct proc proc,
			int64_t node, int64_t now_ns, int64_t age_ns)
{
	struct acts *acts = seen_acts(seen);
	int at = newest_of(acts, proc);
	struct act *act;

	while ((act = next_own(acts, &at, kind, now_ns - age_ns))) {
		if (act->node == node)
			return act;
	}
	return NULL;
}

struct act *act_on_item(struct seen *seen, enum act_kind kind, int64_t item,
			int64_t now_ns, int64_t age_ns)
{
	struct acts *acts = seen_acts(seen);
	int at = acts->newest;
	struct act *act;

	while ((act = next_act(acts, &at, kind, now_ns - age_ns))) {
		if (act->item == item)
			return act;
	}
	return NULL;
}

void act_forget(struct act *act)
{
	act->proc.pid = 0; /* it stays in line until its place is needed */
}

void act_forget_past(struct seen *seen, enum act_kind kind,
		     bool (*is_past)(const struct act *act, void *arg),
		     void *arg)
{
	struct acts *acts = seen_acts(seen);
	int at = acts->newest;
	struct act *act;

	while ((act = next_act(acts, &at, kind, 0))) {
		if (is_past(act, arg))
			act_forget(act);
	}
}

void act_settle(struct act *act)
{
	act->kind = ACT_SAVED;
	act->edit = false;
	act->node = 0;
}

/* ---- who wrote a file ---- */

/* For how long that is asked for: people look at a file before they rename
 * it. */
static const int64_t WROTE_NS = 600000000000;

unsigned authors_get(struct seen *seen, int64_t item, int64_t content,
		     int64_t now_ns, struct proc *ret_authors, unsigned max)
{
	static const enum act_kind kinds[] = {ACT_SAVED, ACT_DIVERTED};
	struct acts *acts = seen_acts(seen);
	unsigned count = 0;

	for (int i = 0; i < 2; i++) {
		int at = acts->newest;
		struct act *act;

		while (count < max && (act = next_act(acts, &at, kinds[i],
						      now_ns - WROTE_NS))) {
			if (act->item == item && act->content == content)
				ret_authors[count++] = act->proc;
		}
	}
	return count;
}

void wrote_note(struct seen *seen, int64_t node, const struct proc *writers,
		unsigned count, bool mark, int64_t now_ns)
{
	struct act act = {.kind = ACT_WROTE,
			  .time_ns = now_ns,
			  .node = node,
			  .mark = mark};
	struct acts *acts = seen_acts(seen);
	int at = acts->newest;
	struct act *old;

	while ((old = next_act(acts, &at, ACT_WROTE, now_ns - WROTE_NS))) {
		if (old->node == node)
			act_forget(old);
	}
	for (unsigned i = 0; i < count; i++) {
		act.proc = writers[i];
		act_note(seen, &act);
	}
}

unsigned wrote_get(struct seen *seen, int64_t node, int64_t now_ns,
		   struct proc *ret_writers, unsigned max, bool *ret_mark)
{
	struct acts *acts = seen_acts(seen);
	int at = acts->newest;
	unsigned count = 0;
	struct act *act;

	*ret_mark = false;
	while ((act = next_act(acts, &at, ACT_WROTE, now_ns - WROTE_NS))) {
		if (act->node != node)
			continue;
		*ret_mark = *ret_mark || act->mark;
		if (count < max)
			ret_writers[count++] = act->proc;
	}
	return count;
}
