/*
 * The acts, in the order of time: all of them, and those of each process. When
 * there is no room for more, the process with the most forgets its oldest: so
 * who copies or removes thousands makes nobody else forget.
 */
#include "fs/seen_priv.h"

#include <stdlib.h>
#include <string.h>

enum { ACTS = 2048, ACTORS = 256, KINDS = ACT_WROTE + 1, NONE = -1 };

/* In the order of time; from here on a number is a place, or NONE. */
struct list {
	int newest, oldest;
};

struct link {
	int older, newer;
};

enum way { ALL, OWN /* of the same process */, WAYS };

struct place {
	struct act act; /* first; proc.pid 0: forgotten */
	struct link links[WAYS];
};

struct actor {
	struct proc proc;
	struct list kinds[KINDS];
	int count; /* 0: nobody */
};

struct acts {
	struct place places[ACTS];
	struct actor actors[ACTORS];
	struct list kinds[KINDS];
	int used; /* places that were in use once */
	int free; /* of those, one that is not now; then by .older */
};

static void clear(struct list lists[KINDS])
{
	for (int i = 0; i < KINDS; i++)
		lists[i] = (struct list){NONE, NONE};
}

struct acts *acts_new(void)
{
	struct acts *acts = calloc(1, sizeof(*acts));

	if (!acts)
		return NULL;
	acts->free = NONE;
	clear(acts->kinds);
	return acts;
}

void acts_free(struct acts *acts)
{
	free(acts);
}

/* ---- lists ---- */

static struct link *link_at(struct acts *acts, enum way way, int at)
{
	return &acts->places[at].links[way];
}

static int64_t time_at(const struct acts *acts, int at, int64_t none)
{
	return at == NONE ? none : acts->places[at].act.time_ns;
}

static void join(struct acts *acts, struct list *list, enum way way, int at)
{
	struct link *link = link_at(acts, way, at);

	*link = (struct link){.older = list->newest, .newer = NONE};
	/* Mostly it is the newest itself. */
	while (time_at(acts, link->older, 0) > time_at(acts, at, 0)) {
		link->newer = link->older;
		link->older = link_at(acts, way, link->older)->older;
	}
	if (link->newer == NONE)
		list->newest = at;
	else
		link_at(acts, way, link->newer)->older = at;
	if (link->older == NONE)
		list->oldest = at;
	else
		link_at(acts, way, link->older)->newer = at;
}

static void leave(struct acts *acts, struct list *list, enum way way, int at)
{
	const struct link *link = link_at(acts, way, at);

	if (link->newer == NONE)
		list->newest = link->older;
	else
		link_at(acts, way, link->newer)->older = link->older;
	if (link->older == NONE)
		list->oldest = link->newer;
	else
		link_at(acts, way, link->older)->newer = link->newer;
}

static void join_both(struct acts *acts, struct actor *actor, int at)
{
	enum act_kind kind = acts->places[at].act.kind;

	join(acts, &acts->kinds[kind], ALL, at);
	join(acts, &actor->kinds[kind], OWN, at);
}

static void leave_both(struct acts *acts, struct actor *actor, int at)
{
	enum act_kind kind = acts->places[at].act.kind;

	leave(acts, &acts->kinds[kind], ALL, at);
	leave(acts, &actor->kinds[kind], OWN, at);
}

/* ---- who ---- */

static struct actor *find_actor(struct acts *acts, struct proc proc)
{
	for (int i = 0; i < ACTORS; i++) {
		struct actor *actor = &acts->actors[i];

		if (actor->count && proc_same(actor->proc, proc))
			return actor;
	}
	return NULL;
}

static void forget_oldest(struct acts *acts, struct actor *actor)
{
	int at = NONE;

	for (int i = 0; i < KINDS; i++)
		if (time_at(acts, actor->kinds[i].oldest, INT64_MAX) <
		    time_at(acts, at, INT64_MAX))
			at = actor->kinds[i].oldest;
	leave_both(acts, actor, at);
	actor->count--;
	link_at(acts, ALL, at)->older = acts->free;
	acts->free = at;
}

static int64_t last_act(const struct acts *acts, const struct actor *actor)
{
	int64_t last = 0;

	for (int i = 0; i < KINDS; i++) {
		int64_t t = time_at(acts, actor->kinds[i].newest, 0);

		last = t > last ? t : last;
	}
	return last;
}

/* Who has done nothing for longest: all of it goes. */
static struct actor *replace_actor(struct acts *acts)
{
	struct actor *found = &acts->actors[0];

	for (int i = 1; i < ACTORS; i++)
		if (last_act(acts, &acts->actors[i]) < last_act(acts, found))
			found = &acts->actors[i];
	while (found->count)
		forget_oldest(acts, found);
	return found;
}

