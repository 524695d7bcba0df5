#include "core/number.h"

#include "core/blob.h"
#include "core/db.h"
#include "core/key.h"
#include "core/moment.h"
#include "core/name.h"
#include "core/why.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A hint says from which number on to look in one series. It is only that: it
 * is checked downwards before it is used, since a name may have become free
 * by a roll-back that nobody reports. Two series that share a slot push each
 * other out, which costs a search from 2 and nothing else.
 */
enum { HINT_SLOTS = 1024, FIRST_NUMBER = 2 };

/* Names longer than this may hold a shortened stem: number_freed() cannot
 * tell of which series. A number has at most 9 digits and a space. */
enum { LONGEST_WHOLE = NAME_MAX_BYTES - 10 };

struct hint {
	int64_t parent; /* 0: the slot is empty */
	unsigned next;
	size_t stem_len;
	char stem[NAME_MAX_BYTES];
};

struct numbers {
	pthread_mutex_t lock;
	struct hint slots[HINT_SLOTS];
};

/* The names of one folder that may be copies of one name. */
struct series {
	int64_t parent;
	const char *stem; /* not terminated */
	size_t stem_len;
};

int numbers_new(struct numbers **ret, struct why *why)
{
	struct numbers *numbers = calloc(1, sizeof(*numbers));

	if (!numbers)
		return why_set(why, -ENOMEM, "out of memory for numbers");
	pthread_mutex_init(&numbers->lock, NULL);
	*ret = numbers;
	return 0;
}

void numbers_free(struct numbers *numbers)
{
	if (!numbers)
		return;
	pthread_mutex_destroy(&numbers->lock);
	free(numbers);
}

void numbers_forget(struct numbers *numbers)
{
	pthread_mutex_lock(&numbers->lock);
	for (size_t i = 0; i < HINT_SLOTS; i++)
		numbers->slots[i].parent = 0;
	pthread_mutex_unlock(&numbers->lock);
}

/* ---- hints ---- */

/* FNV-1a over the parent and the stem. */
static size_t slot_of(const struct series *s)
{
	uint64_t hash = 14695981039346656037U ^ (uint64_t)s->parent;

	for (size_t i = 0; i < s->stem_len; i++)
		hash = (hash ^ (unsigned char)s->stem[i]) * 1099511628211U;
	return (size_t)(hash >> 32) % HINT_SLOTS;
}

/* The hint of a series, or NULL. With the lock. */
static struct hint *find_hint(struct numbers *numbers, const struct series *s)
{
	struct hint *hint = &numbers->slots[slot_of(s)];

	if (hint->parent != s->parent || hint->stem_len != s->stem_len ||
	    memcmp(hint->stem, s->stem, s->stem_len) != 0)
		return NULL;
	return hint;
}

static unsigned get_hint(struct numbers *numbers, const struct series *s)
{
	const struct hint *hint;
	unsigned next;

	pthread_mutex_lock(&numbers->lock);
	hint = find_hint(numbers, s);
	next = hint ? hint->next : FIRST_NUMBER;
	pthread_mutex_unlock(&numbers->lock);
	return next;
}

static void set_hint(struct numbers *numbers, const struct series *s,
		     unsigned next)
{
	struct hint *hint = &numbers->slots[slot_of(s)];

	pthread_mutex_lock(&numbers->lock);
	hint->parent = s->parent;
	hint->next = next;
	hint->stem_len = s->stem_len;
	memcpy(hint->stem, s->stem, s->stem_len);
	pthread_mutex_unlock(&numbers->lock);
}

void number_freed(struct numbers *numbers, int64_t parent, const char *name)
{
	struct name_series split;
	struct hint *hint;

	if (!name_is_item(name))
		return;
	if (strlen(name) > LONGEST_WHOLE) {
		numbers_forget(numbers);
		return;
	}
	split = name_split(name);
	pthread_mutex_lock(&numbers->lock);
	hint = find_hint(numbers,
			 &(struct series){parent, name, split.stem_len});
	if (hint && split.number < hint->next && split.number >= FIRST_NUMBER)
		hint->next = split.number;
	pthread_mutex_unlock(&numbers->lock);
}

/* ---- free names ---- */

struct search {
	struct moment *m;
	struct series series;
	const struct name_taken *taken; /* or NULL */
};

/* 1: the name is taken, 0: it is free. */
static int is_taken(const struct search *s, const char *name, struct why *why)
{
	DROP(q_close) struct q q = q_open(s->m->db, STMT_NUMBER_TAKEN);
	int r;

	if (s->taken && s->taken->fn(s->series.parent, name, s->taken->arg))
		return 1;
	q_i64(&q, 1, s->series.parent);
	q_text(&q, 2, name);
	r = q_step(&q, why);
	return r <= 0 ? r : q_col_i64(&q, 0) != 0;
}

static int number_taken(const struct search *s, unsigned number,
			char ret_name[NAME_MAX_BYTES + 1], struct why *why)
{
	name_numbered(s->series.stem, s->series.stem_len, number, ret_name);
	return is_taken(s, ret_name, why);
}

