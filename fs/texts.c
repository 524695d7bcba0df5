#include "fs/texts.h"

#include "core/buf.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { CLOSED_MAX = 256, ANSWER_MAX = 1 << 20, ANSWERS_MAX = 4 << 20 };

struct text {
	uint64_t ino;
	int64_t size;
	unsigned opens;
	bool sized; /* was opened once */
	struct buf answer;
	struct text *next;
};

struct texts {
	pthread_mutex_t lock;
	struct text *first; /* used last */
};

int texts_new(struct texts **ret)
{
	struct texts *texts = calloc(1, sizeof(*texts));

	if (!texts)
		return -ENOMEM;
	if (pthread_mutex_init(&texts->lock, NULL) != 0) {
		free(texts);
		return -ENOMEM;
	}
	*ret = texts;
	return 0;
}

static void text_free(struct text *text)
{
	buf_done(&text->answer);
	free(text);
}

void texts_free(struct texts *texts)
{
	if (!texts)
		return;
	while (texts->first) {
		struct text *text = texts->first;

		texts->first = text->next;
		text_free(text);
	}
	(void)pthread_mutex_destroy(&texts->lock);
	free(texts);
}

/* NULL: not remembered. Else it is the first from now on. */
static struct text *find(struct texts *texts, uint64_t ino)
{
	struct text **at = &texts->first, *text;

	while (*at && (*at)->ino != ino)
		at = &(*at)->next;
	text = *at;
	if (!text)
		return NULL;
	*at = text->next;
	text->next = texts->first;
	texts->first = text;
	return text;
}

static void forget_oldest(struct texts *texts)
{
	struct text **at = &texts->first;
	size_t closed = 0;

	while (*at) {
		struct text *text = *at;

		if (text->opens || ++closed <= CLOSED_MAX) {
			at = &text->next;
			continue;
		}
		*at = text->next;
		text_free(text);
	}
}

static struct text *find_or_add(struct texts *texts, uint64_t ino)
{
	struct text *text = find(texts, ino);

	if (text)
		return text;
	text = calloc(1, sizeof(*text));
	if (!text)
		return NULL;
	text->ino = ino;
	text->next = texts->first;
	texts->first = text;
	return text;
}

int texts_open(struct texts *texts, uint64_t ino, int64_t size)
{
	struct text *text;

	pthread_mutex_lock(&texts->lock);
	text = find_or_add(texts, ino);
	if (text) {
		text->opens++;
		text->sized = true;
		text->size = size;
	}
	pthread_mutex_unlock(&texts->lock);
	return text ? 0 : -ENOMEM;
}

void texts_close(struct texts *texts, uint64_t ino)
{
	struct text *text;

	pthread_mutex_lock(&texts->lock);
	text = find(texts, ino);
	if (text)
		text->opens--;
	forget_oldest(texts);
	pthread_mutex_unlock(&texts->lock);
}

int texts_size(struct texts *texts, uint64_t ino, int64_t *ret_size)
{
	const struct text *text;
	int r = -ENOENT;

	pthread_mutex_lock(&texts->lock);
	text = find(texts, ino);
	if (text && text->sized) {
		*ret_size = text->size;
		r = text->opens > 0;
	}
	pthread_mutex_unlock(&texts->lock);
	return r;
}

void texts_resize(struct texts *texts, uint64_t ino, int64_t size)
{
	struct text *text;

	pthread_mutex_lock(&texts->lock);
	text = find(texts, ino);
	if (text)
		text->size = size;
	pthread_mutex_unlock(&texts->lock);
}

/* Of a long answer the end, where it says what was done, from the beginning of
 * a line on. */
static int keep_end(struct buf *kept, const char *answer, size_t len)
{
	const char *from = answer, *newline;

	if (len > ANSWER_MAX) {
		from = answer + len - ANSWER_MAX;
		newline = memchr(from, '\n', ANSWER_MAX);
		if (newline)
			from = newline + 1;
		buf_addf(kept, "... (%zu bytes before this)\n",
			 (size_t)(from - answer));
	}
	buf_add(kept, from, len - (size_t)(from - answer));
	return buf_error(kept);
}

/* All answers have a limit, too: those that were asked for last stay. */
static void forget_answers(struct texts *texts)
{
	size_t bytes = 0;

	for (struct text *text = texts->first; text; text = text->next) {
		bytes += text->answer.len;
		if (bytes > ANSWERS_MAX)
			buf_done(&text->answer);
	}
}

void texts_keep(struct texts *texts, uint64_t ino, const char *answer,
		size_t len)
{
	DROP(buf_done) struct buf kept = {0};
	struct text *text;

	if (keep_end(&kept, answer, len) < 0)
		return;
	pthread_mutex_lock(&texts->lock);
	text = find_or_add(texts, ino);
	if (text) {
		struct buf old = text->answer;

		text->answer = kept;
		kept = old;
	}
	forget_answers(texts);
	forget_oldest(texts);
	pthread_mutex_unlock(&texts->lock);
}

void texts_answer(struct texts *texts, uint64_t ino, struct buf *out)
{
	const struct text *text;

	pthread_mutex_lock(&texts->lock);
	text = find(texts, ino);
	if (text && text->answer.len)
		buf_add(out, text->answer.data, text->answer.len);
	pthread_mutex_unlock(&texts->lock);
}