static struct actor *claim_actor(struct acts *acts, struct proc proc)
{
	struct actor *actor = find_actor(acts, proc);

	if (actor)
		return actor;
	for (int i = 0; i < ACTORS && !actor; i++)
		if (!acts->actors[i].count)
			actor = &acts->actors[i];
	if (!actor)
		actor = replace_actor(acts);
	actor->proc = proc;
	clear(actor->kinds);
	return actor;
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
	acts->free = link_at(acts, ALL, at)->older;
	return at;
}

void act_note(struct seen *seen, const struct act *act)
{
	struct acts *acts = seen_acts(seen);
	struct actor *actor;
	int at;

	if (!act->proc.pid)
		return;
	/* First: it may be the process itself that has to forget. */
	at = claim_place(acts);
	actor = claim_actor(acts, act->proc);
	acts->places[at].act = *act;
	join_both(acts, actor, at);
	actor->count++;
}

void act_settle(struct seen *seen, struct act *act)
{
	struct acts *acts = seen_acts(seen);
	struct actor *actor = find_actor(acts, act->proc);
	int at = (int)((struct place *)act - acts->places);

	leave_both(acts, actor, at);
	act->kind = ACT_SAVED;
	act->edit = false;
	act->node = 0;
	join_both(acts, actor, at);
}

void act_forget(struct act *act)
{
	act->proc.pid = 0; /* it stays in line until its place is needed */
}

/* ---- looking, newest first ---- */

/* The one at *@at or the next older one; *@at is then what comes after it. */
static struct act *next_act(struct acts *acts, enum way way, int *at,
			    int64_t oldest_ns)
{
	while (*at != NONE) {
		struct act *act = &acts->places[*at].act;

		*at = link_at(acts, way, *at)->older;
		if (act->time_ns < oldest_ns)
			return NULL;
		if (act->proc.pid)
			return act;
	}
	return NULL;
}

static int newest_of(struct acts *acts, struct proc proc, enum act_kind kind)
{
	const struct actor *actor = proc.pid ? find_actor(acts, proc) : NULL;

	return actor ? actor->kinds[kind].newest : NONE;
}

struct act *act_on_name(struct seen *seen, enum act_kind kind, struct proc proc,
			int64_t parent, const char *name, int64_t now_ns,
			int64_t age_ns)
{
	struct acts *acts = seen_acts(seen);
	int at = newest_of(acts, proc, kind);
	struct act *act;

	while ((act = next_act(acts, OWN, &at, now_ns - age_ns))) {
		if (act->parent == parent && strcmp(act->name, name) == 0)
			return act;
	}
	return NULL;
}

struct act *act_on_node(struct seen *seen, enum act_kind kind, struct proc proc,
			int64_t node, int64_t now_ns, int64_t age_ns)
{
	struct acts *acts = seen_acts(seen);
	int at = newest_of(acts, proc, kind);
	struct act *act;

	while ((act = next_act(acts, OWN, &at, now_ns - age_ns))) {
		if (act->node == node)
			return act;
	}
	return NULL;
}

struct act *act_on_item(struct seen *seen, enum act_kind kind, int64_t item,
			int64_t now_ns, int64_t age_ns)
{
	struct acts *acts = seen_acts(seen);
	int at = acts->kinds[kind].newest;
	struct act *act;

	while ((act = next_act(acts, ALL, &at, now_ns - age_ns))) {
		if (act->item == item)
			return act;
	}
	return NULL;
}

void act_forget_past(struct seen *seen, enum act_kind kind,
		     bool (*is_past)(const struct act *act, void *arg),
		     void *arg)
{
	struct acts *acts = seen_acts(seen);
	int at = acts->kinds[kind].newest;
	struct act *act;

	while ((act = next_act(acts, ALL, &at, 0))) {
		if (is_past(act, arg))
			act_forget(act);
	}
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
		int at = acts->kinds[kinds[i]].newest;
		struct act *act;

		while (count < max &&
		       (act = next_act(acts, ALL, &at, now_ns - WROTE_NS))) {
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
	int at = acts->kinds[ACT_WROTE].newest;
	struct act *old;

	while ((old = next_act(acts, ALL, &at, now_ns - WROTE_NS))) {
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
	int at = acts->kinds[ACT_WROTE].newest;
	unsigned count = 0;
	struct act *act;

	*ret_mark = false;
	while ((act = next_act(acts, ALL, &at, now_ns - WROTE_NS))) {
		if (act->node != node)
			continue;
		*ret_mark = *ret_mark || act->mark;
		if (count < max)
			ret_writers[count++] = act->proc;
	}
	return count;
}
