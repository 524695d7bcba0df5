#include "core/work.h"

#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

struct works {
	pthread_mutex_t lock;
	struct work *first;
};

int works_new(struct works **ret, struct why *why)
{
	struct works *works = calloc(1, sizeof(*works));

	if (!works)
		return why_set(why, -ENOMEM, "out of memory");
	(void)pthread_mutex_init(&works->lock, NULL); /* cannot fail */
	*ret = works;
	return 0;
}

void works_free(struct works *works)
{
	if (!works)
		return;
	(void)pthread_mutex_destroy(&works->lock);
	free(works);
}

/* 1: one of the folders is the other, or below it. */
static int overlap(struct db *db, int64_t a, int64_t b, struct why *why)
{
	int r = tree_is_below(db, MOMENT_NOW, a, b, why);

	return r == 0 ? tree_is_below(db, MOMENT_NOW, b, a, why) : r;
}

static int check_free(struct works *works, struct db *db, int64_t folder,
		      struct why *why)
{
	for (const struct work *w = works->first; w; w = w->next) {
		int r = overlap(db, w->folder, folder, why);

		if (r < 0)
			return r;
		if (r > 0)
			return why_set(why, -EBUSY,
				       "%s of process %" PRIdMAX " (%s) is "
				       "under way here",
				       w->what, (intmax_t)w->who.pid,
				       w->who.program);
	}
	return 0;
}

int work_begin(struct works *works, struct db *db, struct work *work,
	       struct why *why)
{
	int r;

	(void)pthread_mutex_lock(&works->lock);
	r = check_free(works, db, work->folder, why);
	if (r == 0) {
		work->works = works;
		work->next = works->first;
		works->first = work;
	}
	(void)pthread_mutex_unlock(&works->lock);
	return r;
}

void work_end(struct work *work)
{
	struct work **link;

	if (!work->works)
		return;
	(void)pthread_mutex_lock(&work->works->lock);
	link = &work->works->first;
	while (*link != work)
		link = &(*link)->next;
	*link = work->next;
	(void)pthread_mutex_unlock(&work->works->lock);
	work->works = NULL;
}