/* 1: there is an item "STEM.json". */
static int stem_exists(struct db *db, const struct series *s, struct why *why)
{
	DROP(q_close) struct q q = q_open(db, STMT_NUMBER_ITEM);
	char name[NAME_MAX_BYTES + 1];

	name_numbered(s->stem, s->stem_len, 1, name);
	q_i64(&q, 1, s->parent);
	q_text(&q, 2, name);
	return q_step(&q, why);
}

/* "Rule 2" continues the series of "Rule" when that is there; else the number
 * is part of the name. */
static int find_series(struct db *db, int64_t parent, const char *name,
		       struct series *ret, struct why *why)
{
	struct name_series split = name_split(name);
	struct series s = {parent, name, split.stem_len};
	int r = 1;

	if (split.number > 1)
		r = stem_exists(db, &s, why);
	if (r < 0)
		return r;
	if (r == 0)
		s.stem_len = name_stem_len(name);
	*ret = s;
	return 0;
}

/* The lowest free number, looked for from the hint on. */
static int find_number(const struct search *s, unsigned from,
		       char ret_name[NAME_MAX_BYTES + 1], unsigned *ret_number,
		       struct why *why)
{
	unsigned n = from;
	int r = 0;

	while (n > FIRST_NUMBER && r == 0) {
		r = number_taken(s, n - 1, ret_name, why);
		if (r == 0)
			n--;
	}
	do {
		r = number_taken(s, n, ret_name, why);
		if (r == 0)
			*ret_number = n;
	} while (r > 0 && n++ < NAME_MAX_NUMBER);
	if (r > 0)
		return why_set(why, -EEXIST, "all numbers are taken");
	return r;
}

int number_free_name(struct numbers *numbers, struct moment *m, int64_t parent,
		     const char *name, const struct name_taken *taken,
		     char ret_name[256], struct why *why)
{
	struct search s = {m, {.parent = parent}, taken};
	char found[NAME_MAX_BYTES + 1];
	unsigned number = FIRST_NUMBER;
	int r = is_taken(&s, name, why);

	if (r == 0)
		(void)snprintf(ret_name, 256, "%s", name);
	if (r <= 0)
		return r;
	r = find_series(m->db, parent, name, &s.series, why);
	if (r < 0)
		return r;
	r = find_number(&s, get_hint(numbers, &s.series), found, &number, why);
	if (r < 0)
		return r;
	set_hint(numbers, &s.series, number + 1);
	memcpy(ret_name, found, sizeof(found));
	return 0;
}

/* ---- the same bytes under another number ---- */

/* The names of a series begin alike: with the stem, less what room for the
 * longest number may have taken from it. Some others do too. */
static void series_bounds(const struct series *s, char low[NAME_MAX_BYTES + 2],
			  char high[NAME_MAX_BYTES + 2])
{
	size_t len = s->stem_len;

	if (len > LONGEST_WHOLE - strlen(".json"))
		len = LONGEST_WHOLE - strlen(".json");
	while (len > 0 && ((unsigned char)s->stem[len] & 0xc0) == 0x80)
		len--;
	memcpy(low, s->stem, len);
	low[len] = '\0';
	memcpy(high, s->stem, len);
	memcpy(high + len, "\xff", 2); /* above all UTF-8 */
}

static bool in_series(const struct series *s, const char *name)
{
	char own[NAME_MAX_BYTES + 1];

	if (!name_is_item(name))
		return false;
	name_numbered(s->stem, s->stem_len, 1, own);
	if (strcmp(own, name) == 0)
		return true;
	name_numbered(s->stem, s->stem_len, name_split(name).number, own);
	return strcmp(own, name) == 0;
}

/* Is this what the item of the row was sent as? */
static bool is_same(const struct q *q, const struct number_sent *sent)
{
	if (q_col_i64(q, 2) != sent->content ||
	    q_is_null(q, 3) != (sent->digest == NULL))
		return false;
	return !sent->digest ||
	       (q_col_len(q, 3) == KEY_DIGEST &&
		memcmp(q_col_blob(q, 3), sent->digest, KEY_DIGEST) == 0);
}

int number_find_sent(struct moment *m, int64_t parent, const char *name,
		     const struct number_sent *sent, int64_t *ret_item,
		     struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_NUMBER_SERIES);
	char low[NAME_MAX_BYTES + 2], high[NAME_MAX_BYTES + 2];
	struct series s;
	int r = find_series(m->db, parent, name, &s, why);

	if (r != 0)
		return r;
	series_bounds(&s, low, high);
	q_i64(&q, 1, parent);
	q_text(&q, 2, low);
	q_text(&q, 3, high);
	while (sent->content && (r = q_step(&q, why)) > 0) {
		if (!is_same(&q, sent) || !in_series(&s, q_col_text(&q, 1)))
			continue;
		*ret_item = q_col_i64(&q, 0);
		return 0;
	}
	if (r < 0)
		return r;
	return why_set(why, -ENOENT, "no copy of '%s' has these bytes", name);
}

int number_find_same(struct moment *m, int64_t parent, const char *name,
		     const void *bytes, size_t len, int64_t *ret_item,
		     struct why *why)
{
	struct number_sent sent = {0};
	int r = blob_find(m->db, bytes, len, &sent.content, why);

	return r < 0 ? r
		     : number_find_sent(m, parent, name, &sent, ret_item, why);
}
