#include "fs/sentences.h"

#include "core/buf.h"
#include "core/env.h"
#include "core/moment.h"
#include "core/tree.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SENTENCES_MAX = 256, SENTENCE_MAX = 256 };

struct sentence {
	int64_t time_ns, folder;
	int code;
	char text[SENTENCE_MAX];
};

struct sentences {
	pthread_mutex_t lock;
	struct sentence ring[SENTENCES_MAX];
	uint64_t count; /* ever; the newest stands at count - 1, modulo */
};

int sentences_new(struct sentences **ret)
{
	struct sentences *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	if (pthread_mutex_init(&s->lock, NULL) != 0) {
		free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

void sentences_free(struct sentences *s)
{
	if (!s)
		return;
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

void sentences_add(struct sentences *s, int64_t time_ns, int64_t folder,
		   int code, const char *text)
{
	struct sentence *to;

	pthread_mutex_lock(&s->lock);
	to = &s->ring[s->count++ % SENTENCES_MAX];
	to->time_ns = time_ns;
	to->folder = folder;
	to->code = code;
	(void)snprintf(to->text, sizeof(to->text), "%s", text);
	/* A name in it may hold anything; the list is one line for each. */
	for (char *at = to->text; *at; at++)
		if (*at == '\n' || *at == '\r')
			*at = ' ';
	pthread_mutex_unlock(&s->lock);
}

/* 1: it is of @folder or below; what is of a folder that is gone is of the
 * root. */
static int concerns(struct db *db, int64_t folder, const struct sentence *s,
		    struct why *why)
{
	int r;

	if (folder == TREE_ROOT || folder == s->folder)
		return 1;
	r = tree_is_below(db, MOMENT_NOW, folder, s->folder, why);
	return r == -ENOENT ? 0 : r;
}

static void show(const struct sentence *s, struct buf *out)
{
	const char *name = strerrorname_np(-s->code);
	char when[ENV_TIME_SIZE];

	env_format_time(s->time_ns, false, when);
	buf_addf(out, "%s %s %s\n", when, name ? name : "EIO", s->text);
}

int sentences_show(struct sentences *s, struct db *db, int64_t folder,
		   struct buf *out, struct why *why)
{
	uint64_t at;
	int r = 0;

	pthread_mutex_lock(&s->lock);
	at = s->count > SENTENCES_MAX ? s->count - SENTENCES_MAX : 0;
	for (; at < s->count && r >= 0; at++) {
		const struct sentence *one = &s->ring[at % SENTENCES_MAX];

		r = concerns(db, folder, one, why);
		if (r > 0)
			show(one, out);
	}
	pthread_mutex_unlock(&s->lock);
	return r < 0 ? r : buf_error(out);
}
